//! Time zones: the process's own, an offset, or a name of the zone database. Owns how they are called and what their clocks show.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Local, NaiveDateTime, TimeZone};

/// A time zone.
#[derive(Debug, Clone, Copy)]
pub enum Zone {
    /// The one of the server's process.
    System,
    /// An offset or a name of the zone database.
    Known(Tz),
}

impl Zone {
    /// `SYSTEM`, an offset such as `+01:00`, or a name such as `Europe/Prague`, in any case.
    pub fn parse(text: &str) -> Option<Zone> {
        if text.eq_ignore_ascii_case("SYSTEM") {
            return Some(Zone::System);
        }
        let offset = text.starts_with(['+', '-']);
        let tz = match text {
            _ if offset => offset_text(text)?.parse(),
            _ if text.eq_ignore_ascii_case("Z") => "UTC".parse(),
            _ => text.parse::<Tz>().or_else(|_| spelled(text).parse()),
        };
        // Arrow reads `+0100` and `01:00` as well; names begin with a letter.
        let named = offset || text.starts_with(|c: char| c.is_ascii_alphabetic());
        tz.ok().filter(|_| named).map(Zone::Known)
    }

    /// What the clock of the zone shows at an instant.
    pub fn clock(self, at: DateTime<chrono::Utc>) -> NaiveDateTime {
        match self {
            Zone::System => at.with_timezone(&Local).naive_local(),
            Zone::Known(tz) => at.with_timezone(&tz).naive_local(),
        }
    }

    /// When the clock of the zone shows `at`: the first time where it does twice, the end of the gap where it never does.
    pub fn instant(self, at: NaiveDateTime) -> Option<DateTime<chrono::Utc>> {
        fn of<T: TimeZone>(zone: &T, at: NaiveDateTime) -> Option<DateTime<chrono::Utc>> {
            if let Some(found) = zone.from_local_datetime(&at).earliest() {
                return Some(found.to_utc());
            }
            // A gap is an hour long, or less: find its end to the minute.
            (1..=24 * 60).find_map(|minutes| {
                let later = at.checked_add_signed(chrono::Duration::minutes(minutes))?;
                let minute = later - chrono::Duration::seconds(later.and_utc().timestamp() % 60);
                zone.from_local_datetime(&minute)
                    .earliest()
                    .map(|t| t.to_utc())
            })
        }
        match self {
            Zone::System => of(&Local, at),
            Zone::Known(tz) => of(&tz, at),
        }
    }
}

/// An offset between -13:59 and +14:00 with two digits each (MySQL takes one for the hours).
pub fn offset_text(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if hours.len() > 2 || minutes.len() != 2 || !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = sign * (i32::from(hours) * 60 + i32::from(minutes));
    let fits = minutes < 60 && (-13 * 60 - 59..=14 * 60).contains(&total);
    let sign = if sign < 0 { '-' } else { '+' };
    fits.then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

/// A zone's name with capitals where they stand in nearly all of them: `europe/prague`, `america/new_york`, `utc`.
fn spelled(text: &str) -> String {
    if text.len() <= 3 {
        return text.to_ascii_uppercase();
    }
    let mut start = true;
    let spelled = text.chars().map(|c| {
        let c = match start {
            true => c.to_ascii_uppercase(),
            false => c.to_ascii_lowercase(),
        };
        start = !c.is_ascii_alphanumeric();
        c
    });
    spelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_in_any_case_and_gaps_end() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let prague = Zone::parse("europe/prague").unwrap();
        let utc = |text| prague.instant(at(text)).unwrap().naive_utc();
        assert_eq!(utc("2024-01-01T12:00:00"), at("2024-01-01T11:00:00"));
        assert_eq!(utc("2024-03-31T02:30:00"), at("2024-03-31T01:00:00"));
        assert_eq!(utc("2024-10-27T02:30:00"), at("2024-10-27T00:30:00"));
        for name in [
            "+5:30",
            "utc",
            "SYSTEM",
            "America/New_York",
            "asia/shanghai",
            "GMT",
        ] {
            assert!(Zone::parse(name).is_some(), "{name}");
        }
        for name in ["+15:00", "0100", "Nowhere", "", "+1:5"] {
            assert!(Zone::parse(name).is_none(), "{name}");
        }
    }
}
