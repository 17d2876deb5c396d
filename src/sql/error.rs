//! What can be wrong with a statement's text.

use crate::code::{Code, Coded};
use crate::sql::place::Place;

/// A statement that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Something else was expected at that place.
    #[error("syntax error at line {line}, column {column}: expected {expected}, found {found}")]
    Expected {
        /// What would have fitted.
        expected: String,
        /// What stands there.
        found: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
    },
    /// The text can't be cut into tokens, or a standard statement can't be parsed.
    #[error("syntax error at line {line}, column {column}: {message}")]
    Text {
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
    },
    /// Well formed, and something that can't be.
    #[error("{message}, at line {line}, column {column}")]
    Wrong {
        /// The fitting code.
        code: Code,
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
    },
    /// A limit that protects the server.
    #[error("statement too large: {what} is limited to {limit} (setting {setting})")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit in force.
        limit: u64,
        /// The setting.
        setting: &'static str,
    },
    /// Placeholders without values, or values without placeholders.
    #[error("the statement has {wanted} placeholders, and {given} values were given")]
    Params {
        /// Placeholders.
        wanted: usize,
        /// Values.
        given: usize,
    },
    /// Nothing but blanks and comments.
    #[error("query was empty")]
    Empty,
    /// Understood, and not offered.
    #[error("{0} is not supported")]
    NotSupported(String),
}

impl SyntaxError {
    /// Something that can't be, with its code and place.
    pub fn wrong(code: Code, message: impl Into<String>, at: Place) -> SyntaxError {
        SyntaxError::Wrong {
            code,
            message: message.into(),
            line: at.line,
            column: at.column,
        }
    }
}

impl Coded for SyntaxError {
    fn code(&self) -> Code {
        match self {
            SyntaxError::Expected { .. } | SyntaxError::Text { .. } => Code::PARSE,
            SyntaxError::Wrong { code, .. } => *code,
            SyntaxError::Params { .. } => Code::WRONG_ARGUMENTS,
            SyntaxError::TooLarge { .. } => Code::STATEMENT_TOO_COMPLEX,
            SyntaxError::Empty => Code::EMPTY_QUERY,
            SyntaxError::NotSupported(_) => Code::NOT_SUPPORTED,
        }
    }
}
