//! `sys.tablets`: every tablet, what it belongs to, and how its replicas are.

use std::ops::ControlFlow;

use crate::catalog::tablets::TabletView;
use crate::ids::{DbId, IndexId, PartitionId, TableId, TabletId, Version};
use crate::proc::node::Scan;
use crate::proc::table::Wanted;
use crate::proc::walk::Home;
use crate::row;
use crate::tablet::cluster::Cluster;
use crate::tablet::health::{ReplicaStatus, replica_status, tablet_health};
use crate::view::View;

row! {
    /// A tablet.
    pub struct AnyTabletRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
        /// Name of the database.
        db_name: String => "DbName" Text,
        /// Name of the table.
        table_name: String => "TableName" Text,
        /// Name of the partition.
        partition_name: String => "PartitionName" Text,
        /// Name of the index.
        index_name: String => "IndexName" Text,
        /// Database.
        db_id: DbId => "DbId" Int,
        /// Table.
        table_id: TableId => "TableId" Int,
        /// Partition.
        partition_id: PartitionId => "PartitionId" Int,
        /// Index.
        index_id: IndexId => "IndexId" Int,
        /// Which bucket of its partition, from 0.
        bucket: u32 => "Bucket" Int,
        /// The version of the partition that readers see.
        visible_version: Version => "VisibleVersion" Int,
        /// `HEALTHY`, or what is the matter: `REPLICA_MISSING`, `VERSION_INCOMPLETE` and others.
        status: &'static str => "Status" Text,
        /// Replicas wanted.
        replication_num: u16 => "ReplicationNum" Int,
        /// Replicas that exist.
        replica_num: usize => "ReplicaNum" Int,
        /// Replicas whose status is `OK`.
        ok_replica_num: usize => "OkReplicaNum" Int,
        /// Rows, as last reported: the most of any `OK` replica; NULL when there is none.
        row_count: Option<u64> => "RowCount" Int,
        /// Bytes on disk, as last reported: the most of any `OK` replica; NULL when there is none.
        data_size: Option<u64> => "DataSize" Bytes,
    }
}

/// `sys.tablets`.
pub struct AllTablets;

impl Scan for AllTablets {
    const TABLE: &'static str = "tablets";
    type Row = AnyTabletRow;

    fn scan(
        view: &View,
        wanted: &Wanted,
        out: &mut dyn FnMut(AnyTabletRow) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let cluster = view.census.cluster();
        Home::tablets(view, wanted, &mut |home, tablet| {
            out(AnyTabletRow::new(view, cluster, home, &tablet))
        })
    }
}

impl AnyTabletRow {
    fn new(
        view: &View,
        cluster: &Cluster,
        home: Home<'_>,
        tablet: &TabletView<'_>,
    ) -> AnyTabletRow {
        let visible = home.partition.visible_version;
        let ok = || {
            tablet
                .replicas()
                .filter(|r| replica_status(&view.catalog, visible, r) == ReplicaStatus::Ok)
        };
        AnyTabletRow {
            tablet_id: tablet.id(),
            db_name: home.db.name.clone(),
            table_name: home.table.name.clone(),
            partition_name: home.partition.spec.name.clone(),
            index_name: home.table.name.clone(),
            db_id: home.db.id,
            table_id: home.table.id,
            partition_id: home.partition.id,
            index_id: home.table.index,
            bucket: tablet.bucket(),
            visible_version: visible,
            status: tablet_health(cluster, tablet).status.word(),
            replication_num: home.partition.spec.replication_num,
            replica_num: tablet.replicas().len(),
            ok_replica_num: ok().count(),
            row_count: ok().map(|replica| replica.row_count).max(),
            data_size: ok().map(|replica| replica.data_size).max(),
        }
    }
}
