//! "Never given twice, not even after a restart": ids of tablets and replicas. Those of transactions are looked at where
//! a load begins.

use quorate::leader::action::BackendRequest;

use crate::world::World;

/// Looks at the ids in a call to backend `at`.
pub fn check(world: &mut World, at: usize, request: &BackendRequest) {
    let BackendRequest::CreateTablets(create) = request else {
        return;
    };
    for spec in &create.tablets {
        let replica = spec.replica;
        assert!(
            world.made.insert(replica),
            "replica {replica} on backend {at} was made before"
        );
    }
}
