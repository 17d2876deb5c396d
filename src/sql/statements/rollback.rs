//! `ROLLBACK [WORK] [AND [NO] CHAIN] | ROLLBACK [WORK] TO [SAVEPOINT] name`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::statements::commit::end_of_transaction;
use crate::sql::statements::{Context, Spec};

/// `ROLLBACK [WORK] [AND [NO] CHAIN] | ROLLBACK [WORK] TO [SAVEPOINT] name`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// AND CHAIN: another transaction begins at once.
    pub chain: bool,
    /// TO SAVEPOINT.
    pub savepoint: Option<String>,
}

impl Spec for Rollback {
    const HEADS: &'static [&'static [&'static str]] = &[&["ROLLBACK"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/rollback.ebnf");
    const HELP: &'static str = "Ends what BEGIN began. Loads were committed one by one and stay.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ROLLBACK"])?;
        if c.eat(&["WORK", "TO"]) || c.eat(&["TO"]) {
            c.eat(&["SAVEPOINT"]);
            return Ok(Rollback {
                chain: false,
                savepoint: Some(c.ident()?),
            });
        }
        Ok(Rollback {
            chain: end_of_transaction(c)?,
            savepoint: None,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        match self.savepoint {
            // Nothing is held back that could be undone up to there.
            Some(_) => Ok(Outcome::Done),
            None => Ok(Outcome::Session(vec![SessionChange::Transaction(
                self.chain,
            )])),
        }
    }
}

impl fmt::Display for Rollback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.savepoint {
            Some(name) => write!(f, "ROLLBACK TO SAVEPOINT {}", quoted_name(name)),
            None if self.chain => f.write_str("ROLLBACK AND CHAIN"),
            None => f.write_str("ROLLBACK"),
        }
    }
}
