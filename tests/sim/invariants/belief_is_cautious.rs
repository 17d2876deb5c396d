//! LastFailedVersion and the replica's version (StarRocks 3.7): the catalog never believes that a replica holds a version
//! that its disk does not hold, and every version on a disk is one that a durable commit gave to that load.
//!
//! Of a replica that it takes for bad it believes nothing: what is filled anew may reach less far than what was damaged, and
//! its backend knows so before the leader does.

use quorate::catalog::replica::ReplicaState;
use quorate::catalog::state::Catalog;
use quorate::ids::TxnId;

use crate::world::World;

/// Compares every belief with the disk.
pub fn check(world: &World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    given(world, &catalog);
    for partition in catalog.partitions.values() {
        assert!(partition.visible_version < partition.next_version);
        for tablet in catalog.tablets.of_partition(partition) {
            let id = tablet.id();
            assert_eq!(tablet.visible(), partition.visible_version);
            for replica in tablet.replicas() {
                let at = replica.backend;
                let Some(held) = world.held(&catalog, id, &replica) else {
                    continue;
                };
                let (believed, is) = (replica.version, held.version());
                assert!(
                    believed <= is || replica.bad,
                    "tablet {id} on {at}: at {is}, and believed to be {replica:?}"
                );
                assert!(
                    believed <= partition.visible_version,
                    "tablet {id}: ahead of its readers"
                );
                let failed = replica.last_failed_version;
                assert!(
                    failed == -1 || failed > believed,
                    "tablet {id} on {at}: {replica:?}"
                );
                assert!(
                    failed < partition.next_version,
                    "tablet {id} on {at}: {replica:?}"
                );
                assert!(
                    replica.last_success_version >= believed,
                    "tablet {id}: {replica:?}"
                );
                assert_eq!(failed > 0, replica.last_failed_time.is_some());
                assert!(
                    !replica.bad || replica.state == ReplicaState::Clone || world.lasting,
                    "tablet {id} on {at}: nothing is ever lost here"
                );
            }
        }
    }
}

/// Every version on a disk is one that a durable record gave.
fn given(world: &World, catalog: &Catalog) {
    for (at, backend) in world.backends.iter().enumerate() {
        for (tablet, replica) in &backend.replicas {
            let Some(view) = catalog.tablets.view(*tablet) else {
                continue;
            };
            for (version, of) in &replica.published {
                let txn = &of.txn;
                // Made empty where a loss was accepted.
                if *txn == TxnId(0) && of.load.is_none() {
                    continue;
                }
                let versions = world.journal.said.committed.get(txn);
                let versions = versions.unwrap_or_else(|| panic!("{txn} on {at} has no commit"));
                let given = versions.contains(&(view.partition(), *version));
                assert!(
                    given,
                    "tablet {tablet} on {at} has {txn} at version {version}"
                );
            }
        }
    }
}
