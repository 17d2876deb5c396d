//! `SHOW DATA [FROM [db.]table]`: bytes and replicas of the tables of a database, or of one table.

use std::fmt;

use crate::code::Failure;
use crate::proc::sizes::Sizes;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW DATA [FROM [db.]table]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowData {
    /// Table; `None` means every table of the session's database.
    pub table: Option<TableName>,
}

row! {
    /// A table of a database, or a line at the end: `Total`, `Quota`, `Left`.
    pub struct TableDataRow {
        /// Table.
        table_name: String => "TableName" Text,
        /// Bytes of all replicas, as last reported; there is no quota.
        size: Option<u64> => "Size" Size or "N/A",
        /// Replicas.
        replica_count: Option<u64> => "ReplicaCount" Int or "N/A",
    }
}

row! {
    /// An index of a table, or the line with the sums.
    pub struct IndexDataRow {
        /// Table, in the first line.
        table_name: String => "TableName" Text,
        /// Index; `Total` in the last line.
        index_name: String => "IndexName" Text,
        /// Bytes of all replicas, as last reported.
        size: u64 => "Size" Size,
        /// Replicas.
        replica_count: u64 => "ReplicaCount" Int,
        /// Rows; empty in the last line.
        row_count: Option<u64> => "RowCount" Int or "",
    }
}

impl Spec for ShowData {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "DATA"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_data.ebnf");
    const HELP: &'static str = "Shows how many bytes and replicas tables have.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "DATA"])?;
        let table = if c.eat(&["FROM"]) {
            Some(c.table_name()?)
        } else {
            None
        };
        Ok(ShowData { table })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(match self.table {
            Some(_) => IndexDataRow::columns(),
            None => TableDataRow::columns(),
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Rows(match &self.table {
            Some(name) => of_table(cx, name)?,
            None => of_db(cx)?,
        }))
    }
}

fn of_db(cx: Context<'_>) -> Result<Rows, Failure> {
    let db = cx.find_db(None)?;
    let catalog = &cx.view.catalog;
    let line = |name: &str, sizes: Option<Sizes>| TableDataRow {
        table_name: name.to_owned(),
        size: sizes.map(|s| s.all_copies),
        replica_count: sizes.map(|s| s.replicas),
    };
    let mut total = Sizes::default();
    let mut rows = Vec::new();
    for (name, id) in &db.tables {
        let table = catalog.tables.get(id);
        let sizes = table.map_or_else(Sizes::default, |t| Sizes::of_table(catalog, t));
        total = total + sizes;
        rows.push(line(name, Some(sizes)));
    }
    rows.extend([
        line("Total", Some(total)),
        line("Quota", None),
        line("Left", None),
    ]);
    Ok(Rows::of(rows))
}

fn of_table(cx: Context<'_>, name: &TableName) -> Result<Rows, Failure> {
    let (_, table) = cx.find_table(name)?;
    let sizes = Sizes::of_table(&cx.view.catalog, table);
    let line = |table_name: &str, index_name: &str, rows| IndexDataRow {
        table_name: table_name.to_owned(),
        index_name: index_name.to_owned(),
        size: sizes.all_copies,
        replica_count: sizes.replicas,
        row_count: rows,
    };
    Ok(Rows::of([
        line(&table.name, &table.name, Some(sizes.rows)),
        line("", "Total", None),
    ]))
}

impl fmt::Display for ShowData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(f, "SHOW DATA FROM {table}"),
            None => f.write_str("SHOW DATA"),
        }
    }
}
