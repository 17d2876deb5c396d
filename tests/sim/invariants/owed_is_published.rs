//! "Versions that need only a publish are caught up with by a publish": a replica that missed the version of a load which readers
//! see, and that holds its rows or needs none, is given it as soon as its backend reports it, and is not left to a copy.

use quorate::backend::api::{PublishTablet, ReportAnswer};
use quorate::ids::{BackendId, TxnId};
use quorate::leader::action::BackendRequest;

use crate::world::World;

/// Looks at what a backend has just reported.
pub fn check(world: &World, backend: BackendId, report: &ReportAnswer) {
    // Calls leave when everything that was decided is durable.
    let Some((catalog, _)) = world.snapshot().filter(|_| world.all_durable()) else {
        return;
    };
    // Who has taken its place, as on a copy of its storage path, is not it: what it says counts for nothing.
    let state = catalog.backend_states.get(&backend);
    if state.is_none_or(|state| state.stranger) {
        return;
    }
    for of in &report.tablets {
        let Some(view) = catalog.tablets.view(of.tablet) else {
            continue;
        };
        let replica = view.on(backend).filter(|replica| replica.id == of.replica);
        let Some(replica) = replica.filter(|replica| replica.version < view.visible()) else {
            continue;
        };
        let next = (view.partition(), replica.version + 1);
        let mut txns = catalog.txns.values();
        let Some(txn) = txns.find(|txn| txn.versions.contains(&next)) else {
            continue;
        };
        let writes = catalog.writes.get(&txn.id);
        let owed = writes.is_some_and(|writes| writes.can_publish(of.tablet, replica.id));
        assert!(
            !owed || is_called(world, txn.id, backend),
            "tablet {} on {backend} lacks {} only, and nobody publishes it: {replica:?}",
            of.tablet,
            txn.id
        );
    }
}

/// Whether a backend is being told something about a load; until it has answered, or was given up, nothing else is sent.
fn is_called(world: &World, txn: TxnId, backend: BackendId) -> bool {
    let there = |of: &PublishTablet| world.made.get(&of.replica) == Some(&backend);
    let mut calls = world.calls.values();
    calls.any(|call| match call {
        BackendRequest::Publish(of) => of.txn == txn && of.tablets.iter().any(there),
        BackendRequest::Abort(of) => of.txn == txn,
        _ => false,
    })
}
