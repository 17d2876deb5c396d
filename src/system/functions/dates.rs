//! Functions between dates, numbers and texts, as MySQL documents them. A text that is no date gives NULL.

use chrono::{Datelike, Duration, Months, NaiveDate, NaiveDateTime, Timelike};

use crate::system::functions::arguments::Kind::{Int, Moment, Text, Time};
use crate::system::functions::format::date_format;
use crate::system::functions::row_function::{Def, Eval};
use crate::system::functions::spans::{bounded, unit};

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new("cast_datetime", &[Time], Eval::Time(|r| r.time(0))),
    // With the digits of its second that a CAST asks for; the rest is cut off.
    Def::new(
        "cast_datetime_digits",
        &[Time, Int],
        Eval::Time(|r| {
            let at = r.time(0)?;
            let micros = i64::from(at.nanosecond() / 1000);
            at.checked_sub_signed(Duration::microseconds(micros % unit(r.int(1)?)))
        }),
    ),
    // Compared with a date, a text that is none comes before all of them.
    Def::new(
        "moment_or_zero",
        &[Moment, Text],
        Eval::Time(|r| {
            let zero = NaiveDate::from_ymd_opt(0, 1, 1)?.and_hms_opt(0, 0, 0)?;
            r.text(1).map(|_| r.time(0).unwrap_or(zero))
        }),
    ),
    Def::new("date", &[Time], Eval::Date(|r| Some(r.time(0)?.date()))),
    Def::new(
        "date_format",
        &[Time, Text],
        Eval::Text(|r| Some(date_format(r.time(0)?, r.text(1)?))),
    ),
    Def::new(
        "datediff",
        &[Time, Time],
        Eval::Int(|r| Some((r.time(0)?.date() - r.time(1)?.date()).num_days())),
    ),
    Def::new(
        "timediff",
        &[Moment, Moment],
        Eval::Span(|r| {
            let micros = match (r.time(0), r.time(1)) {
                (Some(a), Some(b)) => (a - b).num_microseconds()?,
                (None, None) => r.span(0)?.checked_sub(r.span(1)?)?,
                _ => return None,
            };
            Some(bounded(micros))
        }),
    ),
    Def::new(
        "timestampdiff",
        &[Text, Time, Time],
        Eval::Int(|r| difference(r.text(0)?, r.time(1)?, r.time(2)?)),
    ),
    Def::new(
        "last_day",
        &[Time],
        Eval::Date(|r| last_day(r.time(0)?.date())),
    ),
    Def::new(
        "to_days",
        &[Time],
        Eval::Int(|r| Some(day_number(r.time(0)?.date()))),
    ),
    Def::new(
        "from_days",
        &[Int],
        Eval::Date(|r| {
            NaiveDate::from_num_days_from_ce_opt(i32::try_from(r.int(0)? - YEAR_ZERO).ok()?)
        }),
    ),
    Def::new(
        "to_seconds",
        &[Time],
        Eval::Int(|r| {
            let at = r.time(0)?;
            Some(day_number(at.date()) * 86_400 + i64::from(at.num_seconds_from_midnight()))
        }),
    ),
    Def::new(
        "makedate",
        &[Int, Int],
        Eval::Date(|r| {
            let first = NaiveDate::from_ymd_opt(i32::try_from(r.int(0)?).ok()?, 1, 1)?;
            let day = r.int(1)?.checked_sub(1).filter(|day| *day >= 0)?;
            first.checked_add_signed(Duration::try_days(day)?)
        }),
    ),
];

/// Days of the year 0, from which TO_DAYS counts.
const YEAR_ZERO: i64 = 365;

fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce()) + YEAR_ZERO
}

fn last_day(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?
        .checked_add_months(Months::new(1))?
        .pred_opt()
}

/// Whole units from `from` to `to`, rounded towards zero.
fn difference(unit: &str, from: NaiveDateTime, to: NaiveDateTime) -> Option<i64> {
    let span = to - from;
    let months = || {
        let whole = i64::from(to.year() - from.year()) * 12 + i64::from(to.month())
            - i64::from(from.month());
        let rest = |at: NaiveDateTime| (at.day(), at.time());
        match whole {
            1.. if rest(to) < rest(from) => whole - 1,
            ..=-1 if rest(to) > rest(from) => whole + 1,
            _ => whole,
        }
    };
    let unit = unit.to_ascii_uppercase();
    Some(match unit.strip_prefix("SQL_TSI_").unwrap_or(&unit) {
        "MICROSECOND" => span.num_microseconds()?,
        "SECOND" => span.num_seconds(),
        "MINUTE" => span.num_minutes(),
        "HOUR" => span.num_hours(),
        "DAY" => span.num_days(),
        "WEEK" => span.num_weeks(),
        "MONTH" => months(),
        "QUARTER" => months() / 3,
        "YEAR" => months() / 12,
        _ => return None,
    })
}
