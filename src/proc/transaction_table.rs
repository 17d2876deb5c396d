//! `/transactions/<db>/<state>/<txn>/<table>`: the versions that a load's commit gave.

use crate::ids::{PartitionId, Version};
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A partition of a load.
    pub struct TxnPartitionRow {
        /// Partition.
        partition_id: PartitionId => "PartitionId" Int,
        /// Its version with this load.
        committed_version: Version => "CommittedVersion" Int,
    }
}

/// `/transactions/{db}/{state}/{txn}/{txn_table}`.
pub struct TxnPartitions;

impl Node for TxnPartitions {
    const PATH: &'static str = "/transactions/{db}/{state}/{txn}/{txn_table}";
    type Row = TxnPartitionRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TxnPartitionRow>, Error> {
        let txn = at.txn()?;
        let table = at.param("txn_table");
        // The load may be remembered longer than its table.
        if table.parse() != Ok(txn.table) {
            return Err(at.error(format!(
                "Table[{table}] has no part in transaction {}",
                txn.id
            )));
        }
        let versions = txn.versions.iter();
        Ok(versions
            .map(|(partition_id, committed_version)| TxnPartitionRow {
                partition_id: *partition_id,
                committed_version: *committed_version,
            })
            .collect())
    }
}
