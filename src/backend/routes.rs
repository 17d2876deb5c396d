//! The listener's paths: who may call them, and how an error is answered.

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::backend::api::TOKEN_HEADER;
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
    if token.is_some_and(|t| state.knows(t.as_bytes())) {
        next.run(request).await
    } else {
        Error::Token.into_response()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::json!({
            "error": self.to_string(),
            "code": self.code().mysql,
        });
        (status, Json(body)).into_response()
    }
}
