//! Dates and times as the numbers that MySQL computes with: `YYYYMMDD`, `YYYYMMDDhhmmss`, `hhmmss`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use chrono::{Datelike, NaiveDateTime, Timelike};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::system::functions::arguments::{spans, texts, times};
use crate::system::functions::spans::SECOND;

/// Name of the function that makes a number of a date or time.
pub const NAME: &str = "moment_number";
/// Digits of a moment's number, with those of the fraction of its second.
const MOMENT: DataType = DataType::Decimal128(20, 6);

#[derive(Debug, PartialEq, Eq, Hash)]
struct MomentNumber {
    signature: Signature,
}

/// The function: of a DATE it is a whole number, of a DATETIME and a TIME a decimal.
pub fn udf() -> ScalarUDF {
    ScalarUDF::new_from_impl(MomentNumber {
        signature: Signature::any(1, Volatility::Immutable),
    })
}

fn result(given: Option<&DataType>) -> DataType {
    match given {
        Some(DataType::Date32 | DataType::Date64) => DataType::Int64,
        _ => MOMENT,
    }
}

impl ScalarUDFImpl for MomentNumber {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(result(given.first()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(value) = args.args.into_iter().next() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&MOMENT)?));
        };
        Ok(match value {
            ColumnarValue::Array(array) => ColumnarValue::Array(numbers(&array)?),
            ColumnarValue::Scalar(scalar) => {
                let array = numbers(&scalar.to_array()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
            }
        })
    }
}

fn numbers(array: &ArrayRef) -> Result<ArrayRef> {
    let micros = micros(array)?;
    if result(Some(array.data_type())) == DataType::Int64 {
        let days = micros
            .iter()
            .map(|n| i64::try_from(n? / i128::from(SECOND)).ok());
        return Ok(Arc::new(days.collect::<Int64Array>()));
    }
    Ok(Arc::new(micros))
}

/// The numbers, in millionths.
fn micros(array: &ArrayRef) -> Result<Decimal128Array> {
    let of_moment = |at: NaiveDateTime, day: bool| {
        let date = i128::from(at.year()) * 10_000 + i128::from(at.month() * 100 + at.day());
        let clock = i128::from(at.hour() * 10_000 + at.minute() * 100 + at.second());
        let fraction = i128::from(at.nanosecond() / 1000 % 1_000_000);
        match day {
            true => date * i128::from(SECOND),
            false => (date * 1_000_000 + clock) * i128::from(SECOND) + fraction,
        }
    };
    let numbers: Decimal128Array = match array.data_type() {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            let day = matches!(array.data_type(), DataType::Date32 | DataType::Date64);
            let times = times(array)?;
            let at = |row| times.is_valid(row).then(|| times.value_as_datetime(row));
            (0..times.len())
                .map(|row| at(row).flatten().map(|at| of_moment(at, day)))
                .collect()
        }
        _ => {
            let of_span = |span: i64| {
                let seconds = span / SECOND;
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                let clock = hours * 10_000 + minutes * 100 + seconds % 60;
                i128::from(clock * SECOND + span % SECOND)
            };
            let spans = spans(array)?;
            spans.iter().map(|span| span.map(of_span)).collect()
        }
    };
    Ok(numbers.with_precision_and_scale(20, 6)?)
}

/// Values as texts of numbers; a text stays what it is.
pub fn number_texts(array: &ArrayRef) -> Result<StringArray> {
    match array.data_type() {
        DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Time32(_)
        | DataType::Time64(_) => texts(&numbers(array)?),
        _ => texts(array),
    }
}

/// A date or time as a DOUBLE.
pub fn doubles(array: &ArrayRef) -> Result<arrow::array::Float64Array> {
    let micros = micros(array)?;
    let number = |n: i128| (n / 1_000_000) as f64 + (n % 1_000_000) as f64 / 1e6;
    Ok(micros.iter().map(|n| n.map(number)).collect())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, DurationMicrosecondArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn moments_are_read_as_the_digits_that_they_are_written_with() {
        let text = |array: ArrayRef| number_texts(&array).unwrap().value(0).to_owned();
        assert_eq!(text(Arc::new(Date32Array::from(vec![19_753]))), "20240131");
        let moment = TimestampMicrosecondArray::from(vec![1_706_745_599_250_000]);
        assert_eq!(text(Arc::new(moment)), "20240131235959.250000");
        let span = DurationMicrosecondArray::from(vec![-3_723_000_000]);
        assert_eq!(text(Arc::new(span)), "-10203.000000");
    }
}
