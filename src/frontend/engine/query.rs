//! A query on its way: batches as they come, until the end, KILL, or the time limit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::code::{Code, Failure};
use crate::frontend::answer::{Answer, ResultSet, RowSource};
use crate::frontend::engine::Engine;
use crate::frontend::engine::running::Place;
use crate::frontend::engine::threads::panicked;
use crate::sql::session::Session;
use crate::system::control::{Control, StopOnDrop};
use crate::system::error::failure;
use crate::system::planner::Planned;
use crate::system::sources::Sources;

/// Batches of a result that wait for the client at most.
const BATCHES_WAITING: usize = 2;

/// When a statement must stop: KILL, or `max_execution_time`.
#[derive(Clone)]
pub(super) struct Limit {
    cancel: CancellationToken,
    deadline: Option<(Instant, u64)>,
}

impl Limit {
    /// The limits of a statement that begins now. Only queries obey the time limit (MySQL).
    pub(super) fn new(session: &Session, cancel: CancellationToken) -> Limit {
        let number = |variable| {
            let text = session.variables.get(variable)?;
            text.parse::<u64>().ok().filter(|n| *n > 0)
        };
        // Milliseconds in MySQL's words, seconds in StarRocks'.
        let seconds = number("query_timeout").map(|s| s.saturating_mul(1000));
        let ms = number("max_execution_time").into_iter().chain(seconds);
        let ms = ms.min().unwrap_or(0);
        let end = Instant::now().checked_add(Duration::from_millis(ms));
        Limit {
            cancel,
            deadline: end.filter(|_| ms > 0).map(|end| (end, ms)),
        }
    }

    /// The same without the time limit.
    pub(super) fn without_deadline(mut self) -> Limit {
        self.deadline = None;
        self
    }

    /// `work`, until one of the limits.
    pub(super) async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            failure = self.reached() => Err(failure),
            done = work => done,
        }
    }

    /// `work`, until KILL.
    pub(super) async fn cancellable<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(interrupted()),
            done = work => done,
        }
    }

    /// Nothing for `time`.
    pub(super) async fn wait(&self, time: Duration) -> Result<(), Failure> {
        if time.is_zero() {
            return Ok(());
        }
        self.guard(async {
            tokio::time::sleep(time).await;
            Ok(())
        })
        .await
    }

    /// The failure of the limit that is reached first.
    async fn reached(&self) -> Failure {
        let Some((end, ms)) = self.deadline else {
            self.cancel.cancelled().await;
            return interrupted();
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => interrupted(),
            () = sleep_until(end) => Failure::new(
                Code::QUERY_TIMEOUT,
                format!(
                    "query execution was interrupted, maximum statement execution time exceeded \
                     ({ms} ms; variables max_execution_time and query_timeout)"
                ),
            ),
        }
    }
}

fn interrupted() -> Failure {
    Failure::new(Code::INTERRUPTED, "query execution was interrupted")
}

impl Engine {
    /// Starts a query; its rows are computed as they are read.
    pub(super) async fn query(
        &self,
        sources: &Sources,
        planned: Planned,
        limit: Limit,
        control: &Arc<Control>,
    ) -> Result<Answer, Failure> {
        let columns = planned.columns.clone();
        let place = limit.guard(self.place_for(sources, control)).await?;
        let rows = self.batches(planned, limit, control, place)?;
        Ok(Answer::Rows(ResultSet {
            columns,
            rows: RowSource::Batches(rows),
            warnings: 0,
            late: Some(control.clone()),
        }))
    }

    /// A place for a query that may take long; others need none.
    pub(super) async fn place_for(
        &self,
        sources: &Sources,
        control: &Control,
    ) -> Result<Option<Place>, Failure> {
        if !control.takes_long() {
            return Ok(None);
        }
        self.queries.place(&sources.view.config).await.map(Some)
    }

    /// The batches of a query. Dropping the stream ends it, and frees its place.
    pub(super) fn batches(
        &self,
        planned: Planned,
        limit: Limit,
        control: &Arc<Control>,
        place: Option<Place>,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Failure>>, Failure> {
        let task = self.planner.task(control)?;
        let (out, batches) = mpsc::channel(BATCHES_WAITING);
        let held = control.clone();
        let running = self.threads.handle().spawn(async move {
            let _place = place;
            let mut stream = match execute_stream(planned.plan, task) {
                Ok(stream) => stream,
                Err(error) => {
                    let _ = out.send(Err(failure(&error))).await;
                    return;
                }
            };
            loop {
                let batch = tokio::select! {
                    batch = stream.next() => batch,
                    () = out.closed() => None,
                };
                let Some(batch) = batch else { break };
                let batch = batch.and_then(|batch| Held::new(batch, &held));
                if out.send(batch.map_err(|e| failure(&e))).await.is_err() {
                    break;
                }
            }
        });
        let reading = Reading {
            batches,
            running: Some(running),
            limit,
            read: None,
            _ending: control.stop_on_drop(),
        };
        Ok(stream::unfold(Some(reading), |reading| async {
            let mut reading = reading?;
            let batch = reading.next().await?;
            let going_on = batch.is_ok().then_some(reading);
            Some((batch, going_on))
        })
        .boxed())
    }
}

/// A batch on its way to the client, charged until the client has read it.
struct Held {
    batch: RecordBatch,
    control: Arc<Control>,
    bytes: u64,
}

impl Held {
    fn new(batch: RecordBatch, control: &Arc<Control>) -> datafusion::common::Result<Held> {
        let bytes = batch.get_array_memory_size() as u64;
        control.pool.hold(bytes)?;
        Ok(Held {
            batch,
            control: control.clone(),
            bytes,
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.control.pool.give_back(self.bytes);
    }
}

struct Reading {
    batches: mpsc::Receiver<Result<Held, Failure>>,
    running: Option<JoinHandle<()>>,
    limit: Limit,
    /// The batch that the client reads.
    read: Option<Held>,
    _ending: StopOnDrop,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<RecordBatch, Failure>> {
        self.read = None;
        let batch = tokio::select! {
            biased;
            failure = self.limit.reached() => return Some(Err(failure)),
            batch = self.batches.recv() => batch,
        };
        if let Some(held) = batch {
            return Some(held.map(|held| {
                let batch = held.batch.clone();
                self.read = Some(held);
                batch
            }));
        }
        // The end is one only if the query came to it: a panic must not look like fewer rows.
        match self.running.take()?.await {
            Ok(()) => None,
            Err(error) => Some(Err(panicked(error))),
        }
    }
}
