//! Changes of tables.

use std::sync::Arc;

use super::{Delta, Misfit, Touched};
use crate::catalog::change::NewTable;
use crate::catalog::state::Catalog;
use crate::catalog::table::{Table, TableProperties};
use crate::catalog::txn::{TxnState, Writes};
use crate::ids::{PartitionId, TableId, TxnId};

impl Catalog {
    pub(super) fn create_table(
        &mut self,
        new: &NewTable,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        self.reserved(new.id.0)?;
        self.reserved(new.index.0)?;
        let database = self.known_database(new.db)?;
        if database.tables.contains_key(&new.name) {
            return Err(Misfit::Exists("table", new.name.clone()));
        }
        if self.tables.contains_key(&new.id) {
            return Err(Misfit::Exists("table", new.id.to_string()));
        }
        self.partitions_fit(&[], &new.partitions)?;
        let table = Table {
            id: new.id,
            db: new.db,
            name: new.name.clone(),
            index: new.index,
            spec: new.spec.clone(),
            created: new.at,
            partitions: new
                .partitions
                .iter()
                .map(|partition| partition.id)
                .collect(),
        };
        self.tables.insert(new.id, Arc::new(table));
        self.with_database(new.db, |db| {
            db.tables.insert(new.name.clone(), new.id);
        });
        touched.count(
            new.db,
            Delta {
                tables: 1,
                ..Delta::default()
            },
        );
        for partition in &new.partitions {
            self.put_partition(new.db, new.id, partition, new.at, touched);
        }
        Ok(())
    }

    pub(super) fn drop_table(&mut self, id: TableId, touched: &mut Touched) -> Result<(), Misfit> {
        let table = self.known_table(id)?.clone();
        for partition in &table.partitions {
            self.remove_partition(table.db, *partition, touched);
        }
        self.tables.remove(&id);
        self.with_database(table.db, |db| {
            db.tables.remove(&table.name);
        });
        touched.count(
            table.db,
            Delta {
                tables: -1,
                ..Delta::default()
            },
        );
        Ok(())
    }

    pub(super) fn set_table_properties(
        &mut self,
        id: TableId,
        properties: &TableProperties,
    ) -> Result<(), Misfit> {
        self.known_table(id)?;
        self.with_table(id, |table| table.spec.properties = properties.clone());
        Ok(())
    }

    pub(super) fn known_table(&self, id: TableId) -> Result<&Arc<Table>, Misfit> {
        self.tables
            .get(&id)
            .ok_or_else(|| Misfit::Missing("table", id.to_string()))
    }

    pub(super) fn with_table(&mut self, id: TableId, alter: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.get_mut(&id) {
            alter(Arc::make_mut(table));
        }
    }

    /// The loads that a partition has given versions to which nobody sees yet, with what they wrote.
    pub fn unseen(&self, id: PartitionId) -> Vec<Arc<Writes>> {
        let known = self.partitions.get(&id);
        if known.is_none_or(|of| of.next_version == of.visible_version + 1) {
            return Vec::new();
        }
        let unseen = self.writes.iter().filter(|(txn, _)| {
            self.txns.get(*txn).is_some_and(|txn| {
                let here = txn.versions.iter().any(|(of, _)| *of == id);
                here && txn.state == TxnState::Committed
            })
        });
        unseen.map(|(_, writes)| writes.clone()).collect()
    }

    /// The loads of a table that are committed and not visible, with what they wrote.
    pub fn committed_on(&self, table: TableId) -> Vec<(TxnId, Arc<Writes>)> {
        let waiting = self.writes.iter().filter(|(txn, _)| {
            let txn = self.txns.get(*txn);
            txn.is_some_and(|txn| txn.table == table && txn.state == TxnState::Committed)
        });
        waiting
            .map(|(txn, writes)| (*txn, writes.clone()))
            .collect()
    }
}
