//! Text to days and instants.
//!
//! `2013-01-31`, `2013-1-31`, `2013/01/31`, `20130131`; then `T` or a blank and `10:00[:00[.123456]]`, or 14 digits.
//! A DATETIME has no time zone: what is written with `Z` or an offset is an instant, and becomes what the wall clock of the
//! load's zone shows then.

use chrono::{Datelike, NaiveDate};

use crate::load::misfit::Reason;
use crate::load::zone::Zone;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Days from 0001-01-01 (day 1 of the common era) to 1970-01-01.
const EPOCH_FROM_CE: i32 = 719_163;

/// Days since 1970-01-01. A time of day behind the date must be right and is dropped; with an offset, the day is that of `zone`.
pub fn date(text: &[u8], zone: Zone) -> Result<i32, Reason> {
    let mut scan = Scan { rest: text };
    let days = scan.day()?;
    let time = scan.time_of_day()?;
    let Some(offset) = time.offset else {
        return Ok(days);
    };
    let wall = zone.wall(i64::from(days) * MICROS_PER_DAY + time.micros - offset);
    let days = i32::try_from(wall.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX);
    match days {
        FIRST_DATE..=LAST_DATE => Ok(days),
        _ => Err(Reason::OutOfRange),
    }
}

/// Microseconds since 1970-01-01 00:00:00 on the wall clock, of `zone` where an offset is written. Digits behind the microsecond
/// are rounded, as MySQL does.
pub fn datetime(text: &[u8], zone: Zone) -> Result<i64, Reason> {
    let mut scan = Scan { rest: text };
    let days = scan.day()?;
    let time = scan.time_of_day()?;
    let value = i64::from(days) * MICROS_PER_DAY + time.micros;
    let value = match time.offset {
        Some(offset) => zone.wall(value - offset),
        None => value,
    };
    match value {
        FIRST_DATETIME..=LAST_DATETIME => Ok(value),
        _ => Err(Reason::OutOfRange),
    }
}

/// Days of 0000-01-01, the first DATE.
pub const FIRST_DATE: i32 = -719_528;
/// Days of 9999-12-31, the last DATE.
pub const LAST_DATE: i32 = 2_932_896;
/// Microseconds of 0000-01-01 00:00:00, the first DATETIME.
pub const FIRST_DATETIME: i64 = FIRST_DATE as i64 * MICROS_PER_DAY;
/// Microseconds of 9999-12-31 23:59:59.999999, the last DATETIME.
pub const LAST_DATETIME: i64 = (LAST_DATE as i64 + 1) * MICROS_PER_DAY - 1;

struct Scan<'a> {
    rest: &'a [u8],
}

/// A time of day, both in microseconds.
#[derive(Default)]
struct Time {
    micros: i64,
    /// How far the clock that it was read from is ahead of UTC, where that is written.
    offset: Option<i64>,
}

impl Scan<'_> {
    fn day(&mut self) -> Result<i32, Reason> {
        let compact = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (year, month, day) = if compact == 8 || compact == 14 {
            (self.number(4, 4)?, self.number(2, 2)?, self.number(2, 2)?)
        } else {
            let year = self.number(4, 4)?;
            let separator = self.one_of(b"-/.")?;
            let month = self.number(1, 2)?;
            self.one_of(&[separator])?;
            (year, month, self.number(1, 2)?)
        };
        let year = i32::try_from(year).map_err(|_| Reason::BadValue)?;
        let day = NaiveDate::from_ymd_opt(year, month, day).ok_or(Reason::BadValue)?;
        Ok(day.num_days_from_ce() - EPOCH_FROM_CE)
    }

    /// Microseconds since midnight; 0 when nothing is left. Uses up the text.
    fn time_of_day(&mut self) -> Result<Time, Reason> {
        match self.rest.first() {
            None => return Ok(Time::default()),
            Some(b'T' | b't' | b' ') => {
                self.rest = self.rest[1..].trim_ascii_start();
                if self.rest.is_empty() {
                    return Err(Reason::BadValue);
                }
            }
            Some(b'0'..=b'9') => return self.compact_time(),
            Some(_) => return Err(Reason::BadValue),
        }
        let hour = self.number(1, 2)?;
        self.one_of(b":")?;
        let minute = self.number(1, 2)?;
        let mut second = 0;
        let mut micros = 0;
        if self.rest.first() == Some(&b':') {
            self.one_of(b":")?;
            second = self.number(1, 2)?;
            micros = self.fraction()?;
        }
        let seconds = clock(hour, minute, second)?;
        Ok(Time {
            micros: seconds * MICROS_PER_SECOND + micros,
            offset: self.offset()?,
        })
    }

    fn compact_time(&mut self) -> Result<Time, Reason> {
        let (hour, minute, second) = (self.number(2, 2)?, self.number(2, 2)?, self.number(2, 2)?);
        let micros = self.fraction()?;
        let seconds = clock(hour, minute, second)?;
        Ok(Time {
            micros: seconds * MICROS_PER_SECOND + micros,
            offset: self.offset()?,
        })
    }

    /// `.123456` as microseconds; a full second when rounding carries.
    fn fraction(&mut self) -> Result<i64, Reason> {
        if self.rest.first() != Some(&b'.') {
            return Ok(0);
        }
        self.rest = &self.rest[1..];
        let length = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        let mut micros = (0..6).fold(0, |value, place| {
            value * 10 + digits.get(place).map_or(0, |d| i64::from(d - b'0'))
        });
        if digits.get(6).is_some_and(|d| *d >= b'5') {
            micros += 1;
        }
        Ok(micros)
    }

    /// `Z`, `+08:00`, `+0800` or `+08` in microseconds, a blank before it or none. Uses up the text.
    fn offset(&mut self) -> Result<Option<i64>, Reason> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.rest = self.rest.trim_ascii_start();
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ if self.rest.is_empty() => return Ok(Some(0)),
            _ => return Err(Reason::BadValue),
        };
        let hours = self.number(2, 2)?;
        if self.rest.first() == Some(&b':') {
            self.one_of(b":")?;
        }
        let minutes = match self.rest {
            b"" => 0,
            _ => self.number(2, 2)?,
        };
        if !self.rest.is_empty() || hours > 14 || minutes > 59 {
            return Err(Reason::BadValue);
        }
        let seconds = i64::from(hours * 3600 + minutes * 60);
        Ok(Some(sign * seconds * MICROS_PER_SECOND))
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Result<u32, Reason> {
        let length = self
            .rest
            .iter()
            .take(most)
            .take_while(|b| b.is_ascii_digit())
            .count();
        if length < least {
            return Err(Reason::BadValue);
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(digits
            .iter()
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    }

    fn one_of(&mut self, allowed: &[u8]) -> Result<u8, Reason> {
        match self.rest.split_first() {
            Some((first, rest)) if allowed.contains(first) => {
                self.rest = rest;
                Ok(*first)
            }
            _ => Err(Reason::BadValue),
        }
    }
}

/// Seconds since midnight.
fn clock(hour: u32, minute: u32, second: u32) -> Result<i64, Reason> {
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Reason::BadValue);
    }
    Ok(i64::from(hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &[u8]) -> Result<i32, Reason> {
        super::date(text, Zone::parse("UTC").unwrap())
    }

    fn datetime(text: &[u8]) -> Result<i64, Reason> {
        super::datetime(text, Zone::parse("UTC").unwrap())
    }

    #[test]
    fn dates_in_their_spellings() {
        for text in [
            "2013-01-31",
            "2013-1-31",
            "2013/01/31",
            "20130131",
            "2013-01-31 10:00:00",
        ] {
            assert_eq!(date(text.as_bytes()), Ok(15_736), "{text}");
        }
        assert_eq!(date(b"0000-01-01"), Ok(FIRST_DATE));
        assert_eq!(date(b"9999-12-31"), Ok(LAST_DATE));
        for bad in [
            "",
            "2013-02-29",
            "2013-13-01",
            "0000-00-00",
            "13-01-01",
            "2013-01/01",
            "2013-01-31x",
            "2013-01-31 25:00:00",
            "2013-01-31 ",
            "10000-01-01",
        ] {
            assert_eq!(date(bad.as_bytes()), Err(Reason::BadValue), "{bad}");
        }
    }

    #[test]
    fn datetimes_in_their_spellings() {
        let ten = 1_357_034_400 * MICROS_PER_SECOND;
        for text in [
            "2013-01-01T10:00:00Z",
            "2013-01-01 10:00:00",
            "2013-01-01 10:00",
            "20130101100000",
            "2013-01-01 10:00:00.000000",
            "2013-01-01T10:00:00+00:00",
            "2013-01-01T11:00:00+01:00",
            "2013-01-01 04:30:00 -0530",
            "2013-1-1 10:0:0",
        ] {
            assert_eq!(datetime(text.as_bytes()), Ok(ten), "{text}");
        }
        assert_eq!(datetime(b"2013-01-01 10:00:00.5"), Ok(ten + 500_000));
        assert_eq!(datetime(b"2013-01-01 09:59:59.9999995"), Ok(ten));
        assert_eq!(datetime(b"9999-12-31 23:59:59.999999"), Ok(LAST_DATETIME));
        assert_eq!(
            datetime(b"9999-12-31 23:59:59.9999999"),
            Err(Reason::OutOfRange)
        );
        assert_eq!(
            datetime(b"2013-01-01"),
            Ok(ten - 36_000 * MICROS_PER_SECOND)
        );
        for bad in [
            "2013-01-01T10:00:00+1:00",
            "2013-01-01T10:00:00+15:00",
            "2013-01-01T10:00:00+01:00:00",
            "2013-01-01T10:00:00Zulu",
            "2013-01-01 10:60:00",
            "2013-01-01 24:00:00",
            "2013-01-01 10",
        ] {
            assert_eq!(datetime(bad.as_bytes()), Err(Reason::BadValue), "{bad}");
        }
    }
    #[test]
    fn an_instant_becomes_what_the_zone_s_clock_shows() {
        let shanghai = Zone::parse("Asia/Shanghai").unwrap();
        let day = |text: &[u8]| super::date(text, shanghai);
        assert_eq!(day(b"2013-01-31T20:00:00Z"), Ok(15_737));
        assert_eq!(day(b"2013-01-31T20:00:00"), Ok(15_736));
        let at = |text: &[u8]| super::datetime(text, shanghai);
        assert_eq!(at(b"2013-01-01T02:00:00Z"), at(b"2013-01-01 10:00:00"));
        assert_eq!(at(b"9999-12-31T23:00:00Z"), Err(Reason::OutOfRange));
    }
}
