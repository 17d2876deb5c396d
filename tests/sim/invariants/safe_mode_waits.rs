//! "After a start, nothing is cloned or dropped until the backends have reported", and that is waited for as the rule says.

use quorate::leader::action::{Action, BackendRequest};
use quorate::leader::core::Core;

use crate::world::World;

/// Looks at clones and drops that are asked for in safe mode.
pub fn check(world: &mut World, action: &Action) {
    let Action::Call { request, .. } = action else {
        return;
    };
    if !world.core.as_ref().is_some_and(Core::safe_mode) {
        return;
    }
    match request {
        BackendRequest::Clone(clone) => {
            panic!("tablet {} is cloned in safe mode", clone.spec.tablet);
        }
        // Tablets that no table has any more are dropped because a statement said so.
        BackendRequest::DropTablets(drop) => {
            let Some((catalog, _)) = world.snapshot() else {
                return;
            };
            for (tablet, replica, _) in &drop.tablets {
                let kept = catalog.tablets.view(*tablet).is_some();
                assert!(!kept, "replica {replica} is dropped in safe mode");
            }
        }
        _ => {}
    }
}

/// Looks at why safe mode was left: enough was reported, everybody who lives has reported and most do, or its time is over.
pub fn left(world: &World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    let config = &world.config;
    let reports = &world.reports;
    // Before its records are durable, what was decided about is not what readers see.
    if !world.all_durable() {
        return;
    }
    let since_ms = reports.lived_ms();
    let enough =
        reports.shown() * 100 >= catalog.tablets.replicas() * config.safe_mode_replica_percent;
    let all = || catalog.backends.keys().copied();
    let silent: Vec<_> = all().filter(|id| !reports.whole(*id)).collect();
    let tried = config.heartbeat_interval_second * config.heartbeat_retry_times * 1000;
    // A place that was never heard at is not waited for: who answers there may wait for others.
    let new = |id| {
        catalog
            .backends
            .get(&id)
            .is_some_and(|of| of.node.is_none())
    };
    // Nor is one in whose place somebody else answers.
    let states = &catalog.backend_states;
    let other = |id| states.get(&id).is_some_and(|state| state.stranger);
    let dead = |id| new(id) || other(id) || reports.missed(id) >= config.heartbeat_retry_times;
    let all_dead = silent.iter().all(|id| dead(*id));
    let most = silent.len() * 2 < all().count();
    let nobody = silent.is_empty() || (all_dead && most && since_ms >= tried);
    let over = since_ms >= config.safe_mode_max_second * 1000;
    assert!(
        enough || nobody || over,
        "safe mode was left after {since_ms} ms while {silent:?} were awaited"
    );
}
