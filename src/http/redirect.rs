//! `PUT /api/{db}/{table}/_stream_load` on the frontend: checks who loads and into what, and sends the client on to a live backend,
//! which coordinates the load.
//!
//! A backend that died a moment ago counts as alive until some of its heartbeats are missing. So the one that is named takes
//! a connection first, and those that are in doubt are tried last: a loader that does not ask twice finds a coordinator as
//! long as there is one. The frontend itself coordinates no stream load: where no backend answers, no replica could take
//! the rows.
//!
//! The body is not read here: a client that says `Expect: 100-continue` sends it to the backend only.

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
use crate::http::auth;
use crate::leader::handle::Handle;
use crate::load::answer::Answer;
use crate::view::View;

/// How long a backend may take to accept a connection before the next one is tried.
const CONNECT_WAIT: Duration = Duration::from_millis(500);

#[derive(Clone)]
struct Redirect {
    leader: Handle,
    client: Client,
    /// Backends take turns.
    turn: Arc<AtomicUsize>,
}

/// The route. `client` is that of the frontend's other calls, so that what they find counts here as well.
pub fn routes(leader: Handle, client: Client) -> Router {
    let state = Redirect {
        leader,
        client,
        turn: Arc::default(),
    };
    Router::new()
        .route("/api/{db}/{table}/_stream_load", put(redirect))
        .with_state(state)
}

async fn redirect(
    State(state): State<Redirect>,
    Path((db, table)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let turn = state.turn.fetch_add(1, Ordering::Relaxed);
    let candidates = candidates(&state.leader.view(), &db, &table, &headers);
    let target = match candidates {
        Ok(candidates) => first_reached(&state.client, candidates, turn).await,
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

/// A backend that may coordinate.
struct Candidate {
    /// `host:port`.
    address: String,
    /// Its last heartbeat had no answer.
    missed: bool,
}

/// The backends that may coordinate, if the load may be begun.
fn candidates(
    view: &View,
    db: &str,
    table: &str,
    headers: &HeaderMap,
) -> Result<Vec<Candidate>, Failure> {
    let catalog = &view.catalog;
    auth::user(catalog, headers)?;
    if catalog.database(db).is_none() {
        return Err(Failure::new(
            Code::BAD_DB,
            format!("unknown database '{db}'"),
        ));
    }
    if catalog.table(db, table).is_none() {
        let message = format!("unknown table '{db}.{table}'");
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

/// `host:port` of the backend that will coordinate: they take turns, those in doubt last, and the first that takes a
/// connection is it.
async fn first_reached(
    client: &Client,
    mut candidates: Vec<Candidate>,
    turn: usize,
) -> Result<String, Failure> {
    if let Some(turn) = turn.checked_rem(candidates.len()) {
        candidates.rotate_left(turn);
    }
    candidates.sort_by_key(|of| (client.doubts(&of.address), of.missed));
    for Candidate { address, .. } in candidates {
        if client.reaches(&address, CONNECT_WAIT).await {
            return Ok(address);
        }
        tracing::warn!(
            address,
            "a backend takes no connection; a load goes to another"
        );
    }
    Err(Failure::new(
        Code::NOT_READY,
        "no live backend can coordinate the load; see SHOW BACKENDS",
    ))
}

/// The field's JSON, so that a client reads one kind of answer, with the status of the error.
fn refused(headers: &HeaderMap, failure: Failure) -> Response {
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
