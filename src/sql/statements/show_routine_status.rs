//! `SHOW PROCEDURE | FUNCTION STATUS ..`: there are none.

use std::fmt;

use crate::code::Failure;
use crate::rows::Type;
use crate::rows::{Column, Rows};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW PROCEDURE | FUNCTION STATUS ..`: there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowRoutineStatus {
    /// FUNCTION rather than PROCEDURE.
    pub functions: bool,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowRoutineStatus {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["SHOW", "PROCEDURE", "STATUS"],
        &["SHOW", "FUNCTION", "STATUS"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_routine_status.ebnf");
    const HELP: &'static str = "Lists stored procedures and functions: there are none.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        let functions = c.eat(&["FUNCTION"]);
        if !functions {
            c.expect(&["PROCEDURE"])?;
        }
        c.expect(&["STATUS"])?;
        Ok(ShowRoutineStatus {
            functions,
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

impl fmt::Display for ShowRoutineStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.functions {
            "FUNCTION"
        } else {
            "PROCEDURE"
        };
        write!(f, "SHOW {what} STATUS{}", self.tail)
    }
}

/// MySQL's columns.
fn header() -> Vec<Column> {
    [
        "Db",
        "Name",
        "Type",
        "Definer",
        "Modified",
        "Created",
        "Security_type",
        "Comment",
        "character_set_client",
        "collation_connection",
        "Database Collation",
    ]
    .map(|name| Column::new(name, Type::Text))
    .to_vec()
}
