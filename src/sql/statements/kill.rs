//! `KILL [CONNECTION | QUERY] id`.

use std::fmt;

use crate::code::{Code, Failure};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `KILL [CONNECTION | QUERY] id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Kill {
    /// Connection id, as SHOW PROCESSLIST shows it.
    pub id: u64,
    /// Only what it runs.
    pub query_only: bool,
}

impl Spec for Kill {
    const HEADS: &'static [&'static [&'static str]] = &[&["KILL"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/kill.ebnf");
    const HELP: &'static str = "Ends a connection, or only the statement that it runs.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["KILL"])?;
        let query_only = c.eat(&["QUERY"]);
        if !query_only {
            c.eat(&["CONNECTION"]);
        }
        Ok(Kill {
            id: c.number()?,
            query_only,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        match u32::try_from(self.id) {
            Ok(id) => Ok(Outcome::Kill {
                id,
                query_only: self.query_only,
            }),
            Err(_) => Err(Failure::new(
                Code::NO_SUCH_THREAD,
                format!("unknown connection {}", self.id),
            )),
        }
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.query_only {
            "QUERY"
        } else {
            "CONNECTION"
        };
        write!(f, "KILL {what} {}", self.id)
    }
}
