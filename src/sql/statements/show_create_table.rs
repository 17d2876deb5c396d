//! `SHOW CREATE TABLE [db.]table`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::ddl::shown;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::create_table::CreateTable;
use crate::sql::statements::{Context, Spec};

/// `SHOW CREATE TABLE [db.]table`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowCreateTable {
    /// Table.
    pub table: TableName,
}

impl Spec for ShowCreateTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "CREATE", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_create_table.ebnf");
    const HELP: &'static str =
        "Shows the statement that makes the table again, with its partitions.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "CREATE", "TABLE"])?;
        Ok(ShowCreateTable {
            table: c.table_name()?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(CreateRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (_, table) = cx.find_table(&self.table)?;
        let create = CreateTable {
            table: TableName {
                db: None,
                table: table.name.clone(),
            },
            if_not_exists: false,
            clauses: shown::clauses(&cx.view.catalog, table),
        };
        let row = CreateRow {
            table: table.name.clone(),
            create: format!("{create};"),
        };
        Ok(Outcome::Rows(Rows::of([row])))
    }
}

impl fmt::Display for ShowCreateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW CREATE TABLE {}", self.table)
    }
}

row! {
    /// The statement.
    struct CreateRow {
        /// Name.
        table: String => "Table" Text,
        /// The statement.
        create: String => "Create Table" Text,
    }
}
