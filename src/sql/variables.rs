//! System variables: one table for `@@x`, SHOW VARIABLES and SET.
//!
//! Owns what exists, which values each takes, and what it says. Does not own their effects: each entry names who
//! honours it, and the rest are accepted because clients set them. Settings of the server itself are
//! [`Config`](crate::config::Config)'s; some of them show here under MySQL's names.

pub mod list;
mod take;

use crate::code::{Code, Failure};
use crate::sql::expr::Scope;
use crate::sql::expr::value::Value;
use crate::sql::statements::Context;

pub use take::{Taken, unknown_charset, unknown_collation};

/// A system variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Name, in lower case.
    pub name: &'static str,
    /// Where it has a value.
    pub level: Level,
    /// The values that it takes.
    pub kind: Kind,
    /// What it says while nobody has set it.
    pub initial: Initial,
    /// Who may set it.
    pub access: Access,
    /// Who acts on it; `None`: it is accepted, or told, and changes nothing.
    pub honoured_by: Option<&'static str>,
}

/// Where a variable has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Of the server only.
    Global,
    /// Of each connection only.
    Session,
    /// Of each connection, with the server's as the first value.
    Both,
}

/// The values that a variable takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// Any text, or NULL.
    TextOrNull,
    /// ON or OFF; `@@x` is 1 or 0.
    Bool,
    /// A whole number between the two.
    Int(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A character set; `true`: or NULL.
    Charset(bool),
    /// A collation.
    Collation,
    /// A list of SQL modes.
    SqlMode,
    /// `SYSTEM`, an offset, or UTC.
    TimeZone,
    /// Seconds since 1970, perhaps with a fraction; 0 is the present.
    Instant,
}

/// What a variable says while nobody has set it.
#[derive(Debug, Clone, Copy)]
pub enum Initial {
    /// The same for everybody.
    Text(&'static str),
    /// Found when it is asked for.
    Of(fn(Context<'_>) -> String),
}

/// Who may set a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, for the own connection.
    Session,
    /// SET GLOBAL changes this setting of the server; a connection can't.
    Setting(&'static str),
    /// Nobody.
    ReadOnly,
}

/// The variable of that name, in any case.
pub fn find(name: &str) -> Result<&'static Variable, Failure> {
    let name = name.to_ascii_lowercase();
    let found = list::ALL.binary_search_by(|v| v.name.cmp(&name));
    match found.ok().and_then(|at| list::ALL.get(at)) {
        Some(variable) => Ok(variable),
        None => {
            let message = format!("Unknown system variable '{name}'");
            Err(Failure::new(Code::UNKNOWN_SYSTEM_VARIABLE, message))
        }
    }
}

/// The value that `@@name`, `@@session.name` or `@@global.name` has.
///
/// # Errors
/// 1193 for an unknown name, 1238 for one that the scope does not have.
pub fn value(cx: Context<'_>, scope: Option<Scope>, name: &str) -> Result<Value, Failure> {
    let variable = find(name)?;
    let missing = match (scope, variable.level) {
        (Some(Scope::Global), Level::Session) => "SESSION",
        (Some(Scope::Session), Level::Global) => "GLOBAL",
        _ => return Ok(variable.typed(&variable.text(cx, scope))),
    };
    let message = format!("Variable '{}' is a {missing} variable", variable.name);
    Err(Failure::new(Code::VARIABLE_READ_ONLY, message))
}

impl Variable {
    /// The value as SHOW VARIABLES prints it.
    pub fn text(&self, cx: Context<'_>, scope: Option<Scope>) -> String {
        let own = match scope {
            Some(Scope::Global) => None,
            _ => cx.session.variables.get(self.name),
        };
        match (own, self.initial) {
            (Some(own), _) => own.clone(),
            (None, Initial::Text(text)) => text.to_owned(),
            (None, Initial::Of(find)) => find(cx),
        }
    }

    /// Whether SHOW VARIABLES lists it for that scope.
    pub fn is_shown(&self, scope: Option<Scope>) -> bool {
        match scope {
            Some(Scope::Global) => self.level != Level::Session,
            _ => true,
        }
    }

    /// The value as `@@name` has it.
    fn typed(&self, text: &str) -> Value {
        match self.kind {
            Kind::Bool => Value::int(i64::from(text == "ON")),
            // Numbers above a signed 64-bit integer stay exact as texts.
            Kind::Int(..) => match text.parse() {
                Ok(n) => Value::int(n),
                Err(_) => Value::text(text.to_owned()),
            },
            Kind::TextOrNull | Kind::Charset(true) if text.is_empty() => Value::NULL,
            _ => Value::text(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
