//! Expensive work that many may ask for at once: one does it at a time, and those that waited meanwhile share what the next
//! one finds.
//!
//! Nobody is given what was found by work that began before they asked. Owns the waiting; does not know the work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Mutex;

/// Turns at work of several kinds.
pub struct Turns<K, V> {
    /// How often work has begun.
    begun: AtomicU64,
    /// Those that have a turn or wait for one.
    waiting: AtomicUsize,
    /// What was found last, and at which beginning; kept while somebody waits.
    found: Mutex<BTreeMap<K, (u64, Arc<V>)>>,
}

/// Somebody who waits.
struct Waits<'a>(&'a AtomicUsize);

impl<K: Ord, V> Turns<K, V> {
    /// How often work has begun.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// What `work` finds, or what the same work found that somebody else began after this call.
    pub async fn take(&self, kind: K, work: impl Future<Output = V>) -> Arc<V> {
        let asked = self.begun();
        let waits = Waits::one_more(&self.waiting);
        let mut found = self.found.lock().await;
        let shared = found.get(&kind).filter(|(at, _)| *at > asked);
        let value = match shared.map(|(_, value)| value.clone()) {
            Some(value) => value,
            None => {
                let at = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
                let value = Arc::new(work.await);
                found.insert(kind, (at, value.clone()));
                value
            }
        };
        drop(waits);
        if self.waiting.load(Ordering::SeqCst) == 0 {
            found.clear();
        }
        value
    }
}

impl<'a> Waits<'a> {
    fn one_more(waiting: &'a AtomicUsize) -> Waits<'a> {
        waiting.fetch_add(1, Ordering::SeqCst);
        Waits(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<K, V> Default for Turns<K, V> {
    fn default() -> Turns<K, V> {
        Turns {
            begun: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            found: Mutex::default(),
        }
    }
}

impl<K, V> fmt::Debug for Turns<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn those_that_wait_share_the_next_turn_and_nobody_gets_an_older_one() {
        let turns = Turns::<bool, u64>::default();
        // What each finds is the number of the turn.
        let take = async |kind: bool| {
            let work = async {
                let found = turns.begun();
                tokio::time::sleep(Duration::from_millis(20)).await;
                found
            };
            *turns.take(kind, work).await
        };
        let late = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            futures::future::join_all([true, false, true, false, true].map(&take)).await
        };
        let (first, late) = tokio::join!(take(true), late);
        assert_eq!((first, late), (1, vec![2, 3, 2, 3, 2]));
        assert_eq!(take(true).await, 4);
        assert!(turns.found.lock().await.is_empty());
    }

    #[tokio::test]
    async fn who_goes_away_in_the_middle_leaves_the_turn_to_the_next() {
        let turns = Turns::<(), u64>::default();
        let never = turns.take((), std::future::pending());
        let gone = tokio::time::timeout(Duration::from_millis(5), never).await;
        assert!(gone.is_err());
        assert_eq!(*turns.take((), async { 7 }).await, 7);
    }
}
