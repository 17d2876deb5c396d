//! CREATE DATABASE and DROP DATABASE.

use super::{Answer, Core, Error};
use crate::catalog::change::Change;
use crate::catalog::database::Database;
use crate::ids::{DbId, TableId};
use crate::leader::request::Reply;

impl Core {
    pub(super) fn create_database(&mut self, name: String, if_not_exists: bool) -> Answer {
        if self.head.database(&name).is_some() {
            return match if_not_exists {
                true => Ok(Some(Reply::noted(&Error::DatabaseExists(name)))),
                false => Err(Error::DatabaseExists(name)),
            };
        }
        let mut changes = Vec::new();
        let id = DbId(self.numbers.ids(1, &self.head, &mut changes));
        changes.push(Change::CreateDatabase {
            id,
            name,
            at: self.now,
        });
        self.record(changes)?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn drop_database(&mut self, name: &str, if_exists: bool, force: bool) -> Answer {
        let Some(database) = self.head.database(name).cloned() else {
            let missing = Error::DropUnknownDatabase(name.to_owned());
            return match if_exists {
                true => Ok(Some(Reply::noted(&missing))),
                false => Err(missing),
            };
        };
        let tables: Vec<TableId> = database.tables.values().copied().collect();
        if !force && let Some(txn) = tables.iter().find_map(|id| self.waiting_on(*id)) {
            let db = name.to_owned();
            return Err(Error::DatabaseBusy { db, txn });
        }
        let doomed = self.tablets_of_tables(&tables);
        let mut changes = vec![Change::DropDatabase { id: database.id }];
        changes.extend(self.end_durable(&tables));
        self.record(changes)?;
        self.dropped_loads(&tables);
        self.loads.forget_database(database.id);
        self.drop_tablets(doomed);
        Ok(Some(Reply::Done))
    }

    pub(super) fn known_database(&self, name: &str) -> Result<&Database, Error> {
        let unknown = || Error::UnknownDatabase(name.to_owned());
        self.head.database(name).map(|db| &**db).ok_or_else(unknown)
    }
}
