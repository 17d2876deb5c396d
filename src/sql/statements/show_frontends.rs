//! `SHOW FRONTENDS`: the frontends, as SHOW PROC '/frontends'.

use std::fmt;

use crate::code::Failure;
use crate::proc;
use crate::proc::frontends::FrontendRow;
use crate::rows::{Column, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW FRONTENDS [tail]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowFrontends {
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowFrontends {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "FRONTENDS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_frontends.ebnf");
    const HELP: &'static str = "Lists the frontends: address, ports, role, last journal record.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "FRONTENDS"])?;
        Ok(ShowFrontends {
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(FrontendRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let rows = proc::open(cx.view, "/frontends")?.rows()?;
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowFrontends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW FRONTENDS{}", self.tail)
    }
}
