//! The reports of one backend: all of its tablets after a start and from time to time, otherwise those that changed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::backend::api::{ReportAnswer, ReportRequest};
use crate::backend::client::Call;
use crate::ids::BackendId;
use crate::leader::event::Event;
use crate::leader::heartbeat::{Seen, Watch, seconds};

/// How long a report of all tablets may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes of a report: a full one has about 200 for each replica, and a backend may hold a million.
const REPORT_BYTES_MAX: usize = 512 << 20;

/// Asks one backend for reports.
pub(super) struct Reports {
    watch: Watch,
    id: BackendId,
    address: String,
    heartbeats: watch::Receiver<Option<Seen>>,
    /// The process that was heard last, and where its next report goes on.
    heard: Option<Seen>,
    /// When all tablets were reported last.
    full: Option<Instant>,
}

impl Reports {
    pub(super) fn new(
        watch: Watch,
        id: BackendId,
        address: String,
        heartbeats: watch::Receiver<Option<Seen>>,
    ) -> Reports {
        Reports {
            watch,
            id,
            address,
            heartbeats,
            heard: None,
            full: None,
        }
    }

    /// Asks after each good heartbeat that leaves something to ask for.
    pub(super) async fn run(mut self) {
        while self.heartbeats.changed().await.is_ok() {
            let seen = *self.heartbeats.borrow_and_update();
            let Some(seen) = seen else { continue };
            let Some(since) = self.due(seen) else {
                continue;
            };
            let call = Call {
                answer_max: REPORT_BYTES_MAX,
                ..Call::new(&self.address, "report", TIMEOUT)
            };
            let request = ReportRequest { since };
            let asked = self.watch.clock.now();
            let result: Result<ReportAnswer, _> =
                self.watch.client.post_json(&call, &request).await;
            if let Ok(answer) = &result {
                self.heard = Some(Seen {
                    seq: answer.seq,
                    ..seen
                });
                if answer.full {
                    self.full = Some(Instant::now());
                }
            }
            let event = Event::Report {
                backend: self.id,
                asked,
                result: result.map_err(|e| e.to_string()),
            };
            if self.watch.events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// From where to ask; `None` when nothing is new.
    fn due(&self, seen: Seen) -> Option<u64> {
        let interval = self
            .watch
            .wanted
            .borrow()
            .config
            .tablet_report_interval_second;
        let (Some(heard), Some(full)) = (self.heard, self.full) else {
            return Some(0);
        };
        if heard.started != seen.started || full.elapsed() >= seconds(interval) {
            return Some(0);
        }
        (heard.seq != seen.seq).then_some(heard.seq)
    }
}
