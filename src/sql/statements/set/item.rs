//! The items of SET: reading and printing.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::sql::cursor::{Cursor, quoted_name, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::expr::{self, Expr, parse::user_variable_name};

/// One thing to set.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A system variable, by its name in lower case.
    Variable(Target, String, Right),
    /// A user variable, by its name in lower case.
    User(String, Expr),
    /// NAMES: character set and collation; `None` for the character set is DEFAULT.
    Names(Option<String>, Option<String>),
    /// CHARACTER SET; `None` is DEFAULT.
    CharacterSet(Option<String>),
    /// CATALOG: the one there is.
    Catalog(String),
    /// TRANSACTION: isolation level with a dash, and whether READ ONLY.
    Transaction(Target, Option<String>, Option<bool>),
}

/// Whose value is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Not said: the connection's.
    Unsaid,
    /// SESSION, LOCAL.
    Session,
    /// GLOBAL.
    Global,
    /// PERSIST: the server's, also after a restart.
    Persist,
}

impl Target {
    fn of_word(word: &str) -> Option<Target> {
        [
            ("session", Target::Session),
            ("local", Target::Session),
            ("global", Target::Global),
            ("persist", Target::Persist),
        ]
        .into_iter()
        .find(|(w, _)| w.eq_ignore_ascii_case(word))
        .map(|(_, target)| target)
    }

    fn word(self) -> &'static str {
        match self {
            Target::Unsaid => "",
            Target::Session => "SESSION",
            Target::Global => "GLOBAL",
            Target::Persist => "PERSIST",
        }
    }
}

/// The right side of an assignment.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// DEFAULT.
    Default,
    /// A value; a bare word is a text.
    Expr(Expr),
}

/// Forms of SET that are understood and not offered.
pub(super) const REFUSED: &[(&[&str], &str)] = &[
    (&["DEFAULT", "ROLE"], "SET DEFAULT ROLE"),
    (&["ROLE"], "SET ROLE"),
    (&["STATEMENT"], "SET STATEMENT .. FOR"),
    (&["RESOURCE", "GROUP"], "SET RESOURCE GROUP"),
];

/// Reads all items. A written scope holds for the items behind it that say none (MySQL).
pub(super) fn items(c: &mut Cursor<'_>) -> Result<Vec<Item>, SyntaxError> {
    let mut scope = Target::Unsaid;
    c.list(|c| item(c, &mut scope))
}

fn item(c: &mut Cursor<'_>, scope: &mut Target) -> Result<Item, SyntaxError> {
    if c.eat(&["NAMES"]) {
        let charset = charset(c)?;
        let collation = match c.eat(&["COLLATE"]) {
            true => Some(c.word_or_text()?),
            false => None,
        };
        return Ok(Item::Names(charset, collation));
    }
    let character_set =
        c.eat(&["CHARACTER", "SET"]) || c.eat(&["CHAR", "SET"]) || c.eat(&["CHARSET"]);
    if character_set {
        return Ok(Item::CharacterSet(charset(c)?));
    }
    if matches!(c.peek(1), Some(Token::Word(_))) && c.eat(&["CATALOG"]) {
        return c.ident().map(Item::Catalog);
    }
    let at = match c.peek(0) {
        Some(Token::AtSign) => Some(""),
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.strip_prefix('@'),
        _ => None,
    };
    match at.map(|name| name.strip_prefix('@')) {
        Some(None) => user(c),
        Some(Some(first)) => at_variable(c, first),
        None => plain(c, scope),
    }
}

fn charset(c: &mut Cursor<'_>) -> Result<Option<String>, SyntaxError> {
    if c.eat(&["DEFAULT"]) {
        return Ok(None);
    }
    c.word_or_text().map(Some)
}

fn user(c: &mut Cursor<'_>) -> Result<Item, SyntaxError> {
    let name = user_variable_name(c)?;
    equals(c)?;
    Ok(Item::User(name, expr::parse(c)?))
}

/// `@@name`, `@@scope.name`.
fn at_variable(c: &mut Cursor<'_>, first: &str) -> Result<Item, SyntaxError> {
    if first.is_empty() {
        return Err(c.expected("the name of a variable behind @@"));
    }
    c.bump();
    match Target::of_word(first) {
        Some(target) if c.eat_token(&Token::Period) => {
            let name = c.ident()?;
            assignment(c, target, &name)
        }
        _ => assignment(c, Target::Unsaid, first),
    }
}

/// `[scope] name`, `[scope] TRANSACTION ..`.
fn plain(c: &mut Cursor<'_>, scope: &mut Target) -> Result<Item, SyntaxError> {
    let written = match (c.peek(0), c.peek(1)) {
        (Some(Token::Word(word)), Some(Token::Word(_))) if word.quote_style.is_none() => {
            Target::of_word(&word.value)
        }
        _ => None,
    };
    if let Some(written) = written {
        c.bump();
        *scope = written;
    }
    if c.eat(&["TRANSACTION"]) {
        return transaction(c, *scope);
    }
    let name = c.ident()?;
    assignment(c, *scope, &name)
}

fn assignment(c: &mut Cursor<'_>, target: Target, name: &str) -> Result<Item, SyntaxError> {
    equals(c)?;
    let right = match c.eat(&["DEFAULT"]) {
        true => Right::Default,
        false => Right::Expr(expr::parse(c)?),
    };
    Ok(Item::Variable(target, name.to_ascii_lowercase(), right))
}

fn equals(c: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if c.eat_token(&Token::Eq) || c.eat_token(&Token::Assignment) {
        Ok(())
    } else {
        Err(c.expected("'=' or ':='"))
    }
}

fn transaction(c: &mut Cursor<'_>, target: Target) -> Result<Item, SyntaxError> {
    let (mut isolation, mut read_only) = (None, None);
    loop {
        if isolation.is_none() && c.eat(&["ISOLATION", "LEVEL"]) {
            let level = LEVELS.iter().find(|words| c.eat(words));
            let Some(level) = level else {
                return Err(c.expected("an isolation level"));
            };
            isolation = Some(level.join("-"));
        } else if read_only.is_none() && c.eat(&["READ", "ONLY"]) {
            read_only = Some(true);
        } else if read_only.is_none() && c.eat(&["READ", "WRITE"]) {
            read_only = Some(false);
        } else {
            return Err(c.expected("ISOLATION LEVEL, READ ONLY or READ WRITE"));
        }
        if !c.eat_token(&Token::Comma) {
            return Ok(Item::Transaction(target, isolation, read_only));
        }
    }
}

const LEVELS: [&[&str]; 4] = [
    &["READ", "UNCOMMITTED"],
    &["READ", "COMMITTED"],
    &["REPEATABLE", "READ"],
    &["SERIALIZABLE"],
];

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Variable(Target::Unsaid, name, right) => {
                write!(f, "{} = {right}", unscoped(name))
            }
            Item::Variable(target, name, right) => {
                write!(f, "@@{}.{} = {right}", target.word(), quoted_name(name))
            }
            Item::User(name, expr) => write!(f, "@{} = {expr}", quoted_name(name)),
            Item::Names(charset, collation) => {
                write!(f, "NAMES {}", charset_text(charset.as_deref()))?;
                match collation {
                    Some(collation) => write!(f, " COLLATE {}", quoted_text(collation)),
                    None => Ok(()),
                }
            }
            Item::Catalog(name) => write!(f, "CATALOG {}", quoted_name(name)),
            Item::CharacterSet(charset) => {
                write!(f, "CHARACTER SET {}", charset_text(charset.as_deref()))
            }
            Item::Transaction(target, isolation, read_only) => {
                let mut parts = Vec::new();
                if let Some(isolation) = isolation {
                    parts.push(format!("ISOLATION LEVEL {}", isolation.replace('-', " ")));
                }
                if let Some(read_only) = read_only {
                    parts.push(format!(
                        "READ {}",
                        if *read_only { "ONLY" } else { "WRITE" }
                    ));
                }
                let blank = if *target == Target::Unsaid { "" } else { " " };
                write!(
                    f,
                    "{}{blank}TRANSACTION {}",
                    target.word(),
                    parts.join(", ")
                )
            }
        }
    }
}

/// With the signs, so that no scope written before holds for it; a name that is no plain word can't have them.
fn unscoped(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(plain) {
        format!("@@{name}")
    } else {
        quoted_name(name)
    }
}

fn charset_text(charset: Option<&str>) -> String {
    charset.map_or_else(|| "DEFAULT".to_owned(), quoted_text)
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Right::Default => f.write_str("DEFAULT"),
            Right::Expr(expr) => expr.fmt(f),
        }
    }
}
