//! `SHOW CREATE DATABASE | SCHEMA [IF NOT EXISTS] db`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming::is_system_database;
use crate::sql::outcome::Outcome;
use crate::sql::statements::create_database::CreateDatabase;
use crate::sql::statements::{Context, Spec};

/// `SHOW CREATE DATABASE | SCHEMA [IF NOT EXISTS] db`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowCreateDatabase {
    /// Name.
    pub name: String,
    /// The statement shown says so as well.
    pub if_not_exists: bool,
}

impl Spec for ShowCreateDatabase {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["SHOW", "CREATE", "DATABASE"],
        &["SHOW", "CREATE", "SCHEMA"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_create_database.ebnf");
    const HELP: &'static str = "Shows the statement that makes the database again.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "CREATE"])?;
        if !c.eat(&["SCHEMA"]) {
            c.expect(&["DATABASE"])?;
        }
        let if_not_exists = c.eat(&["IF", "NOT", "EXISTS"]);
        Ok(ShowCreateDatabase {
            name: c.ident()?,
            if_not_exists,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(CreateRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        if !is_system_database(&self.name) {
            cx.find_db(Some(&self.name))?;
        }
        let create = CreateDatabase {
            name: self.name.clone(),
            if_not_exists: self.if_not_exists,
        };
        let row = CreateRow {
            database: self.name.clone(),
            create: create.to_string(),
        };
        Ok(Outcome::Rows(Rows::of([row])))
    }
}

impl fmt::Display for ShowCreateDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(f, "SHOW CREATE DATABASE {guard}{}", quoted_name(&self.name))
    }
}

row! {
    /// The statement.
    struct CreateRow {
        /// Name.
        database: String => "Database" Text,
        /// The statement.
        create: String => "Create Database" Text,
    }
}
