//! Text to values: what a CSV field, a JSON scalar or a quoted constant means in each column type.
//!
//! The rules are MySQL's and StarRocks' in strict mode: nothing is cut or bent to fit. Blanks around a value that is
//! not text are ignored; an empty field of such a column is NULL, because it holds no value of the type.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Decimal128Builder, Decimal256Builder, PrimitiveBuilder, StringBuilder,
};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, i256,
};

use crate::catalog::schema::DataType;
use crate::load::misfit::Reason;
use crate::load::moment;
use crate::load::number;
use crate::load::types::{LARGEINT_PRECISION, max_bytes};

/// Rows of fields, read column by column.
pub trait Fields {
    /// How many rows.
    fn rows(&self) -> usize;
    /// The text of a field; `None` is NULL.
    fn get(&self, row: usize, field: usize) -> Option<&[u8]>;
}

/// Turns one field of every row into an array of the type. A value that does not fit becomes NULL in the array and
/// is told to `mark` with its row.
pub fn column(
    fields: &impl Fields,
    field: usize,
    data_type: DataType,
    mark: &mut impl FnMut(usize, Reason),
) -> ArrayRef {
    let reader = Reader { fields, field };
    match data_type {
        DataType::Boolean => reader.booleans(mark),
        DataType::TinyInt => reader.primitives::<Int8Type>(mark, number::integer),
        DataType::SmallInt => reader.primitives::<Int16Type>(mark, number::integer),
        DataType::Int => reader.primitives::<Int32Type>(mark, number::integer),
        DataType::BigInt => reader.primitives::<Int64Type>(mark, number::integer),
        DataType::LargeInt => reader.large_integers(mark),
        DataType::Float => reader.primitives::<Float32Type>(mark, number::float32),
        DataType::Double => reader.primitives::<Float64Type>(mark, number::float64),
        DataType::Decimal(precision, scale) => reader.decimals(precision, scale, mark),
        DataType::Char(_) | DataType::Varchar(_) | DataType::String => {
            reader.texts(max_bytes(data_type).unwrap_or(usize::MAX), mark)
        }
        DataType::Date => reader.moments::<Date32Type>(mark, moment::date),
        DataType::Datetime => reader.moments::<TimestampMicrosecondType>(mark, moment::datetime),
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
            let text = self.fields.get(row, self.field).map(<[u8]>::trim_ascii);
            put(match text {
                None | Some(b"") => None,
                Some(text) => match parse(text) {
                    Ok(value) => Some(value),
                    Err(reason) => {
                        mark(row, reason);
                        None
                    }
                },
            });
        }
    }

    fn primitives<T: ArrowPrimitiveType>(
        &self,
        mark: &mut impl FnMut(usize, Reason),
        parse: impl FnMut(&'a [u8]) -> Result<T::Native, Reason>,
    ) -> ArrayRef {
        let mut builder = PrimitiveBuilder::<T>::with_capacity(self.fields.rows());
        self.each(mark, parse, |value| builder.append_option(value));
        Arc::new(builder.finish())
    }

    /// Days and instants. Rows that follow each other often have the same one, which is then read only once.
    fn moments<T: ArrowPrimitiveType>(
        &self,
        mark: &mut impl FnMut(usize, Reason),
        parse: impl Fn(&[u8]) -> Result<T::Native, Reason>,
    ) -> ArrayRef {
        let mut last: Option<(&[u8], T::Native)> = None;
        self.primitives::<T>(mark, |text| match last {
            Some((known, value)) if known == text => Ok(value),
            _ => {
                let value = parse(text)?;
                last = Some((text, value));
                Ok(value)
            }
        })
    }

    fn booleans(&self, mark: &mut impl FnMut(usize, Reason)) -> ArrayRef {
        let mut builder = BooleanBuilder::with_capacity(self.fields.rows());
        self.each(mark, number::boolean, |value| builder.append_option(value));
        Arc::new(builder.finish())
    }

    fn large_integers(&self, mark: &mut impl FnMut(usize, Reason)) -> ArrayRef {
        let mut builder = Decimal256Builder::with_capacity(self.fields.rows());
        self.each(mark, number::integer::<i128>, |value| {
            builder.append_option(value.map(i256::from_i128));
        });
        let typed = builder
            .finish()
            .with_precision_and_scale(LARGEINT_PRECISION, 0);
        typed.map_or_else(
            |_| no_values(self.fields.rows()),
            |a| Arc::new(a) as ArrayRef,
        )
    }

    fn decimals(&self, precision: u8, scale: u8, mark: &mut impl FnMut(usize, Reason)) -> ArrayRef {
        let mut builder = Decimal128Builder::with_capacity(self.fields.rows());
        let parse = |text: &[u8]| number::decimal(text, precision, scale);
        self.each(mark, parse, |value| builder.append_option(value));
        let scale = i8::try_from(scale).unwrap_or(i8::MAX);
        let typed = builder.finish().with_precision_and_scale(precision, scale);
        typed.map_or_else(
            |_| no_values(self.fields.rows()),
            |a| Arc::new(a) as ArrayRef,
        )
    }

    fn texts(&self, max: usize, mark: &mut impl FnMut(usize, Reason)) -> ArrayRef {
        let rows = self.fields.rows();
        let mut builder = StringBuilder::with_capacity(rows, rows * 8);
        for row in 0..rows {
            let fit = self
                .fields
                .get(row, self.field)
                .map(|bytes| text(bytes, max));
            match fit {
                None => builder.append_null(),
                Some(Ok(text)) => builder.append_value(text),
                Some(Err(reason)) => {
                    mark(row, reason);
                    builder.append_null();
                }
            }
        }
        Arc::new(builder.finish())
    }
}

/// A text of at most `max` bytes.
fn text(bytes: &[u8], max: usize) -> Result<&str, Reason> {
    let text = std::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    if text.len() > max {
        return Err(Reason::TooLong(text.len()));
    }
    Ok(text)
}

/// An array of the null type: the assembling of the block refuses it by its type, which names the column.
fn no_values(rows: usize) -> ArrayRef {
    arrow::array::new_null_array(&arrow::datatypes::DataType::Null, rows)
}
