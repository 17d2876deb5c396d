//! Changes of tables.

use std::sync::Arc;

use super::{Delta, Misfit, Touched};
use crate::catalog::change::NewTable;
use crate::catalog::state::Catalog;
use crate::catalog::table::{Table, TableProperties};
use crate::catalog::txn::{Txn, TxnState, Writes};
use crate::ids::{PartitionId, TableId, TabletId};

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

    /// The loads of which a tablet waits to show something: those that its partition has given versions to which nobody sees
    /// yet, and those that wrote rows to it and wait for the call that commits them. With what they wrote.
    pub fn unseen(&self, id: PartitionId, tablet: TabletId) -> Vec<Arc<Writes>> {
        let Some(partition) = self.partitions.get(&id) else {
            return Vec::new();
        };
        let of_tablet = |(of, writes): (&Arc<Txn>, &Arc<Writes>)| match of.state {
            TxnState::Committed => of.versions.iter().any(|(partition, _)| *partition == id),
            TxnState::Prepared => writes.has_rows(tablet),
            _ => false,
        };
        let durable = self.durable_on(partition.table);
        let unseen = durable.filter(|of| of_tablet(*of));
        unseen.map(|(_, writes)| writes.clone()).collect()
    }
}
