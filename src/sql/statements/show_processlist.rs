//! `SHOW [FULL] PROCESSLIST`.

use std::fmt;

use crate::code::Failure;
use crate::rows::{Column, Type};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW [FULL] PROCESSLIST`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowProcesslist {
    /// Whole statement texts.
    pub full: bool,
}

impl ShowProcesslist {
    /// Its columns.
    pub fn header() -> Vec<Column> {
        let columns = [
            ("Id", Type::Int),
            ("User", Type::Text),
            ("Host", Type::Text),
            ("db", Type::Text),
            ("Command", Type::Text),
            ("Time", Type::Int),
            ("State", Type::Text),
            ("Info", Type::Text),
        ];
        columns.map(|(name, kind)| Column::new(name, kind)).to_vec()
    }
}

impl Spec for ShowProcesslist {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "PROCESSLIST"], &["SHOW", "FULL", "PROCESSLIST"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_processlist.ebnf");
    const HELP: &'static str =
        "Lists the connections of this frontend and what they run; KILL ends them.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        let full = c.eat(&["FULL"]);
        c.expect(&["PROCESSLIST"])?;
        Ok(ShowProcesslist { full })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(ShowProcesslist::header())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Processlist { full: self.full })
    }
}

impl fmt::Display for ShowProcesslist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.full {
            "SHOW FULL PROCESSLIST"
        } else {
            "SHOW PROCESSLIST"
        })
    }
}
