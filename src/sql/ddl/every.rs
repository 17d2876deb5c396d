//! `START .. END .. EVERY`: a row of equally wide partitions, named by where each begins (StarRocks).

use chrono::{DateTime, Days, Months, NaiveDateTime, TimeDelta};

use crate::catalog::partition::{Bound, Range};
use crate::catalog::schema::DataType;
use crate::code::{Code, Failure};
use crate::sql::ddl::literal;
use crate::sql::ddl::partition::{Step, StepsClause, Unit};
use crate::sql::place::At;

/// Partitions that one statement may make (StarRocks: `max_partitions_in_one_batch`).
pub const PARTITIONS_MAX: usize = 4096;

/// The names and ranges that the clause stands for. The last one ends at END, even if that is in the midst of a step.
///
/// # Errors
/// 1654 for a start or end that is no value of the column, 5064 for a step that does not fit it, 1493 for an end that
/// is not behind the start, 1499 for too many partitions.
pub fn expand(of: &StepsClause, data_type: DataType) -> Result<Vec<(String, Range)>, Failure> {
    let start = value(&of.start, data_type)?;
    let end = value(&of.end, data_type)?;
    fits(of.step.what, data_type).map_err(|why| of.step.failure(Code::ANALYSIS, why))?;
    if start >= end {
        let message = format!("END (\"{}\") is not behind START", of.end.what);
        return Err(of.end.failure(Code::RANGE_NOT_INCREASING, message));
    }
    let mut made = Vec::new();
    let mut lower = start;
    while lower < end {
        if made.len() == PARTITIONS_MAX {
            let message = format!("the range has more than {PARTITIONS_MAX} steps");
            return Err(of.step.failure(Code::TOO_MANY_PARTITIONS, message));
        }
        // Each step is counted from the start: months that begin on a 31st do not drift.
        let steps = made.len() as u64 + 1;
        let next = after(start, of.step.what, steps);
        let upper = next.filter(|next| *next < end).unwrap_or(end);
        let range = Range {
            lower: Some(lower),
            upper: Some(upper),
        };
        made.push((name(lower, of.step.what.unit), range));
        lower = upper;
    }
    Ok(made)
}

fn value(text: &At<String>, data_type: DataType) -> Result<Bound, Failure> {
    literal::bound(data_type, &text.what).ok_or_else(|| {
        let message = format!("'{}' is no value of type {data_type}", text.what);
        text.failure(Code::PARTITION_VALUE_TYPE, message)
    })
}

/// Whether the step is one that the type can take.
fn fits(step: Step, data_type: DataType) -> Result<(), String> {
    let time = matches!(data_type, DataType::Date | DataType::Datetime);
    match step.unit {
        _ if step.count == 0 => Err("a step must be above 0".to_owned()),
        Some(Unit::Hour) if data_type == DataType::Date => {
            Err("a DATE has no hours to step by".to_owned())
        }
        None if time => Err("say EVERY (INTERVAL n DAY), or another span of time".to_owned()),
        Some(_) if !time => Err(format!("say EVERY (n): {data_type} is no time")),
        _ => Ok(()),
    }
}

/// The bound `steps` steps behind `start`; `None` when there is no such value.
fn after(start: Bound, step: Step, steps: u64) -> Option<Bound> {
    let count = step.count.checked_mul(steps)?;
    match start {
        Bound::Int(n) => n.checked_add(count.into()).map(Bound::Int),
        Bound::Date(_) | Bound::Datetime(_) => {
            let at = moment(start)?;
            let later = match step.unit? {
                Unit::Hour => at.checked_add_signed(TimeDelta::try_hours(count.try_into().ok()?)?),
                Unit::Day => at.checked_add_days(Days::new(count)),
                Unit::Week => at.checked_add_days(Days::new(count.checked_mul(7)?)),
                Unit::Month => at.checked_add_months(Months::new(count.try_into().ok()?)),
                Unit::Year => {
                    let months = count.checked_mul(12)?;
                    at.checked_add_months(Months::new(months.try_into().ok()?))
                }
            }?;
            let micros = later.and_utc().timestamp_micros();
            Some(match start {
                Bound::Date(_) => {
                    Bound::Date(i32::try_from(micros.div_euclid(86_400_000_000)).ok()?)
                }
                _ => Bound::Datetime(micros),
            })
        }
    }
}

fn moment(of: Bound) -> Option<NaiveDateTime> {
    let micros = match of {
        Bound::Date(days) => i64::from(days).checked_mul(86_400_000_000)?,
        Bound::Datetime(micros) => micros,
        Bound::Int(_) => return None,
    };
    DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc())
}

/// `p201301` for a month, `p2013_05` for a week, `p20130131` for a day, `p42` for a number.
fn name(lower: Bound, unit: Option<Unit>) -> String {
    let pattern = match unit {
        Some(Unit::Hour) => "p%Y%m%d%H",
        Some(Unit::Week) => "p%G_%V",
        Some(Unit::Month) => "p%Y%m",
        Some(Unit::Year) => "p%Y",
        Some(Unit::Day) | None => "p%Y%m%d",
    };
    match (lower, moment(lower)) {
        (Bound::Int(n), _) if n < 0 => format!("pm{}", n.unsigned_abs()),
        (Bound::Int(n), _) => format!("p{n}"),
        (_, Some(at)) => at.format(pattern).to_string(),
        (other, None) => format!("p{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<T>(what: T) -> At<T> {
        At {
            what,
            place: Default::default(),
        }
    }

    fn names(start: &str, end: &str, count: u64, unit: Option<Unit>, of: DataType) -> Vec<String> {
        let clause = StepsClause {
            start: at(start.to_owned()),
            end: at(end.to_owned()),
            step: at(Step { count, unit }),
        };
        let made = expand(&clause, of).unwrap();
        let show = |(name, range): &(String, Range)| {
            format!("{name} {}..{}", range.lower.unwrap(), range.upper.unwrap())
        };
        made.iter().map(show).collect()
    }

    #[test]
    fn months_end_where_the_calendar_says() {
        assert_eq!(
            names(
                "2013-01-31",
                "2013-04-15",
                1,
                Some(Unit::Month),
                DataType::Date
            ),
            [
                "p201301 2013-01-31..2013-02-28",
                "p201302 2013-02-28..2013-03-31",
                "p201303 2013-03-31..2013-04-15"
            ]
        );
        let year = names(
            "2013-01-01",
            "2014-01-01",
            1,
            Some(Unit::Month),
            DataType::Date,
        );
        assert_eq!(year.len(), 12);
    }

    #[test]
    fn weeks_days_hours_and_numbers() {
        assert_eq!(
            names(
                "2012-12-31",
                "2013-01-14",
                1,
                Some(Unit::Week),
                DataType::Date
            ),
            [
                "p2013_01 2012-12-31..2013-01-07",
                "p2013_02 2013-01-07..2013-01-14"
            ]
        );
        assert_eq!(
            names(
                "2013-01-01",
                "2013-01-01 02:00:00",
                1,
                Some(Unit::Hour),
                DataType::Datetime
            )[1],
            "p2013010101 2013-01-01 01:00:00..2013-01-01 02:00:00"
        );
        assert_eq!(
            names("-5", "6", 5, None, DataType::Int),
            ["pm5 -5..0", "p0 0..5", "p5 5..6"]
        );
    }

    #[test]
    fn a_step_at_the_end_of_the_type_does_not_overflow() {
        let last = i64::MAX.to_string();
        let from = (i64::MAX - 3).to_string();
        assert_eq!(
            names(&from, &last, u64::MAX, None, DataType::BigInt).len(),
            1
        );
        let days = names(
            "9999-12-01",
            "9999-12-31",
            u64::MAX,
            Some(Unit::Day),
            DataType::Date,
        );
        assert_eq!(days.len(), 1);
    }
}
