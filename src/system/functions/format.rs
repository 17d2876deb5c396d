//! Dates and times as text: how MySQL reads them, prints them, and its `%` formats.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

const MONTHS: [&str; 12] = [
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
const DAYS: [&str; 7] = [
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

/// A span of microseconds as `[-]HH:mm:ss[.ffffff]`.
pub fn span_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        format!("{sign}{hours:02}:{minutes:02}:{seconds:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}")
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
fn clock(text: &str) -> Option<NaiveTime> {
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

fn micros(fraction: &str) -> Option<u32> {
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
        'v' => format!("{:02}", at.iso_week().week()),
        'x' => format!("{:04}", at.iso_week().year()),
        'W' => day.to_owned(),
        'w' => at.weekday().num_days_from_sunday().to_string(),
        'Y' => format!("{:04}", at.year()),
        'y' => format!("{:02}", at.year().rem_euclid(100)),
        other => other.to_string(),
    }
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

/// Week of the year: mode 0 counts from the first Sunday, mode 1 from Monday and the first week of four days.
pub fn week(day: NaiveDate, mode: i64) -> u32 {
    if mode == 3 {
        return day.iso_week().week();
    }
    if mode == 1 {
        let first = NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day);
        let shift = first.weekday().num_days_from_monday();
        let week = (day.ordinal0() + shift) / 7;
        return if shift <= 3 { week + 1 } else { week };
    }
    (day.ordinal0() + 7 - day.weekday().num_days_from_sunday()) / 7
}

/// STR_TO_DATE: the letters of dates and times; the rest must stand in the text as it does in the format.
pub fn str_to_date(text: &str, format: &str) -> Option<NaiveDateTime> {
    let mut at = text.trim_start();
    let (mut year, mut month, mut day) = (0_i32, 1_u32, 1_u32);
    let (mut hour, mut minute, mut second, mut micro) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut afternoon = None;
    let mut letters = format.chars();
    while let Some(c) = letters.next() {
        if c != '%' {
            if c.is_whitespace() {
                at = at.trim_start();
            } else {
                at = at.strip_prefix(c)?;
            }
            continue;
        }
        match letters.next()? {
            'Y' => year = number(&mut at, 4)?.try_into().ok()?,
            'y' => {
                let two: i32 = number(&mut at, 2)?.try_into().ok()?;
                year = if two < 70 { 2000 + two } else { 1900 + two };
            }
            'm' | 'c' => month = number(&mut at, 2)?,
            'd' | 'e' => day = number(&mut at, 2)?,
            'H' | 'k' | 'h' | 'I' | 'l' => hour = number(&mut at, 2)?,
            'i' => minute = number(&mut at, 2)?,
            'S' | 's' => second = number(&mut at, 2)?,
            'f' => {
                let digits = at.bytes().take(6).take_while(u8::is_ascii_digit).count();
                micro = micros(at.get(..digits)?)?;
                at = at.get(digits..)?;
            }
            'M' => month = named(&mut at, &MONTHS, false)?,
            'b' => month = named(&mut at, &MONTHS, true)?,
            'p' => {
                let half = at.get(..2)?;
                afternoon = Some(half.eq_ignore_ascii_case("pm"));
                at = at.get(2..)?;
            }
            'T' => {
                let time = clock(at.trim())?;
                (hour, minute, second) = (time.hour(), time.minute(), time.second());
                at = "";
            }
            _ => return None,
        }
    }
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    NaiveDate::from_ymd_opt(year, month, day)?.and_hms_micro_opt(hour, minute, second, micro)
}

fn number(at: &mut &str, width: usize) -> Option<u32> {
    *at = at.trim_start();
    let digits = at
        .bytes()
        .take(width)
        .take_while(u8::is_ascii_digit)
        .count();
    let number = at.get(..digits)?.parse().ok()?;
    *at = at.get(digits..)?;
    Some(number)
}

fn named(at: &mut &str, names: &[&str], short: bool) -> Option<u32> {
    let found = names.iter().zip(1..).find_map(|(name, number)| {
        let name = if short { name.get(..3)? } else { name };
        let head = at.get(..name.len())?;
        head.eq_ignore_ascii_case(name)
            .then_some((number, name.len()))
    });
    let (number, length) = found?;
    *at = at.get(length..)?;
    Some(number)
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
