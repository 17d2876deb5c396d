//! `/shard-repair/status`, `/repair` and `/cancel-repair` (seed: the Anti-Entropy API) on a frontend: what differs in
//! content, and the queue of repairs. A shard is a tablet.
//!
//! Answers are the seed's, byte for byte; its document leaves errors open, so they are those of InfluxDB's other calls
//! ([`answer`]). A frontend has no tablets of its own, so `local` makes no difference here. Backends pass the same calls
//! on to `POST /api/internal/shard_repair`, which takes a [`Call`].

pub mod answer;
pub mod call;
pub mod status;

use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};

use self::answer::Answer;
use self::call::Call;
use self::status::Status;
use crate::code::Failure;
use crate::door::{Doors, Guard};
use crate::http::{auth, rules};
use crate::ids::{BackendId, TabletId};
use crate::leader::handle::Handle;
use crate::leader::request::{HealRequest, Request};
use crate::view::View;

/// Most bytes of a call that is passed on.
const CALL_MAX: usize = 4096;

/// The routes.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    let passed = rules::node(CALL_MAX);
    Doors::new(guard)
        .route("/shard-repair/{call}", rules::REPAIR, any(asked))
        .route("/api/internal/shard_repair", passed, post(passed_on))
        .with_state(leader)
}

async fn asked(
    State(leader): State<Handle>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match Call::read(&method, &uri, None) {
        Ok(call) => perform(&leader, &headers, call).await.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn passed_on(
    State(leader): State<Handle>,
    headers: HeaderMap,
    Json(call): Json<Call>,
) -> Json<Answer> {
    Json(perform(&leader, &headers, call).await)
}

/// Carries out a call for the user who sent `headers`.
async fn perform(leader: &Handle, headers: &HeaderMap, call: Call) -> Answer {
    let view = leader.view();
    if let Err(failure) = auth::user_or_root(&view.catalog, headers) {
        return Answer::failed(&failure);
    }
    match call {
        Call::Status { on } => status(view, on).await,
        Call::Repair { tablet } => change(leader, &view, tablet, true).await,
        Call::Cancel { tablet, on } if !here(&view, tablet, on) => match known(&view, tablet) {
            true => Answer::Done,
            false => Answer::unknown(tablet),
        },
        Call::Cancel { tablet, .. } => change(leader, &view, tablet, false).await,
    }
}

async fn status(view: View, on: Option<BackendId>) -> Answer {
    // Where much differs, the list is long.
    let listed = tokio::task::spawn_blocking(move || Status::of(&view, on)).await;
    match listed {
        Ok(status) => Answer::Status(status),
        Err(_) => Answer::Refused {
            status: 500,
            message: "the list could not be made".to_owned(),
        },
    }
}

async fn change(leader: &Handle, view: &View, tablet: TabletId, on: bool) -> Answer {
    if !known(view, tablet) {
        return Answer::unknown(tablet);
    }
    let tablets = vec![tablet];
    let done: Result<_, Failure> = leader
        .request(Request::Heal(HealRequest::RepairTablets { tablets, on }))
        .await;
    match done {
        Ok(_) => Answer::Done,
        Err(failure) => Answer::failed(&failure),
    }
}

fn known(view: &View, tablet: TabletId) -> bool {
    view.catalog.tablets.view(tablet).is_some()
}

/// Whether a tablet has a replica on the backend that a call is limited to, if it is.
fn here(view: &View, tablet: TabletId, on: Option<BackendId>) -> bool {
    let tablet = view.catalog.tablets.view(tablet);
    on.is_none_or(|backend| tablet.is_some_and(|tablet| tablet.on(backend).is_some()))
}

#[cfg(test)]
mod tests;
