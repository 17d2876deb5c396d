//! `CREATE DATABASE [IF NOT EXISTS] db [CHARACTER SET ..] [COLLATE ..]`.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::charset;
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming::{self, Kind};
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `CREATE DATABASE [IF NOT EXISTS] db [CHARACTER SET ..] [COLLATE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateDatabase {
    /// Name.
    pub name: String,
    /// An existing one is no error.
    pub if_not_exists: bool,
}

impl Spec for CreateDatabase {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["CREATE", "DATABASE"], &["CREATE", "SCHEMA"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/create_database.ebnf");
    const HELP: &'static str = "Creates a database.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["CREATE"])?;
        if !c.eat(&["SCHEMA"]) {
            c.expect(&["DATABASE"])?;
        }
        let if_not_exists = c.eat(&["IF", "NOT", "EXISTS"]);
        let name = c.ident()?;
        charset::options(c)?;
        Ok(CreateDatabase {
            name,
            if_not_exists,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        naming::not_system(&self.name)?;
        naming::check(Kind::Database, &self.name)?;
        Ok(Outcome::Request(Request::CreateDatabase {
            name: self.name.clone(),
            if_not_exists: self.if_not_exists,
        }))
    }
}

impl fmt::Display for CreateDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(f, "CREATE DATABASE {guard}{}", quoted_name(&self.name))
    }
}
