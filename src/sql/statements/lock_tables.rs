//! `LOCK TABLES ..`, `UNLOCK TABLES`: dumps send them, and nothing is held (StarRocks and Doris do the same).

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `LOCK TABLES ..`, `UNLOCK TABLES`.
#[derive(Debug, Clone, PartialEq)]
pub struct LockTables {
    /// What to lock and how; empty is UNLOCK.
    pub locks: Vec<(TableName, LockKind)>,
}

impl Spec for LockTables {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["LOCK", "TABLES"],
        &["LOCK", "TABLE"],
        &["UNLOCK", "TABLES"],
        &["UNLOCK", "TABLE"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/lock_tables.ebnf");
    const HELP: &'static str = "Accepted for clients that send it; loads are atomic, and no statement holds tables.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        if c.eat(&["UNLOCK"]) {
            tables(c)?;
            return Ok(LockTables { locks: vec![] });
        }
        c.expect(&["LOCK"])?;
        tables(c)?;
        Ok(LockTables {
            locks: c.list(lock)?,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Done)
    }
}

impl fmt::Display for LockTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.locks.is_empty() {
            return f.write_str("UNLOCK TABLES");
        }
        f.write_str("LOCK TABLES ")?;
        for (i, (table, kind)) in self.locks.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{table} {}", kind.word())?;
        }
        Ok(())
    }
}

/// How a table would be locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// READ, also LOCAL.
    Read,
    /// WRITE, also LOW_PRIORITY.
    Write,
}

impl LockKind {
    fn word(self) -> &'static str {
        match self {
            LockKind::Read => "READ",
            LockKind::Write => "WRITE",
        }
    }
}

fn tables(c: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if c.eat(&["TABLE"]) {
        Ok(())
    } else {
        c.expect(&["TABLES"])
    }
}

fn lock(c: &mut Cursor<'_>) -> Result<(TableName, LockKind), SyntaxError> {
    let table = c.table_name()?;
    if c.eat(&["READ"]) {
        c.eat(&["LOCAL"]);
        return Ok((table, LockKind::Read));
    }
    c.eat(&["LOW_PRIORITY"]);
    if !c.eat(&["WRITE"]) {
        return Err(c.expected("READ or WRITE"));
    }
    Ok((table, LockKind::Write))
}
