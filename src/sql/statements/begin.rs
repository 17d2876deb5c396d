//! `BEGIN`, `START TRANSACTION [WITH CONSISTENT SNAPSHOT] [READ ONLY | READ WRITE]`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::statements::{Context, Spec};

/// `BEGIN`, `START TRANSACTION [WITH CONSISTENT SNAPSHOT] [READ ONLY | READ WRITE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// READ ONLY or READ WRITE, when it was written.
    pub read_only: Option<bool>,
}

impl Spec for Begin {
    const HEADS: &'static [&'static [&'static str]] = &[&["BEGIN"], &["START", "TRANSACTION"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/begin.ebnf");
    const HELP: &'static str = "Begins what clients take for a transaction. Every load is committed by itself all the same.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        if c.eat(&["BEGIN"]) {
            c.eat(&["WORK"]);
            return Ok(Begin { read_only: None });
        }
        c.expect(&["START", "TRANSACTION"])?;
        let mut read_only = None;
        if !c.rest().is_empty() {
            c.list(|c| {
                if c.eat(&["WITH", "CONSISTENT", "SNAPSHOT"]) {
                    Ok(())
                } else if c.sees(&["READ", "ONLY"]) || c.sees(&["READ", "WRITE"]) {
                    read_only = Some(c.eat(&["READ", "ONLY"]) || !c.eat(&["READ", "WRITE"]));
                    Ok(())
                } else {
                    Err(c.expected("WITH CONSISTENT SNAPSHOT, READ ONLY or READ WRITE"))
                }
            })?;
        }
        Ok(Begin { read_only })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let every = cx.session.variables.get("transaction_read_only");
        // What SET TRANSACTION said holds for this one.
        let next = !cx.session.in_transaction && cx.session.read_only;
        let otherwise = next || every.is_some_and(|value| value == "ON");
        Ok(Outcome::Session(vec![
            SessionChange::Transaction(true),
            SessionChange::ReadOnly(self.read_only.unwrap_or(otherwise)),
        ]))
    }
}

impl fmt::Display for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.read_only {
            None => "BEGIN",
            Some(true) => "START TRANSACTION READ ONLY",
            Some(false) => "START TRANSACTION READ WRITE",
        })
    }
}
