//! `SET PASSWORD [FOR user] = 'password'`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::account::{Password, UserName};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SET PASSWORD [FOR user] = 'password'`.
#[derive(Debug, Clone, PartialEq)]
pub struct SetPassword {
    /// User; `None` is the own one.
    pub user: Option<UserName>,
    /// The new password.
    pub password: Password,
}

impl Spec for SetPassword {
    const HEADS: &'static [&'static [&'static str]] = &[&["SET", "PASSWORD"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/set_password.ebnf");
    const HELP: &'static str = "Gives oneself or another user another password.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SET", "PASSWORD"])?;
        let user = match c.eat(&["FOR"]) {
            true => Some(UserName::parse(c)?),
            false => None,
        };
        c.expect_token(&Token::Eq)?;
        Ok(SetPassword {
            user,
            password: Password::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let name = match &self.user {
            Some(user) => user.checked()?,
            None => cx.session.user.clone(),
        };
        Ok(Outcome::Request(Request::SetPassword {
            name,
            password: self.password.verifier(),
        }))
    }
}

impl fmt::Display for SetPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SET PASSWORD")?;
        if let Some(user) = &self.user {
            write!(f, " FOR {user}")?;
        }
        write!(f, " = {}", self.password.quoted())
    }
}
