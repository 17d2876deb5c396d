//! `SAVEPOINT name`, `RELEASE SAVEPOINT name`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SAVEPOINT name`, `RELEASE SAVEPOINT name`.
#[derive(Debug, Clone, PartialEq)]
pub struct Savepoint {
    /// Name.
    pub name: String,
    /// RELEASE.
    pub release: bool,
}

impl Spec for Savepoint {
    const HEADS: &'static [&'static [&'static str]] = &[&["SAVEPOINT"], &["RELEASE", "SAVEPOINT"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/savepoint.ebnf");
    const HELP: &'static str = "Accepted for clients that send it; loads are committed one by one.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let release = c.eat(&["RELEASE"]);
        c.expect(&["SAVEPOINT"])?;
        Ok(Savepoint {
            name: c.ident()?,
            release,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Done)
    }
}

impl fmt::Display for Savepoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let release = if self.release { "RELEASE " } else { "" };
        write!(f, "{release}SAVEPOINT {}", quoted_name(&self.name))
    }
}
