//! Where something stands in a statement's text, for errors found after it was read.

use sqlparser::tokenizer::Location;

use crate::code::{Code, Failure};

/// A line and a column, both from 1. All places are equal: two statements are equal when they say the same, wherever
/// their words stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// Line; 0 when the statement was not read from a text.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}

impl Eq for Place {}

impl From<Location> for Place {
    fn from(at: Location) -> Place {
        Place {
            line: at.line,
            column: at.column,
        }
    }
}

impl Place {
    /// An error about what stands here.
    pub fn failure(self, code: Code, message: impl std::fmt::Display) -> Failure {
        match self {
            Place { line: 0, .. } => Failure::new(code, message.to_string()),
            Place { line, column } => {
                Failure::new(code, format!("{message}, at line {line}, column {column}"))
            }
        }
    }
}

/// Something with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// What stands there.
    pub what: T,
    /// Where.
    pub place: Place,
}

impl<T> At<T> {
    /// An error about it.
    pub fn failure(&self, code: Code, message: impl std::fmt::Display) -> Failure {
        self.place.failure(code, message)
    }
}
