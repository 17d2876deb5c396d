//! What a statement wants to happen. `frontend::engine` performs it.

use sqlparser::ast;

use crate::code::Code;
use crate::leader::request::Request;
use crate::leader::request::recovery::RecoveryRequest;
use crate::rows::Rows;
use crate::sql::session::{UserValue, Warning};
use crate::tablet::unsettled::Scope;

/// The outcome of a statement's `run`.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done; nothing to show.
    Done,
    /// A whole small result.
    Rows(Rows),
    /// Ask the leader for a change; done when it answers.
    Request(Request),
    /// Ask the leader, and show the lost and wrong files that it tells of.
    Segments(Request),
    /// Ask the leader about what is in doubt or lost, and show what it found.
    Recovery(RecoveryRequest),
    /// Leave these lines for SHOW WARNINGS, and do the other thing.
    Warned(Box<Outcome>, Vec<Warning>),
    /// Wait until a table or the cluster is healthy.
    Wait(Wait),
    /// Change the session.
    Session(Vec<SessionChange>),
    /// Read by DataFusion: user tables, `information_schema`, `sys`, or no table at all.
    Select(Box<ast::Query>),
    /// Load rows into a table.
    Insert(Box<Insert>),
    /// End a connection or its statement.
    Kill {
        /// Connection id.
        id: u32,
        /// Only the running statement.
        query_only: bool,
    },
    /// The connections of this frontend (SHOW PROCESSLIST): the engine has them.
    Processlist {
        /// Whole statement texts.
        full: bool,
    },
}

impl Outcome {
    /// The same, with a warning for each of `messages`: something that was written has no effect.
    pub fn warned(self, messages: Vec<String>) -> Outcome {
        if messages.is_empty() {
            return self;
        }
        let warning = |message| Warning {
            level: "Warning",
            code: Code::NOT_SUPPORTED.mysql,
            message,
        };
        Outcome::Warned(Box::new(self), messages.into_iter().map(warning).collect())
    }
}

/// ADMIN WAIT UNTIL HEALTHY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// What must be healthy.
    pub scope: Scope,
    /// Milliseconds after which it ends with an error.
    pub limit_ms: u64,
}

/// A change of the session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionChange {
    /// USE.
    Use(String),
    /// SET of a system variable; `None` puts the default back.
    Variable(&'static str, Option<String>),
    /// SET of a user variable.
    UserVariable(String, UserValue),
    /// BEGIN (true), COMMIT or ROLLBACK (false).
    Transaction(bool),
    /// Whether the transaction only reads, or the next one.
    ReadOnly(bool),
    /// A line for SHOW WARNINGS.
    Warn(Warning),
}

/// INSERT INTO.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// Database.
    pub db: String,
    /// Table.
    pub table: String,
    /// Only these partitions; empty means all.
    pub partitions: Vec<String>,
    /// WITH LABEL; `None` makes one.
    pub label: Option<String>,
    /// The columns that are given; empty means all in order.
    pub columns: Vec<String>,
    /// VALUES or SELECT.
    pub source: Box<ast::Query>,
}
