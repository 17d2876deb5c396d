//! STR_TO_DATE: a text read by a format's letters. What the format names decides whether a DATE, a TIME or a DATETIME comes out.

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime};

use crate::system::functions::arguments::Kind::Text;
use crate::system::functions::arguments::Row;
use crate::system::functions::format::{DAYS, MONTHS, micros};
use crate::system::functions::row_function::{Def, Eval};
use crate::system::functions::spans::of_day;

/// The table of them, by what the format names.
pub const ALL: &[Def] = &[
    Def::new("str_to_date", &[Text, Text], Eval::Time(|r| read(r, true))),
    Def::new(
        "str_to_day",
        &[Text, Text],
        Eval::Date(|r| Some(read(r, true)?.date())),
    ),
    Def::new(
        "str_to_time",
        &[Text, Text],
        Eval::Span(|r| Some(of_day(read(r, false)?))),
    ),
];

/// The function for a format that is known before the query runs.
pub fn function_for(format: &str) -> &'static str {
    let mut letters = format.chars();
    let (mut day, mut time) = (false, false);
    while let Some(c) = letters.next() {
        if c == '%' {
            match letters.next() {
                Some('H' | 'h' | 'I' | 'k' | 'l' | 'i' | 'S' | 's' | 'f' | 'p' | 'r' | 'T') => {
                    time = true;
                }
                Some('%') | None => {}
                Some(_) => day = true,
            }
        }
    }
    match (day, time) {
        (true, false) => "str_to_day",
        (false, true) => "str_to_time",
        _ => "str_to_date",
    }
}

fn read(r: Row<'_>, with_day: bool) -> Option<NaiveDateTime> {
    let mut parts = Parts::default();
    let rest = parts.take(r.text(0)?.trim_start(), r.text(1)?)?;
    // What is left over is cut off, with a warning (MySQL).
    let _ = rest;
    parts.moment(with_day)
}

/// What has been read.
#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    of_year: Option<u32>,
    week: Option<(u32, i64)>,
    week_year: Option<i32>,
    weekday: Option<u32>,
    hour: u32,
    twelve: bool,
    minute: u32,
    second: u32,
    micro: u32,
    afternoon: Option<bool>,
}

impl Parts {
    fn take<'a>(&mut self, mut at: &'a str, format: &str) -> Option<&'a str> {
        let mut letters = format.chars();
        while let Some(c) = letters.next() {
            if c.is_whitespace() {
                at = at.trim_start();
            } else if c != '%' {
                at = at.trim_start().strip_prefix(c)?;
            } else {
                at = self.letter(at.trim_start(), letters.next()?)?;
            }
        }
        Some(at)
    }

    fn letter<'a>(&mut self, mut at: &'a str, letter: char) -> Option<&'a str> {
        match letter {
            'Y' => self.year = Some(long_year(&mut at)?),
            'y' => self.year = Some(short_year(number(&mut at, 2)?)?),
            'm' | 'c' => self.month = Some(number(&mut at, 2)?),
            'd' | 'e' => self.day = Some(number(&mut at, 2)?),
            'D' => {
                self.day = Some(number(&mut at, 2)?);
                at = at.get(2..)?;
            }
            'j' => self.of_year = Some(number(&mut at, 3)?),
            'M' => self.month = Some(named(&mut at, &MONTHS, false)?),
            'b' => self.month = Some(named(&mut at, &MONTHS, true)?),
            'W' => self.weekday = Some(named(&mut at, &DAYS, false)? - 1),
            'a' => self.weekday = Some(named(&mut at, &DAYS, true)? - 1),
            // Sunday is 0.
            'w' => self.weekday = Some((number(&mut at, 1)?.checked_sub(1)).unwrap_or(6)),
            'U' | 'u' | 'V' | 'v' => {
                let mode = match letter {
                    'U' => 0,
                    'u' => 1,
                    'V' => 2,
                    _ => 3,
                };
                self.week = Some((number(&mut at, 2)?, mode));
            }
            'X' | 'x' => self.week_year = Some(long_year(&mut at)?),
            'H' | 'k' => self.hour = number(&mut at, 2)?,
            'h' | 'I' | 'l' => {
                self.hour = number(&mut at, 2)?;
                self.twelve = true;
            }
            'i' => self.minute = number(&mut at, 2)?,
            'S' | 's' => self.second = number(&mut at, 2)?,
            'f' => {
                let digits = at.bytes().take(6).take_while(u8::is_ascii_digit).count();
                self.micro = micros(at.get(..digits)?)?;
                at = at.get(digits..)?;
            }
            'p' => {
                let half = at.get(..2)?;
                let afternoon = half.eq_ignore_ascii_case("pm");
                if !afternoon && !half.eq_ignore_ascii_case("am") {
                    return None;
                }
                self.afternoon = Some(afternoon);
                at = at.get(2..)?;
            }
            'T' => return self.take(at, "%H:%i:%S"),
            'r' => return self.take(at, "%I:%i:%S %p"),
            '%' => at = at.strip_prefix('%')?,
            _ => return None,
        }
        Some(at)
    }

    fn moment(&self, with_day: bool) -> Option<NaiveDateTime> {
        let twelve = self.twelve || self.afternoon.is_some();
        if twelve && !(1..=12).contains(&self.hour) && self.afternoon.is_some() {
            return None;
        }
        let hour = match self.afternoon {
            Some(true) => self.hour % 12 + 12,
            Some(false) => self.hour % 12,
            None if self.twelve => self.hour % 12,
            None => self.hour,
        };
        let day = match with_day {
            true => self.date()?,
            false => NaiveDate::default(),
        };
        day.and_hms_micro_opt(hour, self.minute, self.second, self.micro)
    }

    fn date(&self) -> Option<NaiveDate> {
        if let (Some((week, mode)), Some(weekday)) = (self.week, self.weekday) {
            return self.of_week(week, mode, weekday);
        }
        let year = self.year?;
        match (self.of_year, self.month, self.day) {
            (Some(day), _, _) => NaiveDate::from_yo_opt(year, day),
            // Quorate has no dates with zeros in them: MySQL's would have day or month 0.
            (None, Some(month), Some(day)) => NaiveDate::from_ymd_opt(year, month, day),
            _ => None,
        }
    }

    /// The day of that week. `weekday` counts from Monday.
    fn of_week(&self, week: u32, mode: i64, weekday: u32) -> Option<NaiveDate> {
        // `%V` goes with `%X`, `%v` with `%x`, `%U` and `%u` with `%Y`.
        let strict = mode & 2 != 0;
        let year = if strict { self.week_year } else { self.year };
        let (year, monday) = (year?, mode & 1 != 0);
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let shift = i64::from(match monday {
            true => first.weekday().num_days_from_monday(),
            false => first.weekday().num_days_from_sunday(),
        });
        let begins = match shift {
            0 => 0,
            1..=3 if monday => -shift,
            _ => 7 - shift,
        };
        let place = match monday {
            true => i64::from(weekday),
            false => i64::from((weekday + 1) % 7),
        };
        let week = i64::from(week);
        if (strict && week == 0) || week > 53 {
            return None;
        }
        first.checked_add_signed(Duration::try_days(begins + (week - 1) * 7 + place)?)
    }
}

fn number(at: &mut &str, width: usize) -> Option<u32> {
    let digits = at
        .bytes()
        .take(width)
        .take_while(u8::is_ascii_digit)
        .count();
    let number = at.get(..digits)?.parse().ok()?;
    *at = at.get(digits..)?;
    Some(number)
}

/// A year of four digits; of two, it is one of this century or the last.
fn long_year(at: &mut &str) -> Option<i32> {
    let before = at.len();
    let year = number(at, 4)?;
    match before - at.len() {
        1 | 2 => short_year(year),
        _ => i32::try_from(year).ok(),
    }
}

fn short_year(year: u32) -> Option<i32> {
    let year = i32::try_from(year).ok()?;
    Some(if year < 70 { 2000 + year } else { 1900 + year })
}

/// The place of a name in a list, from 1.
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
