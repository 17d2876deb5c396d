//! The answer to a stream load: the field's JSON, its names and their order.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::load::client::Committed;
use crate::load::coordinator::Progress;
use crate::load::error::Error;
use crate::load::label::Existing;

/// What a stream load came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Transaction; -1 when none was begun.
    pub txn_id: i64,
    /// Label; empty when the load was refused before it had one.
    pub label: String,
    /// `true` where the commit was left to a second call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub two_phase_commit: Option<&'static str>,
    /// `Success`, `Publish Timeout` (durable, seen later), `Label Already Exists` or `Fail`.
    pub status: &'static str,
    /// `RUNNING` or `FINISHED`: the load that has the label. One that is finished can be read, unless the message says that
    /// it will be visible later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_job_status: Option<&'static str>,
    /// `OK`, or what went wrong.
    pub message: String,
    /// Rows read.
    pub number_total_rows: u64,
    /// Rows loaded.
    pub number_loaded_rows: u64,
    /// Rows that do not fit.
    pub number_filtered_rows: u64,
    /// Rows that a condition left out; always 0.
    pub number_unselected_rows: u64,
    /// Bytes of the body.
    pub load_bytes: u64,
    /// Milliseconds of the whole load.
    pub load_time_ms: u64,
    /// Milliseconds of the begin, the plan included.
    pub begin_txn_time_ms: u64,
    /// Always 0: the plan comes with the begin.
    pub stream_load_plan_time_ms: u64,
    /// Milliseconds from the begin to the end of the body.
    pub read_data_time_ms: u64,
    /// Milliseconds from the begin until all rows were durable.
    pub write_data_time_ms: u64,
    /// Milliseconds of commit and publish.
    pub commit_and_publish_time_ms: u64,
    /// Where a sample of the rows that do not fit can be read.
    #[serde(rename = "ErrorURL", skip_serializing_if = "Option::is_none")]
    pub error_url: Option<String>,
}

impl Answer {
    /// The answer to a load that was refused before it began.
    pub fn refused(label: &str, message: String) -> Answer {
        let nothing = Progress::default();
        let error = Error::Input(message);
        Answer::new(label, &nothing, Err(&error), 0)
    }

    /// As it is to a load whose commit is left to a second call (Doris: StreamLoadContext::to_json). Its connectors find the
    /// transaction that has their label in the message.
    pub fn held(self, existing: Option<Existing>) -> Answer {
        let txn = existing.and_then(Existing::txn);
        let message = txn.map(|txn| {
            let label = &self.label;
            format!(
                "errCode = 2, detailMessage = Label [{label}] has already been used, relate to txn [{txn}]"
            )
        });
        Answer {
            two_phase_commit: Some("true"),
            message: message.unwrap_or_else(|| self.message.clone()),
            ..self
        }
    }

    /// The answer to a load that took `ms` milliseconds.
    pub fn new(
        label: &str,
        progress: &Progress,
        result: Result<Committed, &Error>,
        ms: u64,
    ) -> Answer {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (status, existing, message) = match result {
            Ok(Committed::Visible | Committed::Held) => ("Success", None, "OK".to_owned()),
            Ok(Committed::Later) => (
                "Publish Timeout",
                None,
                "the load is committed and will be visible later; do not load it again".to_owned(),
            ),
            Err(error @ Error::LabelExists { existing, .. }) => (
                "Label Already Exists",
                Some(existing.word()),
                error.to_string(),
            ),
            Err(error) => ("Fail", None, error.to_string()),
        };
        Answer {
            txn_id: match read(&progress.txn) {
                0 => -1,
                txn => i64::try_from(txn).unwrap_or(i64::MAX),
            },
            label: label.to_owned(),
            two_phase_commit: None,
            status,
            existing_job_status: existing,
            message,
            number_total_rows: read(&progress.total),
            number_loaded_rows: if result.is_ok() { progress.loaded() } else { 0 },
            number_filtered_rows: progress.misfits.lock().count,
            number_unselected_rows: 0,
            load_bytes: read(&progress.bytes),
            load_time_ms: ms,
            begin_txn_time_ms: read(&progress.begin_ms),
            stream_load_plan_time_ms: 0,
            read_data_time_ms: read(&progress.read_ms),
            write_data_time_ms: read(&progress.write_ms),
            commit_and_publish_time_ms: read(&progress.commit_ms),
            error_url: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TxnId;

    #[test]
    fn names_and_their_order_are_the_field_s() {
        let progress = Progress::default();
        progress.txn.store(9, Ordering::Relaxed);
        progress.total.store(4, Ordering::Relaxed);
        let answer = Answer::new("l", &progress, Ok(Committed::Visible), 2);
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(
            text,
            "{\"TxnId\":9,\"Label\":\"l\",\"Status\":\"Success\",\"Message\":\"OK\",\"NumberTotalRows\":4,\
             \"NumberLoadedRows\":4,\"NumberFilteredRows\":0,\"NumberUnselectedRows\":0,\"LoadBytes\":0,\"LoadTimeMs\":2,\
             \"BeginTxnTimeMs\":0,\"StreamLoadPlanTimeMs\":0,\"ReadDataTimeMs\":0,\"WriteDataTimeMs\":0,\
             \"CommitAndPublishTimeMs\":0}"
        );
        let exists = Error::LabelExists {
            label: "l".into(),
            existing: Existing::Running,
        };
        let answer = Answer::new("l", &Progress::default(), Err(&exists), 0);
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["Status"], "Label Already Exists");
        assert_eq!(json["ExistingJobStatus"], "RUNNING");
        assert_eq!(json["TxnId"], -1);
        let txn = TxnId(7);
        let held = answer.held(Some(Existing::Prepared { txn }));
        let json = serde_json::to_value(&held).unwrap();
        assert_eq!(json["TwoPhaseCommit"], "true");
        assert_eq!(
            json["Message"],
            "errCode = 2, detailMessage = Label [l] has already been used, relate to txn [7]"
        );
    }
}
