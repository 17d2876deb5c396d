//! `SHOW INDEX | INDEXES | KEYS FROM table [FROM db] [WHERE ..]`: there are none.

use std::fmt;

use crate::code::Failure;
use crate::rows::Type;
use crate::rows::{Column, Rows};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::naming::is_system_database;
use crate::sql::outcome::Outcome;
use crate::sql::statements::show_columns::table_of_db;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW INDEX | INDEXES | KEYS FROM table [FROM db] [WHERE ..]`: there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowIndex {
    /// Table.
    pub table: TableName,
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowIndex {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "INDEX"], &["SHOW", "INDEXES"], &["SHOW", "KEYS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_index.ebnf");
    const HELP: &'static str = "Lists secondary indexes: there are none. DESC shows the key.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        if !c.eat(&["INDEX"]) && !c.eat(&["INDEXES"]) {
            c.expect(&["KEYS"])?;
        }
        Ok(ShowIndex {
            table: table_of_db(c)?,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(header())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        if !is_system_database(cx.db(self.table.db.as_deref())?) {
            cx.find_table(&self.table)?;
        }
        Ok(Outcome::Rows(self.tail.apply(Rows {
            columns: header(),
            rows: vec![],
        })?))
    }
}

impl fmt::Display for ShowIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW INDEX FROM {}{}", self.table, self.tail)
    }
}

/// MySQL's columns.
fn header() -> Vec<Column> {
    [
        ("Table", Type::Text),
        ("Non_unique", Type::Int),
        ("Key_name", Type::Text),
        ("Seq_in_index", Type::Int),
        ("Column_name", Type::Text),
        ("Collation", Type::Text),
        ("Cardinality", Type::Int),
        ("Sub_part", Type::Int),
        ("Packed", Type::Text),
        ("Null", Type::Text),
        ("Index_type", Type::Text),
        ("Comment", Type::Text),
        ("Index_comment", Type::Text),
        ("Visible", Type::Text),
        ("Expression", Type::Text),
    ]
    .map(|(name, kind)| Column::new(name, kind))
    .to_vec()
}
