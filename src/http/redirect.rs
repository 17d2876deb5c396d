//! `PUT /api/{db}/{table}/_stream_load` on the frontend: checks who loads and into what, and sends the client on to a live backend,
//! which coordinates the load.
//!
//! A backend that died or hangs since a moment ago counts as alive until some of its heartbeats are missing. So the one that is
//! named gives a sign of life first, and those that are in doubt are tried last: a loader that does not ask twice finds a
//! coordinator as long as there is one. The frontend itself coordinates no stream load: where no backend answers, no replica could take
//! the rows.
//!
//! A backend that is about to stop sends the client back, and names itself in the URL by `not=host:port`, so that it is not
//! chosen again.
//!
//! The body is not taken here: a client that says `Expect: 100-continue` sends it to the backend only, and of one that does not it is
//! thrown away, so that the client gets to the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use axum::{Json, Router};

use crate::backend::client::Client;
use crate::catalog::backend::BackendState;
use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::http::rules;
use crate::leader::handle::Handle;
use crate::load::answer::Answer;
use crate::view::View;

/// What stands before the address of a backend that sends clients back.
const NOT: &str = "not=";

#[derive(Clone)]
struct Redirect {
    leader: Handle,
    client: Client,
    /// Backends take turns.
    turn: Arc<AtomicUsize>,
}

/// The route. `client` is that of the frontend's other calls, so that what they find counts here as well.
pub fn routes(leader: Handle, client: Client, guard: &Guard) -> Router {
    let state = Redirect {
        leader,
        client,
        turn: Arc::default(),
    };
    let rule = rules::LOAD_SENT_ON;
    Doors::new(guard)
        .route("/api/{db}/{table}/_stream_load", rule, put(redirect))
        .with_state(state)
}

async fn redirect(
    State(state): State<Redirect>,
    Path((db, table)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let turn = state.turn.fetch_add(1, Ordering::Relaxed);
    let candidates = candidates(&state.leader.view(), &db, &table);
    let target = match candidates {
        Ok(mut candidates) => {
            candidates.retain(|of| !is_excluded(&uri, &of.address));
            let wait = Duration::from_millis(state.leader.config().silent_backend_wait_ms);
            first_to_answer(&state.client, candidates, turn, wait).await
        }
        Err(failure) => Err(failure),
    };
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let location = target.and_then(|address| {
        HeaderValue::from_str(&format!("http://{address}{path}"))
            .map_err(|_| Failure::new(Code::UNKNOWN, "the backend's address can't be a header"))
    });
    match location {
        Ok(location) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(failure) => refused(&headers, failure),
    }
}

/// The URL by which a client asks the frontend at `frontend` for another backend than the one at `own`, which it asked first.
pub fn back_to(frontend: &str, own: &str, uri: &Uri) -> String {
    let query = uri.query().map_or(String::new(), |q| format!("{q}&"));
    format!("http://{frontend}{}?{query}{NOT}{own}", uri.path())
}

/// Whether a backend has sent the client back.
fn is_excluded(uri: &Uri, address: &str) -> bool {
    let mut given = uri.query().unwrap_or_default().split('&');
    given.any(|pair| pair.strip_prefix(NOT) == Some(address))
}

/// A backend that may coordinate.
struct Candidate {
    /// `host:port`.
    address: String,
    /// Its last heartbeat had no answer.
    missed: bool,
}

/// The backends that may coordinate, if the load may be begun.
fn candidates(view: &View, db: &str, table: &str) -> Result<Vec<Candidate>, Failure> {
    let catalog = &view.catalog;
    if catalog.database(db).is_none() {
        return Err(Failure::new(
            Code::BAD_DB,
            format!("Unknown database '{db}'"),
        ));
    }
    if catalog.table(db, table).is_none() {
        let message = format!("Table '{db}.{table}' doesn't exist");
        return Err(Failure::new(Code::NO_SUCH_TABLE, message));
    }
    let live = |(id, state): (_, &Arc<BackendState>)| {
        let backend = catalog.backends.get(id)?;
        (state.alive && !backend.decommissioned).then(|| Candidate {
            address: backend.address(),
            missed: state.missed > 0,
        })
    };
    Ok(catalog.backend_states.iter().filter_map(live).collect())
}

/// `host:port` of the backend that will coordinate: they take turns, those in doubt last, and the first that answers within
/// `wait` is it.
async fn first_to_answer(
    client: &Client,
    mut candidates: Vec<Candidate>,
    turn: usize,
    wait: Duration,
) -> Result<String, Failure> {
    if let Some(turn) = turn.checked_rem(candidates.len()) {
        candidates.rotate_left(turn);
    }
    candidates.sort_by_key(|of| (client.doubts(&of.address), of.missed));
    for Candidate { address, .. } in candidates {
        if client.answers(&address, wait).await {
            return Ok(address);
        }
        tracing::warn!(
            address,
            "a backend gives no sign of life; a load goes to another"
        );
    }
    Err(Failure::new(
        Code::NOT_READY,
        "no live backend can coordinate the load; see SHOW BACKENDS",
    ))
}

/// The field's JSON, so that a client reads one kind of answer, with the status of the error.
pub fn refused(headers: &HeaderMap, failure: Failure) -> Response {
    let label = headers
        .get("label")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let status =
        StatusCode::from_u16(failure.code.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Json(Answer::refused(label, failure.message));
    let mut response = (status, body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"quorate\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, ask);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_that_sends_a_client_back_is_not_chosen_again() {
        let first = Uri::from_static("http://b1:8040/api/d/t/_stream_load");
        let back = back_to("f:8030", "b1:8040", &first);
        assert_eq!(back, "http://f:8030/api/d/t/_stream_load?not=b1:8040");
        let second: Uri = back.parse().unwrap();
        let again: Uri = back_to("f:8030", "b2:8040", &second).parse().unwrap();
        let excluded = ["b1:8040", "b2:8040", "b3:8040", "b2:80"].map(|of| is_excluded(&again, of));
        assert_eq!(excluded, [true, true, false, false]);
        assert!(!is_excluded(&first, "b1:8040"));
    }
}
