//! What is seen and not decided: the state of backends, what they report of replicas, loads before their commit.
//!
//! None of it is journaled; after a start it is seen again. Everything that is wanted goes through `apply`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::backend::BackendState;
use crate::catalog::state::Catalog;
use crate::catalog::tablets::Reported;
use crate::catalog::txn::{Txn, TxnState, Writes};
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId, TxnId};

impl Catalog {
    /// Alters what is known of a backend.
    pub fn observe_backend(&mut self, id: BackendId, alter: impl FnOnce(&mut BackendState)) {
        if !self.backends.contains_key(&id) {
            return;
        }
        let state = self.backend_states.entry(id).or_default();
        alter(Arc::make_mut(state));
    }

    /// Takes in what a backend says of its replica of a tablet. Says whether the tablet's health may have changed;
    /// `None` when the catalog knows of no such replica.
    pub fn observe_replica(
        &mut self,
        tablet: TabletId,
        backend: BackendId,
        of: &Reported,
        at: Timestamp,
    ) -> Option<bool> {
        self.tablets.report(tablet, backend, of, at)
    }

    /// A backend does not have its replica of a tablet, or has it again. Says whether that is news.
    pub fn observe_loss(&mut self, tablet: TabletId, backend: BackendId, lost: bool) -> bool {
        self.tablets.set_bad(tablet, backend, lost)
    }

    /// Why a backend says that its replica is bad; `None` where it does not say so.
    pub fn observe_cause(&mut self, backend: BackendId, replica: ReplicaId, why: Option<&str>) {
        let key = (backend, replica);
        match (self.causes.get(&key), why) {
            (Some(known), Some(why)) if **known == *why => {}
            (_, Some(why)) => drop(self.causes.insert(key, why.into())),
            (Some(_), None) => drop(self.causes.remove(&key)),
            (None, None) => {}
        }
    }

    /// A backend has told of all its replicas: nothing is the matter with others than these.
    pub fn keep_causes(&mut self, backend: BackendId, told: &BTreeSet<ReplicaId>) {
        let all = (backend, ReplicaId(0))..=(backend, ReplicaId(u64::MAX));
        let known = self.causes.range(all).map(|(key, _)| *key);
        let over: Vec<_> = known.filter(|(_, of)| !told.contains(of)).collect();
        for key in over {
            self.causes.remove(&key);
        }
    }

    /// A load has begun, or is publishing.
    pub fn observe_txn(&mut self, txn: Txn) {
        let known = self.txns.get(&txn.id).map(|known| known.state);
        assert!(!txn.state.finished(), "the end of a load is journaled");
        assert!(
            known == Some(txn.state) || (known.is_none() && txn.state == TxnState::Prepare),
            "transaction {} changes its state only by a journaled change",
            txn.id
        );
        self.keep_txn(txn);
    }

    /// A replica holds a load though nobody wrote it there, or does not hold it any more: that is how far its backend says
    /// that it reaches.
    pub fn observe_brought(&mut self, id: TxnId, tablet: TabletId, replica: ReplicaId, held: bool) {
        let Some(writes) = self.writes.get(&id) else {
            return;
        };
        let known = writes.brought.contains(&(tablet, replica));
        match held {
            true if !writes.holds(tablet, replica) => {}
            false if known => {}
            _ => return,
        }
        let mut writes = Writes::clone(writes);
        match held {
            true => writes.brought.insert((tablet, replica)),
            false => writes.brought.remove(&(tablet, replica)),
        };
        self.writes.insert(id, Arc::new(writes));
    }

    /// No replica has anything left to publish of an ended load.
    pub fn forget_writes(&mut self, id: TxnId) {
        if self.txns.get(&id).is_none_or(|txn| txn.state.finished()) {
            self.writes.remove(&id);
        }
    }
}
