//! One statement while it is planned and run: whether it must stop, what memory it has, whose turn it is.
//!
//! Owns the reason to stop, which everything that can take long asks for again and again, and the time that the statement
//! has worked. Does not decide when to stop: the engine does (KILL, time limits, the client's end, the guard of memory).

use std::cell::Cell;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use datafusion::common::{DataFusionError, Result};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::code::{Code, Failure};
use crate::config::Config;
use crate::sql::session::Warning;
use crate::system::error::wrap;
use crate::system::lanes::{Lanes, Place};
use crate::system::pool::QueryPool;
use crate::system::turns::Turns;

/// Bytes of function results that planning keeps as constants; what is longer is computed when the query runs.
const FOLDED_MAX: u64 = 64 << 10;
/// Warnings of one statement that are kept (MySQL's `max_error_count`).
const WARNINGS_MAX: usize = 1024;
/// How long one poll of a query may work before it lets others work.
const SLICE: Duration = Duration::from_millis(10);
/// Work after which a query is no young one any more.
const YOUNG: Duration = Duration::from_millis(200);

/// A statement on its way.
#[derive(Debug)]
pub struct Control {
    /// What it may hold.
    pub pool: Arc<QueryPool>,
    /// Bytes of the longest text that a function may make: setting `max_allowed_packet`.
    pub longest: usize,
    /// Whose turn it is.
    pub turns: Turns,
    lanes: Lanes,
    place: Mutex<Option<Place>>,
    stop: OnceLock<Failure>,
    stopped: CancellationToken,
    planning: AtomicBool,
    planning_limit: Duration,
    long: AtomicBool,
    worked: AtomicU64,
    warnings: Mutex<Vec<Warning>>,
}

/// What a thread works at.
struct Here {
    control: Arc<Control>,
    /// When this poll, or planning, began.
    began: Instant,
    /// Bytes of function results that were charged since.
    made: Cell<u64>,
}

tokio::task_local! {
    /// Set for as long as a poll, or planning, lasts: functions and rules of the optimizer are called without a context.
    static HERE: Here;
}

/// Ends a statement whose client does not wait for it any more.
pub struct StopOnDrop(Arc<Control>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop(Failure::new(
            Code::INTERRUPTED,
            "query execution was interrupted",
        ));
    }
}

impl Control {
    /// A statement that begins now.
    pub fn new(config: &Config, pool: Arc<QueryPool>, turns: Turns, lanes: Lanes) -> Arc<Control> {
        Arc::new(Control {
            pool,
            longest: usize::try_from(config.max_allowed_packet).unwrap_or(usize::MAX),
            turns,
            lanes,
            place: Mutex::default(),
            stop: OnceLock::new(),
            stopped: CancellationToken::new(),
            planning: AtomicBool::new(true),
            planning_limit: Duration::from_millis(config.planning_time_limit_ms),
            long: AtomicBool::new(false),
            worked: AtomicU64::new(0),
            warnings: Mutex::default(),
        })
    }

    /// Makes the statement stop, wherever it is; the first reason is the one that is told.
    pub fn stop(&self, why: Failure) {
        if self.stop.set(why).is_ok() {
            self.stopped.cancel();
        }
    }

    /// Stops the statement when the value is dropped.
    pub fn stop_on_drop(self: &Arc<Control>) -> StopOnDrop {
        StopOnDrop(self.clone())
    }

    /// Waits until the statement must stop.
    pub async fn stopped(&self) -> Failure {
        self.stopped.cancelled().await;
        let why = self.stop.get().cloned();
        why.unwrap_or_else(|| Failure::new(Code::INTERRUPTED, "query execution was interrupted"))
    }

    /// Whether the statement may go on.
    ///
    /// # Errors
    /// Why it must stop.
    pub fn check(&self) -> Result<(), Failure> {
        match self.stop.get() {
            None => Ok(()),
            Some(why) => Err(why.clone()),
        }
    }

    /// The place among those that are planned; the one before is free then.
    pub fn take_place(&self, place: Option<Place>) {
        *self.place.lock() = place;
    }

    /// Waits for a place among those whose planning takes long; the place before is free meanwhile. Call it on a thread
    /// that may wait.
    ///
    /// # Errors
    /// The statement must stop; too many wait already.
    pub fn wait_for_heavy_place(&self) -> Result<(), Failure> {
        self.take_place(None);
        let runtime =
            Handle::try_current().map_err(|e| Failure::new(Code::UNKNOWN, e.to_string()))?;
        let place = runtime.block_on(async {
            tokio::select! {
                biased;
                why = self.stopped() => Err(why),
                place = self.lanes.heavy() => place.map_err(|crowded| Failure::new(
                    Code::OUT_OF_RESOURCES,
                    format!("{} large statements wait to be planned already; try again later", crowded.waiting),
                )),
            }
        })?;
        self.take_place(Some(place));
        Ok(())
    }

    /// The query reads tablets, or joins: it may take long.
    pub fn may_take_long(&self) {
        self.long.store(true, Ordering::Relaxed);
    }

    /// Whether the query may take long, as far as planning has told.
    pub fn takes_long(&self) -> bool {
        self.long.load(Ordering::Relaxed)
    }

    /// Plans: `work` and what it calls stop at their next check once the statement must, or after
    /// `planning_time_limit_ms`.
    pub fn plan<T>(self: &Arc<Control>, work: impl FnOnce() -> T) -> T {
        self.planning.store(true, Ordering::Relaxed);
        let done = self.enter(Instant::now(), work).0;
        self.planning.store(false, Ordering::Relaxed);
        done
    }

    /// Works on the statement from `began` on, and gives back what its functions made; with the result, how long it took.
    pub(super) fn enter<T>(
        self: &Arc<Control>,
        began: Instant,
        work: impl FnOnce() -> T,
    ) -> (T, Duration) {
        let here = Here {
            control: self.clone(),
            began,
            made: Cell::new(0),
        };
        let done = HERE.sync_scope(here, || {
            let done = work();
            release();
            done
        });
        let took = began.elapsed();
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.worked.fetch_add(nanos, Ordering::Relaxed);
        (done, took)
    }

    /// Whether the query has worked so long that it takes turns with others of its kind.
    pub(super) fn is_aged(&self) -> bool {
        self.worked.load(Ordering::Relaxed) > u64::try_from(YOUNG.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Leaves a line for SHOW WARNINGS, once.
    pub fn warn(&self, code: Code, message: String) {
        let mut warnings = self.warnings.lock();
        let known = warnings.iter().any(|w| w.message == message);
        if warnings.len() < WARNINGS_MAX && !known {
            warnings.push(Warning {
                level: "Warning",
                code: code.mysql,
                message,
            });
        }
    }

    /// The warnings so far; they are given once.
    pub fn take_warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings.lock())
    }
}

/// The statement that this thread works at.
pub fn current() -> Option<Arc<Control>> {
    HERE.try_with(|here| here.control.clone()).ok()
}

/// Whether a poll of a query is under way on this thread.
pub(super) fn is_inside() -> bool {
    HERE.try_with(|_| ()).is_ok()
}

/// Whether what this thread works at may go on.
///
/// # Errors
/// Why it must stop.
pub fn check() -> Result<()> {
    HERE.try_with(|here| {
        here.control.check().map_err(wrap)?;
        let limit = here.control.planning_limit;
        if here.control.planning.load(Ordering::Relaxed) && here.began.elapsed() > limit {
            return Err(wrap(Failure::new(
                Code::STATEMENT_TOO_COMPLEX,
                format!(
                    "the query is too complex: planning it took longer than {} ms (setting planning_time_limit_ms); \
                     make it smaller, or take it apart",
                    limit.as_millis()
                ),
            )));
        }
        Ok(())
    })
    .unwrap_or(Ok(()))
}

/// Whether this poll has worked so long that others should work.
pub(super) fn slice_is_over() -> bool {
    HERE.try_with(|here| here.began.elapsed() > SLICE)
        .unwrap_or(false)
}

/// When this poll began.
pub(super) fn slice() -> Option<Instant> {
    HERE.try_with(|here| here.began).ok()
}

/// Charges `bytes` that a function is about to make. They are given back when the batch that they are of has been used.
///
/// # Errors
/// No room, or too long to be computed in planning: DataFusion leaves it to the run then.
pub fn make(bytes: usize) -> Result<()> {
    let bytes = bytes as u64;
    HERE.try_with(|here| {
        here.control.check().map_err(wrap)?;
        let made = here.made.get() + bytes;
        if made > FOLDED_MAX && here.control.planning.load(Ordering::Relaxed) {
            let text = "a long text is left to the run of the query".to_owned();
            return Err(DataFusionError::Execution(text));
        }
        here.control.pool.hold(bytes)?;
        here.made.set(made);
        Ok(())
    })
    .unwrap_or(Ok(()))
}

/// Gives back `bytes` of what was charged: the function made less than was feared.
pub fn made_less(bytes: usize) {
    let _ = HERE.try_with(|here| {
        let bytes = (bytes as u64).min(here.made.get());
        here.made.set(here.made.get() - bytes);
        here.control.pool.give_back(bytes);
    });
}

/// Bytes that functions have made since the last [`release`].
pub(super) fn made() -> u64 {
    HERE.try_with(|here| here.made.get()).unwrap_or(0)
}

/// Gives back what functions have made: the batch has been used.
pub(super) fn release() {
    let _ = HERE.try_with(|here| here.control.pool.give_back(here.made.take()));
}
