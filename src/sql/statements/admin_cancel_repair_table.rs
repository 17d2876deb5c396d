//! `ADMIN CANCEL REPAIR TABLE [db.]table [PARTITION (p, ..)]` (seed: Set replica priority level).

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::table_parts::TableParts;

/// `ADMIN CANCEL REPAIR TABLE ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminCancelRepairTable {
    /// What comes in its turn again.
    pub parts: TableParts,
}

impl Spec for AdminCancelRepairTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "CANCEL", "REPAIR", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_cancel_repair_table.ebnf");
    const HELP: &'static str =
        "Takes back ADMIN REPAIR TABLE: tablets are repaired in their turn again.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "CANCEL", "REPAIR", "TABLE"])?;
        Ok(AdminCancelRepairTable {
            parts: TableParts::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        self.parts.hint(cx, false)
    }
}

impl fmt::Display for AdminCancelRepairTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN CANCEL REPAIR TABLE {}", self.parts)
    }
}
