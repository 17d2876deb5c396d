//! `POST /api/internal/login`: a backend, which knows no users, asks whether the one who called it may come in.
//!
//! The log-in is passed on as it came, in the header `Authorization`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};

use crate::backend::login::Login;
use crate::door::{Doors, Guard};
use crate::http::{auth, rules};
use crate::leader::handle::Handle;
use crate::load::client::Told;

/// Most bytes of a call.
const CALL_MAX: usize = 4096;

/// The route.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/api/internal/login", rules::node(CALL_MAX), post(login))
        .with_state(leader)
}

async fn login(
    State(leader): State<Handle>,
    headers: HeaderMap,
    Json(asked): Json<Login>,
) -> Json<Told<()>> {
    let view = leader.view();
    let known = match asked.or_root {
        true => auth::user_or_root(&view.catalog, &headers),
        false => auth::user(&view.catalog, &headers),
    };
    Json(match known {
        Ok(_) => Told::Done(()),
        Err(failure) => Told::Refused {
            code: failure.code.mysql,
            message: failure.message,
            existing: None,
        },
    })
}
