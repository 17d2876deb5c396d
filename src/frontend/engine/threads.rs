//! Threads with big stacks, apart from those that serve connections: parsing, planning and running queries.
//!
//! A deep statement can't overflow them within the limits of `sql::script`, a panic ends one statement only, and a
//! query that takes all processors does not keep others from being answered.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinError;

use crate::code::{Code, Failure};
use crate::system::control::Control;
use crate::system::lanes::Lanes;

/// Bytes of each stack; memory is taken only as it is used.
const STACK_BYTES: usize = 64 << 20;
/// Threads for running queries besides one for each processor: young queries find one while old ones are in the middle of
/// something.
const SPARE: usize = 2;
/// Threads that may wait, besides those that run: for planning, and one for each system table that is being read, for
/// as long as its client takes to read it.
const WAITING_MAX: usize = 1024;

/// The threads.
pub struct Threads {
    runtime: Option<Runtime>,
    handle: Handle,
    count: usize,
}

impl Threads {
    /// As many threads for running as there are processors.
    ///
    /// # Errors
    /// The system has no more threads to give.
    pub fn new() -> io::Result<Threads> {
        let count = thread::available_parallelism()
            .map_or(2, |n| n.get())
            .max(2);
        let runtime = Builder::new_multi_thread()
            .worker_threads(count + SPARE)
            .max_blocking_threads(WAITING_MAX)
            .thread_stack_size(STACK_BYTES)
            .thread_name("query")
            .enable_all()
            .build()?;
        Ok(Threads {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            count,
        })
    }

    /// How many queries' parts run side by side.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where queries run.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs `work`, which may go deep.
    ///
    /// # Errors
    /// `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        lanes: &Lanes,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let place = lanes.light().await;
        // The place goes with the work, which ends even when the statement is given up meanwhile.
        let work = move || {
            let _place = place;
            work()
        };
        self.handle.spawn_blocking(work).await.map_err(panicked)
    }

    /// Runs `work`, which may go deep and take long: it plans a statement, under its control.
    ///
    /// # Errors
    /// `work` panicked.
    pub async fn plan<T: Send + 'static>(
        &self,
        lanes: &Lanes,
        control: &Arc<Control>,
        work: impl FnOnce(&Arc<Control>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let place = lanes.light().await;
        let control = control.clone();
        let work = move || {
            control.take_place(Some(place));
            let _leave = Leave(&control);
            work(&control)
        };
        self.handle.spawn_blocking(work).await.map_err(panicked)
    }
}

/// Frees the place of a statement that has been planned, or whose planning panicked.
struct Leave<'a>(&'a Control);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.take_place(None);
    }
}

impl Drop for Threads {
    /// Queries that still run are left behind: nobody waits for them any more.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a client is told of a statement that ended in a panic.
pub fn panicked(error: JoinError) -> Failure {
    let text = match error.try_into_panic() {
        Ok(panic) => panic_text(panic.as_ref()),
        Err(_) => "this frontend is stopping".to_owned(),
    };
    tracing::error!("a statement failed by a defect: {text}");
    Failure::new(
        Code::UNKNOWN,
        format!("the statement failed by a defect of the server: {text}"),
    )
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no reason given".to_owned())
}
