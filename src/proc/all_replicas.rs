//! `sys.replicas`: every replica of every tablet, with the names of what it belongs to and its status.

use std::ops::ControlFlow;

use crate::catalog::replica::Replica;
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, IndexId, PartitionId, ReplicaId, TableId, TabletId, Version};
use crate::proc::node::Scan;
use crate::proc::table::Wanted;
use crate::proc::tablet::cause;
use crate::proc::urls::{compaction_status, meta_url, root_path};
use crate::proc::walk::Home;
use crate::row;
use crate::rows::Cell;
use crate::tablet::health::replica_status;
use crate::view::View;

row! {
    /// A replica.
    pub struct AnyReplicaRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
        /// Replica.
        replica_id: ReplicaId => "ReplicaId" Int,
        /// Where it lives.
        backend_id: BackendId => "BackendId" Int,
        /// Name of the database.
        db_name: String => "DbName" Text,
        /// Name of the table.
        table_name: String => "TableName" Text,
        /// Name of the partition.
        partition_name: String => "PartitionName" Text,
        /// Database.
        db_id: DbId => "DbId" Int,
        /// Table.
        table_id: TableId => "TableId" Int,
        /// Partition.
        partition_id: PartitionId => "PartitionId" Int,
        /// Index.
        index_id: IndexId => "IndexId" Int,
        /// The highest version up to which it holds every load.
        version: Version => "Version" Int,
        /// The version of the partition that readers see.
        visible_version: Version => "VisibleVersion" Int,
        /// The newest version that it missed; NULL when it missed none.
        last_failed_version: Option<Version> => "LastFailedVersion" Int,
        /// The newest version whose load it holds; NULL when unknown.
        last_success_version: Option<Version> => "LastSuccessVersion" Int,
        /// When it missed the one of LastFailedVersion.
        last_failed_time: Option<Timestamp> => "LastFailedTime" Time,
        /// Bytes on disk, as last reported.
        data_size: u64 => "DataSize" Bytes,
        /// Rows, as last reported.
        row_count: u64 => "RowCount" Int,
        /// Rowsets, as last reported.
        version_count: u32 => "VersionCount" Int,
        /// What it is being used for: `NORMAL`, `CLONE`, `DECOMMISSION`.
        state: &'static str => "State" Text,
        /// Its files are lost or wrong, or an operator said so.
        is_bad: bool => "IsBad" Bool,
        /// An operator set IsBad, and only an operator clears it.
        is_set_bad_force: bool => "IsSetBadForce" Bool,
        /// `OK`, `DEAD`, `VERSION_ERROR` or `SCHEMA_ERROR`.
        status: &'static str => "Status" Text,
        /// The storage path; NULL until it is reported.
        path_hash: Option<i64> => "PathHash" Int,
        /// The directory of the storage path.
        disk_root_path: Option<String> => "DiskRootPath" Text,
        /// Where its backend describes it.
        meta_url: Option<String> => "MetaUrl" Text,
        /// Where its backend tells of its compaction.
        compaction_status: Option<String> => "CompactionStatus" Text,
        /// What of its files is lost or wrong, as its backend says; NULL where nothing is.
        cause: Option<String> => "Cause" Text,
    }
}

/// `sys.replicas`.
pub struct AllReplicas;

impl Scan for AllReplicas {
    const TABLE: &'static str = "replicas";
    type Row = AnyReplicaRow;

    fn scan(
        view: &View,
        wanted: &Wanted,
        out: &mut dyn FnMut(AnyReplicaRow) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        Home::tablets(view, wanted, &mut |home, tablet| {
            for replica in tablet.replicas() {
                if wanted.allows("BackendId", &Cell::from(replica.backend)) {
                    out(AnyReplicaRow::new(view, home, tablet.id(), &replica))?;
                }
            }
            ControlFlow::Continue(())
        })
    }
}

impl AnyReplicaRow {
    fn new(view: &View, home: Home<'_>, tablet_id: TabletId, replica: &Replica) -> AnyReplicaRow {
        let backend = view.catalog.backends.get(&replica.backend);
        AnyReplicaRow {
            tablet_id,
            replica_id: replica.id,
            backend_id: replica.backend,
            db_name: home.db.name.clone(),
            table_name: home.table.name.clone(),
            partition_name: home.partition.spec.name.clone(),
            db_id: home.db.id,
            table_id: home.table.id,
            partition_id: home.partition.id,
            index_id: home.table.index,
            version: replica.version,
            visible_version: home.partition.visible_version,
            last_failed_version: known(replica.last_failed_version),
            last_success_version: known(replica.last_success_version),
            last_failed_time: replica.last_failed_time,
            data_size: replica.data_size,
            row_count: replica.row_count,
            version_count: replica.version_count,
            state: replica.state.word(),
            is_bad: replica.bad,
            is_set_bad_force: replica.set_bad_force,
            status: replica_status(&view.catalog, home.partition.visible_version, replica).word(),
            path_hash: Some(replica.path_hash).filter(|hash| *hash != -1),
            disk_root_path: root_path(view, replica),
            meta_url: backend.map(|b| meta_url(b, tablet_id)),
            compaction_status: backend.map(|b| compaction_status(b, tablet_id)),
            cause: cause(view, replica),
        }
    }
}

fn known(version: Version) -> Option<Version> {
    Some(version).filter(|v| *v > 0)
}
