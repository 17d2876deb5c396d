//! `/dbs/<db>/<table>/partitions`: the partitions of a table; SHOW PARTITIONS is the same.

use crate::catalog::partition::{Bound, Partition, Range};
use crate::catalog::schema::DataType;
use crate::catalog::state::Catalog;
use crate::catalog::table::{Partitioning, Table};
use crate::clock::Timestamp;
use crate::ids::{PartitionId, Version};
use crate::proc::content::partition_checked;
use crate::proc::dbs_db::partition_column;
use crate::proc::sizes::Sizes;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A partition.
    pub struct PartitionRow {
        /// Identity.
        partition_id: PartitionId => "PartitionId" Int,
        /// Name.
        partition_name: String => "PartitionName" Text,
        /// What readers see.
        visible_version: Version => "VisibleVersion" Int,
        /// Since when they do.
        visible_version_time: Timestamp => "VisibleVersionTime" Time or "N/A",
        /// Always 0; kept because programs read it.
        visible_version_hash: u64 => "VisibleVersionHash" Int,
        /// `NORMAL`.
        state: &'static str => "State" Text,
        /// The partition column; empty without one.
        partition_key: String => "PartitionKey" Text,
        /// The rows that belong here; empty in an unpartitioned table.
        range: String => "Range" Text,
        /// The columns that choose the bucket; `ALL KEY` when it is chosen at random.
        distribution_key: String => "DistributionKey" Text,
        /// Tablets.
        buckets: u32 => "Buckets" Int,
        /// Replicas wanted of each tablet.
        replication_num: u16 => "ReplicationNum" Int,
        /// Where new replicas go first.
        storage_medium: &'static str => "StorageMedium" Text,
        /// When it moves to a colder medium; never.
        cooldown_time: Option<Timestamp> => "CooldownTime" Time or "N/A",
        /// When the content of its tablets was last compared.
        last_consistency_check_time: Option<Timestamp> => "LastConsistencyCheckTime" Time or "N/A",
        /// Bytes of one copy of each tablet, as last reported.
        data_size: u64 => "DataSize" ShortSize,
        /// Bytes of all replicas, as last reported.
        storage_size: u64 => "StorageSize" ShortSize,
        /// Always false.
        is_in_memory: bool => "IsInMemory" Bool,
        /// Rows, as last reported.
        row_count: u64 => "RowCount" Int,
        /// The version of the data; every version is a load, so it is the visible one.
        data_version: Version => "DataVersion" Int,
        /// There are no epochs of versions.
        version_epoch: Option<u64> => "VersionEpoch" Int or "N/A",
        /// The kind of transaction that made the visible version.
        version_txn_type: &'static str => "VersionTxnType" Text,
        /// Whether the tablets are spread evenly; not judged yet.
        tablet_balanced: Option<bool> => "TabletBalanced" Bool or "N/A",
    }
}

/// `/dbs/{db}/{table}/partitions`.
pub struct Partitions;

impl Node for Partitions {
    const PATH: &'static str = "/dbs/{db}/{table}/partitions";
    const TABLE: Option<&'static str> = Some("partitions");
    type Row = PartitionRow;

    fn rows(at: &Place<'_>) -> Result<Vec<PartitionRow>, Error> {
        Ok(of_table(&at.view.catalog, at.table()?))
    }
}

/// The partitions of `table`, in range order.
pub fn of_table(catalog: &Catalog, table: &Table) -> Vec<PartitionRow> {
    let partitions = catalog.partitions_of(table);
    partitions
        .map(|p| PartitionRow::new(catalog, table, p))
        .collect()
}

impl PartitionRow {
    fn new(catalog: &Catalog, table: &Table, partition: &Partition) -> PartitionRow {
        let sizes = Sizes::of_partition(catalog, partition);
        let spec = &partition.spec;
        PartitionRow {
            partition_id: partition.id,
            partition_name: spec.name.clone(),
            visible_version: partition.visible_version,
            visible_version_time: partition.visible_time,
            visible_version_hash: 0,
            state: "NORMAL",
            partition_key: partition_column(table).unwrap_or_default(),
            range: spec
                .range
                .as_ref()
                .map_or_else(String::new, |r| range(table, r)),
            distribution_key: distribution_key(table),
            buckets: spec.buckets,
            replication_num: spec.replication_num,
            storage_medium: spec.medium.word(),
            cooldown_time: None,
            last_consistency_check_time: partition_checked(catalog, partition),
            data_size: sizes.one_copy,
            storage_size: sizes.all_copies,
            is_in_memory: false,
            row_count: sizes.rows,
            data_version: partition.visible_version,
            version_epoch: None,
            version_txn_type: "TXN_NORMAL",
            tablet_balanced: None,
        }
    }
}

fn distribution_key(table: &Table) -> String {
    let columns = &table.spec.distribution.columns;
    if columns.is_empty() {
        return "ALL KEY".to_owned();
    }
    let names = columns.iter().filter_map(|at| table.spec.columns.get(*at));
    names
        .map(|c| c.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// As StarRocks prints it: `[types: [DATE]; keys: [2013-01-01]; ..types: [DATE]; keys: [2013-02-01]; )`. An open end
/// is `MINVALUE` or `MAXVALUE`.
fn range(table: &Table, range: &Range) -> String {
    let kind = match table.spec.partitioning {
        Partitioning::Range { column } => table.spec.columns.get(column).map(|c| c.data_type),
        Partitioning::None => None,
    };
    let kind = kind.unwrap_or(DataType::BigInt).to_string().to_uppercase();
    let end = |bound: Option<Bound>, open: &str| {
        let key = bound.map_or_else(|| open.to_owned(), |b| b.to_string());
        format!("types: [{kind}]; keys: [{key}]; ")
    };
    format!(
        "[{}..{})",
        end(range.lower, "MINVALUE"),
        end(range.upper, "MAXVALUE")
    )
}
