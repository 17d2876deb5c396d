//! `SHOW [FULL] TABLES [FROM db] [LIKE ..] [WHERE ..]`.

use std::fmt;

use crate::code::Failure;
use crate::rows::Type;
use crate::rows::{Cell, Column, Rows};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming::is_system_database;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::system_tables::Shown;
use crate::sql::tail::Tail;

/// `SHOW [FULL] TABLES [FROM db] [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowTables {
    /// Also the kind of each table.
    pub full: bool,
    /// Database; `None` is the session's.
    pub db: Option<String>,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowTables {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "TABLES"], &["SHOW", "FULL", "TABLES"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_tables.ebnf");
    const HELP: &'static str = "Lists the tables of a database; FULL tells tables from views.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        let full = c.eat(&["FULL"]);
        c.expect(&["TABLES"])?;
        let db = match c.eat(&["FROM"]) || c.eat(&["IN"]) {
            true => Some(c.ident()?),
            false => None,
        };
        Ok(ShowTables {
            full,
            db,
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, cx: Context<'_>) -> Option<Vec<Column>> {
        let db = cx.db(self.db.as_deref()).ok()?;
        (!is_system_database(db)).then(|| header(db, self.full))
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.db(self.db.as_deref())?;
        if is_system_database(db) {
            return self.system(db);
        }
        let found = cx.find_db(Some(db))?;
        let rows = found.tables.keys().map(|name| {
            let kind = self.full.then_some("BASE TABLE");
            std::iter::once(name.clone().into())
                .chain(kind.map(Cell::from))
                .collect()
        });
        let rows = Rows {
            columns: header(db, self.full),
            rows: rows.collect(),
        };
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.full {
            "SHOW FULL TABLES"
        } else {
            "SHOW TABLES"
        })?;
        if let Some(db) = &self.db {
            write!(f, " FROM {}", quoted_name(db))?;
        }
        write!(f, "{}", self.tail)
    }
}

fn header(db: &str, full: bool) -> Vec<Column> {
    let mut columns = vec![Column::new(format!("Tables_in_{db}"), Type::Text)];
    if full {
        columns.push(Column::new("Table_type", Type::Text));
    }
    columns
}

impl ShowTables {
    fn system(&self, db: &str) -> Result<Outcome, Failure> {
        let mut columns = vec![("table_name", format!("Tables_in_{db}"))];
        if self.full {
            columns.push(("table_type", "Table_type".to_owned()));
        }
        let shown = Shown {
            columns: &columns,
            from: "tables",
            equal: &[("table_schema", db)],
            order: "table_name",
        };
        shown.query(&self.tail)
    }
}
