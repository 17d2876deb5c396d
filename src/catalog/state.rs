//! The catalog: everything that exists, in maps that share structure between copies.
//!
//! A clone costs a handful of reference counts, so a reader's snapshot is a clone. Changing it is `apply`'s alone.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::catalog::backend::{Backend, BackendState};
use crate::catalog::check::Check;
use crate::catalog::database::Database;
use crate::catalog::lineage::Lineage;
use crate::catalog::partition::Partition;
use crate::catalog::recovery::Recovery;
use crate::catalog::table::Table;
use crate::catalog::tablets::Tablets;
use crate::catalog::txn::{Txn, Writes};
use crate::catalog::user::User;
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, PartitionId, ReplicaId, TableId, TabletId, TxnId};

/// Everything that exists.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Databases by identity.
    pub databases: OrdMap<DbId, Arc<Database>>,
    /// Their names; compared with case.
    pub database_names: OrdMap<String, DbId>,
    /// Tables by identity.
    pub tables: OrdMap<TableId, Arc<Table>>,
    /// Partitions by identity.
    pub partitions: OrdMap<PartitionId, Arc<Partition>>,
    /// Tablets and replicas.
    pub tablets: Tablets,
    /// Storage nodes.
    pub backends: OrdMap<BackendId, Arc<Backend>>,
    /// What is known of each storage node; observed, not journaled.
    pub backend_states: OrdMap<BackendId, Arc<BackendState>>,
    /// Why backends say that replicas of theirs are bad, or will be when nobody needs them; observed, not journaled.
    pub causes: OrdMap<(BackendId, ReplicaId), Arc<str>>,
    /// Users by name.
    pub users: OrdMap<String, Arc<User>>,
    /// Loads that run, and those that ended and are remembered. Those before their commit are observed, not journaled.
    /// [`Catalog::keep_txn`] is the only way in.
    pub txns: OrdMap<TxnId, Arc<Txn>>,
    /// Those of them that have not ended, by table.
    running: OrdSet<(TableId, TxnId)>,
    /// What committed loads wrote, as long as a replica may still have to publish it.
    pub writes: OrdMap<TxnId, Arc<Writes>>,
    /// The last comparison of replicas' content, of the tablets that were ever compared.
    pub checks: OrdMap<TabletId, Arc<Check>>,
    /// Tablets with replicas that are copies of each other and were not found equal since.
    pub lineages: OrdMap<TabletId, Arc<Lineage>>,
    /// Tablets whose content is to be repaired, since when.
    pub repairs: OrdMap<TabletId, Timestamp>,
    /// The last moment that is in the journal: the time of the cluster goes on from here after a start.
    pub time: Option<Timestamp>,
    /// Settings that were set to stay.
    pub settings: OrdMap<String, String>,
    /// What a take-over has put in doubt.
    pub recovery: Recovery,
    /// Every id ever given out is below this one.
    pub ids_below: u64,
    /// Every transaction id ever given out is below this one.
    pub txns_below: u64,
}

/// The first id that is given out.
pub const FIRST_ID: u64 = 10_001;
/// The first transaction id that is given out.
pub const FIRST_TXN: u64 = 1;
/// The account that every cluster begins with and keeps.
pub const ROOT: &str = "root";

impl Catalog {
    /// The catalog before the first record of a journal.
    pub fn new() -> Catalog {
        Catalog {
            ids_below: FIRST_ID,
            txns_below: FIRST_TXN,
            ..Catalog::default()
        }
    }

    /// The database of that name.
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(self.database_names.get(name)?)
    }

    /// The table of that name in that database.
    pub fn table(&self, db: &str, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(self.database(db)?.tables.get(name)?)
    }

    /// The partitions of a table in range order.
    pub fn partitions_of<'a>(
        &'a self,
        table: &'a Table,
    ) -> impl Iterator<Item = &'a Arc<Partition>> {
        table
            .partitions
            .iter()
            .filter_map(|id| self.partitions.get(id))
    }

    /// Whose word a replica's content is: its own, or that of the one that it was copied from.
    pub fn witness(&self, tablet: TabletId, replica: ReplicaId) -> ReplicaId {
        let lineage = self.lineages.get(&tablet);
        lineage.map_or(replica, |lineage| lineage.witness(replica))
    }

    /// Remembers a load as it is now.
    pub fn keep_txn(&mut self, txn: Txn) {
        let place = (txn.table, txn.id);
        match txn.state.finished() {
            true => drop(self.running.remove(&place)),
            false => drop(self.running.insert(place)),
        }
        self.txns.insert(txn.id, Arc::new(txn));
    }

    /// The loads of a table that are durable and not visible, with what they wrote.
    pub fn durable_on(&self, table: TableId) -> impl Iterator<Item = (&Arc<Txn>, &Arc<Writes>)> {
        let running = self.running.range((table, TxnId(0))..);
        let running = running.take_while(move |(of, _)| *of == table);
        running.filter_map(|(_, txn)| Some((self.txns.get(txn)?, self.writes.get(txn)?)))
    }

    /// The oldest load of a table that has not ended.
    pub fn oldest_load(&self, table: TableId) -> Option<TxnId> {
        let (of, txn) = self.running.range((table, TxnId(0))..).next()?;
        (*of == table).then_some(*txn)
    }

    /// Whether the last heartbeat of a backend arrived in time.
    pub fn alive(&self, id: BackendId) -> bool {
        self.backend_states.get(&id).is_some_and(|s| s.alive)
    }

    /// Whether a backend gave no answer where others did, or none to its last heartbeat.
    pub fn doubted(&self, id: BackendId) -> bool {
        let state = self.backend_states.get(&id);
        state.is_some_and(|s| s.doubted || s.missed > 0)
    }
}
