//! `ALTER USER [IF EXISTS] user IDENTIFIED [WITH plugin] BY 'password'`.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::account::{Password, UserName};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ALTER USER [IF EXISTS] user IDENTIFIED [WITH plugin] BY 'password'`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterUser {
    /// User.
    pub user: UserName,
    /// A missing one is no error.
    pub if_exists: bool,
    /// The new password.
    pub password: Password,
}

impl Spec for AlterUser {
    const HEADS: &'static [&'static [&'static str]] = &[&["ALTER", "USER"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_user.ebnf");
    const HELP: &'static str = "Gives a user another password.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER", "USER"])?;
        let if_exists = c.eat(&["IF", "EXISTS"]);
        let user = UserName::parse(c)?;
        match Password::parse_identified(c)? {
            Some(password) => Ok(AlterUser {
                user,
                if_exists,
                password,
            }),
            None => Err(c.expected("IDENTIFIED BY 'password'")),
        }
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let name = self.user.checked()?;
        if self.if_exists && !cx.view.catalog.users.contains_key(&name) {
            return Ok(Outcome::Done);
        }
        Ok(Outcome::Request(Request::SetPassword {
            name,
            password: self.password.verifier(),
        }))
    }
}

impl fmt::Display for AlterUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_exists { "IF EXISTS " } else { "" };
        write!(
            f,
            "ALTER USER {guard}{} IDENTIFIED BY {}",
            self.user,
            self.password.quoted()
        )
    }
}
