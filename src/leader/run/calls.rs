//! Performs the core's calls to backends.
//!
//! Each backend has its own limit of calls at once, so that calls to a slow one wait for each other and not in the way of
//! those to others. Every call ends in exactly one answer, at the latest after its time-out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::api::TabletErrors;
use crate::backend::client::{Call, Client, Error};
use crate::code::Code;
use crate::ids::BackendId;
use crate::leader::action::{BackendReply, BackendRequest, CallId};
use crate::leader::event::Event;

/// Short calls to one backend at once.
const AT_ONCE: usize = 16;
/// Calls to one backend at once that may take minutes; the core's slots keep them far below.
const LONG_AT_ONCE: usize = 1024;
/// A call whose core names no time limit still has one.
const TIMEOUT_MAX: Duration = Duration::from_secs(7200);

/// Makes calls until it is stopped.
pub struct Calls {
    client: Client,
    events: mpsc::Sender<Event>,
    lanes: HashMap<(BackendId, bool), Arc<Semaphore>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// One call of the core.
pub struct Wanted {
    /// Comes back in the answer.
    pub call: CallId,
    /// Whom.
    pub backend: BackendId,
    /// `host:port` of it.
    pub address: String,
    /// How long it may take, waiting for its turn included.
    pub timeout: Duration,
    /// How long a backend is waited for that gives no sign of life, where others may suffice.
    pub silent_wait: Duration,
    /// What is asked.
    pub request: BackendRequest,
}

impl Calls {
    /// Answers go to `events`; calls end early on `stop` and are counted by `tasks`.
    pub fn new(
        client: Client,
        events: mpsc::Sender<Event>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Calls {
        Calls {
            client,
            events,
            lanes: HashMap::new(),
            stop,
            tasks,
        }
    }

    /// Makes one call in a task of its own.
    pub fn start(&mut self, wanted: Wanted) {
        let long = takes_long(&wanted.request);
        let room = if long { LONG_AT_ONCE } else { AT_ONCE };
        let lane = self
            .lanes
            .entry((wanted.backend, long))
            .or_insert_with(|| Arc::new(Semaphore::new(room)))
            .clone();
        let (client, events) = (self.client.clone(), self.events.clone());
        let made = async move {
            let call = wanted.call;
            let result = perform(&client, &lane, wanted).await;
            // Nobody listens any more when the leader has stopped.
            let _ = events.send(Event::Answer { call, result }).await;
        };
        let until = self.stop.clone();
        self.tasks.spawn(until.run_until_cancelled_owned(made));
    }
}

async fn perform(
    client: &Client,
    lane: &Semaphore,
    wanted: Wanted,
) -> Result<BackendReply, String> {
    let deadline = Instant::now() + wanted.timeout.min(TIMEOUT_MAX);
    let _turn = match tokio::time::timeout_at(deadline, lane.acquire()).await {
        Ok(turn) => turn.map_err(|e| e.to_string())?,
        Err(_) => {
            return Err(format!(
                "node {}: {} waited {} ms behind other calls to it and was given up",
                wanted.address,
                name(&wanted.request),
                wanted.timeout.as_millis()
            ));
        }
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let call = Call::new(&wanted.address, name(&wanted.request), left);
    let errors = |answer: TabletErrors| BackendReply::Errors(answer);
    let answer = match &wanted.request {
        BackendRequest::CreateTablets(body) => client.post_json(&call, body).await.map(errors),
        BackendRequest::DropTablets(body) => client.post_json(&call, body).await.map(errors),
        BackendRequest::Publish(body) => {
            // Readers wait for it, and it can be repeated: no time is lost on a node that has gone dark, nor on a connection
            // that has.
            let wait = wanted.silent_wait;
            let again = async {
                tokio::time::sleep(wait.saturating_mul(2)).await;
                client.post_json(&call, body).await
            };
            tokio::select! {
                answer = client.post_json(&call, body) => answer.map(errors),
                answer = again => answer.map(errors),
                () = client.gone(&wanted.address, wait) => {
                    let (address, ms) = (wanted.address, wait.as_millis());
                    return Err(format!("node {address} gave no sign of life for {ms} ms"));
                }
            }
        }
        BackendRequest::Abort(body) => client.post_json(&call, body).await.map(errors),
        BackendRequest::Cut(body) => client.post_json(&call, body).await.map(errors),
        BackendRequest::Clone(body) => match client.post_json(&call, body).await {
            Ok(answer) => Ok(BackendReply::Cloned(Box::new(answer))),
            Err(full @ Error::Refused { status, .. }) if status == Code::DISK_FULL.http => {
                Ok(BackendReply::NoRoom(full.to_string()))
            }
            Err(error) => Err(error),
        },
        BackendRequest::Adopt(body) => client
            .post_json(&call, body)
            .await
            .map(BackendReply::Adopted),
        BackendRequest::Salvage(body) => client
            .post_json(&call, body)
            .await
            .map(BackendReply::Salvaged),
        BackendRequest::Digest(body) => client
            .post_json(&call, body)
            .await
            .map(BackendReply::Digests),
        BackendRequest::CheckSegments(body) => client
            .post_json(&call, body)
            .await
            .map(BackendReply::Segments),
    };
    answer.map_err(|e| e.to_string())
}

/// Whether a call copies or reads whole tablets, so that short ones must not wait behind it.
fn takes_long(request: &BackendRequest) -> bool {
    matches!(
        request,
        BackendRequest::Clone(_)
            | BackendRequest::Salvage(_)
            | BackendRequest::Digest(_)
            | BackendRequest::CheckSegments(_)
    )
}

/// The call's name in its URL.
fn name(request: &BackendRequest) -> &'static str {
    match request {
        BackendRequest::CreateTablets(_) => "create_tablets",
        BackendRequest::DropTablets(_) => "drop_tablets",
        BackendRequest::Publish(_) => "publish",
        BackendRequest::Abort(_) => "abort",
        BackendRequest::Clone(_) => "clone",
        BackendRequest::Adopt(_) => "adopt_tablets",
        BackendRequest::Cut(_) => "cut_tablets",
        BackendRequest::Salvage(_) => "salvage_tablets",
        BackendRequest::Digest(_) => "digest",
        BackendRequest::CheckSegments(_) => "check_segments",
    }
}
