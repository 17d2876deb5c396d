//! HTTP for clients: routes, log-in, and errors as JSON. Most are the frontend's; [`stream_load`]
//! and [`shard_repair_backend`] are served by backends.
//!
//! Knows axum. Decides nothing: a route reads a view, or asks the leader.

use axum::Router;

use crate::backend::client::Client;
use crate::door::{self, Guard};
use crate::frontend::sessions::Sessions;

pub mod auth;
pub mod coordinating;
pub mod health;
pub mod load_calls;
pub mod load_state;
pub mod login;
pub mod metrics;
pub mod redirect;
pub mod reply;
pub mod rules;
pub mod shard_repair;
pub mod shard_repair_backend;
pub mod show_proc;
pub mod spare;
pub mod stream_load;
pub mod two_phase;

/// Every route of a frontend. `client` makes its calls to backends; `guard` lets callers in.
pub fn router(
    accounts: &auth::Accounts,
    client: Client,
    sessions: Sessions,
    guard: &Guard,
) -> Router {
    let leader = &accounts.leader;
    let routes = health::routes(leader.clone(), guard)
        .merge(door::hello(guard))
        .merge(redirect::routes(leader.clone(), client, guard))
        .merge(load_calls::routes(leader.clone(), guard))
        .merge(load_state::routes(leader.clone(), guard))
        .merge(two_phase::routes(leader.clone(), guard))
        .merge(login::routes(accounts.clone(), guard))
        .merge(show_proc::routes(leader.clone(), guard))
        .merge(shard_repair::routes(leader.clone(), guard))
        .merge(spare::routes(leader.clone(), guard))
        .merge(metrics::routes(leader.clone(), sessions, guard));
    reply::with_refusals(routes)
}
