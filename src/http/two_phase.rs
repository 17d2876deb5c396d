//! `PUT /api/{db}/_stream_load_2pc`: the second call of a load with `two_phase_commit`, as Doris' connectors make it.
//!
//! Owns the words of its answers: connectors know by them that a transaction is committed already. What becomes of it is the
//! leader's. A backend sends the caller on to the frontend.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::put;
use axum::{Json, Router};
use serde::Serialize;

use crate::catalog::state::Catalog;
use crate::catalog::txn::{Txn, TxnState};
use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::http::rules;
use crate::ids::TxnId;
use crate::leader::handle::Handle;
use crate::leader::request::{Reply, Request};
use crate::load::label;

/// How long a commit waits for its rows to be seen. It is durable by then, and connectors do not wait for ever.
const SEEN_WAIT: Duration = Duration::from_secs(30);

/// The paths.
pub const PATHS: [&str; 2] = [
    "/api/{db}/_stream_load_2pc",
    "/api/{db}/{table}/_stream_load_2pc",
];

/// The routes.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    let doors = PATHS.iter().fold(Doors::new(guard), |doors, path| {
        doors.route(path, rules::SECOND_CALL, put(decide))
    });
    doors.with_state(leader)
}

/// Doris' answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Answer {
    status: &'static str,
    msg: String,
}

async fn decide(
    State(leader): State<Handle>,
    Path(path): Path<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Json<Answer> {
    let db = path.first().map_or("", |(_, db)| db.as_str());
    let (status, msg) = match decided(&leader, db, &headers).await {
        Ok(msg) => ("Success", msg),
        Err(why) => ("Fail", format!("errCode = 2, detailMessage = {why}")),
    };
    Json(Answer { status, msg })
}

async fn decided(leader: &Handle, db: &str, headers: &HeaderMap) -> Result<String, String> {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::trim)
    };
    let view = leader.view();
    let id = named(&view.catalog, db, header("txn_id"), header("label"))?;
    let txn = view.catalog.txns.get(&id);
    let txn = txn.ok_or_else(|| format!("transaction [{id}] not found"))?;
    match header("txn_operation")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("commit") => {
            undecided(txn)?;
            commit(leader, id)
                .await
                .map_err(|failure| failure.message)?;
            Ok(format!("transaction [{id}] commit successfully."))
        }
        Some("abort") => {
            undecided(txn)?;
            let reason = "User Abort".to_owned();
            let abort = Request::AbortLoad { txn: id, reason };
            let aborted = leader.request(abort).await;
            aborted.map_err(|failure| failure.message)?;
            Ok(format!("transaction [{id}] abort successfully."))
        }
        other => {
            let other = other.unwrap_or_default();
            Err(format!(
                "the header txn_operation is 'commit' or 'abort', not '{other}'"
            ))
        }
    }
}

/// The transaction that is meant.
fn named(
    catalog: &Catalog,
    db: &str,
    id: Option<&str>,
    label: Option<&str>,
) -> Result<TxnId, String> {
    let database = catalog.database(db);
    let database = database.ok_or_else(|| format!("unknown database '{db}'"))?;
    if let Some(text) = id.filter(|text| !text.is_empty()) {
        let id = text.parse().map(TxnId);
        let id = id.map_err(|_| format!("the header txn_id is a number, not '{text}'"))?;
        let of = catalog.txns.get(&id).map(|txn| txn.db);
        return match of == Some(database.id) {
            true => Ok(id),
            false => Err(format!("transaction [{id}] not found")),
        };
    }
    let Some(label) = label.filter(|label| !label.is_empty()) else {
        return Err("the header txn_id, or label, says which transaction".to_owned());
    };
    let newest = label::newest(catalog, db, label);
    newest
        .map(|txn| txn.id)
        .ok_or_else(|| format!("transaction with label [{label}] not found"))
}

/// Whether something is still to be decided about a transaction. Connectors that come again know these words.
fn undecided(txn: &Txn) -> Result<(), String> {
    let (id, state) = (txn.id, txn.state.word());
    match txn.state {
        TxnState::Prepare | TxnState::Prepared => Ok(()),
        TxnState::Committed | TxnState::Visible => Err(format!(
            "transaction [{id}] is already {state}, not pre-committed."
        )),
        TxnState::Aborted => {
            let why = &txn.reason;
            Err(format!(
                "transaction [{id}] is already aborted. abort reason: {why}"
            ))
        }
    }
}

/// Commits a prepared load, and waits for a while until it is seen.
///
/// # Errors
/// It is not committed, or nobody knows.
pub async fn commit(leader: &Handle, id: TxnId) -> Result<TxnState, Failure> {
    let request = leader.request(Request::CommitPrepared { txn: id });
    match tokio::time::timeout(SEEN_WAIT, request).await {
        Ok(Ok(Reply::Visible { .. })) => Ok(TxnState::Visible),
        Ok(Ok(_)) => Ok(TxnState::Committed),
        Ok(Err(failure)) => Err(failure),
        Err(_) => {
            let view = leader.view();
            match view.catalog.txns.get(&id).map(|txn| txn.state) {
                Some(state @ (TxnState::Committed | TxnState::Visible)) => Ok(state),
                _ => Err(Failure::new(
                    Code::NOT_READY,
                    format!("transaction {id} could not be committed in time; commit it again"),
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::sample;

    #[test]
    fn a_transaction_is_found_by_its_id_or_label_in_its_database_only() {
        let view = sample::view();
        let catalog = &view.catalog;
        let db = catalog.databases.values().next().unwrap().name.clone();
        let txn = catalog.txns.values().next().unwrap();
        let id = txn.id.to_string();
        assert_eq!(named(catalog, &db, Some(&id), None), Ok(txn.id));
        assert_eq!(named(catalog, &db, None, Some(&txn.label)), Ok(txn.id));
        for (db, id, label) in [
            ("other", Some(id.as_str()), None),
            (&db, Some("99999999"), None),
            (&db, Some("x"), None),
            (&db, None, Some("none")),
            (&db, None, None),
        ] {
            assert!(
                named(catalog, db, id, label).is_err(),
                "{db} {id:?} {label:?}"
            );
        }
    }

    #[test]
    fn who_commits_twice_is_told_in_the_words_that_connectors_know() {
        let view = sample::view();
        let mut txn = view.catalog.txns.values().next().unwrap().as_ref().clone();
        txn.state = TxnState::Visible;
        let id = txn.id;
        let known = format!("transaction [{id}] is already VISIBLE, not pre-committed.");
        assert_eq!(undecided(&txn), Err(known));
        txn.state = TxnState::Prepared;
        assert_eq!(undecided(&txn), Ok(()));
    }
}
