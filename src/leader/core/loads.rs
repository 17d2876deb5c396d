//! Loads: begun, committed when enough replicas hold the rows, published in the order of versions, visible.
//!
//! A load before its commit lives in memory only: a restart ends it. From its commit on it is in the journal and becomes
//! visible whatever happens. Between them is a load whose commit is a call of its own (`hold`): it is in the journal, and
//! becomes visible if that call comes. Each file below does one step.

mod begin;
mod brought;
mod catch_up;
mod commit;
mod end;
mod hold;
mod publish;
mod publishing;

use std::collections::{BTreeMap, BTreeSet};

use self::publishing::Publishing;
use crate::backend::api::Process;
use crate::catalog::state::Catalog;
use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, PartitionId, ReplicaId, TxnId, Version};
use crate::leader::action::Token;

/// The loads that run, and what finds those that have ended.
#[derive(Debug, Default)]
pub(super) struct Loads {
    running: BTreeMap<TxnId, Load>,
    /// The last load of each label.
    labels: BTreeMap<(DbId, String), TxnId>,
    /// Loads that have ended, by when.
    ended: BTreeSet<(Timestamp, TxnId)>,
    /// Which load has which version: those that are committed, and those that a replica may still catch up with.
    versions: BTreeMap<(PartitionId, Version), TxnId>,
    /// When to look next for ended loads that nobody needs any more.
    sweep_at: Timestamp,
}

/// A load that runs.
#[derive(Debug)]
struct Load {
    /// Backends that may hold rows of it.
    backends: BTreeSet<BackendId>,
    /// Replicas from this id on were made after it began, so it wrote nothing to them.
    replicas_below: ReplicaId,
    /// The backend's process that coordinates it; none where it is this frontend's.
    process: Option<Process>,
    /// When its time is over: aborted before its commit; afterwards the coordinator is told "committed".
    deadline: Timestamp,
    /// Who waits for it to become visible.
    waiting: Vec<Token>,
    /// It is durable, and waits for the call that commits it.
    held: bool,
    /// Set at its commit.
    publishing: Option<Publishing>,
}

impl Loads {
    /// Goes on with the loads that `catalog` holds.
    pub(super) fn recover(catalog: &Catalog) -> Loads {
        let mut loads = Loads::default();
        for txn in catalog.txns.values() {
            loads.labels.insert((txn.db, txn.label.clone()), txn.id);
            match txn.state {
                TxnState::Visible | TxnState::Aborted => {
                    let owed = catalog.writes.contains_key(&txn.id);
                    if owed {
                        loads.note_versions(txn);
                    }
                    loads.note_end(txn, owed);
                }
                TxnState::Prepared | TxnState::Committed => {
                    loads.running.insert(
                        txn.id,
                        Load {
                            backends: BTreeSet::new(),
                            replicas_below: ReplicaId::default(),
                            process: None,
                            deadline: txn.deadline(),
                            waiting: Vec::new(),
                            held: txn.state == TxnState::Prepared,
                            publishing: None,
                        },
                    );
                    if txn.state == TxnState::Committed {
                        loads.note_commit(txn);
                    }
                }
                TxnState::Prepare => {}
            }
        }
        loads
    }

    /// Replicas from this id on were made after a load began.
    fn began_below(&self, txn: TxnId) -> ReplicaId {
        let load = self.running.get(&txn);
        load.map_or(ReplicaId::default(), |load| load.replicas_below)
    }

    /// The load that has a label, if one is remembered.
    fn labelled(&self, db: DbId, label: &str) -> Option<TxnId> {
        self.labels.get(&(db, label.to_owned())).copied()
    }

    /// Whether there are labels of loads that have ended, or loads that wait for the call that commits them.
    pub(super) fn any_ages(&self) -> bool {
        !self.ended.is_empty() || self.running.values().any(|load| load.held)
    }

    /// A load waits for the call that commits it; nobody coordinates it any more.
    fn note_hold(&mut self, txn: &Txn) {
        if let Some(load) = self.running.get_mut(&txn.id) {
            load.held = true;
            load.process = None;
            load.deadline = txn.deadline();
        }
    }

    fn note_commit(&mut self, txn: &Txn) {
        self.note_versions(txn);
        if let Some(load) = self.running.get_mut(&txn.id) {
            load.held = false;
            load.deadline = txn.deadline();
            load.publishing = Some(Publishing::default());
        }
    }

    fn note_versions(&mut self, txn: &Txn) {
        for (partition, version) in &txn.versions {
            let other = self.versions.insert((*partition, *version), txn.id);
            assert!(
                other.is_none(),
                "partition {partition} gave version {version} twice"
            );
        }
    }

    /// A load has ended; `owed` says that a replica may still catch up with it.
    fn note_end(&mut self, txn: &Txn, owed: bool) {
        self.running.remove(&txn.id);
        if !owed {
            self.forget_versions(txn);
        }
        self.ended
            .insert((txn.finished.unwrap_or(txn.prepared), txn.id));
    }

    fn forget_versions(&mut self, txn: &Txn) {
        for of in &txn.versions {
            self.versions.remove(of);
        }
    }

    /// A database is gone with its labels.
    pub(super) fn forget_database(&mut self, db: DbId) {
        self.labels.retain(|(of, _), _| *of != db);
    }
}
