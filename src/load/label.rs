//! Labels: what has become of the load that has one, for who comes with the same label again.
//!
//! Such a client lost its answer. A load that is committed and not seen yet is waited for, as who sent it first waits: who
//! is told that it is finished finds its rows. Reads snapshots only, and knows nothing of how it is asked.

use serde::{Deserialize, Serialize};

use crate::catalog::state::Catalog;
use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::code::{Code, Failure};
use crate::ids::TxnId;
use crate::leader::handle::{Handle, stopping};
use crate::load::client::Committed;

/// The load that has a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Existing {
    /// It runs, or nobody knows it any more by the time of the answer.
    Running,
    /// Its rows are being written.
    Begun {
        /// Transaction.
        txn: TxnId,
    },
    /// It is durable, and waits for the call that commits it.
    Prepared {
        /// Transaction.
        txn: TxnId,
    },
    /// It is durable, and readers do not see it yet.
    Committed {
        /// Transaction.
        txn: TxnId,
        /// Milliseconds for which its senders still wait for more.
        left_ms: u64,
    },
    /// Readers see it.
    Visible {
        /// Transaction.
        txn: TxnId,
    },
}

impl Existing {
    /// The load of a database that has a label, as it is `now`.
    pub fn of(catalog: &Catalog, now: Timestamp, db: &str, label: &str) -> Existing {
        let Some(txn) = newest(catalog, db, label) else {
            return Existing::Running;
        };
        match txn.state {
            TxnState::Aborted => Existing::Running,
            TxnState::Prepare => Existing::Begun { txn: txn.id },
            TxnState::Prepared => Existing::Prepared { txn: txn.id },
            TxnState::Committed => Existing::Committed {
                txn: txn.id,
                left_ms: txn.deadline().since_ms(now),
            },
            TxnState::Visible => Existing::Visible { txn: txn.id },
        }
    }

    /// Its transaction, where that is known.
    pub fn txn(self) -> Option<TxnId> {
        match self {
            Existing::Running => None,
            Existing::Begun { txn }
            | Existing::Prepared { txn }
            | Existing::Committed { txn, .. }
            | Existing::Visible { txn } => Some(txn),
        }
    }

    /// What the field calls its state (StarRocks: ExistingJobStatus).
    pub fn word(self) -> &'static str {
        match self {
            Existing::Running | Existing::Begun { .. } => "RUNNING",
            Existing::Prepared { .. } => "PRECOMMITTED",
            Existing::Committed { .. } | Existing::Visible { .. } => "FINISHED",
        }
    }

    /// What to do about it.
    pub(super) fn advice(self) -> String {
        match self {
            Existing::Running | Existing::Begun { .. } => {
                "which is still running; ask again with the same label to learn its outcome"
                    .to_owned()
            }
            Existing::Prepared { txn } => {
                format!("transaction {txn}, which is PREPARED: commit it or give it up")
            }
            Existing::Committed { txn, .. } => format!(
                "transaction {txn}, which is COMMITTED: it is durable and will be visible later; do not load it again"
            ),
            Existing::Visible { txn } => {
                format!("transaction {txn}, which is VISIBLE; do not load it again")
            }
        }
    }
}

/// The newest load of a database with this label: one that was aborted may be followed by another.
pub fn newest<'a>(catalog: &'a Catalog, db: &str, label: &str) -> Option<&'a Txn> {
    let db = catalog.database(db)?.id;
    let mut all = catalog.txns.values().rev();
    all.find(|txn| txn.db == db && txn.label == label)
        .map(AsRef::as_ref)
}

/// Waits until a committed load is visible, as its commit does: no longer than its own time.
///
/// # Errors
/// It is not known, was given up with its table, or this frontend stops.
pub async fn visible(leader: &Handle, id: TxnId) -> Result<Committed, Failure> {
    let mut views = leader.views();
    loop {
        views.mark_unchanged();
        let view = leader.view();
        let Some(txn) = view.catalog.txns.get(&id) else {
            let message = format!("transaction {id} does not exist");
            return Err(Failure::new(Code::TXN, message));
        };
        let left = txn.deadline().since_ms(view.now);
        match txn.state {
            TxnState::Visible => return Ok(Committed::Visible),
            TxnState::Committed if left == 0 => return Ok(Committed::Later),
            TxnState::Committed => {}
            TxnState::Prepare | TxnState::Prepared | TxnState::Aborted => {
                let message = format!("transaction {id} is {}: {}", txn.state.word(), txn.reason);
                return Err(Failure::new(Code::TXN, message));
            }
        }
        drop(view);
        let left = std::time::Duration::from_millis(left);
        if let Ok(Err(_)) = tokio::time::timeout(left, views.changed()).await {
            return Err(stopping());
        }
    }
}
