//! Places for statements that are planned: many for those that take no time, few for those that take long, so that the
//! first never wait for the second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Statements that are planned at once and take no time.
const LIGHT: usize = 32;
/// Statements that are planned at once and take long.
const HEAVY: usize = 2;
/// Statements that wait for a place of the second kind, each with a thread.
const HEAVY_WAITING: usize = 256;

/// The places. Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct Lanes {
    light: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place; it is free again when the value is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

/// Too many wait already.
#[derive(Debug)]
pub struct Crowded {
    /// How many.
    pub waiting: usize,
}

/// Counts one who waits.
struct Waiter(Arc<AtomicUsize>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes {
            light: Arc::new(Semaphore::new(LIGHT)),
            heavy: Arc::new(Semaphore::new(HEAVY)),
            waiting: Arc::default(),
        }
    }
}

impl Lanes {
    /// A place for a statement of which nothing is known yet.
    pub async fn light(&self) -> Place {
        // The semaphore is never closed, so a permit always comes.
        let permit = self.light.clone().acquire_owned().await.ok();
        Place { _permit: permit }
    }

    /// A place for a statement that takes long.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn heavy(&self) -> Result<Place, Crowded> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiter = Waiter(self.waiting.clone());
        if waiting >= HEAVY_WAITING {
            return Err(Crowded { waiting });
        }
        let permit = self.heavy.clone().acquire_owned().await.ok();
        Ok(Place { _permit: permit })
    }
}
