//! The commit of a load: enough replicas of each tablet hold its rows, so it gets its versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::{Answer, Core, Error};
use super::begin::counts;
use crate::catalog::change::{Change, Committed};
use crate::catalog::partition::Partition;
use crate::catalog::table::Table;
use crate::catalog::txn::{Txn, TxnState, Writes};
use crate::ids::{PartitionId, ReplicaId, TabletId, TxnId};
use crate::leader::action::{Action, Token};
use crate::leader::request::{CommitLoad, Reply, TabletWritten};

/// Failures that an error text lists.
const FAILURES_MAX: usize = 10;

impl Core {
    pub(in super::super) fn commit_load(&mut self, token: Token, commit: &CommitLoad) -> Answer {
        let known = self.head.txns.get(&commit.txn);
        let txn = known.ok_or(Error::UnknownTxn(commit.txn))?.clone();
        match txn.state {
            TxnState::Visible => return Ok(Some(visible(&txn))),
            TxnState::Prepared | TxnState::Aborted => return Err(ended(&txn)),
            TxnState::Committed => {
                self.wait_visible(txn.id, token);
                return Ok(None);
            }
            TxnState::Prepare => {}
        }
        if self.now >= txn.deadline() {
            let error = self.end_late(&txn);
            return Err(error);
        }
        match self.decide(&txn, commit) {
            Ok(committed) => {
                let txn = committed.txn.clone();
                self.record(vec![Change::Commit(Box::new(committed))])?;
                self.loads.note_commit(&txn);
                self.wait_visible(txn.id, token);
                self.publish(txn.id);
                Ok(None)
            }
            Err(error) => {
                self.abort(&txn, &error.to_string());
                Err(error)
            }
        }
    }

    /// The versions of a load, if all its tablets have their quorum.
    pub(super) fn decide(&self, txn: &Txn, commit: &CommitLoad) -> Result<Committed, Error> {
        let table = self.head.tables.get(&txn.table);
        let table = table.ok_or_else(|| Error::TableDropped(txn.table.to_string()))?;
        let mut writes = Writes {
            replicas_below: Some(self.numbers.next_replica()),
            ..Writes::default()
        };
        let mut touched: BTreeSet<PartitionId> = BTreeSet::new();
        let mut listed = BTreeMap::new();
        for written in &commit.written {
            if listed.insert(written.tablet, written).is_some() {
                return Err(Error::TabletTwice {
                    txn: txn.id,
                    tablet: written.tablet,
                });
            }
        }
        for (tablet, written) in listed {
            touched.insert(self.tablet_quorum(txn, table, written, &mut writes)?);
            writes.with_rows.push(tablet);
        }
        writes.missed.sort_unstable();
        let versions = touched.iter().filter_map(|id| {
            let partition = self.head.partitions.get(id)?;
            Some((*id, partition.next_version))
        });
        let txn = Txn {
            state: TxnState::Committed,
            committed: Some(self.now),
            versions: versions.collect(),
            failed_replicas: writes.missed.len() as u64,
            rows: commit.rows,
            ..txn.clone()
        };
        Ok(Committed { txn, writes })
    }

    /// Checks the quorum of one tablet; gives its partition, and adds the replicas that missed the rows.
    fn tablet_quorum(
        &self,
        txn: &Txn,
        table: &Table,
        written: &TabletWritten,
        writes: &mut Writes,
    ) -> Result<PartitionId, Error> {
        let tablet = written.tablet;
        let foreign = Error::ForeignTablet {
            txn: txn.id,
            tablet,
        };
        let Some(view) = self.head.tablets.view(tablet) else {
            return Err(gone(table, tablet));
        };
        let partition = self
            .head
            .partitions
            .get(&view.partition())
            .ok_or(foreign.clone())?;
        if partition.table != table.id {
            return Err(foreign);
        }
        let quorum = table.spec.properties.write_quorum;
        let needed = quorum.needed(partition.spec.replication_num);
        let mut got = 0;
        // A replica that came after the load began took the place of the one that the backend wrote to; and a backend that
        // was dropped while the load wrote is never heard of again.
        let below = self.loads.began_below(txn.id);
        for replica in view.replicas() {
            let wrote = written.backends.contains(&replica.backend)
                && self.head.backends.contains_key(&replica.backend);
            if replica.id >= below || !wrote {
                writes.missed.push((tablet, replica.id));
            } else if counts(&replica, &view) && !self.will_lag(partition, tablet, replica.id) {
                got += 1;
            }
        }
        if got < usize::from(needed) {
            return Err(Error::Quorum {
                txn: txn.id,
                table: table.name.clone(),
                tablet,
                got,
                needed,
                errors: failures(written),
            });
        }
        Ok(partition.id)
    }

    /// Whether a replica has missed an earlier load that is committed and not visible yet. When that becomes visible,
    /// the replica is behind, and this load could not count on it.
    pub(super) fn will_lag(
        &self,
        partition: &Partition,
        tablet: TabletId,
        replica: ReplicaId,
    ) -> bool {
        let mut earlier = partition.visible_version + 1..partition.next_version;
        earlier.any(|version| {
            let txn = self.loads.versions.get(&(partition.id, version));
            let writes = txn.and_then(|txn| self.head.writes.get(txn));
            writes.is_some_and(|of| !of.holds(tablet, replica))
        })
    }

    /// Answers when the load is visible, or its time is over.
    pub(super) fn wait_visible(&mut self, txn: TxnId, token: Token) {
        if let Some(load) = self.loads.running.get_mut(&txn) {
            load.waiting.push(token);
        }
    }

    /// Answers everybody who waits for a load that has become visible.
    pub(super) fn tell_visible(&mut self, txn: &Txn, waiting: Vec<Token>) {
        for token in waiting {
            let result = Ok(visible(txn));
            self.ledger.then(Action::Reply { token, result });
        }
    }
}

pub(super) fn visible(txn: &Txn) -> Reply {
    let versions = txn
        .versions
        .iter()
        .map(|(_, version)| (txn.table, *version));
    Reply::Visible {
        versions: versions.collect(),
    }
}

/// The error of a load that has ended otherwise than the asker thinks.
pub(super) fn ended(txn: &Txn) -> Error {
    Error::TxnEnded {
        txn: txn.id,
        state: txn.state,
        why: txn.reason.clone(),
    }
}

/// The load wrote to a tablet that has gone with its partition.
pub(super) fn gone(table: &Table, tablet: TabletId) -> Error {
    Error::PartitionDropped {
        table: table.name.clone(),
        partition: format!("of tablet {tablet}"),
    }
}

fn failures(written: &TabletWritten) -> String {
    let mut text = String::from("[");
    for (at, (backend, why)) in written.failed.iter().enumerate().take(FAILURES_MAX) {
        let separator = if at == 0 { "" } else { "; " };
        let _ = write!(text, "{separator}{backend}: {why}");
    }
    let _ = write!(text, "] commitBackends: {:?}", ids(&written.backends));
    text
}

fn ids(backends: &[crate::ids::BackendId]) -> Vec<u64> {
    backends.iter().map(|id| id.0).collect()
}
