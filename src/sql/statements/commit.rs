//! `COMMIT [WORK] [AND [NO] CHAIN] [[NO] RELEASE]`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::statements::{Context, Spec};

/// `COMMIT [WORK] [AND [NO] CHAIN] [[NO] RELEASE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// AND CHAIN: another transaction begins at once.
    pub chain: bool,
}

impl Spec for Commit {
    const HEADS: &'static [&'static [&'static str]] = &[&["COMMIT"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/commit.ebnf");
    const HELP: &'static str = "Ends what BEGIN began. Loads were committed before, one by one.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["COMMIT"])?;
        Ok(Commit {
            chain: end_of_transaction(c)?,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Session(vec![SessionChange::Transaction(
            self.chain,
        )]))
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.chain {
            "COMMIT AND CHAIN"
        } else {
            "COMMIT"
        })
    }
}

/// `[WORK] [AND [NO] CHAIN] [NO RELEASE]`; whether to chain.
pub(super) fn end_of_transaction(c: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    c.eat(&["WORK"]);
    let mut chain = false;
    if c.eat(&["AND"]) {
        chain = !c.eat(&["NO"]);
        c.expect(&["CHAIN"])?;
    }
    if c.sees(&["RELEASE"]) {
        let message = "RELEASE, which would end the connection,".to_owned();
        return Err(SyntaxError::NotSupported(message));
    }
    c.eat(&["NO", "RELEASE"]);
    Ok(chain)
}
