//! "No move is undone; a steady cluster moves nothing": a tablet that was moved from A to B is not moved from B to A as long
//! as nothing has changed in the cluster.

use quorate::catalog::change::Change;
use quorate::ids::{BackendId, TabletId};
use quorate::leader::action::{Action, BackendRequest};
use quorate::tablet::task::Kind;

use crate::world::World;

/// Looks at clones that are asked for, and at what changes otherwise.
pub fn check(world: &mut World, action: &Action) {
    match action {
        Action::Append { changes, .. } => {
            // A move is a replica that comes and one that goes; everything else may give reason to think again.
            let moves = |change: &Change| {
                matches!(
                    change,
                    Change::AddReplica { .. }
                        | Change::FinishClone { .. }
                        | Change::RetireReplica { .. }
                        | Change::RemoveReplica { .. }
                        | Change::ReserveIds { .. }
                )
            };
            world.moves.changes += u64::from(!changes.iter().all(moves));
        }
        Action::Call {
            backend,
            request: BackendRequest::Clone(clone),
            ..
        } => {
            world.moves.clones += 1;
            world.moves.last_ms = world.now_ms;
            copied(world, clone.spec.tablet, *backend);
        }
        _ => {}
    }
}

fn copied(world: &mut World, tablet: TabletId, to: BackendId) {
    let healing = world.healing();
    let Some(task) = healing.running.get(&tablet) else {
        return;
    };
    if task.kind != Kind::Balance {
        world.moves.changes += 1;
        return;
    }
    world.marks.hit("tablet moved for balance");
    let Some(source) = task.source else { return };
    let undone = world.moves.moved(tablet, source.backend, to);
    assert!(
        !undone,
        "tablet {tablet} is moved back to {to}, and nothing has changed since it came from there"
    );
}
