//! Asks every backend how it is, and what changed on it.
//!
//! One task a backend asks for heartbeats, another one for reports, so that a long report does not look like death. Both end when
//! the backend is dropped. What an answer means is the core's to say.

mod reports;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::backend::api::{HeartbeatAnswer, HeartbeatRequest};
use crate::backend::client::{Call, Client};
use crate::catalog::backend::Backend;
use crate::clock::Clock;
use crate::config::Config;
use crate::ids::{BackendId, NodeId};
use crate::leader::event::Event;

/// The first pause after a heartbeat of a backend that this leadership has not heard yet; it doubles from then on.
const UNHEARD_PAUSE: Duration = Duration::from_millis(50);

/// Most bytes of the answer to a heartbeat: it lists storage paths and clones.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The part of a snapshot that those who talk to backends follow.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Settings in force.
    pub config: Arc<Config>,
    /// The backends of the cluster.
    pub backends: OrdMap<BackendId, Arc<Backend>>,
}

/// What each of the tasks needs.
#[derive(Clone)]
pub struct Watch {
    /// Makes the calls.
    pub client: Client,
    /// Settings and backends, as they change.
    pub wanted: watch::Receiver<Wanted>,
    /// Where answers go.
    pub events: mpsc::Sender<Event>,
    /// Cluster.
    pub cluster_id: u64,
    /// Sequence of this leadership.
    pub epoch: u64,
    /// `host:port` of this frontend's HTTP listener.
    pub frontend: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Watch {
    /// Starts and ends the tasks of each backend until `stop`; all of them are counted by `tasks`.
    pub async fn run(mut self, stop: CancellationToken, tasks: TaskTracker) {
        let mut watched: BTreeMap<BackendId, (String, DropGuard)> = BTreeMap::new();
        loop {
            let backends = self.wanted.borrow_and_update().backends.clone();
            // One that listens elsewhere is asked anew.
            watched.retain(|id, (at, _)| backends.get(id).is_some_and(|b| b.address() == *at));
            for (id, backend) in &backends {
                watched.entry(*id).or_insert_with(|| {
                    let ends = stop.child_token();
                    self.start(backend, &ends, &tasks);
                    (backend.address(), ends.drop_guard())
                });
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = self.wanted.changed() => if changed.is_err() { return },
            }
        }
    }

    fn start(&self, backend: &Backend, ends: &CancellationToken, tasks: &TaskTracker) {
        let (told, seen) = watch::channel(None);
        let beats = self.clone().beat(backend.id, backend.address(), told);
        let reports = reports::Reports::new(self.clone(), backend.id, backend.address(), seen);
        tasks.spawn(ends.clone().run_until_cancelled_owned(beats));
        tasks.spawn(ends.clone().run_until_cancelled_owned(reports.run()));
    }

    async fn beat(mut self, id: BackendId, address: String, told: watch::Sender<Option<Seen>>) {
        // Nodes of a cluster start together: one that was not heard yet is asked again sooner than the interval says.
        let mut unheard = Some(UNHEARD_PAUSE);
        loop {
            let began = Instant::now();
            let config = self.wanted.borrow().config.clone();
            let timeout = seconds(config.heartbeat_timeout_second);
            let request = HeartbeatRequest {
                cluster_id: self.cluster_id,
                backend: id,
                frontend: self.frontend.clone(),
                epoch: self.epoch,
                trash_expire_sec: config.trash_file_expire_time_sec,
                node: self.node_of(id),
            };
            let call = Call {
                answer_max: ANSWER_BYTES_MAX,
                ..Call::new(&address, "heartbeat", timeout)
            };
            let result: Result<HeartbeatAnswer, _> = self.client.post_json(&call, &request).await;
            let heard = result.as_ref().ok().map(|answer| {
                let seen = Seen {
                    started: answer.started,
                    seq: answer.report_seq,
                };
                (answer.node, seen)
            });
            let result = result.map_err(|e| e.to_string());
            let event = Event::Heartbeat {
                backend: id,
                result,
            };
            if self.events.send(event).await.is_err() {
                return;
            }
            unheard = unheard.map(|pause| pause.saturating_mul(2));
            // A node that the cluster does not take for this backend, or not yet, is not asked for its tablets; the next
            // heartbeat tells it whom it is taken for.
            if let Some((node, seen)) = heard
                && (node.is_none() || node == request.node)
            {
                unheard = None;
                told.send_replace(Some(seen));
            }
            self.pause(began, unheard).await;
        }
    }

    fn node_of(&self, id: BackendId) -> Option<NodeId> {
        let wanted = self.wanted.borrow();
        wanted.backends.get(&id).and_then(|backend| backend.node)
    }

    /// Waits until the next heartbeat is due, at most for `longest`; a change of the interval counts at once.
    async fn pause(&mut self, began: Instant, longest: Option<Duration>) {
        loop {
            let config = self.wanted.borrow_and_update().config.clone();
            let interval = seconds(config.heartbeat_interval_second);
            let interval = longest.map_or(interval, |longest| interval.min(longest));
            tokio::select! {
                () = tokio::time::sleep_until(began + interval) => return,
                changed = self.wanted.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// What the last heartbeat said of a backend's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    started: crate::clock::Timestamp,
    seq: u64,
}

/// A setting in seconds as a time span: at least one, and not so long that adding it overflows.
fn seconds(setting: u64) -> Duration {
    Duration::from_secs(setting.clamp(1, 366 * 24 * 3600))
}
