//! `ALTER SYSTEM CLEAN TABLET SCHEDULER QUEUE`: gives up all tasks that wait in the scheduler's queue.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::{HealRequest, Request};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ALTER SYSTEM CLEAN TABLET SCHEDULER QUEUE`; ADMIN may stand for ALTER SYSTEM.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterSystemCleanQueue;

impl Spec for AlterSystemCleanQueue {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["ALTER", "SYSTEM", "CLEAN", "TABLET", "SCHEDULER", "QUEUE"],
        &["ADMIN", "CLEAN", "TABLET", "SCHEDULER", "QUEUE"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_system_clean_queue.ebnf");
    const HELP: &'static str =
        "Gives up the tasks of the tablet scheduler; the checker queues anew what still needs repair.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        if !c.eat(&["ADMIN"]) {
            c.expect(&["ALTER", "SYSTEM"])?;
        }
        c.expect(&["CLEAN", "TABLET", "SCHEDULER", "QUEUE"])?;
        Ok(AlterSystemCleanQueue)
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Request(Request::Heal(HealRequest::CleanQueue)))
    }
}

impl fmt::Display for AlterSystemCleanQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ALTER SYSTEM CLEAN TABLET SCHEDULER QUEUE")
    }
}
