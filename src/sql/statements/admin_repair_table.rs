//! `ADMIN REPAIR TABLE [db.]table [PARTITION (p, ..)]` (seed: Set replica priority level).

use std::fmt;

use crate::code::Failure;
use crate::leader::request::{HealRequest, Request};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::table_parts::TableParts;

/// `ADMIN REPAIR TABLE ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRepairTable {
    /// What comes first.
    pub parts: TableParts,
}

impl Spec for AdminRepairTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "REPAIR", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_repair_table.ebnf");
    const HELP: &'static str =
        "Puts the unhealthy tablets of a table or of partitions first in the queue of repair, for admin_repair_hint_second seconds.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "REPAIR", "TABLE"])?;
        Ok(AdminRepairTable {
            parts: TableParts::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        self.parts.hint(cx, true)
    }
}

impl TableParts {
    /// Has tablets of these partitions come first, or takes that back.
    ///
    /// # Errors
    /// The table, or a partition, does not exist.
    pub fn hint(&self, cx: Context<'_>, on: bool) -> Result<Outcome, Failure> {
        let (db, table) = self.find(cx)?;
        Ok(Outcome::Request(Request::Heal(HealRequest::RepairTable {
            db: db.name.clone(),
            table: table.name.clone(),
            partitions: self.partitions.names.clone(),
            on,
        })))
    }
}

impl fmt::Display for AdminRepairTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN REPAIR TABLE {}", self.parts)
    }
}
