//! `SHOW [STORAGE] ENGINES`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW [STORAGE] ENGINES`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowEngines;

impl Spec for ShowEngines {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "ENGINES"], &["SHOW", "STORAGE", "ENGINES"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_engines.ebnf");
    const HELP: &'static str = "Lists the one engine that tables have.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        c.eat(&["STORAGE"]);
        c.expect(&["ENGINES"])?;
        Ok(ShowEngines)
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(EngineRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let row = EngineRow {
            engine: "OLAP",
            support: "DEFAULT",
            comment: "Replicated tables of Parquet segments",
            transactions: "NO",
            xa: "NO",
            savepoints: "NO",
        };
        Ok(Outcome::Rows(Rows::of([row])))
    }
}

impl fmt::Display for ShowEngines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW ENGINES")
    }
}

row! {
    /// One engine.
    struct EngineRow {
        /// Name.
        engine: &'static str => "Engine" Text,
        /// Whether it can be used.
        support: &'static str => "Support" Text,
        /// What it is.
        comment: &'static str => "Comment" Text,
        /// Whether transactions span statements.
        transactions: &'static str => "Transactions" Text,
        /// Whether it takes part in distributed transactions.
        xa: &'static str => "XA" Text,
        /// Whether it has savepoints.
        savepoints: &'static str => "Savepoints" Text,
    }
}
