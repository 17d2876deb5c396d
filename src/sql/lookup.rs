//! From the names that a statement writes to what exists: one wording for "there is no such thing".

use std::sync::Arc;

use crate::catalog::database::Database;
use crate::catalog::partition::Partition;
use crate::catalog::table::Table;
use crate::catalog::tablets::TabletView;
use crate::code::{Code, Coded};
use crate::ids::TabletId;
use crate::sql::cursor::TableName;
use crate::sql::statements::Context;

/// A name that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No database was written, and none is selected.
    #[error("no database selected; say USE db, or write db.table")]
    NoDatabase,
    /// Unknown database.
    #[error("Unknown database '{0}'")]
    Database(String),
    /// Unknown table.
    #[error("Table '{0}.{1}' doesn't exist")]
    Table(String, String),
    /// Unknown partition.
    #[error("partition does not exist: {partition} (table {table})")]
    Partition {
        /// The name.
        partition: String,
        /// The table that was searched.
        table: String,
    },
    /// Unknown tablet.
    #[error("tablet {0} does not exist; SHOW TABLET FROM t lists those of a table")]
    Tablet(u64),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::NoDatabase => Code::NO_DB,
            Error::Database(_) => Code::BAD_DB,
            Error::Table(..) => Code::NO_SUCH_TABLE,
            Error::Partition { .. } => Code::UNKNOWN_PARTITION,
            Error::Tablet(_) => Code::ANALYSIS,
        }
    }
}

impl<'a> Context<'a> {
    /// The database that was written, else the session's.
    pub fn find_db(&self, written: Option<&str>) -> Result<&'a Arc<Database>, Error> {
        let name = written
            .or(self.session.db.as_deref())
            .ok_or(Error::NoDatabase)?;
        let found = self.view.catalog.database(name);
        found.ok_or_else(|| Error::Database(name.to_owned()))
    }

    /// A table and its database.
    pub fn find_table(
        &self,
        name: &TableName,
    ) -> Result<(&'a Arc<Database>, &'a Arc<Table>), Error> {
        let db = self.find_db(name.db.as_deref())?;
        let id = db.tables.get(&name.table);
        let table = id.and_then(|id| self.view.catalog.tables.get(id));
        match table {
            Some(table) => Ok((db, table)),
            None => Err(Error::Table(db.name.clone(), name.table.clone())),
        }
    }

    /// The partitions of `table` with these names, in that order; all in range order when there are no names.
    pub fn find_partitions(
        &self,
        table: &Table,
        names: &[String],
    ) -> Result<Vec<&'a Arc<Partition>>, Error> {
        let catalog = &self.view.catalog;
        let all: Vec<_> = table
            .partitions
            .iter()
            .filter_map(|id| catalog.partitions.get(id))
            .collect();
        if names.is_empty() {
            return Ok(all);
        }
        let find = |name: &String| {
            let found = all.iter().find(|p| p.spec.name.eq_ignore_ascii_case(name));
            found.copied().ok_or_else(|| Error::Partition {
                partition: name.clone(),
                table: table.name.clone(),
            })
        };
        names.iter().map(find).collect()
    }

    /// The tablet with that id.
    pub fn find_tablet(&self, id: u64) -> Result<TabletView<'a>, Error> {
        let found = self.view.catalog.tablets.view(TabletId(id));
        found.ok_or(Error::Tablet(id))
    }
}
