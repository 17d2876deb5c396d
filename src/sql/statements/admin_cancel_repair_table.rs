//! `ADMIN CANCEL REPAIR TABLE [db.]table [PARTITION (p, ..)]` (seed: Set replica priority level).

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::lookup::Error;
use crate::sql::outcome::Outcome;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::{Context, Spec};

/// `ADMIN CANCEL REPAIR TABLE ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminCancelRepairTable {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
}

impl Spec for AdminCancelRepairTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "CANCEL", "REPAIR", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_cancel_repair_table.ebnf");
    const HELP: &'static str =
        "Takes back ADMIN REPAIR TABLE: tablets are repaired in their turn again.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "CANCEL", "REPAIR", "TABLE"])?;
        Ok(AdminCancelRepairTable {
            table: c.table_name()?,
            partitions: PartitionList::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Request(cx.repair(
            &self.table,
            &self.partitions,
            false,
        )?))
    }
}

impl Context<'_> {
    /// The request of ADMIN REPAIR TABLE, or of its CANCEL, if the table and its partitions exist.
    pub fn repair(
        &self,
        table: &TableName,
        partitions: &PartitionList,
        on: bool,
    ) -> Result<Request, Error> {
        let (db, table) = self.find_table(table)?;
        self.find_partitions(table, &partitions.names)?;
        Ok(Request::RepairTable {
            db: db.name.clone(),
            table: table.name.clone(),
            partitions: partitions.names.clone(),
            on,
        })
    }
}

impl fmt::Display for AdminCancelRepairTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, partitions) = (&self.table, &self.partitions);
        write!(f, "ADMIN CANCEL REPAIR TABLE {table}{partitions}")
    }
}
