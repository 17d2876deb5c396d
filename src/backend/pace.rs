//! A limit of bytes a second, for work that must not crowd out other work.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A wait shorter than this is put off, so that small pieces need no timer each.
const LEAST_WAIT: Duration = Duration::from_millis(20);

/// Lets a number of bytes pass in a second. Those who share one share the limit.
#[derive(Debug)]
pub struct Pace {
    per_second: u64,
    /// When everything that was let pass so far has had its time.
    paid: Mutex<Instant>,
}

impl Pace {
    /// At most `per_second` bytes; 0 means no limit.
    pub fn new(per_second: u64) -> Pace {
        Pace {
            per_second,
            paid: Mutex::new(Instant::now()),
        }
    }

    /// Waits until `bytes` more have had their time.
    pub async fn pass(&self, bytes: u64) {
        let wait = self.wait(bytes, Instant::now());
        if wait >= LEAST_WAIT {
            tokio::time::sleep(wait).await;
        }
    }

    fn wait(&self, bytes: u64, now: Instant) -> Duration {
        if self.per_second == 0 {
            return Duration::ZERO;
        }
        let cost = Duration::from_secs_f64(bytes as f64 / self.per_second as f64);
        let mut paid = self.paid.lock();
        // Time in which nothing passed is not made up for.
        *paid = (*paid).max(now) + cost;
        paid.duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_their_time_and_pauses_are_not_made_up_for() {
        let pace = Pace::new(1000);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let wait = |bytes, ms| pace.wait(bytes, at(ms)).as_millis();
        assert_eq!(wait(500, 0), 500);
        assert_eq!(wait(500, 0), 1000);
        assert_eq!(wait(500, 1000), 500);
        assert_eq!(wait(500, 9000), 500);
        assert_eq!(Pace::new(0).wait(u64::MAX, start), Duration::ZERO);
    }
}
