//! `SET ..`: system and user variables, NAMES, CHARACTER SET, TRANSACTION.

mod item;

use std::fmt;

use crate::code::{Code, Failure};
use crate::leader::request::Request;
use crate::sql::charset;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::expr::Joined;
use crate::sql::expr::context::SessionNames;
use crate::sql::expr::eval::eval;
use crate::sql::expr::value::Value;
use crate::sql::naming;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::session::UserValue;
use crate::sql::statements::{Context, Spec};
use crate::sql::variables::{self, Access, Level, Variable};

pub use item::{Item, Right, Target};

/// `SET item, ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// What to set, in order.
    pub items: Vec<Item>,
}

impl Spec for Set {
    const HEADS: &'static [&'static [&'static str]] = &[&["SET"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/set.ebnf");
    const HELP: &'static str = "Sets variables of the connection; SET GLOBAL sets the few that are settings of the server.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SET"])?;
        for (words, what) in item::REFUSED {
            if c.sees(words) {
                return Err(SyntaxError::NotSupported((*what).to_owned()));
            }
        }
        Ok(Set {
            items: item::items(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        if let [Item::Variable(target, name, right)] = self.items.as_slice()
            && let Some(request) = setting(cx, *target, name, right)?
        {
            return Ok(Outcome::Request(request));
        }
        // Each item sees what those before it have set, and nothing counts if one fails.
        let mut session = cx.session.clone();
        let mut changes = Vec::new();
        for item in &self.items {
            let cx = Context {
                session: &session,
                ..cx
            };
            let new = changes_of(item, cx)?;
            for change in &new {
                session.apply(change.clone());
            }
            changes.extend(new);
        }
        Ok(Outcome::Session(changes))
    }
}

/// SET GLOBAL of a variable that is a setting of the server.
fn setting(
    cx: Context<'_>,
    target: Target,
    name: &str,
    right: &Right,
) -> Result<Option<Request>, Failure> {
    let variable = variables::find(name)?;
    let (Access::Setting(key), Target::Global | Target::Persist) = (variable.access, target) else {
        return Ok(None);
    };
    let Some(value) = value(right, cx)? else {
        let message = format!("SET GLOBAL {name} needs a number; DEFAULT is not kept");
        return Err(Failure::new(Code::NOT_SUPPORTED, message));
    };
    Ok(Some(Request::SetConfig {
        key: key.to_owned(),
        value: variable.take(&value)?.text,
        persistent: target == Target::Persist,
    }))
}

fn changes_of(item: &Item, cx: Context<'_>) -> Result<Vec<SessionChange>, Failure> {
    match item {
        Item::Variable(target, name, right) => {
            let variable = variables::find(name)?;
            settable(variable, *target)?;
            assign(variable, value(right, cx)?)
        }
        Item::User(name, expr) => {
            let names = SessionNames {
                cx,
                words_are_texts: false,
            };
            let shown = eval(expr, &names)?.shown.map(|text| text.into_owned());
            let value = UserValue::new(&cx.session.memory, name, shown)?;
            Ok(vec![SessionChange::UserVariable(name.clone(), value)])
        }
        Item::Names(charset, collation) => names(charset.as_deref(), collation.as_deref()),
        Item::Catalog(name) => naming::check_catalog(name).map(|()| Vec::new()),
        Item::CharacterSet(charset) => {
            let charset = known_charset(charset.as_deref())?;
            Ok(vec![
                variable("character_set_client", charset),
                variable("character_set_results", charset),
            ])
        }
        Item::Transaction(target, isolation, read_only) => {
            if matches!(target, Target::Global | Target::Persist) {
                return Err(no_global("transaction_isolation"));
            }
            let mut changes = Vec::new();
            if let Some(isolation) = isolation {
                changes.extend(twins("transaction_isolation", Some(isolation)));
            }
            if let (Some(read_only), Target::Unsaid) = (read_only, target) {
                changes.push(SessionChange::ReadOnly(*read_only));
            } else if let Some(read_only) = read_only {
                let word = if *read_only { "ON" } else { "OFF" };
                changes.extend(twins("transaction_read_only", Some(word)));
            }
            Ok(changes)
        }
    }
}

/// The value on the right; `None` for DEFAULT.
fn value(right: &Right, cx: Context<'_>) -> Result<Option<Value>, Failure> {
    let names = SessionNames {
        cx,
        words_are_texts: true,
    };
    match right {
        Right::Default => Ok(None),
        Right::Expr(expr) => eval(expr, &names).map(Some),
    }
}

/// Whether that scope of a variable can be set.
fn settable(variable: &Variable, target: Target) -> Result<(), Failure> {
    let name = variable.name;
    let global = matches!(target, Target::Global | Target::Persist);
    match (variable.access, variable.level) {
        (Access::ReadOnly, _) => {
            let message = format!("Variable '{name}' is a read only variable");
            Err(Failure::new(Code::VARIABLE_READ_ONLY, message))
        }
        (Access::Setting(_), _) if global => {
            let message = format!("SET GLOBAL {name} must be a statement of its own");
            Err(Failure::new(Code::WRONG_ARGUMENTS, message))
        }
        (Access::Setting(_), Level::Both) => {
            let message = format!(
                "SESSION variable '{name}' is read-only. Use SET GLOBAL to assign the value"
            );
            Err(Failure::new(Code::VARIABLE_READ_ONLY, message))
        }
        (Access::Setting(_), _) => {
            let message =
                format!("Variable '{name}' is a GLOBAL variable and should be set with SET GLOBAL");
            Err(Failure::new(Code::VARIABLE_SCOPE, message))
        }
        (Access::Session, Level::Session) if global => {
            let message = format!("Variable '{name}' is a SESSION variable");
            Err(Failure::new(Code::VARIABLE_SCOPE, message))
        }
        (Access::Session, _) if global => Err(no_global(name)),
        (Access::Session, _) => Ok(()),
    }
}

fn no_global(name: &str) -> Failure {
    let message = format!(
        "the global value of '{name}' can't be changed: each connection begins with the same; SET SESSION {name} changes it for this one"
    );
    Failure::new(Code::NOT_SUPPORTED, message)
}

fn assign(of: &Variable, value: Option<Value>) -> Result<Vec<SessionChange>, Failure> {
    let Some(value) = value else {
        return Ok(twins(of.name, None));
    };
    let taken = of.take(&value)?;
    let mut changes = twins(of.name, Some(&taken.text));
    changes.extend(taken.warning.map(SessionChange::Warn));
    Ok(changes)
}

/// The change of a variable, and of the one that is its older or newer name.
fn twins(name: &'static str, text: Option<&str>) -> Vec<SessionChange> {
    const TWINS: [[&str; 2]; 2] = [
        ["transaction_isolation", "tx_isolation"],
        ["transaction_read_only", "tx_read_only"],
    ];
    let pair = TWINS.iter().find(|pair| pair.contains(&name));
    let names: Vec<&'static str> = pair.map_or(vec![name], |pair| pair.to_vec());
    let change = |name| SessionChange::Variable(name, text.map(str::to_owned));
    names.into_iter().map(change).collect()
}

fn variable(name: &'static str, text: &str) -> SessionChange {
    SessionChange::Variable(name, Some(text.to_owned()))
}

fn known_charset(name: Option<&str>) -> Result<&'static str, Failure> {
    match name {
        None => Ok("utf8mb4"),
        Some(name) => match charset::find(name) {
            Some(charset) => Ok(charset.name),
            None => Err(variables::unknown_charset(name)),
        },
    }
}

fn names(charset: Option<&str>, collation: Option<&str>) -> Result<Vec<SessionChange>, Failure> {
    let charset = known_charset(charset)?;
    let collation = match collation {
        None => charset::default_collation(charset),
        Some(name) => match charset::find_collation(name) {
            Some(found) if found.charset == charset => found.name,
            Some(_) => {
                let message =
                    format!("COLLATION '{name}' is not valid for CHARACTER SET '{charset}'");
                return Err(Failure::new(Code::COLLATION_CHARSET_MISMATCH, message));
            }
            None => return Err(variables::unknown_collation(name)),
        },
    };
    Ok(vec![
        variable("character_set_client", charset),
        variable("character_set_connection", charset),
        variable("character_set_results", charset),
        variable("collation_connection", collation),
    ])
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SET {}", Joined(&self.items, ", "))
    }
}

#[cfg(test)]
mod tests;
