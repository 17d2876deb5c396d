//! The clones that run on a backend: at most one a tablet, a newer replica's instead of an older one's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::backend::api::{CloneAnswer, CloneProgress, CloneTablet};
use crate::backend::clone::Cloning;
use crate::backend::error::Error;
use crate::backend::state::State;
use crate::ids::{ReplicaId, TabletId};

/// How a clone ended; none while it runs.
pub type Outcome = Option<Result<CloneAnswer, Error>>;

/// The clones that run.
#[derive(Debug, Default)]
pub struct Clones {
    by_tablet: Mutex<BTreeMap<TabletId, Running>>,
    numbers: AtomicU64,
}

#[derive(Debug)]
struct Running {
    replica: ReplicaId,
    number: u64,
    progress: Arc<Progress>,
    outcome: watch::Receiver<Outcome>,
    task: AbortHandle,
}

/// How far a clone is.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    bytes: AtomicU64,
}

impl Progress {
    fn new() -> Progress {
        Progress {
            began: Instant::now(),
            bytes: AtomicU64::new(0),
        }
    }

    /// Counts bytes that were fetched.
    pub fn fetched(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What the frontend is told.
    pub fn of(&self, tablet: TabletId) -> CloneProgress {
        CloneProgress {
            tablet,
            bytes: self.bytes.load(Ordering::Relaxed),
            millis: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Clones {
    /// How far each is, by tablet.
    pub fn progress(&self) -> Vec<CloneProgress> {
        let running = self.by_tablet.lock();
        running.iter().map(|(id, of)| of.progress.of(*id)).collect()
    }

    /// Gives up the clone of a replica, if it runs: the replica was dropped.
    pub fn give_up(&self, tablet: TabletId, replica: ReplicaId) {
        let running = self.by_tablet.lock();
        if let Some(of) = running.get(&tablet).filter(|of| of.replica == replica) {
            of.task.abort();
        }
    }

    /// Gives up all: the backend stops.
    pub fn give_up_all(&self) {
        for of in self.by_tablet.lock().values() {
            of.task.abort();
        }
    }

    fn leave(&self, tablet: TabletId, number: u64) {
        let mut running = self.by_tablet.lock();
        if running.get(&tablet).is_some_and(|of| of.number == number) {
            running.remove(&tablet);
        }
    }
}

/// Starts a clone, or finds the one of the same replica that runs.
///
/// # Errors
/// A newer replica is being cloned, or as many clones run as the backend takes.
pub fn enter(state: &State, request: CloneTablet) -> Result<watch::Receiver<Outcome>, Error> {
    let (tablet, replica) = (request.spec.tablet, request.spec.replica);
    let clones = &state.copying().running;
    let mut running = clones.by_tablet.lock();
    if let Some(of) = running.get(&tablet) {
        if of.replica == replica {
            return Ok(of.outcome.clone());
        }
        if of.replica > replica {
            return Err(Error::Stale(format!(
                "replica {} of tablet {tablet} is being cloned; replica {replica} is older",
                of.replica
            )));
        }
    }
    let room = state.copying().room()?;
    if let Some(older) = running.get(&tablet) {
        older.task.abort();
    }
    let progress = Arc::new(Progress::new());
    let (done, outcome) = watch::channel(None);
    let number = clones.numbers.fetch_add(1, Ordering::Relaxed);
    let entry = Entry {
        state: state.clone(),
        tablet,
        number,
    };
    let copy = Cloning::new(state, request, progress.clone())?;
    let task = tokio::spawn(async move {
        // Kept to the end of the task, also to an early one.
        let (entry, _room) = (entry, room);
        let result = copy.run().await;
        entry.state.metrics().cloned(&result);
        match &result {
            Ok(answer) => {
                tracing::info!(
                    tablet = tablet.0,
                    replica = replica.0,
                    full = answer.full,
                    bytes = answer.bytes,
                    millis = answer.millis,
                    "a replica was cloned"
                );
            }
            Err(error) => {
                tracing::warn!(tablet = tablet.0, replica = replica.0, %error, "a clone failed");
            }
        }
        done.send_replace(Some(result));
    });
    let of = Running {
        replica,
        number,
        progress,
        outcome: outcome.clone(),
        task: task.abort_handle(),
    };
    running.insert(tablet, of);
    Ok(outcome)
}

/// A place among the running clones, until it is dropped.
struct Entry {
    state: State,
    tablet: TabletId,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.state.copying().running.leave(self.tablet, self.number);
    }
}
