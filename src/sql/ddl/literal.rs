//! Texts as values of a type: bounds of partitions, and defaults.

use chrono::{NaiveDate, NaiveDateTime};

use crate::catalog::partition::Bound;
use crate::catalog::schema::DataType;
use crate::sql::ddl::types::int_range;
use crate::sql::expr::value::Number;

/// The bound that `text` is for a partition column of that type; `None` when it is none.
pub fn bound(data_type: DataType, text: &str) -> Option<Bound> {
    match data_type {
        DataType::Date => date(text).map(Bound::Date),
        DataType::Datetime => datetime(text).map(Bound::Datetime),
        _ => {
            let (low, high) = int_range(data_type)?;
            let n: i128 = text.trim().parse().ok()?;
            (low..=high).contains(&n).then_some(Bound::Int(n))
        }
    }
}

/// Whether `text` can be the default of a column of that type, as a load would read it.
pub fn fits(data_type: DataType, text: &str) -> bool {
    match data_type {
        DataType::Boolean => ["0", "1", "true", "false"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(text)),
        DataType::Float | DataType::Double => {
            Number::read(text).is_some_and(|n| n.as_f64().is_finite())
        }
        DataType::Decimal(precision, scale) => decimal(text, precision, scale),
        DataType::Char(n) | DataType::Varchar(n) => text.len() as u64 <= n.into(),
        DataType::String => text.len() <= 1_048_576,
        DataType::Date | DataType::Datetime => bound(data_type, text).is_some(),
        _ => bound(data_type, text).is_some(),
    }
}

/// Whether the digits before and behind the point are no more than the type has.
fn decimal(text: &str, precision: u8, scale: u8) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let whole = whole.trim_start_matches('0');
    digits.bytes().any(|b| b.is_ascii_digit())
        && all_digits(whole)
        && all_digits(part)
        && whole.len() <= usize::from(precision - scale)
        && part.trim_end_matches('0').len() <= usize::from(scale)
}

/// Days since 1970-01-01.
fn date(text: &str) -> Option<i32> {
    let day = day(text.trim())?;
    i32::try_from(day.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Years of four digits only: the types hold 0000 to 9999.
fn day(text: &str) -> Option<NaiveDate> {
    let year_ends = text.find('-')?;
    (year_ends == 4).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

/// Microseconds since 1970-01-01 00:00:00; a day alone is its midnight.
fn datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    let at = match text.split_once([' ', 'T']) {
        None => day(text)?.and_hms_opt(0, 0, 0)?,
        Some((date, time)) => {
            let whole = format!("{} {time}", day(date)?);
            NaiveDateTime::parse_from_str(&whole, "%Y-%m-%d %H:%M:%S%.f").ok()?
        }
    };
    Some(at.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_by_type() {
        let date = DataType::Date;
        assert_eq!(bound(date, "2013-01-01"), Some(Bound::Date(15_706)));
        assert_eq!(bound(date, "2013-02-30"), None);
        assert_eq!(bound(date, "13-02-01"), None);
        assert_eq!(bound(date, "12345-01-01"), None);
        let datetime = DataType::Datetime;
        assert_eq!(bound(datetime, "1970-01-01"), Some(Bound::Datetime(0)));
        let second = bound(datetime, "1970-01-01 00:00:01.5");
        assert_eq!(second, Some(Bound::Datetime(1_500_000)));
        assert_eq!(bound(datetime, "1970-01-01 25:00:00"), None);
        assert_eq!(bound(DataType::TinyInt, "-128"), Some(Bound::Int(-128)));
        assert_eq!(bound(DataType::TinyInt, "128"), None);
        assert_eq!(bound(DataType::Varchar(5), "1"), None);
    }

    #[test]
    fn defaults_must_fit_their_type() {
        for (data_type, text, good) in [
            (DataType::Boolean, "TRUE", true),
            (DataType::Boolean, "2", false),
            (DataType::Int, "x", false),
            (DataType::Double, "1e3", true),
            (DataType::Double, "inf", false),
            (DataType::Decimal(5, 2), "-123.45", true),
            (DataType::Decimal(5, 2), "1234", false),
            (DataType::Decimal(5, 2), "1.234", false),
            (DataType::Decimal(5, 2), "1.230", true),
            (DataType::Decimal(2, 2), "0.25", true),
            (DataType::Decimal(2, 2), ".", false),
            (DataType::Decimal(2, 2), "--1", false),
            (DataType::Char(2), "ab", true),
            (DataType::Varchar(2), "\u{e9}a", false),
            (DataType::Date, "yesterday", false),
        ] {
            assert_eq!(fits(data_type, text), good, "{data_type} {text}");
        }
    }
}
