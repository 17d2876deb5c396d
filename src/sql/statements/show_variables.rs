//! `SHOW [GLOBAL | SESSION] VARIABLES [LIKE ..] [WHERE ..]`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::expr::Scope;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;
use crate::sql::variables::list;

/// `SHOW [GLOBAL | SESSION] VARIABLES [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowVariables {
    /// GLOBAL or SESSION, when it was written.
    pub scope: Option<Scope>,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowVariables {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["SHOW", "VARIABLES"],
        &["SHOW", "GLOBAL", "VARIABLES"],
        &["SHOW", "SESSION", "VARIABLES"],
        &["SHOW", "LOCAL", "VARIABLES"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_variables.ebnf");
    const HELP: &'static str = "Lists system variables and their values.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        let scope = if c.eat(&["GLOBAL"]) {
            Some(Scope::Global)
        } else if c.eat(&["SESSION"]) || c.eat(&["LOCAL"]) {
            Some(Scope::Session)
        } else {
            None
        };
        c.expect(&["VARIABLES"])?;
        Ok(ShowVariables {
            scope,
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(ValueRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let shown = list::ALL
            .iter()
            .filter(|v| v.is_shown(self.scope) && self.tail.likes(v.name));
        let rows = shown.map(|v| ValueRow {
            variable_name: v.name,
            value: v.text(cx, self.scope),
        });
        Ok(Outcome::Rows(self.tail.filter_and_sort(Rows::of(rows))?))
    }
}

impl fmt::Display for ShowVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = self
            .scope
            .map_or(String::new(), |scope| format!("{} ", scope.word()));
        write!(f, "SHOW {scope}VARIABLES{}", self.tail)
    }
}

row! {
    /// One variable.
    struct ValueRow {
        /// Name.
        variable_name: &'static str => "Variable_name" Text,
        /// Value.
        value: String => "Value" Text,
    }
}
