//! "At least `write_quorum` replicas hold a load before it succeeds": as many replicas of every tablet hold everything
//! that readers see, so that a read finds one whatever is behind. Looks at disks: after a restart the catalog believes
//! less until it is told. Where repair has put another replica in the place of one, a load that was under way may be on
//! fewer; that one is left is another invariant.

use crate::world::World;

/// Counts the complete replicas of every tablet.
pub fn check(world: &World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    for table in catalog.tables.values() {
        for partition in catalog.partitions_of(table) {
            let quorum = table.spec.properties.write_quorum;
            let needed = usize::from(quorum.needed(partition.spec.replication_num));
            let visible = partition.visible_version;
            for tablet in catalog.tablets.of_partition(partition) {
                let id = tablet.id();
                if world.repaired.contains(&id) {
                    continue;
                }
                let complete = tablet.replicas().filter(|replica| {
                    let held = world.held(&catalog, id, replica);
                    held.is_some_and(|held| held.version() >= visible)
                });
                let got = complete.count();
                assert!(
                    got >= needed,
                    "tablet {id} at {visible}: {got} complete, needs {needed}: {:?}",
                    tablet.replicas().collect::<Vec<_>>()
                );
            }
        }
    }
}
