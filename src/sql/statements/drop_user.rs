//! `DROP USER [IF EXISTS] user`.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::account::UserName;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `DROP USER [IF EXISTS] user`.
#[derive(Debug, Clone, PartialEq)]
pub struct DropUser {
    /// User.
    pub user: UserName,
    /// A missing one is no error.
    pub if_exists: bool,
}

impl Spec for DropUser {
    const HEADS: &'static [&'static [&'static str]] = &[&["DROP", "USER"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/drop_user.ebnf");
    const HELP: &'static str = "Drops a user, who can no longer log in.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["DROP", "USER"])?;
        let if_exists = c.eat(&["IF", "EXISTS"]);
        Ok(DropUser {
            user: UserName::parse(c)?,
            if_exists,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Request(Request::DropUser {
            name: self.user.checked()?,
            if_exists: self.if_exists,
        }))
    }
}

impl fmt::Display for DropUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP USER {guard}{}", self.user)
    }
}
