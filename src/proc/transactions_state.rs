//! `/transactions/<db>/running` and `/finished`: the loads of a database, newest first.

use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::ids::TxnId;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A load.
    pub struct TxnRow {
        /// Identity.
        transaction_id: TxnId => "TransactionId" Int,
        /// Label.
        label: String => "Label" Text,
        /// Who coordinates it.
        coordinator: String => "Coordinator" Text,
        /// `PREPARE`, `PREPARED`, `COMMITTED`, `VISIBLE` or `ABORTED`.
        transaction_status: &'static str => "TransactionStatus" Text,
        /// Kind of load.
        load_job_source_type: String => "LoadJobSourceType" Text,
        /// When it began.
        prepare_time: Timestamp => "PrepareTime" Time or "N/A",
        /// When its rows were durable, where its commit is a call of its own.
        prepared_time: Option<Timestamp> => "PreparedTime" Time or "N/A",
        /// When it was committed.
        commit_time: Option<Timestamp> => "CommitTime" Time or "N/A",
        /// When backends were first told to publish it.
        publish_time: Option<Timestamp> => "PublishTime" Time or "N/A",
        /// When it became visible or was aborted.
        finish_time: Option<Timestamp> => "FinishTime" Time or "N/A",
        /// Why it was aborted.
        reason: String => "Reason" Text,
        /// Replicas that missed it.
        error_replicas_count: u64 => "ErrorReplicasCount" Int,
        /// Nobody listens.
        listener_id: Option<i64> => "ListenerId" Int or "-1",
        /// Milliseconds that it may take before its commit.
        timeout_ms: u64 => "TimeoutMs" Int,
        /// Milliseconds that such a load waits for its commit.
        prepared_timeout_ms: Option<u64> => "PreparedTimeoutMs" Int or "-1",
        /// Why its publish waits.
        err_msg: String => "ErrMsg" Text,
    }
}

/// `/transactions/{db}/{state}`.
pub struct Txns;

impl Node for Txns {
    const PATH: &'static str = "/transactions/{db}/{state}";
    const TABLE: Option<&'static str> = Some("transactions");
    type Row = TxnRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TxnRow>, Error> {
        let max = at.view.config.max_show_proc_transactions_entry;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        Ok(txns(at)?.take(max).map(TxnRow::from).collect())
    }

    fn table_rows(at: &Place<'_>) -> Result<Vec<TxnRow>, Error> {
        Ok(txns(at)?.map(TxnRow::from).collect())
    }
}

fn txns<'a>(at: &Place<'a>) -> Result<impl Iterator<Item = &'a Txn> + use<'a>, Error> {
    let (db, finished) = (at.db()?.id, at.finished()?);
    let newest_first = at.view.catalog.txns.values().rev().map(|txn| &**txn);
    Ok(newest_first.filter(move |txn| txn.db == db && txn.state.finished() == finished))
}

impl From<&Txn> for TxnRow {
    fn from(txn: &Txn) -> TxnRow {
        let aborted = txn.state == TxnState::Aborted;
        let (reason, err_msg) = match aborted {
            true => (txn.reason.clone(), String::new()),
            false => (String::new(), txn.reason.clone()),
        };
        TxnRow {
            transaction_id: txn.id,
            label: txn.label.clone(),
            coordinator: txn.coordinator.clone(),
            transaction_status: txn.state.word(),
            load_job_source_type: txn.source.clone(),
            prepare_time: txn.prepared,
            prepared_time: txn.hold.map(|hold| hold.since),
            commit_time: txn.committed,
            publish_time: txn.published,
            finish_time: txn.finished,
            reason,
            error_replicas_count: txn.failed_replicas,
            listener_id: None,
            timeout_ms: txn.timeout_ms,
            prepared_timeout_ms: txn.hold.map(|hold| hold.timeout_ms),
            err_msg,
        }
    }
}
