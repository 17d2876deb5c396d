//! `DROP TABLE [IF EXISTS] [db.]table [FORCE]`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::{Code, Failure};
use crate::leader::request::Request;
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::naming;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `DROP TABLE [IF EXISTS] [db.]table [FORCE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DropTable {
    /// Table.
    pub table: TableName,
    /// A missing one is no error.
    pub if_exists: bool,
}

impl Spec for DropTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["DROP", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/drop_table.ebnf");
    const HELP: &'static str = "Drops a table with all its data.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["DROP", "TABLE"])?;
        let if_exists = c.eat(&["IF", "EXISTS"]);
        let table = c.table_name()?;
        if c.peek(0) == Some(&Token::Comma) {
            return Err(SyntaxError::NotSupported(
                "dropping several tables in one statement".to_owned(),
            ));
        }
        // There is no recycle bin to pass by, so FORCE is what happens anyway.
        c.eat(&["FORCE"]);
        Ok(DropTable { table, if_exists })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.db(self.table.db.as_deref())?;
        naming::not_system(db)?;
        let found = cx.find_db(Some(db))?.tables.get(&self.table.table);
        if found.is_none() && !self.if_exists {
            let message = format!("Unknown table '{db}.{}'", self.table.table);
            return Err(Failure::new(Code::BAD_TABLE, message));
        }
        Ok(Outcome::Request(Request::DropTable {
            db: db.to_owned(),
            name: self.table.table.clone(),
            if_exists: self.if_exists,
        }))
    }
}

impl fmt::Display for DropTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP TABLE {guard}{}", self.table)
    }
}
