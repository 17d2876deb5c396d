//! `/shard-repair` on a backend: the same calls as on a frontend, which carries them out. With `local=true` only tablets
//! count that have a replica on this backend.
//!
//! The client's log-in is passed on, beside this node's proof. The queue is the cluster's: a repair that is cancelled
//! here with `local=true` is cancelled everywhere, if this backend has a replica, and not at all otherwise.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::shard_repair::answer::Answer;
use super::shard_repair::call::Call;
use crate::backend::client::{self, Client};
use crate::door::{Doors, Guard};
use crate::http::rules;
use crate::ids::BackendId;

/// How long the frontend may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a backend needs to pass calls on.
pub struct ShardRepair {
    /// Makes the calls.
    pub client: Client,
    /// `host:port` of the frontend's HTTP listener, and this backend's id; `None` until the frontend has been heard of.
    pub frontend: Box<dyn Fn() -> Option<(String, BackendId)> + Send + Sync>,
}

/// The routes.
pub fn routes(node: ShardRepair, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/shard-repair/{call}", rules::REPAIR, any(asked))
        .with_state(Arc::new(node))
}

async fn asked(
    State(node): State<Arc<ShardRepair>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frontend = (node.frontend)();
    let here = frontend.as_ref().map(|(_, backend)| *backend);
    let answer = match (Call::read(&method, &uri, here), frontend) {
        (Err(refused), _) => refused,
        (Ok(_), None) => Answer::refused(500, "this backend has not heard of a frontend yet"),
        (Ok(call), Some((address, _))) => pass_on(&node.client, &address, &headers, call).await,
    };
    answer.into_response()
}

async fn pass_on(client: &Client, address: &str, headers: &HeaderMap, call: Call) -> Answer {
    let authorization = headers
        .get(AUTHORIZATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let outer = client::Call {
        authorization: authorization.as_deref(),
        ..client::Call::new(address, "shard_repair", TIMEOUT)
    };
    match client.post_json(&outer, &call).await {
        Ok(answer) => answer,
        Err(cause) => Answer::refused(500, cause.to_string()),
    }
}
