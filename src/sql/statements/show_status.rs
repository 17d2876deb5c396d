//! `SHOW [GLOBAL | SESSION] STATUS [LIKE ..] [WHERE ..]`.

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

/// `SHOW [GLOBAL | SESSION] STATUS [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowStatus {
    /// GLOBAL or SESSION, when it was written.
    pub scope: Option<Scope>,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowStatus {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["SHOW", "STATUS"],
        &["SHOW", "GLOBAL", "STATUS"],
        &["SHOW", "SESSION", "STATUS"],
        &["SHOW", "LOCAL", "STATUS"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_status.ebnf");
    const HELP: &'static str =
        "Shows what clients ask of the state of the server and their connection.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        let scope = if c.eat(&["GLOBAL"]) {
            Some(Scope::Global)
        } else if c.eat(&["SESSION"]) || c.eat(&["LOCAL"]) {
            Some(Scope::Session)
        } else {
            None
        };
        c.expect(&["STATUS"])?;
        Ok(ShowStatus {
            scope,
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(ValueRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Rows(self.tail.apply(Rows::of(values(cx)))?))
    }
}

impl fmt::Display for ShowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = self
            .scope
            .map_or(String::new(), |scope| format!("{} ", scope.word()));
        write!(f, "SHOW {scope}STATUS{}", self.tail)
    }
}

row! {
    /// One value.
    struct ValueRow {
        /// Name.
        variable_name: &'static str => "Variable_name" Text,
        /// Value.
        value: String => "Value" Text,
    }
}

/// What is known here; TLS is the listener's, so a connection's cipher is not.
fn values(cx: Context<'_>) -> Vec<ValueRow> {
    let uptime = cx.view.now.since_ms(cx.view.frontend.started) / 1000;
    let tables = cx.view.catalog.tables.len();
    let connections = cx.view.connections.to_string();
    // Nobody waits for a thread, and none is kept for later.
    [
        ("Aborted_clients", "0".to_owned()),
        ("Aborted_connects", "0".to_owned()),
        ("Compression", "OFF".to_owned()),
        ("Open_tables", tables.to_string()),
        ("Opened_tables", tables.to_string()),
        ("Slow_queries", "0".to_owned()),
        ("Ssl_cipher", String::new()),
        ("Ssl_version", String::new()),
        ("Threads_cached", "0".to_owned()),
        ("Threads_connected", connections.clone()),
        ("Threads_created", connections.clone()),
        ("Threads_running", connections),
        ("Uptime", uptime.to_string()),
    ]
    .into_iter()
    .map(|(variable_name, value)| ValueRow {
        variable_name,
        value,
    })
    .collect()
}
