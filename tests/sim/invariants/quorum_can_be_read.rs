//! "At least `write_quorum` replicas hold a load before it succeeds": as many replicas of every tablet hold everything
//! that readers see, so that a read finds one whatever is behind. Looks at disks: after a restart the catalog believes
//! less until it is told. Nothing is lost for good in this model.

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
                let complete = tablet.replicas().filter(|replica| {
                    let at = world.ids.iter().position(|id| *id == replica.backend);
                    let held = at.and_then(|at| world.backends[at].replicas.get(&id));
                    held.is_some_and(|held| held.version() >= visible)
                });
                let got = complete.count();
                assert!(
                    got >= needed,
                    "tablet {id} at {visible}: {got} complete, needs {needed}"
                );
            }
        }
    }
}
