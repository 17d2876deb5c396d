//! `SHOW BACKENDS`: the storage nodes, as SHOW PROC '/backends'.

use std::fmt;

use crate::code::Failure;
use crate::proc;
use crate::proc::backends::BackendRow;
use crate::rows::{Column, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW BACKENDS [tail]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowBackends {
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowBackends {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "BACKENDS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_backends.ebnf");
    const HELP: &'static str =
        "Lists the storage nodes: address, whether alive, capacity, tablets.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "BACKENDS"])?;
        Ok(ShowBackends {
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(BackendRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let rows = proc::open(cx.view, "/backends")?.rows()?;
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowBackends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW BACKENDS{}", self.tail)
    }
}
