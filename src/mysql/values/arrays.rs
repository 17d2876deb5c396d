//! Query results: Arrow arrays, brought to the kind that the header gave each column.
//!
//! All that can fail (a cast, a date that MySQL has no form for) fails when the batch arrives, before a byte of it
//! is written, so that an error ends the result set at a row's end.

use std::borrow::Cow;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, Date32Array, Decimal128Array,
    Decimal256Array, DurationMicrosecondArray, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray,
    StringBuilder, StringViewArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::{CastOptions, cast_with_options, max, min};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Decimal256Type, DecimalType,
    TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};
use chrono::{DateTime, NaiveDate};

use crate::code::{Code, Failure};
use crate::frontend::answer::ValueKind;
use crate::mysql::values::Value;

/// Days of 0000-01-01 and 9999-12-31 since 1970-01-01: what MySQL's dates can say.
const DAYS: (i32, i32) = (-719_528, 2_932_896);
const DAY_MICROS: i64 = 86_400_000_000;
/// 1970-01-01 in days of the common era.
const EPOCH: i32 = 719_163;

/// A batch whose values all fit.
pub struct Batch {
    rows: usize,
    columns: Vec<Values>,
}

enum Values {
    Null,
    Tiny(Int8Array),
    Short(Int16Array),
    Int(Int32Array),
    Big(Int64Array),
    UnsignedBig(UInt64Array),
    Float(Float32Array),
    Double(Float64Array),
    Decimal128(Decimal128Array, u8, i8),
    Decimal256(Decimal256Array, u8, i8),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    BytesView(BinaryViewArray),
    Date(Date32Array),
    Datetime(TimestampMicrosecondArray, u8),
    Time(Time64MicrosecondArray),
}

impl Batch {
    /// Brings each column to its kind.
    pub fn new(kinds: &[ValueKind], batch: &RecordBatch) -> Result<Batch, Failure> {
        if kinds.len() != batch.num_columns() {
            let message = format!(
                "the query answered {} columns after a header of {}",
                batch.num_columns(),
                kinds.len()
            );
            return Err(Failure::new(Code::UNKNOWN, message));
        }
        let columns = kinds.iter().zip(batch.columns());
        let columns = columns.enumerate().map(|(at, (kind, array))| {
            values(*kind, array).map_err(|error| {
                let schema = batch.schema();
                let name = schema.fields().get(at).map_or("", |field| field.name());
                let message =
                    format!("column '{name}' can't be shown as {kind:?}: {error}; CAST it");
                Failure::new(Code::OUT_OF_RANGE, message)
            })
        });
        Ok(Batch {
            rows: batch.num_rows(),
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// One value.
    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        match self.columns.get(column) {
            Some(values) if row < self.rows => values.value(row),
            _ => Value::Null,
        }
    }
}

impl Values {
    /// The value at `row`, which is below the batch's number of rows.
    fn value(&self, row: usize) -> Value<'_> {
        fn valid<A: Array>(array: &A, row: usize) -> Option<&A> {
            (row < array.len() && array.is_valid(row)).then_some(array)
        }
        macro_rules! of {
            ($array:expr, $a:ident => $value:expr) => {
                valid($array, row).map(|$a| $value)
            };
        }
        let value = match self {
            Values::Null => None,
            Values::Tiny(array) => of!(array, a => Value::Tiny(a.value(row))),
            Values::Short(array) => of!(array, a => Value::Short(a.value(row))),
            Values::Int(array) => of!(array, a => Value::Int(a.value(row))),
            Values::Big(array) => of!(array, a => Value::Big(a.value(row))),
            Values::UnsignedBig(array) => of!(array, a => Value::UnsignedBig(a.value(row))),
            Values::Float(array) => of!(array, a => Value::Float(a.value(row))),
            Values::Double(array) => of!(array, a => Value::Double(a.value(row))),
            Values::Decimal128(array, precision, scale) => of!(array, a => digits(
                Decimal128Type::format_decimal(a.value(row), *precision, *scale)
            )),
            Values::Decimal256(array, precision, scale) => of!(array, a => digits(
                Decimal256Type::format_decimal(a.value(row), *precision, *scale)
            )),
            Values::Text(array) => of!(array, a => bytes(a.value(row).as_bytes())),
            Values::LargeText(array) => of!(array, a => bytes(a.value(row).as_bytes())),
            Values::TextView(array) => of!(array, a => bytes(a.value(row).as_bytes())),
            Values::Bytes(array) => of!(array, a => bytes(a.value(row))),
            Values::LargeBytes(array) => of!(array, a => bytes(a.value(row))),
            Values::BytesView(array) => of!(array, a => bytes(a.value(row))),
            Values::Date(array) => valid(array, row)
                .and_then(|a| NaiveDate::from_num_days_from_ce_opt(a.value(row) + EPOCH))
                .map(Value::Date),
            Values::Datetime(array, digits) => valid(array, row)
                .and_then(|a| DateTime::from_timestamp_micros(a.value(row)))
                .map(|at| Value::Datetime(at.naive_utc(), *digits)),
            Values::Time(array) => of!(array, a => Value::Time(a.value(row))),
        };
        value.unwrap_or(Value::Null)
    }
}

fn bytes(bytes: &[u8]) -> Value<'_> {
    Value::Bytes(Cow::Borrowed(bytes))
}

fn digits(text: String) -> Value<'static> {
    Value::Bytes(Cow::Owned(text.into_bytes()))
}

fn values(kind: ValueKind, array: &ArrayRef) -> Result<Values, ArrowError> {
    if let DataType::Dictionary(_, values_type) = array.data_type() {
        let unpacked = cast(array, values_type)?;
        return values(kind, &unpacked);
    }
    if array.data_type() == &DataType::Null {
        return Ok(Values::Null);
    }
    if !holds(kind, array.data_type()) {
        return Err(unexpected(array));
    }
    Ok(match kind {
        ValueKind::Null => Values::Null,
        ValueKind::TinyInt => Values::Tiny(number(array, DataType::Int8)?),
        ValueKind::SmallInt => Values::Short(number(array, DataType::Int16)?),
        ValueKind::Int => Values::Int(number(array, DataType::Int32)?),
        ValueKind::BigInt => Values::Big(number(array, DataType::Int64)?),
        ValueKind::UnsignedBigInt => Values::UnsignedBig(number(array, DataType::UInt64)?),
        ValueKind::Float => Values::Float(number(array, DataType::Float32)?),
        ValueKind::Double => Values::Double(number(array, DataType::Float64)?),
        ValueKind::Decimal(..) => decimal(array)?,
        ValueKind::Text(_) => text(array)?,
        ValueKind::Binary => binary(array)?,
        ValueKind::Date => {
            let days: Date32Array = number(array, DataType::Date32)?;
            within::<Date32Type>(min(&days), max(&days), DAYS)?;
            Values::Date(days)
        }
        ValueKind::Datetime(digits) => Values::Datetime(moments(array)?, digits),
        ValueKind::Time => Values::Time(spans(array)?),
    })
}

/// Whether every value of a type is one of a kind, so that nothing is lost on the way.
fn holds(kind: ValueKind, given: &DataType) -> bool {
    use DataType as T;
    let small = matches!(given, T::Boolean | T::Int8);
    let short = small || matches!(given, T::Int16 | T::UInt8);
    let int = short || matches!(given, T::Int32 | T::UInt16);
    match kind {
        ValueKind::Null => false,
        ValueKind::TinyInt => small,
        ValueKind::SmallInt => short,
        ValueKind::Int => int,
        ValueKind::BigInt => int || matches!(given, T::Int64 | T::UInt32),
        ValueKind::UnsignedBigInt => given.is_unsigned_integer(),
        ValueKind::Float => matches!(given, T::Float16 | T::Float32),
        ValueKind::Double => given.is_floating(),
        ValueKind::Decimal(_, scale) => match given {
            T::Decimal32(_, s) | T::Decimal64(_, s) | T::Decimal128(_, s) | T::Decimal256(_, s) => {
                i32::from(*s) <= i32::from(scale)
            }
            other => other.is_integer(),
        },
        ValueKind::Text(_) => true,
        ValueKind::Binary => matches!(
            given,
            T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) | T::Utf8
        ),
        ValueKind::Date => matches!(given, T::Date32 | T::Date64),
        ValueKind::Datetime(_) => matches!(given, T::Timestamp(..) | T::Date32),
        ValueKind::Time => matches!(given, T::Time32(_) | T::Time64(_) | T::Duration(_)),
    }
}

/// Spans of time. Those of a TIME may be negative, or longer than a day.
fn spans(array: &ArrayRef) -> Result<Time64MicrosecondArray, ArrowError> {
    if !matches!(array.data_type(), DataType::Duration(_)) {
        return number(array, DataType::Time64(TimeUnit::Microsecond));
    }
    let spans: DurationMicrosecondArray = number(array, DataType::Duration(TimeUnit::Microsecond))?;
    Ok(spans.reinterpret_cast())
}

fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    // A value that does not fit is an error, not NULL.
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, target, &options)
}

fn number<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    target: DataType,
) -> Result<arrow::array::PrimitiveArray<T>, ArrowError> {
    let array = if array.data_type() == &target {
        array.clone()
    } else {
        cast(array, &target)?
    };
    let typed = array.as_primitive_opt::<T>();
    typed.cloned().ok_or_else(|| unexpected(&array))
}

/// Moments as the clock on the wall shows them: in their time zone, where they have one.
fn moments(array: &ArrayRef) -> Result<TimestampMicrosecondArray, ArrowError> {
    let zone = match array.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let target = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
    let moments: TimestampMicrosecondArray = number(array, target)?;
    let range = (
        i64::from(DAYS.0) * DAY_MICROS,
        (i64::from(DAYS.1) + 1) * DAY_MICROS - 1,
    );
    within::<TimestampMicrosecondType>(min(&moments), max(&moments), range)?;
    let Some(zone) = zone else {
        return Ok(moments);
    };
    let zone: Tz = zone.parse()?;
    let shown = moments.unary_opt(|micros| {
        let at = DateTime::from_timestamp_micros(micros)?;
        let wall = at.with_timezone(&zone).naive_local();
        Some(wall.and_utc().timestamp_micros())
    });
    Ok(shown)
}

fn unexpected(array: &ArrayRef) -> ArrowError {
    ArrowError::CastError(format!("unexpected type {}", array.data_type()))
}

fn within<T: ArrowPrimitiveType>(
    least: Option<T::Native>,
    most: Option<T::Native>,
    range: (T::Native, T::Native),
) -> Result<(), ArrowError> {
    let fits = least.is_none_or(|least| least >= range.0) && most.is_none_or(|m| m <= range.1);
    fits.then_some(())
        .ok_or_else(|| ArrowError::CastError("a date outside of the years 0000 to 9999".to_owned()))
}

fn decimal(array: &ArrayRef) -> Result<Values, ArrowError> {
    match array.data_type() {
        DataType::Decimal128(precision, scale) => array
            .as_primitive_opt::<Decimal128Type>()
            .map(|typed| Values::Decimal128(typed.clone(), *precision, *scale))
            .ok_or_else(|| unexpected(array)),
        DataType::Decimal256(precision, scale) => array
            .as_primitive_opt::<Decimal256Type>()
            .map(|typed| Values::Decimal256(typed.clone(), *precision, *scale))
            .ok_or_else(|| unexpected(array)),
        _ => text(array),
    }
}

fn text(array: &ArrayRef) -> Result<Values, ArrowError> {
    let direct = match array.data_type() {
        DataType::Utf8 => array.as_string_opt().cloned().map(Values::Text),
        DataType::LargeUtf8 => array.as_string_opt().cloned().map(Values::LargeText),
        DataType::Utf8View => array.as_string_view_opt().cloned().map(Values::TextView),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Some(binary(array)?),
        _ => None,
    };
    match direct {
        Some(values) => Ok(values),
        None => printed(array).map(Values::Text),
    }
}

/// Anything else as text: intervals, durations, lists.
fn printed(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let options = FormatOptions::new()
        .with_display_error(false)
        .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
        .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f"))
        .with_datetime_format(Some("%Y-%m-%d %H:%M:%S%.f"))
        .with_duration_format(DurationFormat::Pretty);
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let mut builder = StringBuilder::with_capacity(array.len(), array.len() * 16);
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.append_null();
        } else {
            builder.append_value(formatter.value(row).try_to_string()?);
        }
    }
    Ok(builder.finish())
}

fn binary(array: &ArrayRef) -> Result<Values, ArrowError> {
    let direct = match array.data_type() {
        DataType::Binary => array.as_binary_opt().cloned().map(Values::Bytes),
        DataType::LargeBinary => array.as_binary_opt().cloned().map(Values::LargeBytes),
        DataType::BinaryView => array.as_binary_view_opt().cloned().map(Values::BytesView),
        _ => None,
    };
    match direct {
        Some(values) => Ok(values),
        None => cast(array, &DataType::Binary)?
            .as_binary_opt()
            .cloned()
            .map(Values::Bytes)
            .ok_or_else(|| unexpected(array)),
    }
}
