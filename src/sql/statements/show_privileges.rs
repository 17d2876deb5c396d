//! `SHOW PRIVILEGES`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW PRIVILEGES`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowPrivileges;

impl Spec for ShowPrivileges {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "PRIVILEGES"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_privileges.ebnf");
    const HELP: &'static str = "Lists privileges: there is one, and every user has it.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "PRIVILEGES"])?;
        Ok(ShowPrivileges)
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(PrivilegeRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let row = PrivilegeRow {
            privilege: "All",
            context: "Server Admin",
            comment: "To do everything; every user has it",
        };
        Ok(Outcome::Rows(Rows::of([row])))
    }
}

impl fmt::Display for ShowPrivileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW PRIVILEGES")
    }
}

row! {
    /// One privilege.
    struct PrivilegeRow {
        /// Name.
        privilege: &'static str => "Privilege" Text,
        /// What it is on.
        context: &'static str => "Context" Text,
        /// What it allows.
        comment: &'static str => "Comment" Text,
    }
}
