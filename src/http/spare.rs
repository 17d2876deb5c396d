//! `POST /api/internal/spare`: a backend asks which of its damaged replicas are not the last copy.
//!
//! Only nodes may call; the leader decides, and takes what it lets go for bad at once.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use crate::backend::api::{Spare, Spared};
use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::http::{reply, rules};
use crate::leader::handle::Handle;
use crate::leader::request::{HealRequest, Reply, Request};

/// Most bytes of a call: it may list every tablet of a backend.
const BODY_MAX: usize = 64 << 20;

/// The route.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/api/internal/spare", rules::node(BODY_MAX), post(spare))
        .with_state(leader)
}

async fn spare(State(leader): State<Handle>, Json(asked): Json<Spare>) -> Response {
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
