//! `SHOW PARTITIONS FROM [db.]table`, as SHOW PROC '/dbs/<db>/<table>/partitions'.

use std::fmt;

use crate::code::Failure;
use crate::proc::partitions::{PartitionRow, of_table};
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW PARTITIONS FROM [db.]table`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowPartitions {
    /// Table.
    pub table: TableName,
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowPartitions {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "PARTITIONS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_partitions.ebnf");
    const HELP: &'static str =
        "Lists the partitions of a table: range, version, buckets, replicas, size.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "PARTITIONS", "FROM"])?;
        Ok(ShowPartitions {
            table: c.table_name()?,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(PartitionRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (_, table) = cx.find_table(&self.table)?;
        let rows = Rows::of(of_table(&cx.view.catalog, table));
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowPartitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW PARTITIONS FROM {}{}", self.table, self.tail)
    }
}
