//! Changes of databases.

use std::sync::Arc;

use super::{Misfit, Touched};
use crate::catalog::database::Database;
use crate::catalog::state::Catalog;
use crate::clock::Timestamp;
use crate::ids::{DbId, TableId};

impl Catalog {
    pub(super) fn create_database(
        &mut self,
        id: DbId,
        name: &str,
        at: Timestamp,
    ) -> Result<(), Misfit> {
        self.reserved(id.0)?;
        if self.database_names.contains_key(name) {
            return Err(Misfit::Exists("database", name.to_owned()));
        }
        if self.databases.contains_key(&id) {
            return Err(Misfit::Exists("database", id.to_string()));
        }
        let database = Database {
            id,
            name: name.to_owned(),
            created: at,
            tables: Default::default(),
        };
        self.database_names.insert(name.to_owned(), id);
        self.databases.insert(id, Arc::new(database));
        Ok(())
    }

    pub(super) fn drop_database(&mut self, id: DbId, touched: &mut Touched) -> Result<(), Misfit> {
        let database = self.known_database(id)?.clone();
        let tables: Vec<TableId> = database.tables.values().copied().collect();
        for table in tables {
            self.drop_table(table, touched)?;
        }
        self.database_names.remove(&database.name);
        self.databases.remove(&id);
        touched.databases_gone.push(id);
        Ok(())
    }

    pub(super) fn known_database(&self, id: DbId) -> Result<&Arc<Database>, Misfit> {
        self.databases
            .get(&id)
            .ok_or_else(|| Misfit::Missing("database", id.to_string()))
    }

    /// Alters a database that exists; snapshots keep what they have.
    pub(super) fn with_database(&mut self, id: DbId, alter: impl FnOnce(&mut Database)) {
        if let Some(database) = self.databases.get_mut(&id) {
            alter(Arc::make_mut(database));
        }
    }
}
