//! `ADMIN REPAIR TABLE [db.]table [PARTITION (p, ..)]` (seed: Set replica priority level), and `.. ACCEPT DATA LOSS [DRY RUN]
//! [REASON '..']` for what is lost for good: tablets of which no whole copy is left go on with what is left.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::recovery::{RecoveryRequest, Terms};
use crate::leader::request::{HealRequest, Request};
use crate::rows::{Column, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::findings::FindingRow;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::table_parts::TableParts;

/// `ADMIN REPAIR TABLE ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRepairTable {
    /// What comes first.
    pub parts: TableParts,
    /// ACCEPT DATA LOSS, with DRY RUN and REASON.
    pub accept: Option<Terms>,
}

impl Spec for AdminRepairTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "REPAIR", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_repair_table.ebnf");
    const HELP: &'static str =
        "Puts the unhealthy tablets of a table or of partitions first in the queue of repair, for admin_repair_hint_second seconds; ACCEPT DATA LOSS goes on with what is left of tablets without any whole copy, and DRY RUN lists what is lost.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "REPAIR", "TABLE"])?;
        let parts = TableParts::parse(c)?;
        let accept = match c.eat(&["ACCEPT", "DATA", "LOSS"]) {
            true => Some(Terms::parse(c)?),
            false => None,
        };
        Ok(AdminRepairTable { parts, accept })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        self.accept.as_ref().map(|_| FindingRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let Some(terms) = &self.accept else {
            return self.parts.hint(cx, true);
        };
        Ok(Outcome::Recovery(RecoveryRequest::AcceptLoss {
            parts: self.parts.named(cx)?,
            terms: terms.clone(),
        }))
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
        write!(f, "ADMIN REPAIR TABLE {}", self.parts)?;
        match &self.accept {
            Some(terms) => write!(f, " ACCEPT DATA LOSS{terms}"),
            None => Ok(()),
        }
    }
}
