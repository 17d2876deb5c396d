//! DATE_ADD and DATE_SUB: the type of the result follows the first argument, as in MySQL.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use chrono::{Duration, Months, NaiveDateTime};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::arguments::{Argument, Kind, Row};
use crate::system::functions::compound;
use crate::system::functions::format::{date_time_text, day_text};
use crate::system::functions::row_function::days;

/// `date_add(date, n, 'unit')` and `date_sub`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shift {
    name: &'static str,
    back: bool,
    signature: Signature,
}

/// Both functions.
pub fn all() -> [ScalarUDF; 2] {
    [("date_add", false), ("date_sub", true)].map(|(name, back)| {
        ScalarUDF::new_from_impl(Shift {
            name,
            back,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    })
}

impl ScalarUDFImpl for Shift {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() == 3 {
            return Ok(given.to_vec());
        }
        Err(wrap(Failure::new(
            Code::WRONG_PARAMCOUNT,
            format!(
                "incorrect parameter count in the call to function {}: it takes a date and an INTERVAL",
                self.name
            ),
        )))
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(result_type(args.first(), false))
    }

    /// A text stays a text, and a DATE stays a DATE where the unit moves whole days.
    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let unit = args.scalar_arguments.get(2).copied().flatten();
        let days = match unit {
            Some(ScalarValue::Utf8(Some(unit))) => whole_days(unit),
            _ => false,
        };
        let first = args.arg_fields.first().map(|field| field.data_type());
        Ok(Arc::new(Field::new(
            self.name,
            result_type(first, days),
            true,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let result = args.return_field.data_type().clone();
        let kinds = [Kind::Time, Kind::Text, Kind::Text, Kind::Text];
        let mut arguments = Vec::with_capacity(4);
        let first = args.args.first().cloned();
        for (arg, kind) in args.args.into_iter().chain(first).zip(kinds) {
            arguments.push(Argument::read(arg, kind)?);
        }
        let array = self.run(&arguments, rows, &result);
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
        } else {
            ColumnarValue::Array(array)
        })
    }
}

fn result_type(date: Option<&DataType>, whole_days: bool) -> DataType {
    match date {
        Some(DataType::Date32) if whole_days => DataType::Date32,
        Some(DataType::Date32 | DataType::Timestamp(_, _)) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        _ => DataType::Utf8,
    }
}

impl Shift {
    fn run(&self, arguments: &[Argument], rows: usize, result: &DataType) -> ArrayRef {
        let rows = (0..rows).map(|at| Row { arguments, at });
        let shifted = rows.map(|row| {
            let unit = row.text(2)?;
            let at = shift(row.time(0)?, row.text(1)?, unit, self.back)?;
            let only_day = row.text(3).is_some_and(|text| text.trim().len() <= 10);
            Some((at, only_day && whole_days(unit)))
        });
        match result {
            DataType::Date32 => Arc::new(
                shifted
                    .map(|s| s.map(|(at, _)| days(at.date())))
                    .collect::<Date32Array>(),
            ) as Arc<dyn Array>,
            DataType::Utf8 => Arc::new(
                shifted
                    .map(|s| {
                        s.map(|(at, day)| {
                            if day {
                                day_text(at.date())
                            } else {
                                date_time_text(at)
                            }
                        })
                    })
                    .collect::<StringArray>(),
            ),
            _ => Arc::new(
                shifted
                    .map(|s| s.map(|(at, _)| at.and_utc().timestamp_micros()))
                    .collect::<TimestampMicrosecondArray>(),
            ),
        }
    }
}

/// Whether a unit moves whole days only.
pub fn whole_days(unit: &str) -> bool {
    ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "YEAR_MONTH"]
        .iter()
        .any(|u| unit.trim_end_matches(['S', 's']).eq_ignore_ascii_case(u))
}

/// `at` moved by `amount` units; `None` where MySQL gives NULL.
fn shift(at: NaiveDateTime, amount: &str, unit: &str, back: bool) -> Option<NaiveDateTime> {
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_prefix("SQL_TSI_").unwrap_or(&unit);
    let unit = unit.strip_suffix('S').unwrap_or(unit);
    let sign = if back { -1 } else { 1 };
    let whole = || Some(sign * amount.trim().parse::<f64>().ok()?.round() as i64);
    let months = |n: i64| {
        let count = Months::new(u32::try_from(n.unsigned_abs()).ok()?);
        if n < 0 {
            at.checked_sub_months(count)
        } else {
            at.checked_add_months(count)
        }
    };
    let by = |span: Option<Duration>| at.checked_add_signed(span?);
    match unit {
        "MICROSECOND" => by(Some(Duration::microseconds(whole()?))),
        "SECOND" => {
            let micros = f64::from(sign as i32) * amount.trim().parse::<f64>().ok()? * 1e6;
            by(Some(Duration::microseconds(micros.round() as i64)))
        }
        "MINUTE" => by(Duration::try_minutes(whole()?)),
        "HOUR" => by(Duration::try_hours(whole()?)),
        "DAY" => by(Duration::try_days(whole()?)),
        "WEEK" => by(Duration::try_weeks(whole()?)),
        "MONTH" => months(whole()?),
        "QUARTER" => months(whole()?.checked_mul(3)?),
        "YEAR" => months(whole()?.checked_mul(12)?),
        _ => match compound::span(amount, unit)? {
            compound::Span::Months(n) => months(n.checked_mul(sign)?),
            compound::Span::Micros(n) => by(Some(Duration::microseconds(n.checked_mul(sign)?))),
        },
    }
}
