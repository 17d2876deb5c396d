//! `[db.]table [PARTITION (p, ..)]`: a table, or some of its partitions.

use std::fmt;

use crate::catalog::database::Database;
use crate::catalog::table::Table;
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::lookup::Error;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::Context;

/// What a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub struct TableParts {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
}

impl TableParts {
    /// `[db.]table [PARTITION (p, ..)]`.
    ///
    /// # Errors
    /// Something else is written.
    pub fn parse(c: &mut Cursor<'_>) -> Result<TableParts, SyntaxError> {
        Ok(TableParts {
            table: c.table_name()?,
            partitions: PartitionList::parse(c)?,
        })
    }

    /// The table and its database, if all of it exists.
    ///
    /// # Errors
    /// The table, or a partition, does not exist.
    pub fn find<'a>(&self, cx: Context<'a>) -> Result<(&'a Database, &'a Table), Error> {
        let (db, table) = cx.find_table(&self.table)?;
        cx.find_partitions(table, &self.partitions.names)?;
        Ok((db, table))
    }
}

impl fmt::Display for TableParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.table, self.partitions)
    }
}
