//! Loads whose commit is a call of their own: prepared once enough replicas hold the rows, committed or given up later.
//!
//! A prepared load had its quorum when it was prepared, and that was acknowledged. So its commit asks for no quorum again: the
//! replicas that hold its rows stay as those of a committed load do, and it becomes visible with those that are left. It
//! is refused, and the load kept, while none of them can be read; the load is given up where its tablets are gone.

use std::collections::BTreeSet;

use super::super::{Answer, Core, Error};
use super::begin::counts;
use super::commit::{ended, gone, visible};
use crate::catalog::change::{Change, Committed};
use crate::catalog::txn::{Hold, Txn, TxnState, Writes};
use crate::ids::{PartitionId, TabletId, TxnId};
use crate::leader::action::Token;
use crate::leader::request::{CommitLoad, Reply};

/// Milliseconds that any load may wait for its commit; a longer wish is cut.
const HOLD_MAX_MS: u64 = 259_200_000;

impl Core {
    /// Makes a load durable. Its coordinator may ask again, also after somebody else has committed it.
    pub(in super::super) fn prepare_load(
        &mut self,
        commit: &CommitLoad,
        timeout_ms: u64,
    ) -> Answer {
        let known = self.head.txns.get(&commit.txn);
        let txn = known.ok_or(Error::UnknownTxn(commit.txn))?.clone();
        match txn.state {
            TxnState::Prepared | TxnState::Committed | TxnState::Visible => {
                return Ok(Some(Reply::Prepared));
            }
            TxnState::Aborted => return Err(ended(&txn)),
            TxnState::Prepare => {}
        }
        if self.now >= txn.deadline() {
            return Err(self.end_late(&txn));
        }
        match self.decide(&txn, commit) {
            Ok(decided) => {
                let prepared = self.held(decided, timeout_ms);
                let txn = prepared.txn.clone();
                self.record(vec![Change::Prepare(Box::new(prepared))])?;
                self.loads.note_hold(&txn);
                Ok(Some(Reply::Prepared))
            }
            Err(error) => {
                self.abort(&txn, &error.to_string());
                Err(error)
            }
        }
    }

    /// What was decided about a load, without its versions: it gets those of the time of its commit.
    fn held(&self, decided: Committed, timeout_ms: u64) -> Committed {
        let Committed { txn, writes } = decided;
        let timeout_ms = match timeout_ms {
            0 => {
                let setting = self.config.prepared_transaction_default_timeout_second;
                setting.saturating_mul(1000)
            }
            given => given,
        };
        let hold = Hold {
            since: self.now,
            timeout_ms: timeout_ms.min(HOLD_MAX_MS),
        };
        let below = self.loads.began_below(txn.id);
        Committed {
            txn: Txn {
                state: TxnState::Prepared,
                committed: None,
                versions: Vec::new(),
                hold: Some(hold),
                ..txn
            },
            writes: Writes {
                replicas_below: Some(below),
                ..writes
            },
        }
    }

    /// The second call of a prepared load. Answers when it is visible, or its time for that is over.
    pub(in super::super) fn commit_prepared(&mut self, token: Token, id: TxnId) -> Answer {
        let known = self.head.txns.get(&id);
        let txn = known.ok_or(Error::UnknownTxn(id))?.clone();
        let state = txn.state;
        match state {
            TxnState::Visible => return Ok(Some(visible(&txn))),
            TxnState::Aborted => return Err(ended(&txn)),
            TxnState::Prepare => return Err(Error::NotPrepared { txn: id, state }),
            TxnState::Committed => {
                self.wait_visible(id, token);
                return Ok(None);
            }
            TxnState::Prepared => {}
        }
        if self.now >= txn.deadline() {
            return Err(self.end_late(&txn));
        }
        match self.decide_held(&txn) {
            Ok(committed) => {
                let txn = committed.txn.clone();
                self.record(vec![Change::Commit(Box::new(committed))])?;
                self.loads.note_commit(&txn);
                self.wait_visible(id, token);
                self.publish(id);
                Ok(None)
            }
            Err(error @ (Error::TableDropped(_) | Error::PartitionDropped { .. })) => {
                self.abort(&txn, &error.to_string());
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The versions of a prepared load, if some replica of each of its tablets holds its rows and can be read.
    fn decide_held(&self, txn: &Txn) -> Result<Committed, Error> {
        let none = Writes::default();
        let held = self.head.writes.get(&txn.id).map_or(&none, |held| held);
        let mut writes = Writes {
            with_rows: held.with_rows.clone(),
            replicas_below: Some(self.numbers.next_replica()),
            ..Writes::default()
        };
        let mut touched = BTreeSet::new();
        for tablet in &held.with_rows {
            touched.insert(self.holders_of(txn, held, *tablet, &mut writes)?);
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
            ..txn.clone()
        };
        Ok(Committed { txn, writes })
    }

    /// Sees that a tablet can show a prepared load; gives its partition, and adds the replicas that do not hold the rows: they
    /// missed them, or were made after the load began.
    fn holders_of(
        &self,
        txn: &Txn,
        held: &Writes,
        tablet: TabletId,
        writes: &mut Writes,
    ) -> Result<PartitionId, Error> {
        let table = self.head.tables.get(&txn.table);
        let table = table.ok_or_else(|| Error::TableDropped(txn.table.to_string()))?;
        let view = self.head.tablets.view(tablet);
        let view = view.ok_or_else(|| gone(table, tablet))?;
        let partition = self.head.partitions.get(&view.partition());
        let partition = partition.ok_or_else(|| gone(table, tablet))?;
        self.takes_loads(partition)?;
        let mut readable = false;
        for replica in view.replicas() {
            let holds = held.can_publish(tablet, replica.id)
                && self.head.backends.contains_key(&replica.backend);
            if !holds {
                writes.missed.push((tablet, replica.id));
            } else if counts(&replica, &view) && !self.will_lag(partition, tablet, replica.id) {
                readable = true;
            }
        }
        match readable {
            true => Ok(partition.id),
            false => Err(Error::HoldersAway {
                txn: txn.id,
                tablet,
            }),
        }
    }
}
