//! A loading transaction, as SHOW PROC '/transactions' shows it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, PartitionId, ReplicaId, TableId, TabletId, TxnId, Version};

/// A loading transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Txn {
    /// Identity; never given twice, not even after a restart.
    pub id: TxnId,
    /// Label, unique in its database while remembered.
    pub label: String,
    /// Database.
    pub db: DbId,
    /// Table.
    pub table: TableId,
    /// Who coordinates.
    pub coordinator: String,
    /// Kind of load.
    pub source: String,
    /// State.
    pub state: TxnState,
    /// Begin.
    pub prepared: Timestamp,
    /// Commit.
    pub committed: Option<Timestamp>,
    /// When the publish was first sent.
    pub published: Option<Timestamp>,
    /// End: visible or aborted.
    pub finished: Option<Timestamp>,
    /// Milliseconds that the load may take before its commit.
    pub timeout_ms: u64,
    /// Why it was aborted, or why its publish waits; empty when all is well.
    pub reason: String,
    /// Versions given at commit.
    pub versions: Vec<(PartitionId, Version)>,
    /// Replicas that missed the load.
    pub failed_replicas: u64,
    /// Rows loaded.
    pub rows: u64,
    /// The backend that coordinates.
    #[serde(default)]
    pub backend: Option<BackendId>,
    /// Set where its commit was left to a second call, once its rows are durable.
    #[serde(default)]
    pub hold: Option<Hold>,
}

/// The waiting of a load for the call that commits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: Timestamp,
    /// Milliseconds after which it is given up.
    pub timeout_ms: u64,
}

impl Txn {
    /// When its time is over: it is aborted if it has not committed, and nobody waits longer for it to be seen.
    pub fn deadline(&self) -> Timestamp {
        match (self.hold, self.committed) {
            (None, _) => self.prepared.plus_ms(self.timeout_ms),
            (Some(hold), None) => hold.since.plus_ms(hold.timeout_ms),
            // Its time for that begins with the second call.
            (Some(_), Some(committed)) => committed.plus_ms(self.timeout_ms),
        }
    }
}

/// What a committed load wrote, for its publish.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Writes {
    /// The tablets that got rows, ascending.
    pub with_rows: Vec<TabletId>,
    /// Replicas of those tablets that did not get the rows, ascending.
    pub missed: Vec<(TabletId, ReplicaId)>,
    /// Replicas from this id on were made after the commit: they have neither rows nor version of it, unless a clone
    /// brings them. `None` in records of a time when replicas were not made later.
    #[serde(default)]
    pub replicas_below: Option<ReplicaId>,
    /// Replicas that hold the load all the same, because they were copied from one that had been told its version already.
    /// Seen in what backends say, not journaled: after a start it is seen again.
    #[serde(skip)]
    pub brought: BTreeSet<(TabletId, ReplicaId)>,
}

impl Writes {
    /// Whether the load wrote rows to a tablet, on whichever replica.
    pub fn has_rows(&self, tablet: TabletId) -> bool {
        self.with_rows.binary_search(&tablet).is_ok()
    }

    /// Whether a replica can be given the load's version: it holds the rows, or the tablet got none.
    pub fn can_publish(&self, tablet: TabletId, replica: ReplicaId) -> bool {
        if self.replicas_below.is_some_and(|below| replica >= below) {
            return false;
        }
        !self.has_rows(tablet) || self.missed.binary_search(&(tablet, replica)).is_err()
    }

    /// Whether the load hinges on a replica: it can be given the version, or has it already by a copy.
    pub fn holds(&self, tablet: TabletId, replica: ReplicaId) -> bool {
        self.brought.contains(&(tablet, replica)) || self.can_publish(tablet, replica)
    }
}

/// State of a load (StarRocks: TransactionStatus).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TxnState {
    /// Rows are being written.
    Prepare,
    /// Rows are durable and journaled; a second call commits it or gives it up.
    Prepared,
    /// A version is given and journaled.
    Committed,
    /// Readers see it.
    Visible,
    /// Given up; nothing of it is visible.
    Aborted,
}

impl TxnState {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            TxnState::Prepare => "PREPARE",
            TxnState::Prepared => "PREPARED",
            TxnState::Committed => "COMMITTED",
            TxnState::Visible => "VISIBLE",
            TxnState::Aborted => "ABORTED",
        }
    }

    /// Whether the load has ended.
    pub fn finished(self) -> bool {
        matches!(self, TxnState::Visible | TxnState::Aborted)
    }
}
