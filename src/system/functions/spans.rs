//! TIME values: spans of time between -838:59:59 and 838:59:59, how MySQL reads and prints them, and the functions on them.

use chrono::{NaiveDateTime, Timelike};

use crate::system::functions::arguments::Kind::{Double, Int, Span, Text};
use crate::system::functions::arguments::{Row, whole};
use crate::system::functions::format::{micros, parse_time, span_format};
use crate::system::functions::row_function::{Def, Eval};

/// A second, in microseconds.
pub const SECOND: i64 = 1_000_000;
/// A day, in microseconds.
pub const DAY: i64 = 86_400 * SECOND;
/// MySQL's largest TIME, `838:59:59`, in microseconds.
const SPAN_MAX: i64 = 3_020_399 * SECOND;

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new("time", &[Span], Eval::Span(|r| r.span(0))),
    // With the digits of its second that a CAST asks for; the rest is cut off.
    Def::new(
        "cast_time_digits",
        &[Span, Int],
        Eval::Span(|r| {
            let span = r.span(0)?;
            Some(span - span % unit(r.int(1)?))
        }),
    ),
    // Compared with a TIME, a text that is none is midnight.
    Def::new(
        "span_or_zero",
        &[Span, Text],
        Eval::Span(|r| r.text(1).map(|_| r.span(0).unwrap_or(0))),
    ),
    Def::new("hour", &[Span], Eval::Int(|r| Some(clock(r.span(0)?).0))),
    Def::new("minute", &[Span], Eval::Int(|r| Some(clock(r.span(0)?).1))),
    Def::new("second", &[Span], Eval::Int(|r| Some(clock(r.span(0)?).2))),
    Def::new(
        "microsecond",
        &[Span],
        Eval::Int(|r| Some(r.span(0)?.abs() % SECOND)),
    ),
    Def::new(
        "time_to_sec",
        &[Span],
        Eval::Int(|r| Some(r.span(0)? / SECOND)),
    ),
    Def::new(
        "sec_to_time",
        &[Double],
        Eval::Span(|r| {
            let most = (SPAN_MAX / SECOND) as f64;
            Some(micros_of(r.double(0)?.clamp(-most, most)))
        }),
    ),
    Def::new("maketime", &[Int, Int, Double], Eval::Span(make)),
    Def::new(
        "time_format",
        &[Span, Text],
        Eval::Text(|r| Some(span_format(r.span(0)?, r.text(1)?))),
    ),
];

/// Hours, minutes and seconds, without the sign.
fn clock(span: i64) -> (i64, i64, i64) {
    let seconds = span.abs() / SECOND;
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Microseconds of so many seconds.
pub fn micros_of(seconds: f64) -> i64 {
    // The cast stops at the ends of its range.
    (seconds * 1e6).round() as i64
}

/// The nearest TIME. The largest has a fraction of a second if the span has one.
pub fn bounded(span: i64) -> i64 {
    let largest = match span % SECOND {
        0 => SPAN_MAX,
        _ => SPAN_MAX + SECOND - 1,
    };
    span.clamp(-largest, largest)
}

/// Microseconds of the last of so many digits behind the second.
pub fn unit(digits: i64) -> i64 {
    let cut = u32::try_from((6 - digits).clamp(0, 6)).unwrap_or(0);
    10_i64.pow(cut)
}

fn make(r: Row<'_>) -> Option<i64> {
    let (hours, minutes, seconds) = (r.int(0)?, r.int(1)?, r.double(2)?);
    if !(0..60).contains(&minutes) || !(0.0..60.0).contains(&seconds) {
        return None;
    }
    let whole = hours
        .checked_abs()?
        .saturating_mul(3600)
        .saturating_add(minutes * 60);
    let span = bounded(
        whole
            .saturating_mul(SECOND)
            .saturating_add(micros_of(seconds)),
    );
    Some(if hours < 0 { -span } else { span })
}

/// A span as `[-]HH:mm:ss[.ffffff]`.
pub fn span_text(span: i64) -> String {
    let sign = if span < 0 { "-" } else { "" };
    let (hours, minutes, seconds) = clock(span);
    match span.unsigned_abs() % SECOND.unsigned_abs() {
        0 => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
        fraction => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}"),
    }
}

/// The time of day.
pub fn of_day(at: NaiveDateTime) -> i64 {
    let seconds = i64::from(at.num_seconds_from_midnight()) * SECOND;
    seconds + i64::from(at.nanosecond() / 1000 % 1_000_000)
}

/// Reads `[-][D ]HH:mm[:ss[.f]]`, `[-]HHmmss[.f]`, or the time of day of a datetime.
pub fn parse_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let signed = |span: i64| if negative { -span } else { span };
    if text.contains('-') || text.contains('T') {
        return parse_time(text).map(of_day).filter(|_| !negative);
    }
    let (days, clock) = match text.split_once(' ') {
        Some((days, clock)) => (whole(days)?, clock.trim_start()),
        None => (0, text),
    };
    let (whole_part, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = i64::from(micros(fraction)?);
    let parts: Vec<i64> = whole_part.split(':').map(whole).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match parts.as_slice() {
        [number] if days == 0 && text != clock => (*number, 0, 0),
        [number] if days == 0 && !text.contains(' ') => {
            (number / 10_000, number / 100 % 100, number % 100)
        }
        [hours] => (*hours, 0, 0),
        [hours, minutes] => (*hours, *minutes, 0),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return None,
    };
    span(days, hours, minutes, seconds, fraction).map(signed)
}

/// Reads a number as `HHmmss`.
pub fn number_span(number: f64) -> Option<i64> {
    let digits = number.abs().trunc();
    if digits >= 1e7 {
        return None;
    }
    let fraction = micros_of(number.abs().fract());
    let digits = digits as i64;
    let span = span(
        0,
        digits / 10_000,
        digits / 100 % 100,
        digits % 100,
        fraction,
    )?;
    Some(if number < 0.0 { -span } else { span })
}

fn span(days: i64, hours: i64, minutes: i64, seconds: i64, fraction: i64) -> Option<i64> {
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let hours = days.checked_mul(24)?.checked_add(hours)?;
    let seconds = hours
        .checked_mul(3600)?
        .checked_add(minutes * 60 + seconds)?;
    Some(bounded(seconds.checked_mul(SECOND)?.checked_add(fraction)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_each_form_of_mysql() {
        let cases = [
            ("07:08:09", Some("07:08:09")),
            ("-1 02:03:04.5", Some("-26:03:04.500000")),
            ("2024-01-01 10:11:12", Some("10:11:12")),
            ("101112", Some("10:11:12")),
            ("7:8", Some("07:08:00")),
            ("900:00:00", Some("838:59:59")),
            ("10:70:00", None),
            ("abc", None),
        ];
        for (text, wanted) in cases {
            let read = parse_span(text).map(span_text);
            assert_eq!(read.as_deref(), wanted, "{text}");
        }
        assert_eq!(
            number_span(-101_112.5).map(span_text).as_deref(),
            Some("-10:11:12.500000")
        );
    }
}
