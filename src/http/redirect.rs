//! `PUT /api/{db}/{table}/_stream_load` on the frontend: checks who loads and into what, and sends the client on to a live backend,
//! which coordinates the load.
//!
//! The body is not read here: a client that says `Expect: 100-continue` sends it to the backend only.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::http::header::{LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use axum::{Json, Router};

use crate::code::{Code, Failure};
use crate::http::auth;
use crate::leader::handle::Handle;
use crate::load::answer::Answer;
use crate::view::View;

#[derive(Clone)]
struct Redirect {
    leader: Handle,
    /// Backends take turns.
    turn: Arc<AtomicUsize>,
}

/// The route.
pub fn routes(leader: Handle) -> Router {
    let state = Redirect {
        leader,
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
    let target = target(&state.leader.view(), &db, &table, &headers, turn);
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

/// `host:port` of the backend that will coordinate.
fn target(
    view: &View,
    db: &str,
    table: &str,
    headers: &HeaderMap,
    turn: usize,
) -> Result<String, Failure> {
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
    let live: Vec<String> = catalog
        .backends
        .values()
        .filter(|b| catalog.alive(b.id) && !b.decommissioned)
        .map(|b| b.address())
        .collect();
    let chosen = turn.checked_rem(live.len()).and_then(|at| live.get(at));
    chosen.cloned().ok_or_else(|| {
        Failure::new(
            Code::NOT_READY,
            "no live backend can coordinate the load; see SHOW BACKENDS",
        )
    })
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
