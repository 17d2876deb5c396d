//! EXTRACT of two units, PERIOD_ADD, ADDTIME: numbers and times that are put together of parts.

use chrono::{Datelike, NaiveDateTime};

use crate::system::functions::arguments::Kind::{Int, Span, Text, Time};
use crate::system::functions::arguments::Row;
use crate::system::functions::format::{date_time_text, parse_time};
use crate::system::functions::row_function::{Def, Eval};
use crate::system::functions::spans::{SECOND, bounded, of_day, parse_span, span_text};

/// Units that make a number, of days and a span in microseconds.
macro_rules! extracts {
    ($($name:literal = $number:expr;)+) => {
        /// The table of them.
        pub const ALL: &[Def] = &[
            $(Def::new($name, &[Span], Eval::Int(|r| {
                let number: fn(i64) -> i64 = $number;
                r.span(0).map(number)
            })),)+
            Def::new("extract_year_month", &[Time], Eval::Int(|r| {
                let at = r.time(0)?;
                Some(i64::from(at.year()) * 100 + i64::from(at.month()))
            })),
            Def::new("extract_day_hour", &[Time], Eval::Int(|r| of_days(r, 100, hours))),
            Def::new("extract_day_minute", &[Time], Eval::Int(|r| of_days(r, 10_000, hour_minute))),
            Def::new("extract_day_second", &[Time], Eval::Int(|r| of_days(r, 1_000_000, hour_second))),
            Def::new("extract_day_microsecond", &[Time], Eval::Int(|r| {
                of_days(r, 1_000_000 * SECOND, |span| hour_second(span) * SECOND + span % SECOND)
            })),
            Def::new("period_add", &[Int, Int], Eval::Int(|r| {
                Some(period(months(r.int(0)?)?.checked_add(r.int(1)?)?))
            })),
            Def::new("period_diff", &[Int, Int], Eval::Int(|r| {
                months(r.int(0)?)?.checked_sub(months(r.int(1)?)?)
            })),
            Def::new("addtime_text", &[Text, Span], Eval::Text(|r| moved(r, 1))),
            Def::new("subtime_text", &[Text, Span], Eval::Text(|r| moved(r, -1))),
            Def::new("addtime_span", &[Span, Span], Eval::Span(|r| Some(bounded(r.span(0)? + r.span(1)?)))),
            Def::new("subtime_span", &[Span, Span], Eval::Span(|r| Some(bounded(r.span(0)? - r.span(1)?)))),
            Def::new("addtime_date", &[Time, Span], Eval::Time(|r| later(r.time(0)?, r.span(1)?))),
            Def::new("subtime_date", &[Time, Span], Eval::Time(|r| later(r.time(0)?, -r.span(1)?))),
        ];
    };
}

extracts! {
    "extract_hour_minute" = hour_minute;
    "extract_hour_second" = hour_second;
    "extract_hour_microsecond" = |span| hour_second(span) * SECOND + span % SECOND;
    "extract_minute_second" = minute_second;
    "extract_minute_microsecond" = |span| minute_second(span) * SECOND + span % SECOND;
    "extract_second_microsecond" = |span| span % (60 * SECOND);
}

fn hours(span: i64) -> i64 {
    span / (3600 * SECOND)
}

fn hour_minute(span: i64) -> i64 {
    hours(span) * 100 + span / (60 * SECOND) % 60
}

fn hour_second(span: i64) -> i64 {
    hour_minute(span) * 100 + span / SECOND % 60
}

fn minute_second(span: i64) -> i64 {
    span / (60 * SECOND) % 60 * 100 + span / SECOND % 60
}

fn of_days(r: Row<'_>, unit: i64, rest: fn(i64) -> i64) -> Option<i64> {
    let at = r.time(0)?;
    Some(i64::from(at.day()) * unit + rest(of_day(at)))
}

/// The months of a period `yyyyMM` or `yyMM`.
fn months(period: i64) -> Option<i64> {
    let (year, month) = (period / 100, period % 100);
    if period <= 0 || !(1..=12).contains(&month) {
        return None;
    }
    let year = match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    };
    year.checked_mul(12)?.checked_add(month - 1)
}

fn period(months: i64) -> i64 {
    months / 12 * 100 + months % 12 + 1
}

fn later(at: NaiveDateTime, span: i64) -> Option<NaiveDateTime> {
    at.checked_add_signed(chrono::Duration::microseconds(span))
}

/// ADDTIME of a text: a datetime or a time, and a text again.
fn moved(r: Row<'_>, sign: i64) -> Option<String> {
    let (text, span) = (r.text(0)?, sign * r.span(1)?);
    match text.trim_start_matches('-').contains('-') {
        true => later(parse_time(text)?, span).map(date_time_text),
        false => Some(span_text(bounded(parse_span(text)? + span))),
    }
}
