//! The time zone of a load: what an instant becomes in a column that has no zone.
//!
//! Owns the way from an instant to the wall clock. Does not own how moments are written: that is `moment`'s.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Local, Offset, TimeZone};

/// Microseconds in a second.
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A time zone.
#[derive(Debug, Clone, Copy, Default)]
pub enum Zone {
    /// That of this process, as CURRENT_TIMESTAMP has it.
    #[default]
    Process,
    /// A zone by its name, or a fixed offset.
    Named(Tz),
}

impl Zone {
    /// `Asia/Shanghai`, `+08:00`, `UTC`; `None` for what is no zone. `CST` is China's, as the field has it.
    pub fn parse(text: &str) -> Option<Zone> {
        let name = match text {
            "CST" => "Asia/Shanghai",
            "Z" | "z" => "UTC",
            name => name,
        };
        name.parse().ok().map(Zone::Named)
    }

    /// What the clock on the wall shows at an instant; both in microseconds since 1970.
    pub fn wall(self, instant: i64) -> i64 {
        let Some(utc) = DateTime::from_timestamp_micros(instant) else {
            return instant;
        };
        let utc = utc.naive_utc();
        let offset = match self {
            Zone::Process => Local.offset_from_utc_datetime(&utc).fix(),
            Zone::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
        };
        instant.saturating_add(i64::from(offset.local_minus_utc()) * MICROS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names_and_offsets_and_know_summer() {
        let winter = 1_704_103_200 * MICROS_PER_SECOND;
        let summer = 1_718_445_600 * MICROS_PER_SECOND;
        for (name, in_winter, in_summer) in [
            ("UTC", 0, 0),
            ("Asia/Shanghai", 8, 8),
            ("CST", 8, 8),
            ("+08:00", 8, 8),
            ("-03:00", -3, -3),
            ("Europe/Berlin", 1, 2),
        ] {
            let zone = Zone::parse(name).unwrap();
            for (instant, hours) in [(winter, in_winter), (summer, in_summer)] {
                let shifted = zone.wall(instant) - instant;
                assert_eq!(shifted, hours * 3600 * MICROS_PER_SECOND, "{name}");
            }
        }
        for wrong in ["", "Asia/Nowhere", "+8 hours", "99"] {
            assert!(Zone::parse(wrong).is_none(), "{wrong}");
        }
    }
}
