//! Changes of loads: a version at commit, seen by readers when visible.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Misfit, Touched};
use crate::catalog::change::Committed;
use crate::catalog::state::Catalog;
use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId, TxnId};

impl Catalog {
    pub(super) fn prepare(&mut self, prepared: &Committed) -> Result<(), Misfit> {
        let Committed { txn, writes } = prepared;
        self.txn_reserved(txn.id)?;
        let running = |known: &Arc<Txn>| known.state == TxnState::Prepare;
        let fits = txn.state == TxnState::Prepared && txn.hold.is_some() && txn.versions.is_empty();
        if !fits || !self.txns.get(&txn.id).is_none_or(running) {
            return Err(Misfit::TxnState(txn.id));
        }
        self.keep_txn(txn.clone());
        self.writes.insert(txn.id, Arc::new(writes.clone()));
        Ok(())
    }

    pub(super) fn commit(&mut self, committed: &Committed) -> Result<(), Misfit> {
        let Committed { txn, writes } = committed;
        self.txn_reserved(txn.id)?;
        let running =
            |known: &Arc<Txn>| matches!(known.state, TxnState::Prepare | TxnState::Prepared);
        if txn.state != TxnState::Committed || !self.txns.get(&txn.id).is_none_or(running) {
            return Err(Misfit::TxnState(txn.id));
        }
        for (id, version) in &txn.versions {
            let partition = self.known_partition(*id)?;
            if partition.next_version != *version {
                return Err(Misfit::Version {
                    partition: *id,
                    at: partition.next_version - 1,
                    version: *version,
                });
            }
        }
        for (id, version) in &txn.versions {
            if let Some(partition) = self.partitions.get_mut(id) {
                Arc::make_mut(partition).next_version = version + 1;
            }
        }
        self.keep_txn(txn.clone());
        self.writes.insert(txn.id, Arc::new(writes.clone()));
        Ok(())
    }

    pub(super) fn make_visible(
        &mut self,
        id: TxnId,
        (at, published): (Timestamp, Option<Timestamp>),
        missed: &[(TabletId, ReplicaId)],
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let txn = self
            .txns
            .get(&id)
            .filter(|txn| txn.state == TxnState::Committed);
        let txn = txn.ok_or(Misfit::TxnState(id))?.clone();
        for (partition, version) in &txn.versions {
            // A partition that was dropped meanwhile has nothing to show.
            if let Some(known) = self.partitions.get(partition)
                && known.visible_version + 1 != *version
            {
                return Err(Misfit::Version {
                    partition: *partition,
                    at: known.visible_version,
                    version: *version,
                });
            }
        }
        let missed: BTreeSet<(TabletId, ReplicaId)> = missed.iter().copied().collect();
        for (id, version) in &txn.versions {
            let Some(partition) = self.partitions.get_mut(id) else {
                continue;
            };
            let partition = Arc::make_mut(partition);
            partition.visible_version = *version;
            partition.visible_time = at;
            assert!(partition.visible_version < partition.next_version);
            self.tablets
                .publish(*id, &partition.tablets, *version, &missed, at);
        }
        touched
            .tablets
            .extend(missed.iter().map(|(tablet, _)| *tablet));
        let txn = Txn {
            state: TxnState::Visible,
            published,
            finished: Some(at),
            failed_replicas: missed.len() as u64,
            reason: String::new(),
            ..Txn::clone(&txn)
        };
        self.settle(id, &missed);
        self.keep_txn(txn);
        Ok(())
    }

    /// Keeps what a load wrote only while a replica that has its rows, or needs none, does not have its version.
    fn settle(&mut self, id: TxnId, missed: &BTreeSet<(TabletId, ReplicaId)>) {
        let owed = self.writes.get(&id).is_some_and(|writes| {
            missed
                .iter()
                .any(|(tablet, replica)| writes.can_publish(*tablet, *replica))
        });
        if !owed {
            self.writes.remove(&id);
        }
    }

    pub(super) fn abort(&mut self, txn: &Txn) -> Result<(), Misfit> {
        self.txn_reserved(txn.id)?;
        let ended = |known: &Arc<Txn>| known.state.finished();
        if txn.state != TxnState::Aborted || self.txns.get(&txn.id).is_some_and(ended) {
            return Err(Misfit::TxnState(txn.id));
        }
        // The versions of a committed load that can't become visible any more went with its partitions.
        if txn
            .versions
            .iter()
            .any(|(partition, _)| self.partitions.contains_key(partition))
        {
            return Err(Misfit::Other(
                "a load that has its version can't be aborted",
            ));
        }
        self.writes.remove(&txn.id);
        self.keep_txn(txn.clone());
        Ok(())
    }

    pub(super) fn forget_txns(&mut self, txns: &[TxnId]) -> Result<(), Misfit> {
        for id in txns {
            if self.txns.get(id).is_some_and(|txn| !txn.state.finished()) {
                return Err(Misfit::TxnState(*id));
            }
        }
        for id in txns {
            self.txns.remove(id);
            self.writes.remove(id);
        }
        Ok(())
    }

    fn txn_reserved(&self, id: TxnId) -> Result<(), Misfit> {
        match id.0 < self.txns_below {
            true => Ok(()),
            false => Err(Misfit::Unreserved(id.0)),
        }
    }
}
