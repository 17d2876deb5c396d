//! `SHOW PROC '<path>'` (seed: Check the status of all tablets).

use std::fmt;

use crate::code::Failure;
use crate::proc;
use crate::rows::Column;
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW PROC '<path>'`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowProc {
    /// A path such as `/statistic`.
    pub path: String,
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowProc {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "PROC"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_proc.ebnf");
    const HELP: &'static str =
        "Shows the state behind a path of the PROC tree; '/' lists the paths.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "PROC"])?;
        Ok(ShowProc {
            path: c.string()?,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, cx: Context<'_>) -> Option<Vec<Column>> {
        proc::open(cx.view, &self.path)
            .ok()
            .map(|node| node.columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let rows = proc::open(cx.view, &self.path)?.rows()?;
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowProc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW PROC {}{}", quoted_text(&self.path), self.tail)
    }
}
