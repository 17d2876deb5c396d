//! Functions with an instant in them: UNIX_TIMESTAMP, FROM_UNIXTIME, CONVERT_TZ.
//!
//! Their first argument is the session's time zone, which [`rewrite`](crate::system::rewrite) puts in. What a time zone is
//! called is [`Zone`]'s matter.

use chrono::{DateTime, NaiveDateTime};

use crate::clock::zone::Zone;
use crate::system::functions::arguments::Kind::{Double, Text, Time};
use crate::system::functions::arguments::Row;
use crate::system::functions::format::date_format;
use crate::system::functions::row_function::{Def, Eval};

/// What FROM_UNIXTIME takes at most: the end of the year 9999.
const UNIX_MAX: f64 = 253_402_300_800.0;

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new(
        "unix_seconds",
        &[Text, Time],
        Eval::Int(|r| Some(unix(r)?.0)),
    ),
    Def::new("from_unix", &[Text, Double], Eval::Time(from_unix)),
    Def::new(
        "from_unix_format",
        &[Text, Double, Text],
        Eval::Text(|r| Some(date_format(from_unix(r)?, r.text(2)?))),
    ),
    Def::new("convert_tz", &[Time, Text, Text], Eval::Time(convert)),
];

fn zone(r: Row<'_>, n: usize) -> Option<Zone> {
    Zone::parse(r.text(n)?)
}

/// Seconds and microseconds since 1970.
fn unix(r: Row<'_>) -> Option<(i64, i64)> {
    unix_of(&zone(r, 0)?, r.time(1)?)
}

/// The same, of a moment in a zone.
pub fn unix_of(zone: &Zone, at: NaiveDateTime) -> Option<(i64, i64)> {
    let at = zone.instant(at)?;
    match at.timestamp() {
        seconds @ 0.. => Some((seconds, at.timestamp_subsec_micros().into())),
        // MySQL: what lies before is 0.
        _ => Some((0, 0)),
    }
}

fn from_unix(r: Row<'_>) -> Option<NaiveDateTime> {
    let seconds = r.double(1)?;
    if !(0.0..UNIX_MAX).contains(&seconds) {
        return None;
    }
    let at = DateTime::from_timestamp_micros(super::spans::micros_of(seconds))?;
    Some(zone(r, 0)?.clock(at))
}

fn convert(r: Row<'_>) -> Option<NaiveDateTime> {
    let (at, from, to) = (r.time(0)?, zone(r, 1)?, zone(r, 2)?);
    Some(to.clock(from.instant(at)?))
}
