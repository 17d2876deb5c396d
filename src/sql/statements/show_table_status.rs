//! `SHOW TABLE STATUS [FROM db] [LIKE ..] [WHERE ..]`.

use std::fmt;

use crate::catalog::state::Catalog;
use crate::catalog::table::Table;
use crate::clock::Timestamp;
use crate::code::Failure;
use crate::proc::sizes::Sizes;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming::is_system_database;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW TABLE STATUS [FROM db] [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowTableStatus {
    /// Database; `None` is the session's.
    pub db: Option<String>,
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowTableStatus {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "TABLE", "STATUS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_table_status.ebnf");
    const HELP: &'static str = "Shows rows, bytes and times of the tables of a database.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "TABLE", "STATUS"])?;
        let db = match c.eat(&["FROM"]) || c.eat(&["IN"]) {
            true => Some(c.ident()?),
            false => None,
        };
        Ok(ShowTableStatus {
            db,
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(StatusRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.db(self.db.as_deref())?;
        if is_system_database(db) {
            return Ok(Outcome::Rows(self.tail.apply(Rows {
                columns: StatusRow::columns(),
                rows: vec![],
            })?));
        }
        let catalog = &cx.view.catalog;
        let ids = cx.find_db(Some(db))?.tables.iter();
        let liked = ids.filter(|(name, _)| self.tail.likes(name));
        let tables = liked.filter_map(|(_, id)| catalog.tables.get(id));
        let rows = Rows::of(tables.map(|table| status(catalog, table)));
        Ok(Outcome::Rows(self.tail.filter_and_sort(rows)?))
    }
}

impl fmt::Display for ShowTableStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW TABLE STATUS")?;
        if let Some(db) = &self.db {
            write!(f, " FROM {}", quoted_name(db))?;
        }
        write!(f, "{}", self.tail)
    }
}

row! {
    /// One table, in MySQL's columns.
    struct StatusRow {
        /// Name.
        name: String => "Name" Text,
        /// Always OLAP.
        engine: &'static str => "Engine" Text,
        /// Unknown.
        version: Option<i64> => "Version" Int,
        /// Unknown.
        row_format: Option<&'static str> => "Row_format" Text,
        /// Rows that readers see, as last reported.
        rows: u64 => "Rows" Int,
        /// Bytes of one row on average.
        avg_row_length: u64 => "Avg_row_length" Int,
        /// Bytes of one copy of each tablet.
        data_length: u64 => "Data_length" Int,
        /// Unknown.
        max_data_length: Option<i64> => "Max_data_length" Int,
        /// Unknown.
        index_length: Option<i64> => "Index_length" Int,
        /// Unknown.
        data_free: Option<i64> => "Data_free" Int,
        /// There is none.
        auto_increment: Option<i64> => "Auto_increment" Int,
        /// When it was created.
        create_time: Timestamp => "Create_time" Time,
        /// When its newest load became visible.
        update_time: Option<Timestamp> => "Update_time" Time,
        /// Unknown.
        check_time: Option<Timestamp> => "Check_time" Time,
        /// Collation of its texts.
        collation: &'static str => "Collation" Text,
        /// Unknown.
        checksum: Option<i64> => "Checksum" Int,
        /// Empty.
        create_options: &'static str => "Create_options" Text,
        /// COMMENT.
        comment: String => "Comment" Text,
    }
}

fn status(catalog: &Catalog, table: &Table) -> StatusRow {
    let sizes = Sizes::of_table(catalog, table);
    StatusRow {
        name: table.name.clone(),
        engine: "OLAP",
        version: None,
        row_format: None,
        rows: sizes.rows,
        avg_row_length: sizes.one_copy.checked_div(sizes.rows).unwrap_or(0),
        data_length: sizes.one_copy,
        max_data_length: None,
        index_length: Some(0),
        data_free: None,
        auto_increment: None,
        create_time: table.created,
        update_time: catalog.partitions_of(table).map(|p| p.visible_time).max(),
        check_time: None,
        collation: "utf8mb4_0900_ai_ci",
        checksum: None,
        create_options: "",
        comment: table.spec.comment.clone(),
    }
}
