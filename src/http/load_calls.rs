//! `POST /api/internal/load/begin|prepare|commit|abort|wait`: what coordinators on backends ask of the frontend.
//!
//! Only nodes may call; at the begin, the `Authorization` header that it passes on proves the user.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;

use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::http::{auth, rules};
use crate::leader::handle::Handle;
use crate::leader::request::{CommitLoad, Reply, Request};
use crate::load::client::{AbortCall, Begin, Committed, PrepareCall, Told, WaitCall};
use crate::load::label::{self, Existing};

/// Most bytes of a call: a commit lists every tablet and replica of a load.
const BODY_MAX: usize = 256 << 20;
/// Most bytes of the others: names and reasons.
const SHORT_MAX: usize = 1 << 20;

#[derive(Clone)]
struct Calls {
    leader: Handle,
}

/// The routes.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    let (long, short) = (rules::node(BODY_MAX), rules::node(SHORT_MAX));
    Doors::new(guard)
        .route("/api/internal/load/begin", short, post(begin))
        .route("/api/internal/load/prepare", long, post(prepare))
        .route("/api/internal/load/commit", long, post(commit))
        .route("/api/internal/load/abort", short, post(abort))
        .route("/api/internal/load/wait", short, post(wait))
        .with_state(Calls { leader })
}

impl Calls {
    async fn ask<T: Serialize>(
        &self,
        request: Request,
        label: Option<(String, String)>,
        read: impl FnOnce(Reply) -> Option<T>,
    ) -> Response {
        match self.leader.request(request).await {
            Ok(reply) => match read(reply) {
                Some(done) => Json(Told::Done(done)).into_response(),
                None => told(
                    &Failure::new(Code::UNKNOWN, "an unexpected reply of the leader"),
                    None,
                ),
            },
            Err(failure) => {
                let existing =
                    label
                        .filter(|_| failure.code == Code::LABEL_EXISTS)
                        .map(|(db, label)| {
                            let view = self.leader.view();
                            Existing::of(&view.catalog, view.now, &db, &label)
                        });
                told(&failure, existing)
            }
        }
    }
}

async fn begin(
    State(calls): State<Calls>,
    headers: HeaderMap,
    Json(begin): Json<Begin>,
) -> Response {
    if let Err(failure) = auth::user(&calls.leader.view().catalog, &headers) {
        return told(&failure, None);
    }
    let label = (begin.db.clone(), begin.label.clone());
    let request = begin.request("BACKEND_STREAMING");
    calls
        .ask(request, Some(label), |reply| match reply {
            Reply::Begun(plan) => Some(plan),
            _ => None,
        })
        .await
}

async fn commit(State(calls): State<Calls>, Json(commit): Json<CommitLoad>) -> Response {
    let request = Request::CommitLoad(commit);
    calls
        .ask(request, None, |reply| Committed::of(&reply))
        .await
}

async fn prepare(State(calls): State<Calls>, Json(call): Json<PrepareCall>) -> Response {
    let read = |reply| Committed::of(&reply);
    calls.ask(call.request(), None, read).await
}

async fn abort(State(calls): State<Calls>, Json(abort): Json<AbortCall>) -> Response {
    let request = Request::AbortLoad {
        txn: abort.txn,
        reason: abort.reason,
    };
    calls.ask(request, None, |_| Some(())).await
}

async fn wait(State(calls): State<Calls>, Json(wait): Json<WaitCall>) -> Response {
    match label::visible(&calls.leader, wait.txn).await {
        Ok(committed) => Json(Told::Done(committed)).into_response(),
        Err(failure) => told(&failure, None),
    }
}

fn told(failure: &Failure, existing: Option<Existing>) -> Response {
    Json(Told::<()>::Refused {
        code: failure.code.mysql,
        message: failure.message.clone(),
        existing,
    })
    .into_response()
}

#[cfg(test)]
mod tests;
