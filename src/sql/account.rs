//! How statements name a user and give a password.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::catalog::user::Verifier;
use crate::code::{Code, Failure};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::naming::{self, Kind};

/// A user as written: `u`, `'u'`, `u@'%'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName {
    /// Name.
    pub name: String,
    /// Host; `None` when it was not written.
    pub host: Option<String>,
}

impl UserName {
    /// Reads one.
    pub fn parse(c: &mut Cursor<'_>) -> Result<UserName, SyntaxError> {
        let (name, host) = match c.peek(0) {
            Some(Token::Word(word)) if word.quote_style.is_none() => {
                let whole = c.ident()?;
                match whole.split_once('@') {
                    // A word takes the sign with it, and the host behind it unless that is quoted.
                    Some((name, "")) => (name.to_owned(), Some(host(c)?)),
                    Some((name, host)) => (name.to_owned(), Some(host.to_owned())),
                    None => (whole, None),
                }
            }
            Some(Token::Word(_)) => (c.ident()?, None),
            _ => {
                let name = c.string();
                (name.map_err(|_| c.expected("a user name"))?, None)
            }
        };
        let host = match c.peek(0) {
            _ if host.is_some() => host,
            Some(Token::AtSign) => {
                c.bump();
                Some(self::host(c)?)
            }
            Some(Token::Word(word)) if word.quote_style.is_none() => {
                let attached = word.value.strip_prefix('@').map(str::to_owned);
                if attached.is_some() {
                    c.bump();
                }
                attached
            }
            _ => None,
        };
        Ok(UserName { name, host })
    }

    /// The name of a user that may exist: any host is the only one there is.
    pub fn checked(&self) -> Result<String, Failure> {
        naming::check(Kind::User, &self.name)?;
        match self.host.as_deref() {
            None | Some("%") => Ok(self.name.clone()),
            Some(host) => {
                let message = format!(
                    "users are known on all hosts: say '{}'@'%' instead of host '{host}'",
                    self.name
                );
                Err(Failure::new(Code::NOT_SUPPORTED, message))
            }
        }
    }
}

fn host(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    match c.peek(0) {
        Some(Token::Mod) => {
            c.bump();
            Ok("%".to_owned())
        }
        Some(Token::Word(_)) => c.ident(),
        _ => c.string(),
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted_text(&self.name))?;
        match &self.host {
            Some(host) => write!(f, "@{}", quoted_text(host)),
            None => Ok(()),
        }
    }
}

/// A password in a statement. Debug output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Reads `'text'` or `PASSWORD('text')`.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Password, SyntaxError> {
        if c.eat(&["PASSWORD"]) {
            let mut texts = c.parens(|c| c.string())?;
            return match texts.len() {
                1 => Ok(Password(texts.remove(0))),
                _ => Err(c.expected("one text in PASSWORD(..)")),
            };
        }
        Ok(Password(c.string()?))
    }

    /// Reads what follows a user: `IDENTIFIED [WITH plugin] BY 'text'`; nothing when it does not begin so.
    pub fn parse_identified(c: &mut Cursor<'_>) -> Result<Option<Password>, SyntaxError> {
        if !c.eat(&["IDENTIFIED"]) {
            return Ok(None);
        }
        if c.eat(&["WITH"]) {
            // Both plugins are offered to every user, so the word only has to be one of them.
            let plugin = c.word_or_text()?;
            if !PLUGINS.iter().any(|p| p.eq_ignore_ascii_case(&plugin)) {
                let message = format!("authentication by {plugin}");
                return Err(SyntaxError::NotSupported(message));
            }
            if c.sees(&["AS"]) {
                let message = "a password as its hash (IDENTIFIED WITH .. AS)".to_owned();
                return Err(SyntaxError::NotSupported(message));
            }
            if !c.sees(&["BY"]) {
                return Ok(None);
            }
        }
        c.expect(&["BY"])?;
        if c.sees(&["PASSWORD"]) {
            let message = "a password as its hash (IDENTIFIED BY PASSWORD)".to_owned();
            return Err(SyntaxError::NotSupported(message));
        }
        Ok(Some(Password(c.string()?)))
    }

    /// What is kept of it.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(&self.0)
    }

    /// It as a statement writes it: only for printing a statement back.
    pub fn quoted(&self) -> String {
        quoted_text(&self.0)
    }
}

const PLUGINS: [&str; 2] = ["mysql_native_password", "caching_sha2_password"];

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
