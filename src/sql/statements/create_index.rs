//! `CREATE [UNIQUE] INDEX name ON [db.]table (column, ..)`: accepted without effect, with a warning.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, TableName, quoted_name};
use crate::sql::ddl::index::{self, IndexHint};
use crate::sql::error::SyntaxError;
use crate::sql::naming;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `CREATE INDEX`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateIndex {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: TableName,
    /// UNIQUE, and the columns.
    pub hint: IndexHint,
}

impl Spec for CreateIndex {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["CREATE", "INDEX"],
        &["CREATE", "UNIQUE", "INDEX"],
        &["CREATE", "FULLTEXT", "INDEX"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/create_index.ebnf");
    const HELP: &'static str = "Accepted for clients that send it; no index is made, and UNIQUE is not enforced.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["CREATE"])?;
        let unique = c.eat(&["UNIQUE"]);
        c.eat(&["FULLTEXT"]);
        c.expect(&["INDEX"])?;
        c.eat(&["IF", "NOT", "EXISTS"]);
        let name = c.ident()?;
        index::using(c)?;
        c.expect(&["ON"])?;
        let table = c.table_name()?;
        Ok(CreateIndex {
            name,
            table,
            hint: IndexHint {
                name: None,
                unique,
                columns: index::columns(c)?,
            },
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        naming::not_system(cx.db(self.table.db.as_deref())?)?;
        let (_, table) = cx.find_table(&self.table)?;
        self.hint.check(&table.spec.columns)?;
        Ok(Outcome::Done.warned(vec![self.hint.warning()]))
    }
}

impl fmt::Display for CreateIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unique = if self.hint.unique { "UNIQUE " } else { "" };
        let columns: Vec<String> = self.hint.columns.iter().map(|c| quoted_name(c)).collect();
        write!(
            f,
            "CREATE {unique}INDEX {} ON {} ({})",
            quoted_name(&self.name),
            self.table,
            columns.join(", ")
        )
    }
}
