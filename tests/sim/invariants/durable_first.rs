//! "A statement is answered after its record is durable": nothing is answered or sent that a crash could take back.

use quorate::catalog::state::Catalog;
use quorate::code::Code;
use quorate::ids::{ReplicaId, TabletId};
use quorate::leader::action::{Action, BackendRequest};
use quorate::leader::request::Reply;

use crate::client::transaction_in;
use crate::net::load_of;
use crate::world::World;

/// Looks at an action before it is performed.
pub fn check(world: &World, action: &Action) {
    let said = &world.journal.said;
    match action {
        Action::Append { .. } | Action::Say(_) => {}
        Action::Reply { token, result } => {
            let commit = world.commits.get(&load_of(*token));
            match (result, commit) {
                (Ok(Reply::Begun(plan)), _) => assert!(plan.txn.0 < said.txns_below),
                (Ok(Reply::Visible { .. }), Some(txn)) => {
                    assert!(said.visible.contains_key(txn), "{txn}: not durably visible");
                }
                (Ok(Reply::Committed), Some(txn)) => {
                    assert!(
                        said.committed.contains_key(txn),
                        "{txn}: not durably committed"
                    );
                }
                (Err(failure), Some(txn)) if failure.code == Code::QUORUM => {
                    assert!(
                        said.aborted.contains_key(txn),
                        "{txn}: not durably given up"
                    );
                }
                (Err(failure), _) if failure.code == Code::LABEL_EXISTS => {
                    let txn = transaction_in(&failure.message).expect("it names its transaction");
                    let visible = failure.message.contains("VISIBLE");
                    assert!(
                        !visible || said.visible.contains_key(&txn),
                        "{txn}: not durably so"
                    );
                }
                _ => {}
            }
        }
        Action::Call {
            backend, request, ..
        } => match request {
            BackendRequest::Publish(of) => {
                assert!(
                    said.committed.contains_key(&of.txn),
                    "{}: not durably committed",
                    of.txn
                );
            }
            BackendRequest::Abort(of) => {
                let ended =
                    said.visible.contains_key(&of.txn) || said.aborted.contains_key(&of.txn);
                let committed = said.committed.contains_key(&of.txn);
                assert!(
                    ended || !committed,
                    "{}: committed, and to be given up",
                    of.txn
                );
            }
            BackendRequest::CreateTablets(of) => {
                assert!(
                    of.tablets
                        .iter()
                        .all(|tablet| tablet.replica.0 < said.ids_below)
                );
            }
            BackendRequest::DropTablets(of) => {
                let Some((catalog, _)) = world.snapshot() else {
                    return;
                };
                for (tablet, replica, _) in &of.tablets {
                    let held = catalog
                        .tablets
                        .view(*tablet)
                        .and_then(|view| view.on(*backend));
                    let wanted = held.is_some_and(|held| held.id == *replica);
                    assert!(!wanted, "replica {replica} is dropped and still wanted");
                }
            }
            BackendRequest::Clone(clone) => {
                placed(world, clone.spec.tablet, clone.spec.replica);
            }
            BackendRequest::Adopt(of) => {
                for (tablet, _, replica) in &of.tablets {
                    placed(world, *tablet, *replica);
                }
            }
            BackendRequest::Cut(of) => {
                // Nothing that readers see is ever taken away.
                for (tablet, _, version) in &of.tablets {
                    let (catalog, _) = world.snapshot().expect("the frontend runs");
                    let view = catalog.tablets.view(*tablet);
                    assert!(view.is_none_or(|view| view.visible() <= *version));
                }
            }
            BackendRequest::Digest(_)
            | BackendRequest::Salvage(_)
            | BackendRequest::CheckSegments(_) => {}
        },
    }
}

/// A replica that is filled, or that one which is there becomes, is in the journal.
fn placed(world: &World, tablet: TabletId, replica: ReplicaId) {
    let known = |(catalog, _): (Catalog, _)| {
        let view = catalog.tablets.view(tablet);
        // A table that was dropped meanwhile takes its replicas with it.
        view.is_none_or(|view| view.replicas().any(|of| of.id == replica))
            || world.removed.contains(&replica)
    };
    assert!(
        world.snapshot().is_some_and(known),
        "replica {replica} is filled and not durably placed"
    );
}
