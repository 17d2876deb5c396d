//! A query on its way: batches as they come, until the end, KILL, or the time limit.

use std::future::Future;
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
use crate::frontend::engine::threads::panicked;
use crate::sql::session::Session;
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
        let ms = session.variables.get("max_execution_time");
        let ms = ms.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
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
                     ({ms} ms; variable max_execution_time)"
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
    pub(super) fn query(
        &self,
        sources: &Sources,
        planned: Planned,
        limit: Limit,
    ) -> Result<Answer, Failure> {
        let columns = planned.columns.clone();
        let rows = self.batches(sources, planned, limit)?;
        Ok(Answer::Rows(ResultSet {
            columns,
            rows: RowSource::Batches(rows),
            warnings: 0,
        }))
    }

    /// The batches of a query. Dropping the stream ends it.
    pub(super) fn batches(
        &self,
        sources: &Sources,
        planned: Planned,
        limit: Limit,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Failure>>, Failure> {
        let task = self.planner.task(sources.view.config.query_mem_limit)?;
        let (out, batches) = mpsc::channel(BATCHES_WAITING);
        let running = self.threads.handle().spawn(async move {
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
                if out.send(batch.map_err(|e| failure(&e))).await.is_err() {
                    break;
                }
            }
        });
        let reading = Reading {
            batches,
            running: Some(running),
            limit,
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

struct Reading {
    batches: mpsc::Receiver<Result<RecordBatch, Failure>>,
    running: Option<JoinHandle<()>>,
    limit: Limit,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<RecordBatch, Failure>> {
        let batch = tokio::select! {
            biased;
            failure = self.limit.reached() => return Some(Err(failure)),
            batch = self.batches.recv() => batch,
        };
        if batch.is_some() {
            return batch;
        }
        // The end is one only if the query came to it: a panic must not look like fewer rows.
        match self.running.take()?.await {
            Ok(()) => None,
            Err(error) => Some(Err(panicked(error))),
        }
    }
}
