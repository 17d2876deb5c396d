//! CREATE TABLE, DROP TABLE, and the dropping of tablets.

use std::collections::BTreeMap;

use super::make::Goal;
use super::{Answer, CALL_TIMEOUT_MS, Core, Error, Purpose};
use crate::backend::api::DropTablets;
use crate::catalog::change::{Change, NewTable};
use crate::catalog::partition::{Partition, PartitionSpec};
use crate::catalog::table::{Table, TableSpec};
use crate::code::Code;
use crate::ids::{BackendId, IndexId, PartitionId, ReplicaId, TableId, TabletId};
use crate::leader::action::{BackendRequest, Token};
use crate::leader::request::Reply;

/// Tablets of one call.
pub(super) const CALL_TABLETS: usize = 1_000;
/// The placement epoch of every replica: a replica is placed once, and ids only grow, so the id is what fences.
pub(super) const FIRST_EPOCH: u64 = 1;

/// Replicas by backend.
pub(super) type ByBackend = BTreeMap<BackendId, Vec<(TabletId, ReplicaId)>>;

impl Core {
    pub(super) fn create_table(
        &mut self,
        token: Token,
        db: &str,
        name: String,
        if_not_exists: bool,
        spec: TableSpec,
        partitions: Vec<PartitionSpec>,
    ) -> Answer {
        let database = self.known_database(db)?;
        if database.tables.contains_key(&name) {
            return match if_not_exists {
                true => Ok(Some(Reply::noted(&Error::TableExists(name)))),
                false => Err(Error::TableExists(name)),
            };
        }
        let db = database.id;
        let mut changes = Vec::new();
        let first = self.numbers.ids(2, &self.head, &mut changes);
        let partitions = self.new_partitions((None, &spec), &[], partitions, &mut changes)?;
        let table = NewTable {
            id: TableId(first),
            db,
            name,
            index: IndexId(first + 1),
            spec,
            at: self.now,
            partitions,
        };
        self.make(token, Goal::Table(Box::new(table)), changes)
    }

    pub(super) fn drop_table(&mut self, db: &str, name: &str, if_exists: bool) -> Answer {
        let table = match self.known_table(db, name) {
            Ok(table) => table.id,
            // The number of DROP TABLE itself (MySQL).
            Err(missing) if if_exists => {
                let note = Reply::Note(Code::BAD_TABLE.mysql, missing.to_string());
                return Ok(Some(note));
            }
            Err(missing) => return Err(missing),
        };
        let tables = [table];
        let doomed = self.tablets_of_tables(&tables);
        let mut changes = vec![Change::DropTable { id: table }];
        changes.extend(self.end_durable(&tables));
        self.record(changes)?;
        self.dropped_loads(&tables);
        self.drop_tablets(doomed);
        Ok(Some(Reply::Done))
    }

    pub(super) fn known_table(&self, db: &str, name: &str) -> Result<&Table, Error> {
        self.known_database(db)?;
        let unknown = || Error::UnknownTable(format!("{db}.{name}"));
        self.head
            .table(db, name)
            .map(|table| &**table)
            .ok_or_else(unknown)
    }

    /// The partition of that name, in any case.
    pub(super) fn known_partition<'a>(
        &'a self,
        table: &Table,
        name: &str,
    ) -> Result<&'a Partition, Error> {
        let partitions = table.partitions.iter();
        let mut partitions = partitions.filter_map(|id| self.head.partitions.get(id));
        let found = partitions.find(|partition| partition.spec.name.eq_ignore_ascii_case(name));
        found
            .map(|partition| &**partition)
            .ok_or_else(|| Error::UnknownPartition {
                table: table.name.clone(),
                partition: name.to_owned(),
            })
    }

    pub(super) fn tablets_of_tables(&self, tables: &[TableId]) -> ByBackend {
        let tables = tables.iter().filter_map(|id| self.head.tables.get(id));
        let partitions: Vec<PartitionId> = tables
            .flat_map(|table| table.partitions.iter().copied())
            .collect();
        self.tablets_of(&partitions)
    }

    /// The replicas of some partitions.
    pub(super) fn tablets_of(&self, partitions: &[PartitionId]) -> ByBackend {
        let mut found = ByBackend::new();
        for partition in partitions
            .iter()
            .filter_map(|id| self.head.partitions.get(id))
        {
            for tablet in self.head.tablets.of_partition(partition) {
                for replica in tablet.replicas() {
                    found
                        .entry(replica.backend)
                        .or_default()
                        .push((tablet.id(), replica.id));
                }
            }
        }
        found
    }

    /// Has backends drop replicas that are not in the catalog any more. What does not reach them is found by a report.
    pub(super) fn drop_tablets(&mut self, replicas: ByBackend) {
        for (backend, tablets) in replicas {
            self.orders_drop(backend, &tablets);
            for some in tablets.chunks(CALL_TABLETS) {
                let tablets = some
                    .iter()
                    .map(|(tablet, replica)| (*tablet, *replica, FIRST_EPOCH));
                let request = BackendRequest::DropTablets(DropTablets {
                    tablets: tablets.collect(),
                });
                self.call(backend, CALL_TIMEOUT_MS, Purpose::Drop, request);
            }
        }
    }
}
