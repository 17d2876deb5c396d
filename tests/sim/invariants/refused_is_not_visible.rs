//! "Below quorum: aborted, and nothing stays on disk": no disk holds a load that its client was told is refused, and no
//! load is on a disk under two versions.

use std::collections::BTreeSet;

use crate::client::Fate;
use crate::world::World;

/// Looks at every disk.
pub fn check(world: &World) {
    let refused = world.with_fate(Fate::Refused);
    for (at, backend) in world.backends.iter().enumerate() {
        for (tablet, replica) in &backend.replicas {
            let mut seen = BTreeSet::new();
            for no in replica.loads() {
                let kept = refused.contains(&no);
                assert!(
                    !kept,
                    "load {no} was refused and is in tablet {tablet} on {at}"
                );
                assert!(
                    seen.insert(no),
                    "load {no} is twice in tablet {tablet} on {at}"
                );
            }
        }
    }
}
