//! The dialect: text to tokens, tokens to statements, statements to outcomes.
//!
//! Synchronous and without effects: a statement reads a [`View`](crate::view::View) and says what should happen
//! ([`Outcome`](outcome::Outcome)); `frontend::engine` performs it. One statement is one file in `statements/`, with a
//! grammar file and a test file of the same name.

pub mod account;
pub mod address;
pub mod charset;
pub mod cursor;
pub mod ddl;
pub mod dialect;
pub mod error;
pub mod expr;
pub mod findings;
pub mod like;
pub mod lookup;
pub mod naming;
pub mod outcome;
pub mod partition_list;
pub mod place;
pub mod printed;
pub mod script;
pub mod session;
pub mod statements;
pub mod system_tables;
pub mod table_parts;
pub mod tablet_list;
pub mod tail;
pub mod variables;

use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::script::{Param, Script};
use crate::sql::statements::Statement;

/// Reads a statement, with `params` in the places of its placeholders.
///
/// A large query takes stack in proportion to its operators, which [`script::split`] has bounded: call it on a thread
/// with a stack of 16 MiB or more.
///
/// # Errors
/// Besides what is wrong with the text: a number of values other than that of the placeholders.
pub fn parse(script: &Script, params: &[Param]) -> Result<Statement, SyntaxError> {
    if params.len() != script.params {
        return Err(SyntaxError::Params {
            wanted: script.params,
            given: params.len(),
        });
    }
    if params.is_empty() {
        return Statement::parse(&mut Cursor::new(&script.tokens, &script.source));
    }
    let bound = script.bind(params);
    Statement::parse(&mut Cursor::new(&bound, &script.source))
}

/// Reads a statement whose placeholders have no values yet, to find the header of its result. It must not be run.
pub fn parse_to_describe(script: &Script) -> Result<Statement, SyntaxError> {
    Statement::parse(&mut Cursor::describing(&script.tokens, &script.source))
}

#[cfg(test)]
mod seed_headers;
#[cfg(test)]
mod walk_tests;
