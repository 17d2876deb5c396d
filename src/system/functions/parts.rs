//! Parts of a date: YEAR, MONTH, WEEKDAY and the rest.

use chrono::{Datelike, NaiveDateTime};

use crate::system::functions::arguments::Kind::{Int, Time};
use crate::system::functions::format::{day_name, month_name};
use crate::system::functions::row_function::{Def, Eval};
use crate::system::functions::weeks::{week, year_week};

macro_rules! parts {
    ($($name:literal = $part:expr;)+) => {
        /// The table of them.
        pub const ALL: &[Def] = &[
            $(Def::new($name, &[Time], Eval::Int(|r| {
                let part: fn(NaiveDateTime) -> i64 = $part;
                Some(part(r.time(0)?))
            })),)+
            Def::new("week", &[Time, Int], Eval::Int(|r| {
                let mode = if r.len() > 1 { r.int(1)? } else { 0 };
                Some(week(r.time(0)?.date(), mode).into())
            })).optional(1),
            Def::new("yearweek", &[Time, Int], Eval::Int(|r| {
                let mode = if r.len() > 1 { r.int(1)? } else { 0 };
                let (year, week) = year_week(r.time(0)?.date(), mode | 2);
                Some(i64::from(year) * 100 + i64::from(week))
            })).optional(1),
            Def::new("monthname", &[Time], Eval::Text(|r| {
                month_name(r.time(0)?.month()).map(str::to_owned)
            })),
            Def::new("dayname", &[Time], Eval::Text(|r| {
                day_name(r.time(0)?.weekday().num_days_from_monday()).map(str::to_owned)
            })),
        ];
    };
}

parts! {
    "year" = |t| t.year().into();
    "quarter" = |t| (t.month0() / 3 + 1).into();
    "month" = |t| t.month().into();
    "day" = |t| t.day().into();
    "dayofmonth" = |t| t.day().into();
    "dayofyear" = |t| t.ordinal().into();
    "dayofweek" = |t| (t.weekday().num_days_from_sunday() + 1).into();
    "weekday" = |t| t.weekday().num_days_from_monday().into();
    "weekofyear" = |t| t.iso_week().week().into();
}
