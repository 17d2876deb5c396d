//! Dates and times as text: how MySQL reads them, prints them, and its `%` formats.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::system::functions::weeks::{week, year_week};

/// Names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Names of the days, from Monday.
pub const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// `yyyy-MM-dd`.
pub fn day_text(day: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

/// `yyyy-MM-dd HH:mm:ss`, with six digits more where there is a fraction.
pub fn date_time_text(at: NaiveDateTime) -> String {
    let micros = at.nanosecond() / 1000 % 1_000_000;
    let day = day_text(at.date());
    let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    if micros == 0 {
        format!("{day} {time}")
    } else {
        format!("{day} {time}.{micros:06}")
    }
}

/// Reads a date, with or without a time of day: `2013-1-5`, `2013-01-05T10:11:12.5`, `20130105`, `20130105101112`.
pub fn parse_time(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.len() {
            8 => parts(text, &[4, 2, 2]),
            14 => parts(text, &[4, 2, 2, 2, 2, 2]),
            6 => parts(&format!("{}{text}", century(text)?), &[4, 2, 2]),
            _ => None,
        };
    }
    let (day, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim())),
        None => (text, None),
    };
    let mut numbers = day.split(['-', '/', '.']).map(str::parse::<u32>);
    let (year, month, date) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if numbers.next().is_some() {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(i32::try_from(year.ok()?).ok()?, month.ok()?, date.ok()?)?;
    match time.filter(|time| !time.is_empty()) {
        Some(time) => Some(day.and_time(clock(time)?)),
        None => day.and_hms_opt(0, 0, 0),
    }
}

fn century(text: &str) -> Option<&'static str> {
    let year: u32 = text.get(..2)?.parse().ok()?;
    Some(if year < 70 { "20" } else { "19" })
}

fn parts(text: &str, widths: &[usize]) -> Option<NaiveDateTime> {
    let mut numbers = [0_u32; 6];
    let mut from = 0;
    for (number, width) in numbers.iter_mut().zip(widths) {
        *number = text.get(from..from + width)?.parse().ok()?;
        from += width;
    }
    let [year, month, day, hour, minute, second] = numbers;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?
        .and_hms_opt(hour, minute, second)
}

/// `HH[:mm[:ss[.ffffff]]]`.
pub fn clock(text: &str) -> Option<NaiveTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut numbers = whole.split(':').map(str::parse::<u32>);
    let hour = numbers.next()?.ok()?;
    let minute = numbers.next().unwrap_or(Ok(0)).ok()?;
    let second = numbers.next().unwrap_or(Ok(0)).ok()?;
    if numbers.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros(fraction)?)
}

/// The microseconds that digits behind the point are.
pub fn micros(fraction: &str) -> Option<u32> {
    let digits: String = fraction.chars().take(6).collect();
    if digits.is_empty() {
        return Some(0);
    }
    format!("{digits:0<6}").parse().ok()
}

/// DATE_FORMAT: every `%` letter that MySQL documents.
pub fn date_format(at: NaiveDateTime, format: &str) -> String {
    let mut out = String::with_capacity(format.len() * 2);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(letter) => out.push_str(&directive(at, letter)),
            None => out.push('%'),
        }
    }
    out
}

fn directive(at: NaiveDateTime, letter: char) -> String {
    let month = MONTHS[at.month0() as usize % 12];
    let day = DAYS[at.weekday().num_days_from_monday() as usize % 7];
    let twelve = at.hour12().1;
    let half = if at.hour() < 12 { "AM" } else { "PM" };
    match letter {
        'a' => day[..3].to_owned(),
        'b' => month[..3].to_owned(),
        'c' => at.month().to_string(),
        'D' => format!("{}{}", at.day(), ordinal(at.day())),
        'd' => format!("{:02}", at.day()),
        'e' => at.day().to_string(),
        'f' => format!("{:06}", at.nanosecond() / 1000 % 1_000_000),
        'H' => format!("{:02}", at.hour()),
        'h' | 'I' => format!("{twelve:02}"),
        'i' => format!("{:02}", at.minute()),
        'j' => format!("{:03}", at.ordinal()),
        'k' => at.hour().to_string(),
        'l' => twelve.to_string(),
        'M' => month.to_owned(),
        'm' => format!("{:02}", at.month()),
        'p' => half.to_owned(),
        'r' => format!("{twelve:02}:{:02}:{:02} {half}", at.minute(), at.second()),
        'S' | 's' => format!("{:02}", at.second()),
        'T' => format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()),
        'U' => format!("{:02}", week(at.date(), 0)),
        'u' => format!("{:02}", week(at.date(), 1)),
        'V' => format!("{:02}", week(at.date(), 2)),
        'v' => format!("{:02}", week(at.date(), 3)),
        'X' => format!("{:04}", year_week(at.date(), 2).0),
        'x' => format!("{:04}", year_week(at.date(), 3).0),
        'W' => day.to_owned(),
        'w' => at.weekday().num_days_from_sunday().to_string(),
        'Y' => format!("{:04}", at.year()),
        'y' => format!("{:02}", at.year().rem_euclid(100)),
        other => other.to_string(),
    }
}

/// TIME_FORMAT: the letters of a time of day. What is about a date is zeros, or NULL (MySQL).
pub fn span_format(span: i64, format: &str) -> String {
    let micros = span.unsigned_abs();
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let twelve = (hours + 11) % 12 + 1;
    let half = if hours % 24 < 12 { "AM" } else { "PM" };
    let mut out = String::with_capacity(format.len() * 2);
    if span < 0 {
        out.push('-');
    }
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        let letter = match c {
            '%' => chars.next(),
            _ => None,
        };
        out.push_str(&match letter {
            None => c.to_string(),
            Some('H') => format!("{hours:02}"),
            Some('k') => hours.to_string(),
            Some('h' | 'I') => format!("{twelve:02}"),
            Some('l') => twelve.to_string(),
            Some('i') => format!("{minutes:02}"),
            Some('S' | 's') => format!("{seconds:02}"),
            Some('f') => format!("{fraction:06}"),
            Some('p') => half.to_owned(),
            Some('r') => format!("{twelve:02}:{minutes:02}:{seconds:02} {half}"),
            Some('T') => format!("{hours:02}:{minutes:02}:{seconds:02}"),
            Some('Y') => "0000".to_owned(),
            Some('m' | 'd' | 'y') => "00".to_owned(),
            Some('c' | 'e') => "0".to_owned(),
            Some(other) => other.to_string(),
        });
    }
    out
}

fn ordinal(day: u32) -> &'static str {
    match (day % 10, day % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// Name of a month, from 1.
pub fn month_name(month: u32) -> Option<&'static str> {
    MONTHS
        .get(usize::try_from(month).ok()?.checked_sub(1)?)
        .copied()
}

/// Name of a day of the week, Monday is 0.
pub fn day_name(day: u32) -> Option<&'static str> {
    DAYS.get(usize::try_from(day).ok()?).copied()
}
