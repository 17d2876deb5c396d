//! Where in the tree a row is asked for: what the varying parts of a path stand for, looked up in the view.
//!
//! Owns the texts of the errors about names and ids that do not exist. An id goes before a name, as in StarRocks.

use std::sync::Arc;

use crate::catalog::backend::Backend;
use crate::catalog::database::Database;
use crate::catalog::partition::Partition;
use crate::catalog::table::{Medium, Table};
use crate::catalog::tablets::TabletRef;
use crate::catalog::txn::Txn;
use crate::ids::{BackendId, DbId, IndexId, PartitionId, TableId, TabletId, TxnId};
use crate::proc::path::{Error, Path};
use crate::view::View;

/// A place: a pattern with its varying parts filled in.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The snapshot.
    pub view: &'a View,
    path: Path,
    params: Vec<(&'static str, String)>,
}

impl<'a> Place<'a> {
    /// The place that `path` leads to.
    pub fn new(view: &'a View, path: Path, params: Vec<(&'static str, String)>) -> Place<'a> {
        Place { view, path, params }
    }

    /// What stands for `name`; empty when the pattern has no such part.
    pub fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(n, _)| *n == name)
            .map_or("", |(_, text)| text)
    }

    /// An error about this path.
    pub fn error(&self, message: impl Into<String>) -> Error {
        self.path.error(message)
    }

    /// `{db}`: a database by id or name.
    pub fn db(&self) -> Result<&'a Arc<Database>, Error> {
        let text = self.param("db");
        let catalog = &self.view.catalog;
        let by_id = text
            .parse()
            .ok()
            .and_then(|id| catalog.databases.get(&DbId(id)));
        by_id
            .or_else(|| catalog.database(text))
            .ok_or_else(|| self.error(format!("Unknown database id or name \"{text}\"")))
    }

    /// `{table}` of `{db}`: a table by id or name.
    pub fn table(&self) -> Result<&'a Arc<Table>, Error> {
        let db = self.db()?;
        let text = self.param("table");
        let tables = &self.view.catalog.tables;
        let by_id = text
            .parse()
            .ok()
            .and_then(|id| tables.get(&TableId(id)))
            .filter(|table| table.db == db.id);
        by_id
            .or_else(|| tables.get(db.tables.get(text)?))
            .ok_or_else(|| self.error(format!("unknown table id or name \"{text}\"")))
    }

    /// `{partition}` of `{table}`: a partition by id or name.
    pub fn partition(&self) -> Result<&'a Arc<Partition>, Error> {
        let table = self.table()?;
        let text = self.param("partition");
        let partitions = &self.view.catalog.partitions;
        let by_id = text
            .parse()
            .ok()
            .and_then(|id| partitions.get(&PartitionId(id)))
            .filter(|partition| partition.table == table.id);
        by_id
            .or_else(|| {
                self.view
                    .catalog
                    .partitions_of(table)
                    .find(|p| p.spec.name.eq_ignore_ascii_case(text))
            })
            .ok_or_else(|| self.error(format!("unknown partition id or name \"{text}\"")))
    }

    /// `{index}` of `{table}`: the base index by id or name.
    pub fn index(&self) -> Result<IndexId, Error> {
        let table = self.table()?;
        let text = self.param("index");
        if text == table.name || text.parse() == Ok(table.index) {
            Ok(table.index)
        } else {
            Err(self.error(format!("unknown index id or name \"{text}\"")))
        }
    }

    /// `{tablet}` of `{partition}` and `{index}`.
    pub fn tablet(&self) -> Result<TabletRef, Error> {
        let partition = self.partition()?;
        self.index()?;
        let id = self.tablet_id()?;
        self.view
            .catalog
            .tablets
            .get(id)
            .filter(|tablet| tablet.partition == partition.id)
            .ok_or_else(|| self.error(format!("Tablet[{id}] does not exist")))
    }

    /// The id that stands for `{tablet}`, whether there is such a tablet or not.
    pub fn tablet_id(&self) -> Result<TabletId, Error> {
        let text = self.param("tablet");
        text.parse()
            .map_err(|_| self.error(format!("Invalid tablet id format: {text}")))
    }

    /// `{medium}`: `HDD` or `SSD`, in any case.
    pub fn medium(&self) -> Result<Medium, Error> {
        let text = self.param("medium");
        Medium::parse(text).ok_or_else(|| self.error(format!("no such storage medium: {text}")))
    }

    /// `{backend}`: a storage node by id.
    pub fn backend(&self) -> Result<&'a Arc<Backend>, Error> {
        let text = self.param("backend");
        let id: BackendId = text
            .parse()
            .map_err(|_| self.error(format!("Invalid backend id format: {text}")))?;
        self.view
            .catalog
            .backends
            .get(&id)
            .ok_or_else(|| self.error(format!("Backend[{id}] does not exist.")))
    }

    /// `{state}` of loads: whether those that have ended are asked for.
    pub fn finished(&self) -> Result<bool, Error> {
        match self.param("state") {
            "running" => Ok(false),
            "finished" => Ok(true),
            _ => Err(self.error("State is invalid")),
        }
    }

    /// `{txn}` of `{db}` and `{state}`.
    pub fn txn(&self) -> Result<&'a Arc<Txn>, Error> {
        let db = self.db()?;
        let finished = self.finished()?;
        let text = self.param("txn");
        let id: TxnId = text
            .parse()
            .map_err(|_| self.error(format!("Invalid transaction id format: {text}")))?;
        self.view
            .catalog
            .txns
            .get(&id)
            .filter(|txn| txn.db == db.id && txn.state.finished() == finished)
            .ok_or_else(|| self.error(format!("Transaction[{id}] does not exist")))
    }
}
