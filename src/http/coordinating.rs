//! The loads that a backend coordinates now, and how it takes on no more of them before it stops.
//!
//! Its listener stays open until they have ended: they write to this backend as well, and wait for it to publish.

use std::time::Duration;

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Loads that run. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Coordinating(TaskTracker);

impl Coordinating {
    /// Counts a load until the value is dropped; `None` when no more are taken on.
    pub fn begin(&self) -> Option<TaskTrackerToken> {
        (!self.0.is_closed()).then(|| self.0.token())
    }

    /// Takes on no more loads, and waits for those that run, at most so long. Whether all have ended.
    pub async fn end(&self, wait: Duration) -> bool {
        self.0.close();
        tokio::time::timeout(wait, self.0.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_that_run_are_waited_for_and_no_more_begin() {
        let loads = Coordinating::default();
        let one = loads.begin();
        assert!(one.is_some());
        assert!(!loads.end(Duration::from_millis(10)).await);
        assert!(loads.begin().is_none());
        let all = loads.clone();
        let ended = tokio::spawn(async move { all.end(Duration::from_secs(20)).await });
        drop(one);
        assert!(ended.await.unwrap());
    }
}
