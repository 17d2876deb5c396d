//! HTTP for clients: routes, log-in, and errors as JSON. Most are the frontend's; [`stream_load`]
//! and [`shard_repair_backend`] are served by backends.
//!
//! Knows axum. Decides nothing: a route reads a view, or asks the leader.

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::backend::answers_go_at_once;
use crate::backend::client::Client;
use crate::frontend::sessions::Sessions;
use crate::leader::handle::Handle;

pub mod auth;
pub mod coordinating;
pub mod load_calls;
pub mod load_state;
pub mod metrics;
pub mod redirect;
pub mod reply;
pub mod shard_repair;
pub mod shard_repair_backend;
pub mod show_proc;
pub mod spare;
pub mod stream_load;

/// Every route of a frontend. `client` makes its calls to backends; `token` is the cluster's, for the calls of coordinators.
pub fn router(leader: &Handle, client: Client, sessions: Sessions, token: &str) -> Router {
    let routes = Router::new()
        .route("/api/health", get(health))
        .merge(redirect::routes(leader.clone(), client))
        .merge(load_calls::routes(leader.clone(), token))
        .merge(load_state::routes(leader.clone()))
        .merge(show_proc::routes(leader.clone()))
        .merge(shard_repair::routes(leader.clone(), token))
        .merge(spare::routes(leader.clone(), token))
        .merge(metrics::routes(leader.clone(), sessions));
    reply::with_refusals(routes)
}

/// Serves until `stop`; calls that run then end first.
pub async fn serve(socket: TcpListener, router: Router, stop: CancellationToken) {
    let ended = stop.cancelled_owned();
    let socket = socket.tap_io(answers_go_at_once);
    if let Err(error) = axum::serve(socket, router)
        .with_graceful_shutdown(ended)
        .await
    {
        tracing::error!(%error, "the HTTP listener failed");
    }
}

/// The listener works; what the cluster is like, `/metrics` tells.
async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({"status": "OK", "msg": "Success"}))
}
