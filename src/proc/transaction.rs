//! `/transactions/<db>/<state>/<txn>`: the table that a load wrote to.

use crate::ids::TableId;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A table of a load.
    pub struct TxnTableRow {
        /// Table.
        table_id: TableId => "TableId" Int,
        /// Partitions that got a version from its commit: `[id, id]`.
        committed_partition_ids: String => "CommittedPartitionIds" Text,
    }
}

/// `/transactions/{db}/{state}/{txn}`.
pub struct TxnTables;

impl Node for TxnTables {
    const PATH: &'static str = "/transactions/{db}/{state}/{txn}";
    type Row = TxnTableRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TxnTableRow>, Error> {
        let txn = at.txn()?;
        let partitions: Vec<String> = txn.versions.iter().map(|(id, _)| id.to_string()).collect();
        Ok(vec![TxnTableRow {
            table_id: txn.table,
            committed_partition_ids: format!("[{}]", partitions.join(", ")),
        }])
    }
}
