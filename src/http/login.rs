//! `POST /api/internal/login`: a backend, which knows no users, asks whether the one who called it may come in.
//!
//! The log-in is passed on as it came, in the header `Authorization`.

use std::net::Ipv4Addr;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Extension, Json, Router};

use crate::backend::login::Login;
use crate::door::{Doors, Guard};
use crate::http::auth::Accounts;
use crate::http::rules;
use crate::listener::Standing;
use crate::load::client::Told;

/// Most bytes of a call.
const CALL_MAX: usize = 4096;

/// The route.
pub fn routes(accounts: Accounts, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/api/internal/login", rules::node(CALL_MAX), post(login))
        .with_state(accounts)
}

async fn login(
    State(accounts): State<Accounts>,
    node: Option<Extension<Standing>>,
    headers: HeaderMap,
    Json(asked): Json<Login>,
) -> Json<Told<()>> {
    // A backend of an earlier version does not say for whom it asks.
    let peer = asked.peer.or(node.map(|Extension(node)| node.peer()));
    let peer = peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    Json(match accounts.log_in(&headers, peer, asked.or_root).await {
        Ok(_) => Told::Done(()),
        Err(failure) => Told::Refused {
            code: failure.code.mysql,
            message: failure.message,
            existing: None,
        },
    })
}
