//! "Readers see the loads of a partition in the order of their versions": what a reader has seen is never taken back, not
//! even by a restart.

use crate::world::World;

/// Compares what readers see with the most that they ever saw.
pub fn check(world: &mut World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    for partition in catalog.partitions.values() {
        let seen = world
            .seen
            .entry(partition.id)
            .or_insert(partition.visible_version);
        let (before, now) = (*seen, partition.visible_version);
        assert!(
            now >= before,
            "partition {}: version {now} after {before}",
            partition.id
        );
        *seen = now;
    }
}
