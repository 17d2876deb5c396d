//! Arguments of a function as MySQL takes them: anything can be read as a text, a number or a time, and what can't
//! is NULL.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, DurationMicrosecondArray, Float64Array,
    Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Time64MicrosecondType, TimeUnit};
use chrono::NaiveDateTime;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

use crate::system::functions::doubles::double_text;
use crate::system::functions::format::{date_time_text, day_text, parse_time};
use crate::system::functions::integers;
use crate::system::functions::json;
use crate::system::functions::moment_numbers;
use crate::system::functions::spans::{DAY, number_span, parse_span, span_text};
use crate::system::kinds::is_temporal;

/// What an argument is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number, rounded.
    Int,
    /// A number.
    Double,
    /// A date with a time of day.
    Time,
    /// A span of time, as TIME has it.
    Span,
    /// A date with a time of day, or else a span of time.
    Moment,
    /// Bytes, which a text is too.
    Bytes,
    /// A text of the hexadecimal digits of a number, or of bytes.
    Hex,
    /// The 64 bits of a whole number, with or without a sign.
    Bits,
    /// The JSON of a value: a text has quotes, a truth value is `true` or `false`.
    Json,
}

/// One argument for all rows: as many values as there are rows, or one for all of them.
pub struct Argument {
    values: Values,
    one: bool,
}

/// The values of an argument.
enum Values {
    /// See [`Kind::Text`].
    Text(StringArray),
    /// See [`Kind::Int`].
    Int(Int64Array),
    /// See [`Kind::Double`].
    Double(Float64Array),
    /// See [`Kind::Time`].
    Time(TimestampMicrosecondArray),
    /// See [`Kind::Span`].
    Span(DurationMicrosecondArray),
    /// See [`Kind::Moment`].
    Moment(TimestampMicrosecondArray, DurationMicrosecondArray),
    /// See [`Kind::Bytes`].
    Bytes(BinaryArray),
}

impl Argument {
    /// Reads `value` as `kind`. A constant is not repeated for each row: it can be long.
    pub fn read(value: ColumnarValue, kind: Kind) -> Result<Argument> {
        let one = matches!(value, ColumnarValue::Scalar(_));
        let values = Values::read(&value.into_array(1)?, kind)?;
        Ok(Argument { values, one })
    }

    /// Where the value of row `at` is.
    fn place(&self, at: usize) -> usize {
        if self.one { 0 } else { at }
    }
}

impl Values {
    fn read(array: &ArrayRef, kind: Kind) -> Result<Values> {
        Ok(match kind {
            Kind::Text => Values::Text(texts(array)?),
            Kind::Double => Values::Double(doubles(array)?),
            Kind::Int => Values::Int(integers::signed(array)?),
            Kind::Bits => Values::Int(integers::bits(array)?),
            Kind::Bytes => Values::Bytes(bytes(array)?),
            Kind::Hex => Values::Text(hex(array)?),
            Kind::Json => Values::Text(json_texts(array)?),
            Kind::Time => Values::Time(times(array)?),
            Kind::Span => Values::Span(spans(array)?),
            Kind::Moment => Values::Moment(times(array)?, spans(array)?),
        })
    }
}

/// The arguments of one row.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub(super) arguments: &'a [Argument],
    pub(super) at: usize,
}

impl<'a> Row<'a> {
    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Whether there is no argument.
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// Argument `n`, a text.
    pub fn text(&self, n: usize) -> Option<&'a str> {
        let argument = self.arguments.get(n)?;
        let at = argument.place(self.at);
        match &argument.values {
            Values::Text(array) if array.is_valid(at) => Some(array.value(at)),
            _ => None,
        }
    }

    /// Argument `n`, bytes.
    pub fn bytes(&self, n: usize) -> Option<&'a [u8]> {
        let argument = self.arguments.get(n)?;
        let at = argument.place(self.at);
        match &argument.values {
            Values::Bytes(array) if array.is_valid(at) => Some(array.value(at)),
            _ => None,
        }
    }

    /// Argument `n`, a whole number.
    pub fn int(&self, n: usize) -> Option<i64> {
        let argument = self.arguments.get(n)?;
        let at = argument.place(self.at);
        match &argument.values {
            Values::Int(array) if array.is_valid(at) => Some(array.value(at)),
            _ => None,
        }
    }

    /// Argument `n`, a number.
    pub fn double(&self, n: usize) -> Option<f64> {
        let argument = self.arguments.get(n)?;
        let at = argument.place(self.at);
        match &argument.values {
            Values::Double(array) if array.is_valid(at) => Some(array.value(at)),
            _ => None,
        }
    }

    /// Argument `n`, a time.
    pub fn time(&self, n: usize) -> Option<NaiveDateTime> {
        let argument = self.arguments.get(n)?;
        let at = argument.place(self.at);
        match &argument.values {
            Values::Time(array) | Values::Moment(array, _) if array.is_valid(at) => {
                array.value_as_datetime(at)
            }
            _ => None,
        }
    }

    /// Argument `n`, a span of time in microseconds.
    pub fn span(&self, n: usize) -> Option<i64> {
        let argument = self.arguments.get(n)?;
        let at = argument.place(self.at);
        match &argument.values {
            Values::Span(array) | Values::Moment(_, array) if array.is_valid(at) => {
                Some(array.value(at))
            }
            _ => None,
        }
    }
}

fn safe(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(array, to, &CastOptions::default())?)
}

/// Values as MySQL prints them.
pub fn texts(array: &ArrayRef) -> Result<StringArray> {
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().clone(),
        DataType::Boolean => {
            let array: &BooleanArray = array.as_boolean();
            let digits = array.iter().map(|b| b.map(|b| if b { "1" } else { "0" }));
            digits.collect()
        }
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>();
            array.iter().map(|n| n.map(double_text)).collect()
        }
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>();
            array.iter().map(|n| n.map(|n| n.to_string())).collect()
        }
        DataType::Timestamp(_, _) => {
            let times = times(array)?;
            (0..times.len())
                .map(|at| {
                    let time = times.is_valid(at).then(|| times.value_as_datetime(at));
                    time.flatten().map(date_time_text)
                })
                .collect()
        }
        DataType::Date32 => {
            let times = times(array)?;
            (0..times.len())
                .map(|at| {
                    let time = times.is_valid(at).then(|| times.value_as_datetime(at));
                    time.flatten().map(|time| day_text(time.date()))
                })
                .collect()
        }
        DataType::Duration(_) | DataType::Time32(_) | DataType::Time64(_) => {
            let spans = spans(array)?;
            spans.iter().map(|span| span.map(span_text)).collect()
        }
        _ => safe(array, &DataType::Utf8)?.as_string::<i32>().clone(),
    })
}

/// Values as numbers; of a text the number that it begins with, 0 when there is none (MySQL).
pub fn doubles(array: &ArrayRef) -> Result<Float64Array> {
    Ok(match array.data_type() {
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            let number = |bytes: &[u8]| leading_number(&String::from_utf8_lossy(bytes));
            array.iter().map(|bytes| bytes.map(number)).collect()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = texts(array)?;
            texts.iter().map(|text| text.map(leading_number)).collect()
        }
        DataType::Boolean => {
            let array: &BooleanArray = array.as_boolean();
            let numbers = array.iter().map(|b| b.map(f64::from));
            numbers.collect()
        }
        t if is_temporal(t) => moment_numbers::doubles(array)?,
        _ => safe(array, &DataType::Float64)?.as_primitive().clone(),
    })
}

/// Values as bytes: of a text its UTF-8.
fn bytes(array: &ArrayRef) -> Result<BinaryArray> {
    Ok(match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            safe(array, &DataType::Binary)?.as_binary::<i32>().clone()
        }
        _ => {
            let texts: ArrayRef = Arc::new(texts(array)?);
            safe(&texts, &DataType::Binary)?.as_binary::<i32>().clone()
        }
    })
}

/// Values as JSON; NULL stays NULL.
fn json_texts(array: &ArrayRef) -> Result<StringArray> {
    if *array.data_type() == DataType::Boolean {
        let truths: &BooleanArray = array.as_boolean();
        let words = truths
            .iter()
            .map(|b| b.map(|b| if b { "true" } else { "false" }));
        return Ok(words.collect());
    }
    let texts = texts(array)?;
    if array.data_type().is_numeric() {
        return Ok(texts);
    }
    let quoted = texts.iter().map(|text| text.map(json::quoted));
    Ok(quoted.collect())
}

/// The hexadecimal digits of values: a number's are those of its 64 bits.
fn hex(array: &ArrayRef) -> Result<StringArray> {
    if array.data_type().is_numeric() || *array.data_type() == DataType::Boolean {
        let numbers = integers::bits(array)?;
        return Ok(numbers
            .iter()
            .map(|n| n.map(|n| format!("{n:X}")))
            .collect());
    }
    let bytes = bytes(array)?;
    let digits = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<String>();
    Ok(bytes.iter().map(|bytes| bytes.map(digits)).collect())
}

/// A whole number without a sign, of at most 18 digits.
pub fn whole(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// The number that a text begins with.
pub fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut best = 0.0;
    for (at, c) in text.char_indices() {
        if !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E') {
            break;
        }
        let end = at + c.len_utf8();
        if let Some(Ok(number)) = text.get(..end).map(str::parse::<f64>) {
            best = number;
        }
        if end > 400 {
            break;
        }
    }
    best
}

/// Values as dates with a time of day.
pub fn times(array: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    Ok(match array.data_type() {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            safe(array, &micros)?.as_primitive().clone()
        }
        DataType::Null => TimestampMicrosecondArray::new_null(array.len()),
        _ => {
            let texts = texts(array)?;
            let parsed = texts.iter().map(|text| {
                let time = parse_time(text?)?;
                Some(time.and_utc().timestamp_micros())
            });
            parsed.collect()
        }
    })
}

/// Values as spans of time; of a datetime its time of day, and a number is read as `HHMMSS`.
pub fn spans(array: &ArrayRef) -> Result<DurationMicrosecondArray> {
    let micros = DataType::Duration(TimeUnit::Microsecond);
    Ok(match array.data_type() {
        DataType::Duration(_) => safe(array, &micros)?.as_primitive().clone(),
        DataType::Time32(_) | DataType::Time64(_) => {
            let times = safe(array, &DataType::Time64(TimeUnit::Microsecond))?;
            times
                .as_primitive::<Time64MicrosecondType>()
                .reinterpret_cast()
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            let times = times(array)?;
            times.iter().map(|at| Some(at?.rem_euclid(DAY))).collect()
        }
        DataType::Null => DurationMicrosecondArray::new_null(array.len()),
        t if t.is_numeric() => {
            let numbers = doubles(array)?;
            numbers.iter().map(|n| number_span(n?)).collect()
        }
        _ => {
            let texts = texts(array)?;
            texts.iter().map(|text| parse_span(text?)).collect()
        }
    })
}

/// An array of one kind, as a new reference.
pub fn shared(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}
