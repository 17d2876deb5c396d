//! `DROP DATABASE [IF EXISTS] db [FORCE]`.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `DROP DATABASE [IF EXISTS] db [FORCE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DropDatabase {
    /// Name.
    pub name: String,
    /// A missing one is no error.
    pub if_exists: bool,
    /// Even while committed loads are not visible yet.
    pub force: bool,
}

impl Spec for DropDatabase {
    const HEADS: &'static [&'static [&'static str]] = &[&["DROP", "DATABASE"], &["DROP", "SCHEMA"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/drop_database.ebnf");
    const HELP: &'static str = "Drops a database with its tables and all their data.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["DROP"])?;
        if !c.eat(&["SCHEMA"]) {
            c.expect(&["DATABASE"])?;
        }
        let if_exists = c.eat(&["IF", "EXISTS"]);
        Ok(DropDatabase {
            name: c.ident()?,
            if_exists,
            force: c.eat(&["FORCE"]),
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        naming::not_system(&self.name)?;
        Ok(Outcome::Request(Request::DropDatabase {
            name: self.name.clone(),
            if_exists: self.if_exists,
            force: self.force,
        }))
    }
}

impl fmt::Display for DropDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_exists { "IF EXISTS " } else { "" };
        let force = if self.force { " FORCE" } else { "" };
        write!(f, "DROP DATABASE {guard}{}{force}", quoted_name(&self.name))
    }
}
