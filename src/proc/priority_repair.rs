//! `/cluster_balance/priority_repair`: partitions that ADMIN REPAIR TABLE put first (seed: Set replica priority level).

use crate::ids::{DbId, PartitionId, TableId};
use crate::proc::walk::Home;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A partition that comes first.
    pub struct HintRow {
        /// Name of the database.
        database: String => "Database" Text,
        /// Name of the table.
        table: String => "Table" Text,
        /// Name of the partition.
        partition: String => "Partition" Text,
        /// Milliseconds for which it still comes first.
        remaining_time_ms: u64 => "RemainingTimeMs" Int,
        /// Database.
        db_id: DbId => "DbId" Int,
        /// Table.
        table_id: TableId => "TableId" Int,
        /// Partition.
        partition_id: PartitionId => "PartitionId" Int,
    }
}

/// `/cluster_balance/priority_repair`.
pub struct PriorityRepair;

impl Node for PriorityRepair {
    const PATH: &'static str = "/cluster_balance/priority_repair";
    const TABLE: Option<&'static str> = Some("priority_repair");
    type Row = HintRow;

    fn rows(at: &Place<'_>) -> Result<Vec<HintRow>, Error> {
        let hints = at.view.healing.hints.iter();
        Ok(hints
            .filter_map(|(id, hint)| {
                // A hint may outlive its partition until the next round of the checker.
                let home = Home::of(at.view, *id)?;
                Some(HintRow {
                    database: home.db.name.clone(),
                    table: home.table.name.clone(),
                    partition: home.partition.spec.name.clone(),
                    remaining_time_ms: hint.until.since_ms(at.view.now),
                    db_id: home.db.id,
                    table_id: home.table.id,
                    partition_id: *id,
                })
            })
            .collect())
    }
}
