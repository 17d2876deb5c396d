//! `BEGIN`, `START TRANSACTION [WITH CONSISTENT SNAPSHOT]`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::statements::{Context, Spec};

/// `BEGIN`, `START TRANSACTION [WITH CONSISTENT SNAPSHOT]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin;

impl Spec for Begin {
    const HEADS: &'static [&'static [&'static str]] = &[&["BEGIN"], &["START", "TRANSACTION"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/begin.ebnf");
    const HELP: &'static str = "Begins what clients take for a transaction. Every load is committed by itself all the same.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        if c.eat(&["BEGIN"]) {
            c.eat(&["WORK"]);
            return Ok(Begin);
        }
        c.expect(&["START", "TRANSACTION"])?;
        if !c.rest().is_empty() {
            c.list(|c| {
                let known = c.eat(&["WITH", "CONSISTENT", "SNAPSHOT"])
                    || c.eat(&["READ", "ONLY"])
                    || c.eat(&["READ", "WRITE"]);
                if known {
                    Ok(())
                } else {
                    Err(c.expected("WITH CONSISTENT SNAPSHOT, READ ONLY or READ WRITE"))
                }
            })?;
        }
        Ok(Begin)
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Session(vec![SessionChange::Transaction(true)]))
    }
}

impl fmt::Display for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BEGIN")
    }
}
