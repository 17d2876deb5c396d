//! `/dbs/<db>/<table>`: what a table has.

use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A directory of a table.
    pub struct TableNodeRow {
        /// Its name in the path.
        nodes: &'static str => "Nodes" Text,
    }
}

/// `/dbs/{db}/{table}`.
pub struct TableNodes;

impl Node for TableNodes {
    const PATH: &'static str = "/dbs/{db}/{table}";
    type Row = TableNodeRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TableNodeRow>, Error> {
        at.table()?;
        let nodes = ["partitions", "temp_partitions", "index_schema"];
        Ok(nodes.map(|nodes| TableNodeRow { nodes }).into())
    }
}
