//! Loads that end without becoming visible, and labels that are forgotten.

use super::super::{Answer, Core, Error};
use super::commit::ended;
use crate::backend::api::Abort;
use crate::catalog::change::Change;
use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::ids::{BackendId, TableId, TxnId};
use crate::leader::action::{Action, BackendRequest};
use crate::leader::request::Reply;

/// Labels that one record forgets.
const FORGET_MAX: usize = 1_000;
/// Bytes of a reason that are kept.
const REASON_MAX: usize = 2_000;

impl Core {
    pub(in super::super) fn abort_load(&mut self, id: TxnId, reason: &str) -> Answer {
        let txn = self
            .head
            .txns
            .get(&id)
            .ok_or(Error::UnknownTxn(id))?
            .clone();
        match txn.state {
            TxnState::Prepare | TxnState::Prepared => {
                self.abort(&txn, reason);
                Ok(Some(Reply::Done))
            }
            TxnState::Aborted => Ok(Some(Reply::Done)),
            TxnState::Committed | TxnState::Visible => Err(ended(&txn)),
        }
    }

    /// Gives up a load that has not committed: in the journal first, then on its backends.
    pub(super) fn abort(&mut self, txn: &Txn, reason: &str) {
        assert!(
            matches!(txn.state, TxnState::Prepare | TxnState::Prepared),
            "a load that has its version is never given up"
        );
        let aborted = self.given_up(txn, reason);
        self.record_own(vec![Change::Aborted(Box::new(aborted.clone()))]);
        let load = self.loads.running.remove(&txn.id);
        self.loads.note_end(&aborted, false);
        for backend in load.map(|load| load.backends).unwrap_or_default() {
            self.forget_rows(txn.id, backend);
        }
    }

    /// Has a backend delete what it holds of a load.
    pub(in super::super) fn forget_rows(&mut self, txn: TxnId, backend: BackendId) {
        let request = BackendRequest::Abort(Abort { txn });
        self.send_settling(txn, backend, request);
    }

    fn given_up(&self, txn: &Txn, reason: &str) -> Txn {
        let mut reason = reason.to_owned();
        reason.truncate(reason.floor_char_boundary(REASON_MAX));
        Txn {
            state: TxnState::Aborted,
            finished: Some(self.now),
            reason,
            ..txn.clone()
        }
    }

    /// Gives up a load whose time is over before it committed.
    pub(super) fn end_late(&mut self, txn: &Txn) -> Error {
        let reason = match txn.hold {
            None => format!("timeout: it did not commit within {} ms", txn.timeout_ms),
            Some(hold) => format!(
                "timeout: it was prepared, and nobody committed it within {} ms",
                hold.timeout_ms
            ),
        };
        self.abort(txn, &reason);
        Error::TxnEnded {
            txn: txn.id,
            state: TxnState::Aborted,
            why: reason,
        }
    }

    /// Ends what has run out of time: loads that have not committed, and the waiting for those that have.
    pub(in super::super) fn end_late_loads(&mut self) {
        let now = self.now;
        let late = self
            .loads
            .running
            .iter_mut()
            .filter(|(_, load)| load.deadline <= now);
        let mut over = Vec::new();
        let mut told = Vec::new();
        for (id, load) in late {
            match load.publishing.is_some() {
                true => told.append(&mut load.waiting),
                false => over.push(*id),
            }
        }
        for token in told {
            let result = Ok(Reply::Committed);
            self.ledger.then(Action::Reply { token, result });
        }
        for id in over {
            if let Some(txn) = self.head.txns.get(&id).cloned() {
                assert!(txn.deadline() <= now);
                self.end_late(&txn);
            }
        }
    }

    /// Gives up what a backend coordinated and has not committed, when its process is not `living`, or any more: nobody else
    /// goes on with it, and its label is free for who repeats it (StarRocks: abortTxnWhenCoordinateBeDown).
    pub(in super::super) fn end_orphans(&mut self, backend: BackendId, living: Option<Timestamp>) {
        let running = self.loads.running.iter();
        let orphans = running.filter(|(_, load)| {
            let of = load.process.filter(|process| process.backend == backend);
            load.publishing.is_none() && of.is_some_and(|of| Some(of.started) != living)
        });
        for id in orphans.map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Some(txn) = self.head.txns.get(&id).cloned() {
                let reason =
                    format!("its coordinator, backend {backend}, was lost before the commit");
                self.abort(&txn, &reason);
            }
        }
    }

    /// Whether a backend coordinates a load that is not committed.
    pub(in super::super) fn coordinates(&self, backend: BackendId) -> bool {
        self.loads.running.values().any(|load| {
            let of = load.process.map(|process| process.backend);
            load.publishing.is_none() && of == Some(backend)
        })
    }

    /// The first load of a table that is committed and not visible.
    pub(in super::super) fn waiting_on(&self, table: TableId) -> Option<TxnId> {
        let mut durable = self.head.durable_on(table);
        let committed = durable.find(|(txn, _)| txn.state == TxnState::Committed);
        committed.map(|(txn, _)| txn.id)
    }

    /// The records that end the loads of tables that are dropped, as far as they are in the journal.
    pub(in super::super) fn end_durable(&self, tables: &[TableId]) -> Vec<Change> {
        let durable = tables.iter().flat_map(|table| self.head.durable_on(*table));
        let aborted = durable.map(|(txn, _)| self.given_up(txn, "its table was dropped"));
        aborted.map(|txn| Change::Aborted(Box::new(txn))).collect()
    }

    /// Tables have been dropped: their loads have ended with them.
    pub(in super::super) fn dropped_loads(&mut self, tables: &[TableId]) {
        let ended = |id: &TxnId| {
            let txn = self.head.txns.get(id)?;
            tables.contains(&txn.table).then(|| txn.clone())
        };
        let txns: Vec<_> = self.loads.running.keys().filter_map(ended).collect();
        for txn in txns {
            if txn.state == TxnState::Prepare {
                self.abort(&txn, "its table was dropped");
                continue;
            }
            let load = self.loads.running.remove(&txn.id);
            self.loads.note_end(&txn, false);
            for token in load.map(|load| load.waiting).unwrap_or_default() {
                let result = Err(super::commit::ended(&txn).into());
                self.ledger.then(Action::Reply { token, result });
            }
        }
    }

    /// Forgets labels of loads that ended long ago.
    pub(in super::super) fn forget_labels(&mut self) {
        let kept_ms = self.config.label_keep_max_second.saturating_mul(1000);
        let old = |at: &(crate::clock::Timestamp, TxnId)| at.0.plus_ms(kept_ms) <= self.now;
        let txns: Vec<TxnId> = self
            .loads
            .ended
            .iter()
            .take_while(|at| old(at))
            .take(FORGET_MAX)
            .map(|at| at.1)
            .collect();
        if txns.is_empty() {
            return;
        }
        for id in &txns {
            let Some(txn) = self.head.txns.get(id) else {
                continue;
            };
            let label = (txn.db, txn.label.clone());
            if self.loads.labels.get(&label) == Some(id) {
                self.loads.labels.remove(&label);
            }
            self.loads
                .ended
                .remove(&(txn.finished.unwrap_or(txn.prepared), *id));
        }
        self.record_own(vec![Change::ForgetTxns { txns }]);
    }
}
