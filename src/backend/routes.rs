//! The listener's paths: who may call them, and how an error is answered.

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::backend::api::{LEADERSHIP_HEADER, Leadership, TOKEN_HEADER};
use crate::backend::error::Error;
use crate::backend::state::State;
use crate::code::Coded;

mod copy;
mod health;
mod inspect;
mod internal;

/// Largest JSON body: a hundred thousand tablets are about 15 MB.
const JSON_BYTES_MAX: usize = 64 << 20;

/// Every path of a backend of its own.
pub fn routes(state: State) -> Router {
    let internal = Router::new()
        .route("/ping", post(internal::ping))
        .route("/heartbeat", post(internal::heartbeat))
        .route("/identify", post(internal::identify))
        .route("/report", post(internal::report))
        .route("/create_tablets", post(internal::create_tablets))
        .route("/drop_tablets", post(internal::drop_tablets))
        .route("/publish", post(internal::publish))
        .route("/abort", post(internal::abort))
        .route("/scan", post(internal::scan))
        .route("/clone", post(copy::clone))
        .route("/digest", post(health::digest))
        .route("/check_segments", post(health::check_segments))
        .route("/describe_replica", post(copy::describe_replica))
        .route("/read_segment", post(copy::read_segment))
        .route("/release_replica", post(copy::release_replica))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .route("/load/{txn}", post(internal::load))
        .layer(axum::middleware::from_fn_with_state(state.clone(), guard));
    Router::new()
        .nest("/api/internal", internal)
        .route("/api/meta/header/{tablet}", get(inspect::header))
        .route("/api/compaction/show", get(inspect::compaction))
        .route(
            "/api/check_tablet_segment_lost",
            get(health::segment_lost).post(health::segment_lost),
        )
        .route("/api/health", get(inspect::health))
        .route("/metrics", get(inspect::metrics))
        .with_state(state)
}

/// Lets those in who know the cluster's token.
async fn guard(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let token = request.headers().get(TOKEN_HEADER);
    if !token.is_some_and(|t| state.knows(t.as_bytes())) {
        return Error::Token.into_response();
    }
    let obeyed = match made_for(request.headers()) {
        Ok(Some(frontend)) => state.obey(&frontend).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match obeyed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The frontend that a call is made for. Calls of tools are made for none.
fn made_for(headers: &HeaderMap) -> Result<Option<Leadership>, Error> {
    let said = headers.get(LEADERSHIP_HEADER);
    let read = said.map(|said| serde_json::from_slice(said.as_bytes()));
    read.transpose().map_err(|error| {
        let what = format!("the header {LEADERSHIP_HEADER} can't be read: {error}");
        Error::Request(what)
    })
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = serde_json::json!({
            "error": self.to_string(),
            "code": self.code().mysql,
        });
        if let Error::Fenced { obeyed, .. } = &self {
            body["obeys"] = serde_json::json!(obeyed);
        }
        (status, Json(body)).into_response()
    }
}
