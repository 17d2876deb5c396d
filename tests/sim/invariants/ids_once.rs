//! "Never given twice, not even after a restart": ids of replicas, and a replica is placed once. Those of transactions are
//! looked at where a load begins.

use quorate::catalog::change::Change;
use quorate::leader::action::{Action, BackendRequest};

use crate::world::World;

/// Looks at the ids in records and calls.
pub fn check(world: &mut World, action: &Action) {
    match action {
        Action::Append { changes, .. } => {
            for change in changes {
                if let Change::AddReplica {
                    tablet,
                    replica,
                    backend,
                    ..
                } = change
                {
                    world.repaired.insert(*tablet);
                    // Known to others only once its record is durable and its backend is called.
                    let before = world.made.get(replica);
                    assert!(
                        before.is_none(),
                        "replica {replica} on {backend} is placed twice"
                    );
                }
                if let Change::DropBackend { id } = change {
                    let known = world.snapshot().map(|(catalog, _)| catalog.backends);
                    let of = known.and_then(|backends| backends.get(id).cloned());
                    if of.is_some_and(|of| of.decommissioned) {
                        world.marks.hit("backend emptied to the end");
                    }
                }
                if let Change::AdoptReplica {
                    tablet,
                    replica,
                    backend,
                } = change
                {
                    world.repaired.insert(*tablet);
                    world.marks.hit("replica taken over by its machine");
                    let before = world.made.insert(*replica, *backend);
                    let was = before.and_then(|of| world.machine(of));
                    let is = world.machine(*backend);
                    // What its machine had is on a copy of its disks, too.
                    let copied = is.is_some_and(|at| world.copies.contains(&at));
                    assert!(
                        copied || was == is,
                        "replica {replica} is taken over by another machine"
                    );
                }
            }
        }
        Action::Call {
            backend, request, ..
        } => match request {
            BackendRequest::CreateTablets(create) => {
                for spec in &create.tablets {
                    let before = world.made.insert(spec.replica, *backend);
                    // An empty one takes the place of one that is lost for good.
                    let lost = world.destroyed.remove(&spec.replica);
                    assert!(
                        before.is_none() || lost,
                        "replica {} is made twice",
                        spec.replica
                    );
                }
            }
            BackendRequest::Clone(clone) => {
                let replica = clone.spec.replica;
                let placed = world.made.entry(replica).or_insert(*backend);
                assert_eq!(
                    placed, backend,
                    "replica {replica} is filled where it was not placed"
                );
            }
            BackendRequest::Adopt(of) => {
                for (_, held, new) in &of.tablets {
                    assert!(held < new, "replica {held} becomes {new}, which is older");
                    world.made.entry(*new).or_insert(*backend);
                    world.marks.hit("replica adopted under a new id");
                }
            }
            _ => {}
        },
        Action::Reply { .. } | Action::Say(_) => {}
    }
}
