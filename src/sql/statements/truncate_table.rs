//! `TRUNCATE TABLE [db.]table [PARTITION (p, ..)]`.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::table_parts::TableParts;

/// `TRUNCATE TABLE [db.]table [PARTITION (p, ..)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TruncateTable {
    /// What is emptied.
    pub parts: TableParts,
}

impl Spec for TruncateTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["TRUNCATE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/truncate_table.ebnf");
    const HELP: &'static str = "Empties a table or some of its partitions.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["TRUNCATE"])?;
        c.eat(&["TABLE"]);
        Ok(TruncateTable {
            parts: TableParts::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (db, table) = self.parts.find(cx)?;
        Ok(Outcome::Request(Request::TruncateTable {
            db: db.name.clone(),
            name: table.name.clone(),
            partitions: self.parts.partitions.names.clone(),
        }))
    }
}

impl fmt::Display for TruncateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TRUNCATE TABLE {}", self.parts)
    }
}
