//! Text to values: what a CSV field, a JSON scalar or a quoted constant means in each column type.
//!
//! The rules are MySQL's and StarRocks' in strict mode: nothing is cut or bent to fit. Blanks around a value that is
//! not text are ignored; an empty field of such a column is NULL, because it holds no value of the type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanBuilder, Decimal128Builder, Decimal256Builder};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, i256,
};

use crate::catalog::schema::DataType;
use crate::load::misfit::Reason;
use crate::load::moment;
use crate::load::number;
use crate::load::text::numbers::Numbers;
use crate::load::text::places::Places;
use crate::load::text::strings::Strings;
use crate::load::types::{LARGEINT_PRECISION, max_bytes};
use crate::load::zone::Zone;

mod numbers;
pub mod places;
mod strings;

/// Rows of fields, read column by column.
pub trait Fields {
    /// How many rows.
    fn rows(&self) -> usize;
    /// The text of a field; `None` is NULL.
    fn get(&self, row: usize, field: usize) -> Option<&[u8]>;
    /// Where the fields of a column are, if all are pieces of one text.
    fn places(&self, _field: usize) -> Option<Places<'_>> {
        None
    }
    /// Whether all fields are known to be UTF-8.
    fn is_utf8(&self) -> bool {
        false
    }
}

/// Turns one field of every row into an array of the type. A value that does not fit becomes NULL in the array and
/// is told to `mark` with its row.
pub fn column(
    fields: &impl Fields,
    field: usize,
    data_type: DataType,
    zone: Zone,
    mark: &mut impl FnMut(usize, Reason),
) -> ArrayRef {
    let mut column = Column::new(data_type, zone);
    column.append(fields, field, mark);
    column.finish()
}

/// Values of one column that are read piece by piece.
pub struct Column {
    data_type: DataType,
    zone: Zone,
    values: Values,
}

enum Values {
    Boolean(BooleanBuilder),
    TinyInt(Numbers<Int8Type>),
    SmallInt(Numbers<Int16Type>),
    Int(Numbers<Int32Type>),
    BigInt(Numbers<Int64Type>),
    LargeInt(Decimal256Builder),
    Float(Numbers<Float32Type>),
    Double(Numbers<Float64Type>),
    Decimal(Decimal128Builder),
    Text(Strings),
    Date(Numbers<Date32Type>),
    Datetime(Numbers<TimestampMicrosecondType>),
}

impl Column {
    /// No values yet. Moments with an offset become what the wall clock of `zone` shows.
    pub fn new(data_type: DataType, zone: Zone) -> Column {
        let values = match data_type {
            DataType::Boolean => Values::Boolean(BooleanBuilder::new()),
            DataType::TinyInt => Values::TinyInt(Numbers::new()),
            DataType::SmallInt => Values::SmallInt(Numbers::new()),
            DataType::Int => Values::Int(Numbers::new()),
            DataType::BigInt => Values::BigInt(Numbers::new()),
            DataType::LargeInt => Values::LargeInt(Decimal256Builder::new()),
            DataType::Float => Values::Float(Numbers::new()),
            DataType::Double => Values::Double(Numbers::new()),
            DataType::Decimal(_, _) => Values::Decimal(Decimal128Builder::new()),
            DataType::Char(_) | DataType::Varchar(_) | DataType::String => {
                Values::Text(Strings::new())
            }
            DataType::Date => Values::Date(Numbers::new()),
            DataType::Datetime => Values::Datetime(Numbers::new()),
        };
        Column {
            data_type,
            zone,
            values,
        }
    }

    /// Adds one field of every row. A value that does not fit becomes NULL and is told to `mark` with its row.
    pub fn append(
        &mut self,
        fields: &impl Fields,
        field: usize,
        mark: &mut impl FnMut(usize, Reason),
    ) {
        let zone = self.zone;
        let reader = Reader { fields, field };
        match (&mut self.values, self.data_type) {
            (Values::Boolean(to), _) => {
                reader.each(mark, number::boolean, |value| to.append_option(value));
            }
            (Values::TinyInt(to), _) => reader.integers(to, mark),
            (Values::SmallInt(to), _) => reader.integers(to, mark),
            (Values::Int(to), _) => reader.integers(to, mark),
            (Values::BigInt(to), _) => reader.integers(to, mark),
            (Values::LargeInt(to), _) => reader.each(mark, number::integer::<i128>, |value| {
                to.append_option(value.map(i256::from_i128));
            }),
            (Values::Float(to), _) => {
                reader.each(mark, number::float32, |value| to.push(value));
            }
            (Values::Double(to), _) => {
                reader.each(mark, number::float64, |value| to.push(value));
            }
            (Values::Decimal(to), DataType::Decimal(precision, scale)) => {
                let parse = |text: &[u8]| number::decimal(text, precision, scale);
                reader.each(mark, parse, |value| to.append_option(value));
            }
            (Values::Decimal(_), _) => {}
            (Values::Text(to), kind) => {
                reader.texts(to, max_bytes(kind).unwrap_or(usize::MAX), mark);
            }
            (Values::Date(to), _) => {
                reader.moments(to, mark, |text| moment::date(text, zone));
            }
            (Values::Datetime(to), _) => {
                reader.moments(to, mark, |text| moment::datetime(text, zone));
            }
        }
    }

    /// Makes room for as many rows again as there are, times `share`.
    pub fn reserve(&mut self, share: f64) {
        match &mut self.values {
            Values::TinyInt(values) => values.reserve(share),
            Values::SmallInt(values) => values.reserve(share),
            Values::Int(values) => values.reserve(share),
            Values::BigInt(values) => values.reserve(share),
            Values::Float(values) => values.reserve(share),
            Values::Double(values) => values.reserve(share),
            Values::Text(values) => values.reserve(share),
            Values::Date(values) => values.reserve(share),
            Values::Datetime(values) => values.reserve(share),
            Values::Boolean(_) | Values::LargeInt(_) | Values::Decimal(_) => {}
        }
    }

    /// The values.
    pub fn finish(self) -> ArrayRef {
        match self.values {
            Values::Boolean(mut values) => Arc::new(values.finish()),
            Values::TinyInt(values) => Arc::new(values.finish()),
            Values::SmallInt(values) => Arc::new(values.finish()),
            Values::Int(values) => Arc::new(values.finish()),
            Values::BigInt(values) => Arc::new(values.finish()),
            Values::LargeInt(mut values) => {
                let values = values.finish();
                typed(
                    values.len(),
                    values.with_precision_and_scale(LARGEINT_PRECISION, 0),
                )
            }
            Values::Float(values) => Arc::new(values.finish()),
            Values::Double(values) => Arc::new(values.finish()),
            Values::Decimal(mut values) => {
                let values = values.finish();
                let DataType::Decimal(precision, scale) = self.data_type else {
                    return no_values(values.len());
                };
                let scale = i8::try_from(scale).unwrap_or(i8::MAX);
                typed(
                    values.len(),
                    values.with_precision_and_scale(precision, scale),
                )
            }
            Values::Text(values) => values
                .finish()
                .map_or_else(no_values, |values| Arc::new(values) as ArrayRef),
            Values::Date(values) => Arc::new(values.finish()),
            Values::Datetime(values) => Arc::new(values.finish()),
        }
    }
}

struct Reader<'a, F> {
    fields: &'a F,
    field: usize,
}

impl<'a, F: Fields> Reader<'a, F> {
    /// Calls `put` once a row with the value or `None`, after `parse` of what is there.
    fn each<T>(
        &self,
        mark: &mut impl FnMut(usize, Reason),
        mut parse: impl FnMut(&'a [u8]) -> Result<T, Reason>,
        mut put: impl FnMut(Option<T>),
    ) {
        for row in 0..self.fields.rows() {
            put(self.one(row, mark, &mut parse));
        }
    }

    /// The value of a row, or `None`.
    fn one<T>(
        &self,
        row: usize,
        mark: &mut impl FnMut(usize, Reason),
        parse: &mut impl FnMut(&'a [u8]) -> Result<T, Reason>,
    ) -> Option<T> {
        match self.fields.get(row, self.field).map(<[u8]>::trim_ascii) {
            None | Some(b"") => None,
            Some(text) => parse(text).map_err(|reason| mark(row, reason)).ok(),
        }
    }

    /// Most integers are short, and read eight bytes at once.
    fn integers<T: ArrowPrimitiveType>(
        &self,
        to: &mut Numbers<T>,
        mark: &mut impl FnMut(usize, Reason),
    ) where
        T::Native: TryFrom<i64> + TryFrom<i128>,
    {
        let places = self.fields.places(self.field);
        match places.filter(|places| !places.number_may_be_null) {
            Some(places) => to.extend(
                places.words().map(|(word, length)| {
                    let value = number::short(word, length)?;
                    T::Native::try_from(value).ok()
                }),
                |row| self.one(row, mark, &mut number::integer),
            ),
            None => self.each(mark, number::integer, |value| to.push(value)),
        }
    }

    /// Days and instants. Rows that follow each other often have one of a few, which is then read only once.
    fn moments<T: ArrowPrimitiveType>(
        &self,
        to: &mut Numbers<T>,
        mark: &mut impl FnMut(usize, Reason),
        parse: impl Fn(&[u8]) -> Result<T::Native, Reason>,
    ) {
        let mut known: [Option<(&[u8], T::Native)>; KNOWN] = [None; KNOWN];
        let read = |text| {
            let known = &mut known[place(text)];
            match known {
                Some((known, value)) if *known == text => Ok(*value),
                _ => parse(text).inspect(|value| *known = Some((text, *value))),
            }
        };
        self.each(mark, read, |value| to.push(value));
    }

    fn texts(&self, to: &mut Strings, max: usize, mark: &mut impl FnMut(usize, Reason)) {
        let checked = self.fields.is_utf8();
        let mut get = |row| match self.fields.get(row, self.field) {
            Some(bytes) if !checked || bytes.len() > max => {
                text(bytes, max).map_err(|reason| mark(row, reason)).ok()
            }
            field => field,
        };
        match self.fields.places(self.field).filter(|_| checked) {
            Some(places) => to.extend(&places, max, |row| get(row).is_some()),
            None => (0..self.fields.rows()).for_each(|row| to.push(get(row))),
        }
    }
}

/// Texts that are remembered, and how many bits tell one from the others.
const KNOWN: usize = 1 << KNOWN_BITS;
const KNOWN_BITS: u32 = 8;

/// Where a text is remembered: by the bytes at its start, in its middle and at its end, so that texts of the same day or
/// hour mostly have different places.
fn place(text: &[u8]) -> usize {
    let middle = text.get((text.len() / 2).saturating_sub(4)..);
    let all = [
        text.first_chunk(),
        middle.and_then(|rest| rest.first_chunk()),
        text.last_chunk(),
    ];
    let all = all.into_iter().fold(0_u64, |all, eight| {
        all.rotate_left(21) ^ eight.map_or(0, |eight| u64::from_le_bytes(*eight))
    });
    // Only the highest bits depend on all others.
    (all.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - KNOWN_BITS)) as usize
}

/// The array, once it has its type.
fn typed<A: Array + 'static, E>(rows: usize, array: Result<A, E>) -> ArrayRef {
    array.map_or_else(|_| no_values(rows), |array| Arc::new(array) as ArrayRef)
}

/// A text of at most `max` bytes.
fn text(bytes: &[u8], max: usize) -> Result<&[u8], Reason> {
    std::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    if bytes.len() > max {
        return Err(Reason::TooLong(bytes.len()));
    }
    Ok(bytes)
}

/// An array of the null type: the assembling of the block refuses it by its type, which names the column.
fn no_values(rows: usize) -> ArrayRef {
    arrow::array::new_null_array(&arrow::datatypes::DataType::Null, rows)
}
