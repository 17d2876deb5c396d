//! `GRANT ..`, `REVOKE ..`: understood and refused.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::{Code, Failure};
use crate::sql::account::UserName;
use crate::sql::cursor::Cursor;
use crate::sql::cursor::quoted_name;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `GRANT ..`, `REVOKE ..`: understood and refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// REVOKE.
    pub revoke: bool,
    /// Privileges or roles, each as its words.
    pub privileges: Vec<String>,
    /// ON: what the privileges are on, as written.
    pub object: Option<String>,
    /// TO, FROM.
    pub user: UserName,
}

impl Spec for Grant {
    const HEADS: &'static [&'static [&'static str]] = &[&["GRANT"], &["REVOKE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/grant.ebnf");
    const HELP: &'static str = "Not supported: every user may do everything; CREATE USER and DROP USER decide who can log in.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let revoke = c.eat(&["REVOKE"]);
        if !revoke {
            c.expect(&["GRANT"])?;
        }
        let privileges = c.list(privilege)?;
        let object = match c.eat(&["ON"]) {
            true => Some(object(c)?),
            false => None,
        };
        c.expect(&[if revoke { "FROM" } else { "TO" }])?;
        c.eat(&["USER"]);
        let user = UserName::parse(c)?;
        c.eat(&["WITH", "GRANT", "OPTION"]);
        Ok(Grant {
            revoke,
            privileges,
            object,
            user,
        })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let message = "GRANT and REVOKE are not supported: every user may do everything; CREATE USER and DROP USER decide who can log in";
        Err(Failure::new(Code::NOT_SUPPORTED, message))
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, direction) = if self.revoke {
            ("REVOKE", "FROM")
        } else {
            ("GRANT", "TO")
        };
        write!(f, "{word} {}", self.privileges.join(", "))?;
        if let Some(object) = &self.object {
            write!(f, " ON {object}")?;
        }
        write!(f, " {direction} {}", self.user)
    }
}

/// Words up to the next clause.
fn privilege(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let mut words = Vec::new();
    while !["ON", "TO", "FROM"].iter().any(|word| c.sees(&[word]))
        && matches!(c.peek(0), Some(Token::Word(_)))
    {
        words.push(c.ident()?.to_ascii_uppercase());
    }
    match words.is_empty() {
        true => Err(c.expected("a privilege or a role")),
        false => Ok(words.join(" ")),
    }
}

/// `SYSTEM`, `*.*`, `db.*`, `[TABLE] db.table` and the like.
fn object(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    if c.eat(&["SYSTEM"]) {
        return Ok("SYSTEM".to_owned());
    }
    c.eat(&["TABLE"]);
    let mut parts = vec![part(c)?];
    while c.eat_token(&Token::Period) {
        parts.push(part(c)?);
    }
    Ok(parts.join("."))
}

fn part(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    match c.eat_token(&Token::Mul) {
        true => Ok("*".to_owned()),
        false => Ok(quoted_name(&c.ident()?)),
    }
}
