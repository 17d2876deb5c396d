//! `/dbs/<db>/<table>/partitions/<partition>/<index>`: the replicas of all tablets of a partition; SHOW TABLET FROM is
//! the same over the partitions of a table (seed: Check the replica status).

use crate::catalog::check::Check;
use crate::catalog::partition::Partition;
use crate::catalog::replica::Replica;
use crate::catalog::table::Table;
use crate::clock::Timestamp;
use crate::ids::{NO_VERSION, ReplicaId, TabletId, Version};
use crate::proc::content;
use crate::proc::index_schemas::schema_hash;
use crate::proc::tablet::cause;
use crate::proc::urls::{compaction_status, meta_url, root_path};
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::view::View;

row! {
    /// A replica of a tablet. A tablet without replicas has one row, of -1.
    pub struct TabletReplicaRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
        /// Replica.
        replica_id: i64 => "ReplicaId" Int,
        /// Where it lives.
        backend_id: i64 => "BackendId" Int,
        /// Hash of the columns of the index.
        schema_hash: i64 => "SchemaHash" Int,
        /// The highest version up to which it holds every load.
        version: Version => "Version" Int,
        /// Always 0; kept because programs read it.
        version_hash: i64 => "VersionHash" Int,
        /// The newest version whose load it holds; -1 when unknown.
        lst_success_version: Version => "LstSuccessVersion" Int,
        /// Always 0.
        lst_success_version_hash: i64 => "LstSuccessVersionHash" Int,
        /// The newest version that it missed; -1 when it missed none.
        lst_failed_version: Version => "LstFailedVersion" Int,
        /// Always 0.
        lst_failed_version_hash: i64 => "LstFailedVersionHash" Int,
        /// When it missed that one.
        lst_failed_time: Option<Timestamp> => "LstFailedTime" Time or "N/A",
        /// Bytes on disk, as last reported.
        data_size: i64 => "DataSize" Bytes,
        /// Rows, as last reported.
        row_count: i64 => "RowCount" Int,
        /// What it is being used for: `NORMAL`, `CLONE`, `DECOMMISSION`.
        state: Option<&'static str> => "State" Text or "N/A",
        /// When its content was last compared with its siblings'.
        lst_consistency_check_time: Option<Timestamp> => "LstConsistencyCheckTime" Time or "N/A",
        /// The version that was compared; -1 when none was.
        check_version: Version => "CheckVersion" Int,
        /// The digest that more than half of the replicas have; -1 when there is none.
        check_version_hash: i64 => "CheckVersionHash" Int,
        /// Rowsets, as last reported.
        version_count: i64 => "VersionCount" Int,
        /// The storage path; -1 until it is reported.
        path_hash: i64 => "PathHash" Int,
        /// Where its backend describes it.
        meta_url: Option<String> => "MetaUrl" Text or "N/A",
        /// Where its backend tells of its compaction.
        compaction_status: Option<String> => "CompactionStatus" Text or "N/A",
        /// The directory of the storage path (StarRocks).
        disk_root_path: Option<String> => "DiskRootPath" Text or "N/A",
        /// Whether the last comparison found no difference between the tablet's replicas (StarRocks).
        is_consistent: Option<bool> => "IsConsistent" Bool or "N/A",
        /// The digest of this replica; -1 when it gave none (StarRocks).
        checksum: i64 => "Checksum" Int,
        /// What of its files is lost or wrong, as its backend says.
        cause: Option<String> => "Cause" Text or "N/A",
    }
}

/// `/dbs/{db}/{table}/partitions/{partition}/{index}`.
pub struct TabletReplicas;

impl Node for TabletReplicas {
    const PATH: &'static str = "/dbs/{db}/{table}/partitions/{partition}/{index}";
    type Row = TabletReplicaRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TabletReplicaRow>, Error> {
        at.index()?;
        let (table, partition) = (at.table()?, at.partition()?);
        Ok(of_partition(at.view, table, partition))
    }
}

/// The replicas of `partition`, by tablet and then by replica.
pub fn of_partition(view: &View, table: &Table, partition: &Partition) -> Vec<TabletReplicaRow> {
    let schema_hash = schema_hash(&table.spec);
    let mut rows = Vec::new();
    for tablet in view.catalog.tablets.of_partition(partition) {
        let mut replicas: Vec<Replica> = tablet.replicas().collect();
        if replicas.is_empty() {
            rows.push(TabletReplicaRow::none(tablet.id()));
        }
        replicas.sort_by_key(|replica| replica.id);
        let check = view.catalog.checks.get(&tablet.id());
        rows.extend(replicas.iter().map(|replica| {
            let row = TabletReplicaRow::new(view, schema_hash, tablet.id(), replica);
            match check {
                Some(check) => {
                    let witness = |of| view.catalog.witness(tablet.id(), of);
                    row.checked(check, replica.id, content::majority(check, replicas.len(), witness))
                }
                None => row,
            }
        }));
    }
    rows
}

impl TabletReplicaRow {
    fn new(view: &View, schema_hash: u32, tablet: TabletId, replica: &Replica) -> Self {
        let backend = view.catalog.backends.get(&replica.backend);
        TabletReplicaRow {
            replica_id: signed(replica.id.0),
            backend_id: signed(replica.backend.0),
            schema_hash: schema_hash.into(),
            version: replica.version,
            version_hash: 0,
            lst_success_version: replica.last_success_version,
            lst_success_version_hash: 0,
            lst_failed_version: replica.last_failed_version,
            lst_failed_version_hash: 0,
            lst_failed_time: replica.last_failed_time,
            data_size: signed(replica.data_size),
            row_count: signed(replica.row_count),
            state: Some(replica.state.word()),
            version_count: replica.version_count.into(),
            path_hash: replica.path_hash,
            meta_url: backend.map(|b| meta_url(b, tablet)),
            compaction_status: backend.map(|b| compaction_status(b, tablet)),
            disk_root_path: root_path(view, replica),
            cause: cause(view, replica),
            ..TabletReplicaRow::none(tablet)
        }
    }

    /// The row with what came of the last comparison of the tablet's replicas, and what most of them hold.
    fn checked(self, check: &Check, replica: ReplicaId, majority: Option<i64>) -> Self {
        TabletReplicaRow {
            lst_consistency_check_time: Some(check.at),
            check_version: check.version,
            check_version_hash: majority.unwrap_or(-1),
            is_consistent: content::consistent(check),
            checksum: content::digest_of(check, replica).unwrap_or(-1),
            ..self
        }
    }

    fn none(tablet_id: TabletId) -> Self {
        TabletReplicaRow {
            tablet_id,
            replica_id: -1,
            backend_id: -1,
            schema_hash: -1,
            version: NO_VERSION,
            version_hash: -1,
            lst_success_version: NO_VERSION,
            lst_success_version_hash: -1,
            lst_failed_version: NO_VERSION,
            lst_failed_version_hash: -1,
            lst_failed_time: None,
            data_size: -1,
            row_count: -1,
            state: None,
            lst_consistency_check_time: None,
            check_version: NO_VERSION,
            check_version_hash: -1,
            version_count: -1,
            path_hash: -1,
            meta_url: None,
            compaction_status: None,
            disk_root_path: None,
            is_consistent: None,
            checksum: -1,
            cause: None,
        }
    }
}

/// An id or a count in a column where -1 means "none".
pub fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
