//! Threads with big stacks, apart from those that serve connections: parsing, planning and running queries.
//!
//! A deep statement can't overflow them within the limits of `sql::script`, a panic ends one statement only, and a
//! query that takes all processors does not keep others from being answered.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

use crate::code::{Code, Failure};

/// Bytes of each stack; memory is taken only as it is used.
const STACK_BYTES: usize = 64 << 20;
/// Statements that are parsed and planned at once; further ones wait.
const PLANNING_MAX: usize = 32;
/// Threads that may wait, besides those that run: for planning, and one for each system table that is being read, for
/// as long as its client takes to read it.
const WAITING_MAX: usize = 1024;

/// The threads.
pub struct Threads {
    runtime: Option<Runtime>,
    handle: Handle,
    planning: Arc<Semaphore>,
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
            .worker_threads(count)
            .max_blocking_threads(WAITING_MAX)
            .thread_stack_size(STACK_BYTES)
            .thread_name("query")
            .enable_all()
            .build()?;
        Ok(Threads {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            planning: Arc::new(Semaphore::new(PLANNING_MAX)),
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

    /// Runs `work`, which may go deep and take long.
    ///
    /// # Errors
    /// `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        // The semaphore is never closed, so a permit always comes. It goes with the work, which ends even when the
        // statement is given up meanwhile.
        let permit = self.planning.clone().acquire_owned().await.ok();
        let work = move || {
            let _permit = permit;
            work()
        };
        self.handle.spawn_blocking(work).await.map_err(panicked)
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
