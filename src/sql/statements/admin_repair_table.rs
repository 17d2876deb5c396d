//! `ADMIN REPAIR TABLE [db.]table [PARTITION (p, ..)]` (seed: Set replica priority level).

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::{Context, Spec};

/// `ADMIN REPAIR TABLE ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRepairTable {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
}

impl Spec for AdminRepairTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "REPAIR", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_repair_table.ebnf");
    const HELP: &'static str =
        "Puts the unhealthy tablets of a table or of partitions first in the queue of repair, for 4 hours.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "REPAIR", "TABLE"])?;
        Ok(AdminRepairTable {
            table: c.table_name()?,
            partitions: PartitionList::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Request(cx.repair(
            &self.table,
            &self.partitions,
            true,
        )?))
    }
}

impl fmt::Display for AdminRepairTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN REPAIR TABLE {}{}", self.table, self.partitions)
    }
}
