//! The clocks of the operating system, and how elapsed time goes on over restarts.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::clock::{Clock, Timestamp};

/// The operating system's clocks. Elapsed time is that of its monotonic clock, and begins with what the wall clock shows at
/// the first start of all.
///
/// Time for which nobody ran does not count: how long that was is known only by the wall clock, which may be wrong by days.
/// So a label is remembered, and trash kept, for so long of the time that the process ran.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
    /// Elapsed milliseconds at `began`.
    base: AtomicI64,
}

impl SystemClock {
    /// A clock that nothing was written down by yet.
    pub fn new() -> SystemClock {
        SystemClock {
            began: Instant::now(),
            base: AtomicI64::new(wall_ms()),
        }
    }

    /// Goes on after the last moment that an earlier process wrote down; from the start itself where there is none. To be
    /// called before anyone keeps what this clock says, for it may go back by this.
    pub fn resume(&self, last: Option<Timestamp>) {
        if last.is_some() {
            let base = begin_ms(last, wall_ms()).saturating_sub(self.ran_ms());
            self.base.store(base, Ordering::Relaxed);
        }
    }

    fn ran_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// The elapsed time at which a process begins: right after the last moment that an earlier one wrote down, and with what the
/// wall clock shows where there is none.
pub fn begin_ms(last: Option<Timestamp>, wall_ms: i64) -> i64 {
    last.map_or(wall_ms, |last| last.elapsed_ms().saturating_add(1))
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let base = self.base.load(Ordering::Relaxed);
        Timestamp::of(base.saturating_add(self.ran_ms()), wall_ms())
    }
}

/// Negative before 1970.
fn wall_ms() -> i64 {
    let ms = |of: std::time::Duration| i64::try_from(of.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => ms(since),
        Err(before) => -ms(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_goes_on_from_what_was_written_down_whatever_the_wall_clock_shows() {
        let clock = SystemClock::new();
        let first = clock.now();
        assert_eq!(first.since_ms(clock.now()), 0);
        for last in [Timestamp::of(1_000, 77), first.plus_ms(96 * 3_600_000)] {
            clock.resume(Some(last));
            let next = clock.now();
            assert!(next > last);
            // Nothing like the years or days between the two.
            assert!(next.since_ms(last) < 3_600_000);
            assert!(next.wall_ms() >= first.wall_ms());
        }
        let last = clock.now();
        clock.resume(None);
        assert!(clock.now() >= last);
    }
}
