//! `DROP INDEX name ON [db.]table`: accepted without effect, with a warning, as its making was.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, TableName, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `DROP INDEX`.
#[derive(Debug, Clone, PartialEq)]
pub struct DropIndex {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: TableName,
}

impl Spec for DropIndex {
    const HEADS: &'static [&'static [&'static str]] = &[&["DROP", "INDEX"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/drop_index.ebnf");
    const HELP: &'static str = "Accepted for clients that send it; there are no indexes.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["DROP", "INDEX"])?;
        c.eat(&["IF", "EXISTS"]);
        let name = c.ident()?;
        c.expect(&["ON"])?;
        let table = c.table_name()?;
        Ok(DropIndex { name, table })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        cx.find_table(&self.table)?;
        let message = format!("index {} was never made: tables have none", self.name);
        Ok(Outcome::Done.warned(vec![message]))
    }
}

impl fmt::Display for DropIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = quoted_name(&self.name);
        write!(f, "DROP INDEX {name} ON {}", self.table)
    }
}
