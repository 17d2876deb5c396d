//! `/dbs/<db>`: the tables of a database.

use crate::catalog::table::{Partitioning, Table};
use crate::clock::Timestamp;
use crate::ids::TableId;
use crate::proc::content::table_checked;
use crate::proc::sizes::Sizes;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A table.
    pub struct TableRow {
        /// Identity.
        table_id: TableId => "TableId" Int,
        /// Name.
        table_name: String => "TableName" Text,
        /// Indexes.
        index_num: u64 => "IndexNum" Int,
        /// The partition column.
        partition_column_name: Option<String> => "PartitionColumnName" Text or "N/A",
        /// Partitions.
        partition_num: usize => "PartitionNum" Int,
        /// `NORMAL`.
        state: &'static str => "State" Text,
        /// `OLAP`.
        kind: &'static str => "Type" Text,
        /// When the content of its tablets was last compared.
        last_consistency_check_time: Option<Timestamp> => "LastConsistencyCheckTime" Time or "N/A",
        /// Replicas of all its tablets.
        replica_count: u64 => "ReplicaCount" Int,
        /// `RANGE` or `UNPARTITIONED`.
        partition_type: &'static str => "PartitionType" Text,
        /// There is no storage that backends share.
        storage_path: Option<String> => "StoragePath" Text or "N/A",
    }
}

/// `/dbs/{db}`.
pub struct Tables;

impl Node for Tables {
    const PATH: &'static str = "/dbs/{db}";
    const TABLE: Option<&'static str> = Some("tables");
    type Row = TableRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TableRow>, Error> {
        let catalog = &at.view.catalog;
        let mut tables: Vec<&Table> = at
            .db()?
            .tables
            .values()
            .filter_map(|id| catalog.tables.get(id).map(|table| &**table))
            .collect();
        tables.sort_by_key(|table| table.id);
        Ok(tables
            .into_iter()
            .map(|table| TableRow {
                table_id: table.id,
                table_name: table.name.clone(),
                index_num: 1,
                partition_column_name: partition_column(table),
                partition_num: table.partitions.len(),
                state: "NORMAL",
                kind: "OLAP",
                last_consistency_check_time: table_checked(catalog, table),
                replica_count: Sizes::of_table(catalog, table).replicas,
                partition_type: match table.spec.partitioning {
                    Partitioning::None => "UNPARTITIONED",
                    Partitioning::Range { .. } => "RANGE",
                },
                storage_path: None,
            })
            .collect())
    }
}

/// The name of the column that `table` is partitioned by.
pub fn partition_column(table: &Table) -> Option<String> {
    match table.spec.partitioning {
        Partitioning::None => None,
        Partitioning::Range { column } => table.spec.columns.get(column).map(|c| c.name.clone()),
    }
}
