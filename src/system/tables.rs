//! The list of system tables: `information_schema` and `sys`.
//!
//! A table is its columns, declared once, and one function from the snapshot to rows.

use std::ops::ControlFlow;

use crate::code::Failure;
use crate::proc::{self, Wanted};
use crate::rows::{Column, Row, Type, Typed};
pub use crate::sql::naming::is_system_database as is_system;
use crate::system::sources::Sources;
use crate::system::{information_schema, sys};

/// MySQL's schema of metadata.
pub const INFORMATION_SCHEMA: &str = "information_schema";
/// The state of the cluster, derived from the PROC tree.
pub const SYS: &str = "sys";

/// Where rows go; [`ControlFlow::Break`] ends the reading.
pub type Sink<'a> = &'a mut dyn FnMut(Row) -> ControlFlow<()>;

/// A system table.
#[derive(Clone, Copy)]
pub struct SystemTable {
    /// Its name, in lower case.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Rows {
        columns: fn() -> Vec<Column>,
        rows: fn(&Sources) -> Vec<Row>,
    },
    Proc(proc::Table),
    Empty(&'static [(&'static str, Type)]),
}

impl SystemTable {
    /// A table of rows of one type.
    pub const fn of<T: Typed>(name: &'static str, rows: fn(&Sources) -> Vec<Row>) -> SystemTable {
        let columns = T::columns;
        SystemTable {
            name,
            kind: Kind::Rows { columns, rows },
        }
    }

    /// A table of `sys`.
    pub const fn proc(table: proc::Table) -> SystemTable {
        SystemTable {
            name: table.name,
            kind: Kind::Proc(table),
        }
    }

    /// A table that never has rows: what it would list does not exist here.
    pub const fn empty(
        name: &'static str,
        columns: &'static [(&'static str, Type)],
    ) -> SystemTable {
        SystemTable {
            name,
            kind: Kind::Empty(columns),
        }
    }

    /// Its header.
    pub fn columns(&self) -> Vec<Column> {
        match self.kind {
            Kind::Rows { columns, .. } => columns(),
            Kind::Proc(table) => table.columns(),
            Kind::Empty(columns) => columns
                .iter()
                .map(|(name, kind)| Column::new(*name, *kind))
                .collect(),
        }
    }

    /// Hands out its rows in this snapshot; `wanted` may spare some that nobody asked for.
    ///
    /// # Errors
    /// What the PROC node behind it says.
    pub fn scan(&self, sources: &Sources, wanted: &Wanted, out: Sink<'_>) -> Result<(), Failure> {
        match self.kind {
            Kind::Rows { rows, .. } => {
                for row in rows(sources) {
                    if out(row).is_break() {
                        break;
                    }
                }
            }
            Kind::Proc(table) => {
                let _ = table.scan(&sources.view, wanted, out);
            }
            Kind::Empty(_) => {}
        }
        Ok(())
    }
}

/// The tables of a system schema, in order of their names; `None` when `db` is none.
pub fn of_schema(db: &str) -> Option<Vec<SystemTable>> {
    let mut tables = if db.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
        information_schema::tables()
    } else if db.eq_ignore_ascii_case(SYS) {
        sys::tables()
    } else {
        return None;
    };
    tables.sort_by_key(|table| table.name);
    Some(tables)
}

/// The system table of that name, in any case.
pub fn find(db: &str, name: &str) -> Option<SystemTable> {
    of_schema(db)?
        .into_iter()
        .find(|table| table.name.eq_ignore_ascii_case(name))
}
