//! `CREATE USER [IF NOT EXISTS] user [IDENTIFIED [WITH plugin] BY 'password']`.

use std::fmt;

use crate::catalog::user::Verifier;
use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::account::{Password, UserName};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `CREATE USER [IF NOT EXISTS] user [IDENTIFIED [WITH plugin] BY 'password']`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateUser {
    /// User.
    pub user: UserName,
    /// An existing one is no error.
    pub if_not_exists: bool,
    /// Password; `None` is the empty one.
    pub password: Option<Password>,
}

impl Spec for CreateUser {
    const HEADS: &'static [&'static [&'static str]] = &[&["CREATE", "USER"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/create_user.ebnf");
    const HELP: &'static str =
        "Creates a user, who logs in with the password; without one, with an empty password.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["CREATE", "USER"])?;
        let if_not_exists = c.eat(&["IF", "NOT", "EXISTS"]);
        let user = UserName::parse(c)?;
        let password = Password::parse_identified(c)?;
        Ok(CreateUser {
            user,
            if_not_exists,
            password,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let password = self
            .password
            .as_ref()
            .map_or(Verifier::Empty, Password::verifier);
        Ok(Outcome::Request(Request::CreateUser {
            name: self.user.checked()?,
            if_not_exists: self.if_not_exists,
            password,
        }))
    }
}

impl fmt::Display for CreateUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(f, "CREATE USER {guard}{}", self.user)?;
        match &self.password {
            Some(password) => write!(f, " IDENTIFIED BY {}", password.quoted()),
            None => Ok(()),
        }
    }
}
