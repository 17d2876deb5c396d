//! `/dbs/<db>/<table>/temp_partitions`: temporary partitions. There are none, and tools ask all the same.

use crate::proc::partitions::PartitionRow;
use crate::proc::{Error, Node, Place};

/// `/dbs/{db}/{table}/temp_partitions`.
pub struct TempPartitions;

impl Node for TempPartitions {
    const PATH: &'static str = "/dbs/{db}/{table}/temp_partitions";
    type Row = PartitionRow;

    fn rows(at: &Place<'_>) -> Result<Vec<PartitionRow>, Error> {
        at.table()?;
        Ok(Vec::new())
    }
}
