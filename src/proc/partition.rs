//! `/dbs/<db>/<table>/partitions/<partition>`: the indexes of a partition.

use crate::clock::Timestamp;
use crate::ids::IndexId;
use crate::proc::content::partition_checked;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// An index of a partition.
    pub struct IndexRow {
        /// Identity.
        index_id: IndexId => "IndexId" Int,
        /// Name; the base index is named like its table.
        index_name: String => "IndexName" Text,
        /// `NORMAL`.
        state: &'static str => "State" Text,
        /// When the content of its tablets was last compared.
        last_consistency_check_time: Option<Timestamp> => "LastConsistencyCheckTime" Time or "N/A",
        /// How evenly its tablets are spread; not judged yet.
        tablet_balance_stat: Option<String> => "TabletBalanceStat" Text or "N/A",
        /// Tablets.
        tablets: usize => "Tablets" Int,
    }
}

/// `/dbs/{db}/{table}/partitions/{partition}`.
pub struct Indexes;

impl Node for Indexes {
    const PATH: &'static str = "/dbs/{db}/{table}/partitions/{partition}";
    type Row = IndexRow;

    fn rows(at: &Place<'_>) -> Result<Vec<IndexRow>, Error> {
        let (table, partition) = (at.table()?, at.partition()?);
        Ok(vec![IndexRow {
            index_id: table.index,
            index_name: table.name.clone(),
            state: "NORMAL",
            last_consistency_check_time: partition_checked(&at.view.catalog, partition),
            tablet_balance_stat: None,
            tablets: partition.tablets.len(),
        }])
    }
}
