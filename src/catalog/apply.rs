//! The only way to alter a catalog: `apply(Change)`, at once when a decision is made, and again when a journal is read.
//!
//! Every precondition is checked again, before anything is altered: a change that does not fit leaves the catalog as it
//! was. Each file below does the changes of one noun.

mod databases;
mod loads;
mod nodes;
mod partitions;
mod recovery;
mod replicas;
mod tables;

use crate::catalog::change::Change;
use crate::catalog::state::Catalog;
use crate::catalog::tablets::Mark;
use crate::ids::{DbId, PartitionId, TabletId, TxnId};

/// Why a change does not fit the catalog. When a journal is read, this means that it is damaged or not ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Something that the change speaks of does not exist.
    #[error("there is no {0} {1}")]
    Missing(&'static str, String),
    /// Something that the change makes exists already.
    #[error("{0} {1} exists already")]
    Exists(&'static str, String),
    /// An id that was not reserved.
    #[error("id {0} is not reserved")]
    Unreserved(u64),
    /// A version that does not follow the one before it.
    #[error("partition {partition} is at version {at}, so {version} can't follow")]
    Version {
        /// The partition.
        partition: PartitionId,
        /// Where it is.
        at: i64,
        /// What was to follow.
        version: i64,
    },
    /// A load that is not in the state that the change takes it from.
    #[error("transaction {0} is not in the state for this")]
    TxnState(TxnId),
    /// Something else that can't be.
    #[error("{0}")]
    Other(&'static str),
}

/// What a change touched, for those who count and watch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// How numbers of databases moved.
    pub counts: Vec<(DbId, Delta)>,
    /// Databases that are gone, with their numbers.
    pub databases_gone: Vec<DbId>,
    /// Tablets whose health may have changed.
    pub tablets: Vec<TabletId>,
    /// Tablets that are gone.
    pub gone: Vec<(DbId, TabletId)>,
    /// Backends came or went, so the health of any tablet may have changed.
    pub backends: bool,
}

/// How the numbers of a database moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    /// Tables.
    pub tables: i64,
    /// Partitions.
    pub partitions: i64,
    /// Tablets.
    pub tablets: i64,
    /// Replicas.
    pub replicas: i64,
}

impl Catalog {
    /// Alters the catalog by one change, or refuses and leaves it as it is.
    pub fn apply(&mut self, change: &Change) -> Result<Touched, Misfit> {
        let mut touched = Touched::default();
        self.dispatch(change, &mut touched)?;
        self.time = self.time.max(change.at());
        Ok(touched)
    }

    fn dispatch(&mut self, change: &Change, touched: &mut Touched) -> Result<(), Misfit> {
        match change {
            Change::ReserveIds { below } => self.reserve_ids(*below),
            Change::ReserveTxns { below } => self.reserve_txns(*below),
            Change::CreateDatabase { id, name, at } => self.create_database(*id, name, *at),
            Change::DropDatabase { id } => self.drop_database(*id, touched),
            Change::CreateTable(table) => self.create_table(table, touched),
            Change::DropTable { id } => self.drop_table(*id, touched),
            Change::AddPartitions {
                table,
                partitions,
                at,
            } => self.add_partitions(*table, partitions, *at, touched),
            Change::DropPartition { id } => self.drop_partition(*id, touched),
            Change::ReplacePartitions {
                table,
                old,
                new,
                at,
            } => self.replace_partitions(*table, old, new, *at, touched),
            Change::SetTableProperties { table, properties } => {
                self.set_table_properties(*table, properties)
            }
            Change::SetPartition {
                partition,
                replication_num,
                medium,
            } => self.set_partition(*partition, *replication_num, *medium, touched),
            Change::AddBackend { id, host, port } => self.add_backend(*id, host, *port, touched),
            Change::IdentifyBackend { id, node } => self.identify_backend(*id, *node),
            Change::MoveBackend { id, host, port } => self.move_backend(*id, host, *port, touched),
            Change::DropBackend { id } => self.drop_backend(*id, touched),
            Change::DecommissionBackend { id, on } => self.decommission_backend(*id, *on, touched),
            Change::AddReplica { .. }
            | Change::FinishClone { .. }
            | Change::RetireReplica { .. }
            | Change::RemoveReplica { .. }
            | Change::AdoptReplica { .. }
            | Change::SetReplicaBad { .. }
            | Change::Copied { .. } => self.dispatch_replica(change, touched),
            Change::Checked { tablets } => {
                self.checked(tablets, touched);
                Ok(())
            }
            Change::QueueRepairs { tablets, on, at } => {
                self.queue_repairs(tablets, *on, *at);
                Ok(())
            }
            Change::SetConfig { key, value } => {
                self.settings.insert(key.clone(), value.clone());
                Ok(())
            }
            Change::CreateUser { user } => self.create_user(user),
            Change::SetPassword { name, password } => self.set_password(name, password),
            Change::DropUser { name } => self.drop_user(name),
            Change::Prepare(prepared) => self.prepare(prepared),
            Change::Commit(committed) => self.commit(committed),
            Change::Visible {
                txn,
                at,
                published,
                missed,
            } => self.make_visible(*txn, (*at, *published), missed, touched),
            Change::Aborted(txn) => self.abort(txn),
            Change::TimePassed { .. } => Ok(()),
            Change::ForgetTxns { txns } => self.forget_txns(txns),
            Change::Recovery(change) => self.change_recovery(change, touched),
        }
    }

    /// Changes of single replicas.
    fn dispatch_replica(&mut self, change: &Change, touched: &mut Touched) -> Result<(), Misfit> {
        match change {
            Change::AddReplica {
                tablet,
                replica,
                backend,
                at,
            } => self.add_replica(*tablet, *replica, *backend, *at, touched),
            Change::FinishClone {
                tablet,
                replica,
                version,
                renewed,
                at,
            } => self.finish_clone((*tablet, *replica), (*version, *renewed), *at, touched),
            Change::RetireReplica {
                tablet,
                replica,
                on,
            } => self.mark_replica(*tablet, *replica, (Mark::Decommission, *on), touched),
            Change::RemoveReplica { tablet, replica } => {
                self.remove_replica(*tablet, *replica, touched)
            }
            Change::AdoptReplica {
                tablet,
                replica,
                backend,
            } => self.adopt_replica(*tablet, *replica, *backend, touched),
            Change::SetReplicaBad {
                tablet,
                replica,
                bad,
            } => self.mark_replica(*tablet, *replica, (Mark::BadByOrder, *bad), touched),
            Change::Copied {
                tablet,
                replica,
                source,
            } => self.copied(*tablet, *replica, *source),
            // By name, so that the compiler asks where a new one belongs.
            Change::ReserveIds { .. }
            | Change::ReserveTxns { .. }
            | Change::CreateDatabase { .. }
            | Change::DropDatabase { .. }
            | Change::CreateTable(_)
            | Change::DropTable { .. }
            | Change::AddPartitions { .. }
            | Change::DropPartition { .. }
            | Change::ReplacePartitions { .. }
            | Change::SetTableProperties { .. }
            | Change::SetPartition { .. }
            | Change::AddBackend { .. }
            | Change::IdentifyBackend { .. }
            | Change::MoveBackend { .. }
            | Change::DropBackend { .. }
            | Change::DecommissionBackend { .. }
            | Change::Checked { .. }
            | Change::QueueRepairs { .. }
            | Change::SetConfig { .. }
            | Change::CreateUser { .. }
            | Change::SetPassword { .. }
            | Change::DropUser { .. }
            | Change::Prepare(_)
            | Change::Commit(_)
            | Change::Visible { .. }
            | Change::Aborted(_)
            | Change::TimePassed { .. }
            | Change::Recovery(_)
            | Change::ForgetTxns { .. } => Err(Misfit::Other("this is no change of a replica")),
        }
    }

    fn reserve_ids(&mut self, below: u64) -> Result<(), Misfit> {
        self.ids_below = self.ids_below.max(below);
        Ok(())
    }

    fn reserve_txns(&mut self, below: u64) -> Result<(), Misfit> {
        self.txns_below = self.txns_below.max(below);
        Ok(())
    }

    /// Refuses an id that a crash could give out again.
    fn reserved(&self, id: u64) -> Result<(), Misfit> {
        match id < self.ids_below {
            true => Ok(()),
            false => Err(Misfit::Unreserved(id)),
        }
    }
}

impl Touched {
    fn count(&mut self, db: DbId, delta: Delta) {
        self.counts.push((db, delta));
    }
}

#[cfg(test)]
mod tests;
