//! `USE db`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::statements::{Context, Spec};

/// `USE db`.
#[derive(Debug, Clone, PartialEq)]
pub struct UseDatabase {
    /// Name.
    pub name: String,
}

impl Spec for UseDatabase {
    const HEADS: &'static [&'static [&'static str]] = &[&["USE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/use_database.ebnf");
    const HELP: &'static str = "Makes a database the one that names without a database belong to.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["USE"])?;
        Ok(UseDatabase { name: c.ident()? })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        if !naming::is_system_database(&self.name) {
            cx.find_db(Some(&self.name))?;
        }
        Ok(Outcome::Session(vec![SessionChange::Use(
            self.name.clone(),
        )]))
    }
}

impl fmt::Display for UseDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "USE {}", quoted_name(&self.name))
    }
}
