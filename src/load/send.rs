//! Segments to replicas: one streaming call a backend, each as fast as its backend.
//!
//! A backend that breaks, or that takes nothing for too long, is given up for this load; the load goes on as long as
//! every tablet can still reach its write quorum. Where the others suffice, slow backends are waited for, and those that give
//! no sign of life are not.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, FuturesUnordered};
use futures::{Stream, StreamExt};
use tokio::sync::mpsc::{self, error::SendTimeoutError};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::backend::api::{LoadAnswer, SegmentHeader};
use crate::backend::client::{self, Call, Client};
use crate::ids::{BackendId, TabletId};
use crate::leader::request::TabletWritten;
use crate::load::encode::Segment;
use crate::load::error::Error;
use crate::load::feed::Feed;
use crate::load::ledger::Ledger;
use crate::load::plan::LoadPlan;

/// Segments on the way to one backend; more make the load wait for it.
const QUEUE: usize = 4;

/// Bytes that are handed to the connection at once.
const FRAME_BYTES: usize = 256 << 10;

/// How often a backend that has nothing to get is told that the load goes on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// How long backends are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a backend whose queue is full to take the next segment.
    pub stall: Duration,
    /// For the answers, after the last segment.
    pub answer: Duration,
    /// For the remaining answers, once every tablet has its quorum: as long as the load has taken by then, at least the
    /// plan's wait for silent ones, and at most this.
    pub straggler: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            stall: Duration::from_secs(15),
            answer: Duration::from_secs(120),
            straggler: Duration::from_secs(10),
        }
    }
}

/// The write side of a load.
pub struct Sender {
    plan: Arc<LoadPlan>,
    client: Client,
    patience: Patience,
    /// Most time of the whole call, so that no connection outlives the load.
    limit: Duration,
    began: Instant,
    links: BTreeMap<BackendId, Link>,
    ledger: Ledger,
}

/// Why a backend takes no more segments.
enum Stop {
    /// It took none for so long as patience lasts.
    Stalled,
    /// Others have taken theirs, and it gives no sign of life.
    Silent,
    /// Its call has ended.
    Ended,
}

struct Link {
    parts: mpsc::Sender<Part>,
    answer: JoinHandle<Result<LoadAnswer, client::Error>>,
}

#[derive(Clone)]
enum Part {
    Segment { head: Bytes, body: Bytes },
    End,
}

impl Link {
    /// Says that there is no more, and waits for the answer.
    async fn end(
        mut self,
        stall: Duration,
    ) -> Result<Result<LoadAnswer, client::Error>, JoinError> {
        // An error here shows again in the answer.
        let _ = self.parts.send_timeout(Part::End, stall).await;
        (&mut self.answer).await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.answer.abort();
    }
}

impl Sender {
    /// For the tablets of a plan; `limit` is what is left of the load's time.
    pub fn new(plan: Arc<LoadPlan>, client: Client, patience: Patience, limit: Duration) -> Sender {
        Sender {
            ledger: Ledger::new(&plan),
            plan,
            client,
            patience,
            limit,
            began: Instant::now(),
            links: BTreeMap::new(),
        }
    }

    /// Sends all segments and waits until they are durable.
    ///
    /// # Errors
    /// The segments broke off, or a tablet can't reach its quorum any more.
    pub async fn run(mut self, mut segments: Feed<Segment>) -> Result<Vec<TabletWritten>, Error> {
        while let Some(segment) = segments.recv().await? {
            self.send(segment).await?;
        }
        self.answers().await;
        self.ledger.written()
    }

    async fn send(&mut self, segment: Segment) -> Result<(), Error> {
        let (tablet, targets) = self.ledger.add(segment.slot, segment.rows)?;
        let part = part(tablet, &segment)?;
        for backend in &targets {
            self.open(*backend);
        }
        let enough = CancellationToken::new();
        let mut pending: BTreeSet<BackendId> = targets.iter().copied().collect();
        let mut sends: FuturesUnordered<_> = targets
            .iter()
            .filter_map(|backend| {
                let parts = self.links.get(backend)?.parts.clone();
                Some(self.hand_over(*backend, parts, part.clone(), enough.clone()))
            })
            .collect();
        let mut stopped = Vec::new();
        while let Some((backend, result)) = sends.next().await {
            pending.remove(&backend);
            stopped.extend(result.err().map(|why| (backend, why)));
            if !pending.is_empty() && self.ledger.reachable_without(&pending).is_ok() {
                enough.cancel();
            }
        }
        drop(sends);
        for (backend, why) in stopped {
            self.lose(backend, why).await;
        }
        self.ledger.reachable()
    }

    /// Puts a segment into the queue of a backend. Once there are `enough` others, one that is silent is not waited for.
    fn hand_over(
        &self,
        backend: BackendId,
        parts: mpsc::Sender<Part>,
        part: Part,
        enough: CancellationToken,
    ) -> impl Future<Output = (BackendId, Result<(), Stop>)> + use<> {
        let (stall, gone) = (self.patience.stall, self.gone(backend, enough));
        async move {
            let taken = tokio::select! {
                biased;
                sent = parts.send_timeout(part, stall) => sent.map_err(|error| match error {
                    SendTimeoutError::Timeout(_) => Stop::Stalled,
                    SendTimeoutError::Closed(_) => Stop::Ended,
                }),
                () = gone => Err(Stop::Silent),
            };
            (backend, taken)
        }
    }

    /// Starts the call to a backend, if there is none yet.
    fn open(&mut self, backend: BackendId) {
        if self.links.contains_key(&backend) {
            return;
        }
        let Some(address) = self.plan.backends.get(&backend).cloned() else {
            self.ledger.lose(backend, "its address is not known".into());
            return;
        };
        let (parts, queue) = mpsc::channel(QUEUE);
        let (client, limit) = (self.client.clone(), self.limit);
        let name = format!("load/{}", self.plan.txn);
        let answer = tokio::spawn(async move {
            let call = Call::new(&address, &name, limit);
            client.post_stream(&call, frames(queue, SIGN_OF_LIFE)).await
        });
        self.links.insert(backend, Link { parts, answer });
    }

    /// Gives a backend up.
    async fn lose(&mut self, backend: BackendId, stop: Stop) {
        let Some(mut link) = self.links.remove(&backend) else {
            return;
        };
        let why = match stop {
            Stop::Stalled => format!("it took no data for {} s", self.patience.stall.as_secs()),
            Stop::Silent => self.silence(),
            // The call has ended before its data; its error says why.
            Stop::Ended => match timeout(self.patience.stall, &mut link.answer).await {
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Ok(Ok(_))) => "it answered before the data had ended".into(),
                Ok(Err(_)) | Err(_) => "the call to it broke".into(),
            },
        };
        tracing::warn!(txn = %self.plan.txn, %backend, why, "a backend is given up for this load");
        self.ledger.lose(backend, why);
    }

    fn silence(&self) -> String {
        format!(
            "it gave no sign of life for {} ms while others did",
            self.plan.silent_wait_ms
        )
    }

    /// Ends the calls and collects what was written, until the time is over.
    async fn answers(&mut self) {
        let links = std::mem::take(&mut self.links);
        let enough = CancellationToken::new();
        let mut missing: BTreeSet<BackendId> = links.keys().copied().collect();
        let mut waiting: FuturesUnordered<_> = links
            .into_iter()
            .map(|(backend, link)| {
                let answer = link.end(self.patience.stall);
                let gone = self.gone(backend, enough.clone());
                async move {
                    tokio::select! {
                        answer = answer => (backend, Some(answer)),
                        () = gone => (backend, None),
                    }
                }
            })
            .collect();
        let mut until = Instant::now() + self.patience.answer;
        while let Ok(Some((backend, answer))) = timeout_at(until, waiting.next()).await {
            missing.remove(&backend);
            match answer {
                Some(Ok(Ok(answer))) => {
                    self.ledger.answer(backend, answer);
                    if !missing.is_empty() && self.ledger.written().is_ok() {
                        until = until.min(Instant::now() + self.straggler());
                        enough.cancel();
                    }
                }
                Some(Ok(Err(error))) => self.ledger.lose(backend, error.to_string()),
                Some(Err(_)) => self.ledger.lose(backend, "the call to it broke".into()),
                None => self.ledger.lose(backend, self.silence()),
            }
        }
        for address in missing.iter().filter_map(|of| self.plan.backends.get(of)) {
            self.client.outpaced(address);
        }
    }

    /// How long those are waited for that live and are slower than the quorum.
    fn straggler(&self) -> Duration {
        let most = self.patience.straggler;
        // A little more than it takes to find that one is silent: that is the better reason.
        let least = Duration::from_millis(self.plan.silent_wait_ms.saturating_mul(3) / 2).min(most);
        self.began.elapsed().clamp(least, most)
    }

    /// Ends when the load can do without a backend, and that gives no sign of life.
    fn gone(
        &self,
        backend: BackendId,
        enough: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let (client, address) = (
            self.client.clone(),
            self.plan.backends.get(&backend).cloned(),
        );
        let wait = Duration::from_millis(self.plan.silent_wait_ms);
        async move {
            enough.cancelled().await;
            match address {
                Some(address) => client.gone(&address, wait).await,
                None => std::future::pending().await,
            }
        }
    }
}

fn part(tablet: TabletId, segment: &Segment) -> Result<Part, Error> {
    let header = SegmentHeader {
        tablet,
        ordinal: segment.ordinal,
        rows: segment.rows,
        bytes: segment.bytes.len() as u64,
        crc: segment.crc,
    };
    let json = serde_json::to_vec(&header).map_err(|e| Error::Internal(e.to_string()))?;
    let length = u32::try_from(json.len()).map_err(|e| Error::Internal(e.to_string()))?;
    let mut head = Vec::with_capacity(json.len() + 4);
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&json);
    Ok(Part::Segment {
        head: head.into(),
        body: segment.bytes.clone(),
    })
}

/// The body of the call. It fails when the queue closes without an end, so that half a load never looks whole.
fn frames(
    queue: mpsc::Receiver<Part>,
    sign_of_life: Duration,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
    struct State {
        queue: mpsc::Receiver<Part>,
        body: Bytes,
    }
    let state = State {
        queue,
        body: Bytes::new(),
    };
    stream::try_unfold(state, move |mut state| async move {
        if !state.body.is_empty() {
            let frame = state.body.split_to(state.body.len().min(FRAME_BYTES));
            return Ok(Some((frame, state)));
        }
        match timeout(sign_of_life, state.queue.recv()).await {
            Err(_) => Ok(Some((Bytes::from_static(&[0; 4]), state))),
            Ok(Some(Part::Segment { head, body })) => {
                state.body = body;
                Ok(Some((head, state)))
            }
            Ok(Some(Part::End)) => Ok(None),
            Ok(None) => Err(io::Error::other("the load was given up")),
        }
    })
}

#[cfg(test)]
mod tests;
