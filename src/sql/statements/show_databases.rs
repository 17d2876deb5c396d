//! `SHOW DATABASES | SCHEMAS [LIKE ..] [WHERE ..]`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::naming::{self, SYSTEM_DATABASES};
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW DATABASES | SCHEMAS [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowDatabases {
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowDatabases {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "DATABASES"], &["SHOW", "SCHEMAS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_databases.ebnf");
    const HELP: &'static str = "Lists the databases, with information_schema and sys.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        if !c.eat(&["SCHEMAS"]) {
            c.expect(&["DATABASES"])?;
        }
        if c.eat(&["FROM"]) || c.eat(&["IN"]) {
            let at = c.place();
            let wrong = |e: Failure| SyntaxError::wrong(e.code, e.message, at);
            naming::check_catalog(&c.ident()?).map_err(wrong)?;
        }
        Ok(ShowDatabases {
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(DatabaseRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let mut names: Vec<String> = cx.view.catalog.database_names.keys().cloned().collect();
        names.extend(SYSTEM_DATABASES.iter().map(|name| (*name).to_owned()));
        names.sort();
        let rows = names.into_iter().map(|database| DatabaseRow { database });
        Ok(Outcome::Rows(self.tail.apply(Rows::of(rows))?))
    }
}

impl fmt::Display for ShowDatabases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW DATABASES{}", self.tail)
    }
}

row! {
    /// One database.
    struct DatabaseRow {
        /// Name.
        database: String => "Database" Text,
    }
}
