//! The common kind of values that stand in one column: branches of CASE and IF, arguments of COALESCE and GREATEST, rows of UNION.
//!
//! One rule for all of them, MariaDB's: numbers take the kind that holds both, a date beside a datetime is a datetime, and a
//! text beside anything makes texts. Owns the rule and the conversions; who asks for them is `functions::branches` and `agree`.

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, cast};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::arguments::texts;
use crate::system::functions::row_function::named;

/// The longest DECIMAL that is computed with.
const DECIMAL_DIGITS: u8 = 76;
/// The type of a TIME: a span of time, which may be negative or longer than a day.
pub const TIME: DataType = DataType::Duration(TimeUnit::Microsecond);
/// The type of a DATETIME.
pub const DATETIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// What a type is, as far as the rule goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Null,
    Truth,
    Integer,
    Decimal,
    Float,
    Date,
    Datetime,
    Time,
    Text,
    Bytes,
    Other,
}

fn class(t: &DataType) -> Class {
    match t {
        DataType::Null => Class::Null,
        DataType::Boolean => Class::Truth,
        t if t.is_integer() => Class::Integer,
        t if t.is_floating() => Class::Float,
        t if t.is_decimal() => Class::Decimal,
        DataType::Date32 | DataType::Date64 => Class::Date,
        DataType::Timestamp(..) => Class::Datetime,
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) => Class::Time,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Class::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Class::Bytes,
        DataType::Dictionary(_, values) => class(values),
        _ => Class::Other,
    }
}

/// Whether values of the type are numbers, truth values included.
pub fn is_number(t: &DataType) -> bool {
    matches!(
        class(t),
        Class::Truth | Class::Integer | Class::Decimal | Class::Float
    )
}

/// Whether values of the type are texts.
pub fn is_text(t: &DataType) -> bool {
    class(t) == Class::Text
}

/// Whether values of the type are dates, datetimes or times.
pub fn is_temporal(t: &DataType) -> bool {
    matches!(class(t), Class::Date | Class::Datetime | Class::Time)
}

/// The kind that values of all these types can have together. NULL alone stays NULL.
///
/// # Errors
/// There is none: a TIME beside a date.
pub fn common<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Result<DataType> {
    let mut types = types.into_iter();
    let first = types.next().cloned().unwrap_or(DataType::Null);
    types.try_fold(first, |known, next| both(&known, next))
}

fn both(a: &DataType, b: &DataType) -> Result<DataType> {
    let (l, r) = (class(a), class(b));
    Ok(match (l, r) {
        _ if a == b => a.clone(),
        (Class::Null, _) => b.clone(),
        (_, Class::Null) => a.clone(),
        (Class::Bytes, _) | (_, Class::Bytes) => DataType::Binary,
        (Class::Text, _) | (_, Class::Text) => DataType::Utf8,
        (Class::Truth, Class::Truth) => DataType::Boolean,
        (Class::Truth, Class::Integer | Class::Decimal | Class::Float) => both(&DataType::Int8, b)?,
        (Class::Integer | Class::Decimal | Class::Float, Class::Truth) => both(a, &DataType::Int8)?,
        (Class::Integer, Class::Integer) => integers(a, b),
        (Class::Float, Class::Float) => DataType::Float64,
        (Class::Float, Class::Integer | Class::Decimal)
        | (Class::Integer | Class::Decimal, Class::Float) => DataType::Float64,
        (Class::Integer | Class::Decimal, Class::Integer | Class::Decimal) => decimals(a, b),
        (Class::Date, Class::Date) => DataType::Date32,
        (Class::Date | Class::Datetime, Class::Date | Class::Datetime) => DATETIME,
        (Class::Time, Class::Time) => TIME,
        _ if is_temporal(a) && is_temporal(b) => return Err(none(a, b)),
        (Class::Other, _) | (_, Class::Other) => return Err(none(a, b)),
        // A date beside a number.
        _ => DataType::Utf8,
    })
}

fn none(a: &DataType, b: &DataType) -> datafusion::common::DataFusionError {
    wrap(Failure::new(
        Code::WRONG_ARGUMENTS,
        format!("values of {a} and {b} have no common kind; CAST them to one, or to CHAR"),
    ))
}

/// The wider of two; of a signed and an unsigned one that does not fit in it, a DECIMAL.
fn integers(a: &DataType, b: &DataType) -> DataType {
    let bits = |t: &DataType| t.primitive_width().unwrap_or(8) * 8;
    let signed = |t: &DataType| t.is_signed_integer();
    let (unsigned, other) = if signed(a) { (b, a) } else { (a, b) };
    match (signed(a), signed(b)) {
        (true, true) | (false, false) if bits(a) >= bits(b) => a.clone(),
        (true, true) | (false, false) => b.clone(),
        _ if bits(other) > bits(unsigned) => other.clone(),
        _ if bits(unsigned) < 64 => DataType::Int64,
        _ => DataType::Decimal128(20, 0),
    }
}

/// Digits before and behind the point.
fn digits(t: &DataType) -> (u8, u8) {
    match t {
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => {
            let scale = u8::try_from(*s).unwrap_or(0);
            (p.saturating_sub(scale), scale)
        }
        DataType::Int8 | DataType::UInt8 => (3, 0),
        DataType::Int16 | DataType::UInt16 => (5, 0),
        DataType::Int32 | DataType::UInt32 => (10, 0),
        DataType::UInt64 => (20, 0),
        _ => (19, 0),
    }
}

/// The larger whole part with the larger scale.
fn decimals(a: &DataType, b: &DataType) -> DataType {
    let ((whole_a, scale_a), (whole_b, scale_b)) = (digits(a), digits(b));
    let scale = scale_a.max(scale_b);
    let precision = whole_a.max(whole_b).saturating_add(scale).max(1);
    let scale = i8::try_from(scale).unwrap_or(i8::MAX);
    if precision <= 38 {
        DataType::Decimal128(precision, scale)
    } else {
        DataType::Decimal256(precision.min(DECIMAL_DIGITS), scale)
    }
}

/// `expr`, whose type is `from`, as `to`, which is common to it and others.
pub fn as_kind(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    if from == to || *to == DataType::Null {
        return expr;
    }
    match (class(from), class(to)) {
        (Class::Null, _) => cast(expr, to.clone()),
        (Class::Truth, Class::Decimal) => cast(cast(expr, DataType::Int8), to.clone()),
        (of, Class::Bytes) if !matches!(of, Class::Text | Class::Bytes) => {
            let text = as_kind(expr, from, &DataType::Utf8);
            cast(text, to.clone())
        }
        (_, Class::Text) if from != to => match named("cast_char") {
            Some(function) => function.call(vec![expr]),
            None => cast(expr, to.clone()),
        },
        _ => cast(expr, to.clone()),
    }
}

/// The values of `array` as `to`, which is common to its type and others.
///
/// # Errors
/// A number does not fit.
pub fn convert(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    if *array.data_type() == DataType::Null {
        return Ok(new_null_array(to, array.len()));
    }
    let bytes = class(to) == Class::Bytes && class(array.data_type()) != Class::Bytes;
    if class(to) == Class::Text || bytes {
        let texts: ArrayRef = std::sync::Arc::new(texts(array)?);
        return strictly(&texts, to);
    }
    if class(array.data_type()) == Class::Truth && class(to) == Class::Decimal {
        return strictly(&strictly(array, &DataType::Int8)?, to);
    }
    strictly(array, to)
}

/// Casts, with an error where a value does not fit.
pub fn strictly(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    Ok(cast_with_options(array, to, &options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_kind_that_holds_both() {
        let decimal = |p, s| DataType::Decimal128(p, s);
        let cases = [
            (DataType::Int64, decimal(2, 1), decimal(20, 1)),
            (decimal(12, 2), decimal(10, 4), decimal(14, 4)),
            (DataType::Int32, decimal(12, 2), decimal(12, 2)),
            (
                DataType::Int64,
                decimal(38, 30),
                DataType::Decimal256(49, 30),
            ),
            (DataType::Int64, DataType::UInt64, decimal(20, 0)),
            (DataType::Int16, DataType::Int32, DataType::Int32),
            (decimal(4, 2), DataType::Float64, DataType::Float64),
            (DataType::Float32, DataType::Int8, DataType::Float64),
            (DataType::Boolean, DataType::Int32, DataType::Int32),
            (DataType::Boolean, DataType::Null, DataType::Boolean),
        ];
        for (a, b, wanted) in cases {
            assert_eq!(common([&a, &b]).unwrap(), wanted, "{a} and {b}");
            assert_eq!(common([&b, &a]).unwrap(), wanted, "{b} and {a}");
        }
    }

    #[test]
    fn texts_and_dates_win_over_what_they_hold() {
        let cases = [
            (DataType::Int64, DataType::Utf8, DataType::Utf8),
            (DataType::Date32, DATETIME, DATETIME),
            (DataType::Date32, DataType::Int64, DataType::Utf8),
            (DataType::Date32, DataType::Utf8, DataType::Utf8),
            (DataType::Null, DataType::Date32, DataType::Date32),
            (DataType::Utf8, DataType::Binary, DataType::Binary),
        ];
        for (a, b, wanted) in cases {
            assert_eq!(common([&a, &b]).unwrap(), wanted, "{a} and {b}");
            assert_eq!(common([&b, &a]).unwrap(), wanted, "{b} and {a}");
        }
        assert!(common([&TIME, &DATETIME]).is_err());
    }
}
