//! The state of every replica of some partitions; ADMIN SHOW REPLICA STATUS prints it (seed: Check the replica status).
//!
//! Owns the row. Does not own the rules of the status: that is `tablet::health`.

use crate::catalog::partition::Partition;
use crate::catalog::replica::Replica;
use crate::catalog::state::Catalog;
use crate::ids::{NO_VERSION, TabletId, Version};
use crate::proc::index::signed;
use crate::row;
use crate::tablet::health::{ReplicaStatus, replica_status};

row! {
    /// A replica, or one that is missing.
    pub struct ReplicaStatusRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
        /// Replica; -1 when it is missing.
        replica_id: i64 => "ReplicaId" Int,
        /// Where it lives; -1 when it is missing.
        backend_id: i64 => "BackendId" Int,
        /// The highest version up to which it holds every load.
        version: Version => "Version" Int,
        /// The newest version that it missed; -1 when it missed none.
        last_failed_version: Version => "LastFailedVersion" Int,
        /// The newest version whose load it holds; -1 when unknown.
        last_success_version: Version => "LastSuccessVersion" Int,
        /// The version of the partition that readers see.
        committed_version: Version => "CommittedVersion" Int,
        /// A schema of its own; -1: it has that of its index.
        schema_hash: i64 => "SchemaHash" Int,
        /// Rowsets, as last reported.
        version_num: i64 => "VersionNum" Int,
        /// Its files are lost or wrong, or an operator said so.
        is_bad: Option<bool> => "IsBad" Bool or "N/A",
        /// What it is being used for: `NORMAL`, `CLONE`, `DECOMMISSION`.
        state: Option<&'static str> => "State" Text or "N/A",
        /// `OK`, `DEAD`, `VERSION_ERROR`, `SCHEMA_ERROR` or `MISSING`.
        status: &'static str => "Status" Text,
        /// An operator set IsBad, and only an operator clears it (StarRocks).
        is_set_bad_force: Option<bool> => "IsSetBadForce" Bool or "N/A",
    }
}

/// Every status, for WHERE.
pub const STATUSES: [ReplicaStatus; 5] = [
    ReplicaStatus::Ok,
    ReplicaStatus::Dead,
    ReplicaStatus::VersionError,
    ReplicaStatus::SchemaError,
    ReplicaStatus::Missing,
];

/// The replicas of `partition` by tablet, and behind those of each tablet a row for each that is missing. Only rows
/// whose status `keep` takes.
pub fn of_partition(
    catalog: &Catalog,
    partition: &Partition,
    keep: &dyn Fn(ReplicaStatus) -> bool,
    rows: &mut Vec<ReplicaStatusRow>,
) {
    for tablet in catalog.tablets.of_partition(partition) {
        for replica in tablet.replicas() {
            let status = replica_status(catalog, partition.visible_version, &replica);
            if keep(status) {
                rows.push(ReplicaStatusRow::new(
                    tablet.id(),
                    partition,
                    &replica,
                    status,
                ));
            }
        }
        if keep(ReplicaStatus::Missing) {
            let wanted = usize::from(partition.spec.replication_num);
            let missing = wanted.saturating_sub(tablet.replicas().len());
            rows.extend((0..missing).map(|_| ReplicaStatusRow::missing(tablet.id())));
        }
    }
}

impl ReplicaStatusRow {
    fn new(
        tablet_id: TabletId,
        partition: &Partition,
        replica: &Replica,
        status: ReplicaStatus,
    ) -> ReplicaStatusRow {
        ReplicaStatusRow {
            tablet_id,
            replica_id: signed(replica.id.0),
            backend_id: signed(replica.backend.0),
            version: replica.version,
            last_failed_version: replica.last_failed_version,
            last_success_version: replica.last_success_version,
            committed_version: partition.visible_version,
            schema_hash: -1,
            version_num: replica.version_count.into(),
            is_bad: Some(replica.bad),
            state: Some(replica.state.word()),
            status: status.word(),
            is_set_bad_force: Some(replica.set_bad_force),
        }
    }

    fn missing(tablet_id: TabletId) -> ReplicaStatusRow {
        ReplicaStatusRow {
            tablet_id,
            replica_id: -1,
            backend_id: -1,
            version: NO_VERSION,
            last_failed_version: NO_VERSION,
            last_success_version: NO_VERSION,
            committed_version: NO_VERSION,
            schema_hash: -1,
            version_num: -1,
            is_bad: None,
            state: None,
            status: ReplicaStatus::Missing.word(),
            is_set_bad_force: None,
        }
    }
}
