//! "The last copy that could serve a read is never dropped by anything automatic": whatever the leader retires, removes or
//! drops, another replica is whole on its disk, and the leader knows of it and can reach it.
//!
//! What the leader knows is read from the catalog that readers see. Two exceptions, and why they are none:
//! * While an earlier record is not durable, readers do not see what backends have reported since, and the leader does: then
//!   such a report counts as its knowledge. What is on the disk is looked at all the same.
//! * A replica that is bad could serve no read, be it by an operator's word or because its storage path is offline, though all
//!   of it is on the disk. The other one has to be whole on its disk as ever, but its backend may be away, for the leader may
//!   rely on a third that has lost a file without anybody's notice. (Scenario
//!   `what_the_operator_condemns_may_go_while_another_copy_is_away`.)

use quorate::catalog::change::Change;
use quorate::catalog::replica::ReplicaState;
use quorate::catalog::state::Catalog;
use quorate::ids::{BackendId, ReplicaId, TabletId};
use quorate::leader::action::{Action, BackendRequest};

use crate::world::World;

/// Looks at what is to be retired, removed or dropped.
pub fn check(world: &mut World, action: &Action) {
    match action {
        Action::Append { changes, .. } => {
            for change in changes {
                note(world, change);
            }
        }
        Action::Call {
            backend,
            request: BackendRequest::DropTablets(drop),
            ..
        } => {
            let Some((catalog, _)) = world.snapshot() else {
                return;
            };
            for (tablet, replica, _) in &drop.tablets {
                dropped(world, &catalog, *backend, *tablet, *replica);
            }
        }
        _ => {}
    }
}

fn note(world: &mut World, change: &Change) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    match *change {
        // The snapshot learns of it when it is durable; what follows in the same breath counts on it already.
        Change::FinishClone { replica, .. } => drop(world.filled.insert(replica)),
        Change::RetireReplica {
            tablet,
            replica,
            on,
        } => {
            if on {
                another_stays(world, &catalog, tablet, replica, "retired");
                world.retired.insert(replica);
            } else {
                world.retired.remove(&replica);
            }
        }
        Change::RemoveReplica { tablet, replica } => {
            another_stays(world, &catalog, tablet, replica, "removed");
            world.removed.insert(replica);
            world.repaired.insert(tablet);
        }
        _ => {}
    }
}

/// Another replica is complete in the leader's eyes; and if the one that goes is whole on its disk, so is the other, on a
/// living backend.
fn another_stays(
    world: &World,
    catalog: &Catalog,
    tablet: TabletId,
    replica: ReplicaId,
    what: &str,
) {
    let Some(view) = catalog.tablets.view(tablet) else {
        return;
    };
    let visible = view.visible();
    let of = view.replicas().find(|of| of.id == replica);
    // A copy that is given up half-way has served nobody.
    if of.is_none_or(|of| of.state == ReplicaState::Clone && !world.filled.contains(&replica)) {
        return;
    }
    let at = of.and_then(|of| world.machine(of.backend));
    let is_whole = at.is_some_and(|at| world.serves(at, tablet, replica, visible));
    let bad = of.is_some_and(|of| of.bad);
    let mut others = view.replicas().filter(|other| {
        other.id != replica
            && !world.removed.contains(&other.id)
            && !world.retired.contains(&other.id)
    });
    let good = others.any(|other| {
        let filled = world.filled.contains(&other.id);
        // What readers see does not have a report in it that came while a record is not durable.
        let in_step = other.version >= visible && other.last_failed_version <= 0;
        let told = !world.journal.idle() && world.reports.reached(other.id, visible);
        let complete = (in_step || told) && !other.bad && other.state != ReplicaState::Clone;
        let at = world.machine(other.backend);
        // The snapshot may be a moment behind in who lives.
        let lives =
            bad || catalog.alive(other.backend) || at.is_some_and(|at| !world.backends[at].down);
        let whole = || at.is_some_and(|at| world.serves(at, tablet, other.id, visible));
        (filled || complete) && (!is_whole || (lives && whole()))
    });
    assert!(
        good,
        "replica {replica} of tablet {tablet} is {what} and no other is whole: {:?}",
        view.replicas().collect::<Vec<_>>()
    );
}

/// A replica that is dropped on its disk is either not whole, or others of its tablet are.
fn dropped(
    world: &World,
    catalog: &Catalog,
    backend: BackendId,
    tablet: TabletId,
    replica: ReplicaId,
) {
    let Some(view) = catalog.tablets.view(tablet) else {
        return;
    };
    let visible = view.visible();
    let at = world.machine(backend);
    if !at.is_some_and(|at| world.serves(at, tablet, replica, visible)) {
        return;
    }
    let mut others = view.replicas().filter(|other| other.id != replica);
    let whole = others.any(|other| {
        let known = catalog.backends.contains_key(&other.backend);
        let at = world.machine(other.backend).filter(|_| known);
        at.is_some_and(|at| world.serves(at, tablet, other.id, visible))
    });
    assert!(
        whole,
        "replica {replica} on {backend} is the only whole copy of tablet {tablet}, and is dropped"
    );
}
