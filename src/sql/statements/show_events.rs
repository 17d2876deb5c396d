//! `SHOW EVENTS [FROM db] ..`: there are none.

use std::fmt;

use crate::code::Failure;
use crate::rows::Type;
use crate::rows::{Column, Rows};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW EVENTS [FROM db] ..`: there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowEvents {
    /// Database; `None` is the session's.
    pub db: Option<String>,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowEvents {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "EVENTS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_events.ebnf");
    const HELP: &'static str = "Lists events: there are none.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "EVENTS"])?;
        let db = match c.eat(&["FROM"]) || c.eat(&["IN"]) {
            true => Some(c.ident()?),
            false => None,
        };
        Ok(ShowEvents {
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

impl fmt::Display for ShowEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW EVENTS")?;
        if let Some(db) = &self.db {
            write!(f, " FROM {}", quoted_name(db))?;
        }
        write!(f, "{}", self.tail)
    }
}

/// MySQL's columns.
fn header() -> Vec<Column> {
    [
        "Db",
        "Name",
        "Definer",
        "Time zone",
        "Type",
        "Execute at",
        "Interval value",
        "Interval field",
        "Starts",
        "Ends",
        "Status",
        "Originator",
        "character_set_client",
        "collation_connection",
        "Database Collation",
    ]
    .map(|name| Column::new(name, Type::Text))
    .to_vec()
}
