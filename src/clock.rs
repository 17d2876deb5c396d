//! Time as a value. The only module that may ask the operating system for it.
//!
//! A [`Timestamp`] is a moment by two clocks. Decisions know only the elapsed one, which does not jump: it is what two
//! moments are compared and subtracted by. The wall clock is for people: it is what a moment prints. Decisions get `now` as
//! an argument; only shells hold a [`Clock`]. A moment means something on the node that took it, and there it means it for
//! good: the elapsed clock goes on over a restart from the last moment that was written down. What one node asks of another
//! is a span ("so many milliseconds are left"), never a moment.

mod jump;
mod system;
pub mod zone;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, Local, TimeZone};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::jump::{Jump, Watch};
pub use self::system::{SystemClock, begin_ms};

/// A moment: compared and subtracted by elapsed time, printed as `yyyy-MM-dd HH:mm:ss` of the wall clock as it was then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timestamp {
    /// Milliseconds of elapsed time.
    elapsed: i64,
    /// By how many milliseconds the wall clock (since 1970-01-01 UTC) was ahead of that.
    ahead: i64,
}

impl Timestamp {
    /// The moment at which both clocks show `ms` milliseconds.
    pub const fn at(ms: i64) -> Timestamp {
        Timestamp {
            elapsed: ms,
            ahead: 0,
        }
    }

    /// The moment at which the elapsed clock shows the one number of milliseconds, and the wall clock the other.
    pub const fn of(elapsed_ms: i64, wall_ms: i64) -> Timestamp {
        Timestamp {
            elapsed: elapsed_ms,
            ahead: wall_ms.saturating_sub(elapsed_ms),
        }
    }

    /// This moment plus `ms` milliseconds, held at the ends of the range.
    pub fn plus_ms(self, ms: u64) -> Timestamp {
        Timestamp {
            elapsed: self.elapsed.saturating_add_unsigned(ms),
            ..self
        }
    }

    /// Milliseconds from `earlier` to this moment; 0 when `earlier` is later.
    pub fn since_ms(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.elapsed.saturating_sub(earlier.elapsed)).unwrap_or(0)
    }

    /// Milliseconds of elapsed time: for seeds and keys. They tell nothing about the date.
    pub const fn elapsed_ms(self) -> i64 {
        self.elapsed
    }

    /// What the wall clock showed, in milliseconds since 1970-01-01 UTC: for people, and for what they set by the hour.
    pub const fn wall_ms(self) -> i64 {
        self.elapsed.saturating_add(self.ahead)
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Timestamp) -> bool {
        self.elapsed == other.elapsed
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Timestamp) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Timestamp) -> Ordering {
        self.elapsed.cmp(&other.elapsed)
    }
}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.elapsed.hash(state);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.wall_ms()) {
            Some(utc) => Local
                .from_utc_datetime(&utc.naive_utc())
                .format("%Y-%m-%d %H:%M:%S")
                .fmt(f),
            None => write!(f, "N/A"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.elapsed, self.ahead).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        from.deserialize_any(Written)
    }
}

/// A moment as it is written: two numbers, or one where it was written before there were two clocks.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds of elapsed time, and by how many the wall clock was ahead")
    }

    fn visit_i64<E: Error>(self, ms: i64) -> Result<Timestamp, E> {
        Ok(Timestamp::at(ms))
    }

    fn visit_u64<E: Error>(self, ms: u64) -> Result<Timestamp, E> {
        i64::try_from(ms).map(Timestamp::at).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut of: A) -> Result<Timestamp, A::Error> {
        let mut next = |at| {
            let found = of.next_element()?;
            found.ok_or_else(|| A::Error::invalid_length(at, &self))
        };
        let (elapsed, ahead) = (next(0)?, next(1)?);
        Ok(Timestamp { elapsed, ahead })
    }
}

/// Where the shell reads the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn moments_are_compared_by_elapsed_time_and_printed_by_the_wall_clock() {
        // An hour later, by which time the clock of the machine has been set back by two.
        let (first, later) = (Timestamp::of(0, 5 * HOUR), Timestamp::of(HOUR, 4 * HOUR));
        assert!(first < later);
        assert_eq!(later.since_ms(first), 3_600_000);
        assert_eq!(first.plus_ms(3_600_000), later);
        assert_eq!(later.to_string(), Timestamp::at(4 * HOUR).to_string());
        assert_eq!(first.plus_ms(1).wall_ms(), 5 * HOUR + 1);
    }

    #[test]
    fn both_clocks_are_written_and_what_was_written_with_one_is_read() {
        let moment = Timestamp::of(-7, HOUR);
        let read = |bytes: &[u8]| rmp_serde::from_slice::<Timestamp>(bytes).unwrap();
        let again = read(&rmp_serde::to_vec_named(&moment).unwrap());
        assert_eq!((again, again.wall_ms()), (moment, HOUR));
        let json = serde_json::to_string(&moment).unwrap();
        let again: Timestamp = serde_json::from_str(&json).unwrap();
        assert_eq!((again, again.wall_ms()), (moment, HOUR));
        for ms in [-1, 0, 1_700_000_000_000] {
            let before = read(&rmp_serde::to_vec_named(&ms).unwrap());
            assert_eq!((before.elapsed_ms(), before.wall_ms()), (ms, ms));
        }
        assert!(serde_json::from_str::<Timestamp>("[1]").is_err());
    }
}
