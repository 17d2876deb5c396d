//! `TRUNCATE TABLE [db.]table [PARTITION (p, ..)]`.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::{Context, Spec};

/// `TRUNCATE TABLE [db.]table [PARTITION (p, ..)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TruncateTable {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
}

impl Spec for TruncateTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["TRUNCATE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/truncate_table.ebnf");
    const HELP: &'static str = "Empties a table or some of its partitions.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["TRUNCATE"])?;
        c.eat(&["TABLE"]);
        Ok(TruncateTable {
            table: c.table_name()?,
            partitions: PartitionList::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (db, table) = cx.find_table(&self.table)?;
        cx.find_partitions(table, &self.partitions.names)?;
        Ok(Outcome::Request(Request::TruncateTable {
            db: db.name.clone(),
            name: table.name.clone(),
            partitions: self.partitions.names.clone(),
        }))
    }
}

impl fmt::Display for TruncateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TRUNCATE TABLE {}{}", self.table, self.partitions)
    }
}
