//! `SHOW TRIGGERS [FROM db] ..`: there are none.

use std::fmt;

use crate::code::Failure;
use crate::rows::Type;
use crate::rows::{Column, Rows};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW TRIGGERS [FROM db] ..`: there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowTriggers {
    /// Database; `None` is the session's.
    pub db: Option<String>,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowTriggers {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "TRIGGERS"], &["SHOW", "FULL", "TRIGGERS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_triggers.ebnf");
    const HELP: &'static str = "Lists triggers: there are none.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        c.eat(&["FULL"]);
        c.expect(&["TRIGGERS"])?;
        let db = match c.eat(&["FROM"]) || c.eat(&["IN"]) {
            true => Some(c.ident()?),
            false => None,
        };
        Ok(ShowTriggers {
            db,
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(header())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let rows = Rows {
            columns: header(),
            rows: vec![],
        };
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowTriggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW TRIGGERS")?;
        if let Some(db) = &self.db {
            write!(f, " FROM {}", quoted_name(db))?;
        }
        write!(f, "{}", self.tail)
    }
}

/// MySQL's columns.
fn header() -> Vec<Column> {
    [
        "Trigger",
        "Event",
        "Table",
        "Statement",
        "Timing",
        "Created",
        "sql_mode",
        "Definer",
        "character_set_client",
        "collation_connection",
        "Database Collation",
    ]
    .map(|name| Column::new(name, Type::Text))
    .to_vec()
}
