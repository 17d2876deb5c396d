//! The course of one load: begin, read, route, encode and send in a pipeline, commit; on any failure, abort.
//!
//! Reading and encoding each have a blocking thread; bounded queues between them keep memory within limits and let the
//! slowest stage set the pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{self, BoxFuture};
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backend::api;
use crate::backend::client::{Call, Client};
use crate::clock::Clock;
use crate::ids::TxnId;
use crate::leader::request::{CommitLoad, TabletWritten};
use crate::load::client::{Begin, Committed, LoadClient, PrepareCall};
use crate::load::coordinator::stages::{Reading, Stop, encode, ended};
use crate::load::encode::Encoder;
use crate::load::error::Error;
use crate::load::feed::feed;
use crate::load::label::Existing;
use crate::load::misfit::Misfits;
use crate::load::plan::LoadPlan;
use crate::load::send::{Patience, Sender};
use crate::load::source::Source;
use crate::load::types;

mod stages;

/// Blocks that wait to be encoded.
const BLOCKS: usize = 8;

/// Segments that wait to be sent.
const SEGMENTS: usize = 2;

/// How long a backend may take to forget what it holds of a load.
const ABORT_CALL: Duration = Duration::from_secs(5);

/// Makes the source of a load once its plan is known; called on the reading thread.
pub type OpenSource = Box<dyn FnOnce(&LoadPlan) -> Result<Box<dyn Source>, Error> + Send>;

/// Runs loads.
#[derive(Clone)]
pub struct Coordinator {
    /// Calls to backends.
    pub client: Client,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How long backends are waited for.
    pub patience: Patience,
}

/// A load to run.
pub struct Load {
    /// What it says of itself.
    pub begin: Begin,
    /// What it may leave out.
    pub tolerance: Tolerance,
    /// Its commit is left to a second call, for which it waits so many milliseconds; 0 means the setting.
    pub hold: Option<u64>,
    /// Makes its source.
    pub open: OpenSource,
    /// Feeds the source.
    pub pump: BoxFuture<'static, ()>,
}

/// What a load may leave out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// This share of rows, 0 to 1, may not fit.
    Ratio(f64),
    /// The first row that does not fit ends the load, and is its error.
    Strict,
}

/// How far a load has come, for its answer.
#[derive(Debug, Default)]
pub struct Progress {
    /// Rows read.
    pub total: AtomicU64,
    /// Bytes of input.
    pub bytes: AtomicU64,
    /// Rows that do not fit.
    pub misfits: Mutex<Misfits>,
    /// Transaction, once it has begun; 0 before.
    pub txn: AtomicU64,
    /// Milliseconds that the begin took.
    pub begin_ms: AtomicU64,
    /// Milliseconds from the begin to the end of the input.
    pub read_ms: AtomicU64,
    /// Milliseconds from the begin until all rows were durable.
    pub write_ms: AtomicU64,
    /// Milliseconds that commit and publish took.
    pub commit_ms: AtomicU64,
}

impl Progress {
    /// Rows loaded, if the load succeeds.
    pub fn loaded(&self) -> u64 {
        let total = self.total.load(Ordering::Relaxed);
        total.saturating_sub(self.misfits.lock().count)
    }
}

impl Coordinator {
    /// Runs a load to its end. `pump` feeds the source and is polled until it is done or the load is. Dropping the
    /// future gives the load up, unless it is being committed.
    ///
    /// # Errors
    /// Why nothing of it is visible; only after [`Error::OutcomeUnknown`] it may be.
    pub async fn run(
        &self,
        frontend: Arc<dyn LoadClient>,
        load: Load,
        progress: Arc<Progress>,
    ) -> Result<Committed, Error> {
        let cancel = CancellationToken::new();
        let _guard = cancel.clone().drop_guard();
        let this = self.clone();
        let task =
            tokio::spawn(
                async move { this.drive(frontend.as_ref(), load, progress, cancel).await },
            );
        task.await
            .unwrap_or_else(|panic| Err(Error::Internal(format!("the load broke: {panic}"))))
    }

    async fn drive(
        &self,
        frontend: &dyn LoadClient,
        load: Load,
        progress: Arc<Progress>,
        cancel: CancellationToken,
    ) -> Result<Committed, Error> {
        let Load {
            begin,
            tolerance,
            hold,
            open,
            pump,
        } = load;
        let start = self.clock.now();
        let timeout_ms = begin.timeout_ms;
        let plan = match frontend.begin(begin).await {
            Err(Error::LabelExists { label, existing }) => {
                let existing = repeated(frontend, existing, timeout_ms, &cancel).await?;
                return Err(Error::LabelExists { label, existing });
            }
            begun => begun?,
        };
        set(&progress.txn, plan.txn.0);
        let begun = self.clock.now();
        set(&progress.begin_ms, begun.since_ms(start));
        let left = Duration::from_millis(plan.left_ms);
        let until = Instant::now() + left;
        let pipeline = self.pipeline(&plan, tolerance, open, progress.clone(), left);
        let written = tokio::select! {
            written = beside(pump, pipeline) => written,
            () = tokio::time::sleep_until(until) => Err(Error::Timeout),
            () = cancel.cancelled() => Err(Error::Cancelled),
        };
        let written = written.and_then(|written| {
            tolerable(tolerance, &progress)?;
            Ok(written)
        });
        let done = self.clock.now();
        set(&progress.write_ms, done.since_ms(begun));
        let committed = match written {
            Ok(written) => {
                let commit = CommitLoad {
                    txn: plan.txn,
                    written,
                    rows: progress.loaded(),
                    bytes: progress.bytes.load(Ordering::Relaxed),
                };
                end(frontend, &plan, commit, (hold, until)).await
            }
            Err(error) => Err(error),
        };
        set(&progress.commit_ms, self.clock.now().since_ms(done));
        let (txn, label) = (plan.txn, plan.label.as_str());
        match &committed {
            Ok(committed) => {
                tracing::info!(%txn, label, rows = progress.loaded(), ?committed, "a load is done");
            }
            Err(error) => {
                tracing::warn!(%txn, label, %error, "a load failed");
                if !matches!(error, Error::OutcomeUnknown { .. }) {
                    self.give_up(frontend, &plan, error).await;
                }
            }
        }
        committed
    }

    /// Reads, routes, encodes and sends; the answer is where the rows are durable.
    async fn pipeline(
        &self,
        plan: &Arc<LoadPlan>,
        tolerance: Tolerance,
        open: OpenSource,
        progress: Arc<Progress>,
        left: Duration,
    ) -> Result<Vec<TabletWritten>, Error> {
        let (routed_in, routed) = feed(BLOCKS);
        let (sealed_in, sealed) = feed(SEGMENTS);
        let sender = Sender::new(plan.clone(), self.client.clone(), self.patience, left);
        let reading = Reading {
            plan: plan.clone(),
            tolerance,
            progress,
            clock: self.clock.clone(),
        };
        let reader = tokio::task::spawn_blocking(move || reading.run(open, routed_in));
        let schema = types::schema(&plan.spec.columns);
        let encoder =
            tokio::task::spawn_blocking(move || encode(Encoder::new(schema)?, routed, sealed_in));
        let (sent, encoded, read) = tokio::join!(sender.run(sealed), ended(encoder), ended(reader));
        // An early stage that fails breaks the later ones; one that has lost its reader says nothing of why.
        for stage in [read, encoded] {
            match stage {
                Ok(()) | Err(Stop::Gone) => {}
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        sent
    }

    /// Aborts at the frontend, and at the backends in case the frontend is not there.
    async fn give_up(&self, frontend: &dyn LoadClient, plan: &LoadPlan, error: &Error) {
        let told = frontend.abort(plan.txn, error.to_string()).await;
        if let Err(failed) = told {
            tracing::warn!(txn = %plan.txn, error = %failed, "a load could not be aborted at the frontend");
        }
        let abort = api::Abort { txn: plan.txn };
        let wait = Duration::from_millis(plan.silent_wait_ms);
        let calls = plan.backends.values().map(|address| {
            let call = Call::new(address, "abort", ABORT_CALL);
            let abort = &abort;
            async move {
                let told = tokio::select! {
                    told = self.client.post_json::<_, serde_json::Value>(&call, abort) => told,
                    // It hears of it from the frontend, when it reports what it holds.
                    () = self.client.gone(address, wait) => return,
                };
                if let Err(failed) = told {
                    tracing::debug!(txn = %abort.txn, error = %failed, "a load was not aborted at a backend");
                }
            }
        });
        future::join_all(calls).await;
    }
}

/// Has a load committed, or only prepared where its commit is left to a second call.
async fn end(
    frontend: &dyn LoadClient,
    plan: &LoadPlan,
    commit: CommitLoad,
    (hold, until): (Option<u64>, Instant),
) -> Result<Committed, Error> {
    match hold {
        None => frontend.commit(plan, commit, until).await,
        Some(timeout_ms) => {
            let call = PrepareCall { commit, timeout_ms };
            frontend.prepare(plan, call, until).await
        }
    }
}

/// Who comes again with the label of a load that is committed waits until it is seen, as its first sender was to: until the
/// time of that load, or his own, is over. Gives what has become of the load by then.
async fn repeated(
    frontend: &dyn LoadClient,
    existing: Existing,
    timeout_ms: u64,
    cancel: &CancellationToken,
) -> Result<Existing, Error> {
    let Existing::Committed { txn, left_ms } = existing else {
        return Ok(existing);
    };
    let until = Instant::now() + Duration::from_millis(left_ms);
    let own = match timeout_ms {
        0 => Duration::MAX,
        ms => Duration::from_millis(ms),
    };
    tokio::select! {
        told = frontend.wait(txn, until) => Ok(match told? {
            Committed::Visible => Existing::Visible { txn },
            Committed::Later | Committed::Held => existing,
        }),
        () = tokio::time::sleep(own) => Ok(existing),
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// Polls `pump` beside `work` until `work` is done.
async fn beside<T>(pump: BoxFuture<'static, ()>, work: impl Future<Output = T>) -> T {
    let work = std::pin::pin!(work);
    match future::select(pump, work).await {
        future::Either::Left(((), work)) => work.await,
        future::Either::Right((done, _)) => done,
    }
}

/// Whether few enough rows do not fit.
fn tolerable(tolerance: Tolerance, progress: &Progress) -> Result<(), Error> {
    let Tolerance::Ratio(allowed) = tolerance else {
        return Ok(());
    };
    let misfits = progress.misfits.lock();
    let total = progress.total.load(Ordering::Relaxed);
    if misfits.count == 0 || misfits.count as f64 <= allowed * total as f64 {
        return Ok(());
    }
    Err(Error::TooManyFiltered {
        filtered: misfits.count,
        total,
        allowed: allowed.to_string(),
        first: misfits
            .samples
            .first()
            .map(ToString::to_string)
            .unwrap_or_default(),
    })
}

fn set(counter: &AtomicU64, value: u64) {
    counter.store(value, Ordering::Relaxed);
}

/// The transaction of a load that has begun.
pub fn txn(progress: &Progress) -> Option<TxnId> {
    match progress.txn.load(Ordering::Relaxed) {
        0 => None,
        txn => Some(TxnId(txn)),
    }
}

#[cfg(test)]
mod tests;
