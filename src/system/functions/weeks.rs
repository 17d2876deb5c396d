//! Weeks of the year in MySQL's eight modes.
//!
//! Bit 1 of a mode: weeks begin on Monday. Bit 2: the days before the first week belong to the last week of the year before, not to
//! a week 0. Bit 4 turns around how the first week is found: with the first Sunday (or Monday), or with four days in the year.

use chrono::{Datelike, NaiveDate};

/// WEEK(day, mode).
pub fn week(day: NaiveDate, mode: i64) -> u32 {
    year_week(day, mode).1
}

/// The year and the week that a day belongs to.
pub fn year_week(day: NaiveDate, mode: i64) -> (i32, u32) {
    let mode = mode & 7;
    let monday = mode & 1 != 0;
    let of_year = mode & 2 != 0;
    // Modes 0, 2, 5 and 7 count from the first day that begins a week.
    let full = monday == (mode & 4 != 0);
    let place = i64::from(day.ordinal0());
    let shift = first_shift(day.year(), monday);
    let begins = start(shift, full);
    if place < begins {
        if !of_year {
            return (day.year(), 0);
        }
        let last = day.year() - 1;
        let days = days_of(last);
        let begins = start(first_shift(last, monday), full);
        return (last, number(days + place - begins));
    }
    let days = days_of(day.year());
    if of_year && place - begins >= 52 * 7 {
        let next = start(first_shift(day.year() + 1, monday), full);
        if place >= days + next {
            return (day.year() + 1, 1);
        }
    }
    (day.year(), number(place - begins))
}

fn number(days: i64) -> u32 {
    u32::try_from(days / 7 + 1).unwrap_or_default()
}

fn days_of(year: i32) -> i64 {
    let leap = NaiveDate::from_ymd_opt(year, 2, 29).is_some();
    365 + i64::from(leap)
}

/// How many days of its week went by before the first of January.
fn first_shift(year: i32, monday: bool) -> i64 {
    let first = NaiveDate::from_ymd_opt(year, 1, 1)
        .unwrap_or_default()
        .weekday();
    i64::from(match monday {
        true => first.num_days_from_monday(),
        false => first.num_days_from_sunday(),
    })
}

/// Where the first week begins, in days from the first of January; before it, when negative.
fn start(shift: i64, full: bool) -> i64 {
    match shift {
        0 => 0,
        1..=3 if !full => -shift,
        _ => 7 - shift,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What MariaDB 10.11 answers for modes 0 to 7.
    #[test]
    fn each_mode_counts_as_mariadb_does() {
        let cases = [
            ("2024-02-01", [4, 5, 4, 5, 5, 5, 5, 5]),
            ("2024-12-31", [52, 53, 52, 1, 53, 53, 1, 53]),
            ("2023-01-01", [1, 0, 1, 52, 1, 0, 1, 52]),
            ("2021-01-01", [0, 0, 52, 53, 0, 0, 53, 52]),
            ("2020-12-31", [52, 53, 52, 53, 53, 52, 53, 52]),
        ];
        for (day, weeks) in cases {
            let day: NaiveDate = day.parse().unwrap();
            let got: Vec<u32> = (0..8).map(|mode| week(day, mode)).collect();
            assert_eq!(got, weeks, "{day}");
        }
    }
}
