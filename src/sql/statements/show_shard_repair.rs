//! `SHOW SHARD REPAIR`: tablets whose replicas differ in content, or that are queued for repair (seed: GET /status of
//! shard-repair).

use std::fmt;

use crate::code::Failure;
use crate::proc::shard_repair;
use crate::proc::shard_repair::ShardRepairRow;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW SHARD REPAIR [LIKE ..] [tail]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowShardRepair {
    /// LIKE matches the table's name; WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowShardRepair {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "SHARD", "REPAIR"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_shard_repair.ebnf");
    const HELP: &'static str =
        "Lists tablets whose replicas differ in content or are queued for its repair, with the digest of each replica.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "SHARD", "REPAIR"])?;
        Ok(ShowShardRepair {
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(ShardRepairRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let mut rows = shard_repair::all(cx.view);
        rows.retain(|row| self.tail.likes(&row.table));
        Ok(Outcome::Rows(self.tail.filter_and_sort(Rows::of(rows))?))
    }
}

impl fmt::Display for ShowShardRepair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW SHARD REPAIR{}", self.tail)
    }
}
