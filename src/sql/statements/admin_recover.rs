//! `ADMIN RECOVER [TABLE [db.]table [PARTITION (p, ..)]] [ACCEPT DATA LOSS] [DRY RUN] [REASON '..']`: after a frontend took
//! over with a journal that ends too early, partitions go on from the newest version that backends hold.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::recovery::{Parts, RecoveryRequest, Terms};
use crate::rows::{Column, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::findings::FindingRow;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::table_parts::TableParts;

/// `ADMIN RECOVER ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRecover {
    /// Only this table.
    pub parts: Option<TableParts>,
    /// Though backends that were not heard may hold more.
    pub accept: bool,
    /// DRY RUN and REASON.
    pub terms: Terms,
}

impl Spec for AdminRecover {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "RECOVER"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_recover.ebnf");
    const HELP: &'static str = "After --take-over with an older journal: partitions go on from the newest version of which backends hold every tablet; DRY RUN lists them, and tablets that are not known.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "RECOVER"])?;
        let parts = match c.eat(&["TABLE"]) {
            true => Some(TableParts::parse(c)?),
            false => None,
        };
        Ok(AdminRecover {
            parts,
            accept: c.eat(&["ACCEPT", "DATA", "LOSS"]),
            terms: Terms::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(FindingRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let parts = match &self.parts {
            Some(parts) => Some(parts.named(cx)?),
            None => None,
        };
        Ok(Outcome::Recovery(RecoveryRequest::Recover {
            parts,
            accept: self.accept,
            terms: self.terms.clone(),
        }))
    }
}

impl TableParts {
    /// What a request of recovery is about.
    ///
    /// # Errors
    /// The table, or a partition, does not exist.
    pub fn named(&self, cx: Context<'_>) -> Result<Parts, Failure> {
        let (db, table) = self.find(cx)?;
        Ok(Parts {
            db: db.name.clone(),
            table: table.name.clone(),
            partitions: self.partitions.names.clone(),
        })
    }
}

impl fmt::Display for AdminRecover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ADMIN RECOVER")?;
        if let Some(parts) = &self.parts {
            write!(f, " TABLE {parts}")?;
        }
        let accept = if self.accept { " ACCEPT DATA LOSS" } else { "" };
        write!(f, "{accept}{}", self.terms)
    }
}
