//! `POST /api/internal/spare`: a backend asks which of its damaged replicas are not the last copy.
//!
//! The cluster's token proves the backend; the leader decides, and takes what it lets go for bad at once.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use crate::backend::api::{Spare, Spared};
use crate::code::{Code, Failure};
use crate::http::{auth, reply};
use crate::leader::handle::Handle;
use crate::leader::request::{HealRequest, Reply, Request};

/// Most bytes of a call: it may list every tablet of a backend.
const BODY_MAX: usize = 64 << 20;

/// The route.
pub fn routes(leader: Handle, token: &str) -> Router {
    Router::new()
        .route("/api/internal/spare", post(spare))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state((leader, token.into()))
}

async fn spare(
    State((leader, token)): State<(Handle, Arc<str>)>,
    headers: HeaderMap,
    Json(asked): Json<Spare>,
) -> Response {
    if !auth::is_node(&headers, &token) {
        return auth::not_a_node();
    }
    let request = Request::Heal(HealRequest::Spare {
        backend: asked.backend,
        tablets: asked.tablets,
    });
    match leader.request(request).await {
        Ok(Reply::Spared(tablets)) => Json(Spared { tablets }).into_response(),
        Ok(_) => reply::failure(&Failure::new(
            Code::UNKNOWN,
            "an unexpected reply of the leader",
        )),
        Err(failure) => reply::failure(&failure),
    }
}
