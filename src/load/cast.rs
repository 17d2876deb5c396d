//! Arrays of any type to arrays of a column's type: rows of INSERT and of Parquet files.
//!
//! Numbers that lose their fraction are rounded, half away from zero, as MySQL does; nothing else is bent to fit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal256Type, Float64Type, TimeUnit,
    TimestampMicrosecondType, i256,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::catalog::schema::{ColumnDef, DataType};
use crate::load::error::Error;
use crate::load::misfit::Reason;
use crate::load::moment::{FIRST_DATE, FIRST_DATETIME, LAST_DATE, LAST_DATETIME};
use crate::load::text::{self, Fields};
use crate::load::types::{arrow_type, max_bytes};
use crate::load::zone::Zone;

/// The array with the column's type. A value that does not fit becomes NULL and is told to `mark` with its row.
///
/// # Errors
/// The array's type has no values that could fit (a list in an INT column).
pub fn fit(
    array: &ArrayRef,
    column: &ColumnDef,
    zone: Zone,
    mark: &mut impl FnMut(usize, Reason),
) -> Result<ArrayRef, Error> {
    let wanted = arrow_type(column.data_type);
    let flat = on_the_wall(flatten(array, column)?, zone)?;
    let fitted = match (flat.data_type(), column.data_type) {
        (ArrowType::Null, _) => return Ok(new_null_array(&wanted, flat.len())),
        (ArrowType::Utf8, kind) => {
            return Ok(text::column(
                &Strings(flat.as_string()),
                0,
                kind,
                zone,
                mark,
            ));
        }
        (ArrowType::Binary, kind) => {
            return Ok(text::column(&Bytes(flat.as_binary()), 0, kind, zone, mark));
        }
        (from, _) if !castable(from, &wanted) => return Err(mismatch(array, column)),
        _ => convert(&flat, &wanted, column)?,
    };
    for row in (0..flat.len()).filter(|row| fitted.is_null(*row) && !flat.is_null(*row)) {
        mark(row, Reason::OutOfRange);
    }
    limit(fitted, column, mark)
}

/// A value as an error message shows it.
pub fn show(array: &ArrayRef, row: usize) -> String {
    ArrayFormatter::try_new(array.as_ref(), &FormatOptions::default())
        .and_then(|f| f.value(row).try_to_string())
        .unwrap_or_default()
}

/// Dictionaries and the several forms of text and bytes as one plain form each.
fn flatten(array: &ArrayRef, column: &ColumnDef) -> Result<ArrayRef, Error> {
    let plain = match array.data_type() {
        ArrowType::Dictionary(_, values) => match values.as_ref() {
            ArrowType::LargeUtf8 | ArrowType::Utf8View => ArrowType::Utf8,
            ArrowType::LargeBinary | ArrowType::BinaryView => ArrowType::Binary,
            other => other.clone(),
        },
        ArrowType::LargeUtf8 | ArrowType::Utf8View => ArrowType::Utf8,
        ArrowType::LargeBinary | ArrowType::BinaryView | ArrowType::FixedSizeBinary(_) => {
            ArrowType::Binary
        }
        _ => return Ok(array.clone()),
    };
    cast_or_null(array, &plain).map_err(|_| mismatch(array, column))
}

/// Instants become what the wall clock of `zone` shows, for no column has a zone.
fn on_the_wall(array: ArrayRef, zone: Zone) -> Result<ArrayRef, Error> {
    let ArrowType::Timestamp(_, Some(_)) = array.data_type() else {
        return Ok(array);
    };
    let micros = ArrowType::Timestamp(TimeUnit::Microsecond, None);
    let utc = ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let instants = cast_or_null(&array, &utc)?;
    let instants = instants.as_primitive::<TimestampMicrosecondType>();
    let walls: PrimitiveArray<TimestampMicrosecondType> = instants.unary(|at| zone.wall(at));
    Ok(Arc::new(walls.with_data_type(micros)))
}

/// Whether values of one type can mean values of the other in SQL; Arrow would cast more.
fn castable(from: &ArrowType, to: &ArrowType) -> bool {
    let number = |t: &ArrowType| t.is_numeric() || *t == ArrowType::Boolean;
    let moment = |t: &ArrowType| {
        matches!(
            t,
            ArrowType::Date32 | ArrowType::Date64 | ArrowType::Timestamp(_, _)
        )
    };
    match to {
        ArrowType::Utf8 => number(from) || moment(from),
        to if moment(to) => moment(from),
        to => number(from) && number(to),
    }
}

fn convert(array: &ArrayRef, wanted: &ArrowType, column: &ColumnDef) -> Result<ArrayRef, Error> {
    let failed = |_| mismatch(array, column);
    let rounded = match (array.data_type(), wanted) {
        (from, to) if from == to => return Ok(array.clone()),
        (ArrowType::Float32 | ArrowType::Float64, to) if to.is_integer() => {
            let wide = cast_or_null(array, &ArrowType::Float64).map_err(failed)?;
            let whole: PrimitiveArray<Float64Type> =
                wide.as_primitive::<Float64Type>().unary(f64::round);
            Arc::new(whole) as ArrayRef
        }
        (ArrowType::Decimal128(_, _), to) if to.is_integer() => {
            cast_or_null(array, &ArrowType::Decimal128(38, 0)).map_err(failed)?
        }
        (ArrowType::Decimal256(_, _), to) if to.is_integer() => {
            cast_or_null(array, &ArrowType::Decimal256(76, 0)).map_err(failed)?
        }
        _ => array.clone(),
    };
    cast_or_null(&rounded, wanted).map_err(failed)
}

/// Values that do not fit become NULL.
fn cast_or_null(array: &ArrayRef, to: &ArrowType) -> Result<ArrayRef, arrow::error::ArrowError> {
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &options)
}

/// Values that the Arrow type holds and the column does not.
fn limit(
    array: ArrayRef,
    column: &ColumnDef,
    mark: &mut impl FnMut(usize, Reason),
) -> Result<ArrayRef, Error> {
    match column.data_type {
        DataType::Date => Ok(within::<Date32Type>(&array, FIRST_DATE, LAST_DATE, mark)),
        DataType::Datetime => Ok(within::<TimestampMicrosecondType>(
            &array,
            FIRST_DATETIME,
            LAST_DATETIME,
            mark,
        )),
        DataType::LargeInt => {
            let (least, most) = (i256::from_i128(i128::MIN), i256::from_i128(i128::MAX));
            let inside = within::<Decimal256Type>(&array, least, most, mark);
            Ok(cast_or_null(&inside, &arrow_type(column.data_type))?)
        }
        kind => {
            if let Some(max) = max_bytes(kind) {
                let texts = array.as_string::<i32>();
                for (row, text) in texts.iter().enumerate() {
                    if let Some(text) = text.filter(|text| text.len() > max) {
                        mark(row, Reason::TooLong(text.len()));
                    }
                }
            }
            Ok(array)
        }
    }
}

fn within<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    least: T::Native,
    most: T::Native,
    mark: &mut impl FnMut(usize, Reason),
) -> ArrayRef
where
    T::Native: PartialOrd,
{
    let values = array.as_primitive::<T>();
    let outside = |value: T::Native| value < least || value > most;
    if !values.iter().flatten().any(outside) {
        return array.clone();
    }
    let kept = values.iter().enumerate().map(|(row, value)| {
        if value.is_some_and(outside) {
            mark(row, Reason::OutOfRange);
            return None;
        }
        value
    });
    let kept: PrimitiveArray<T> = kept.collect();
    Arc::new(kept.with_data_type(array.data_type().clone()))
}

fn mismatch(array: &ArrayRef, column: &ColumnDef) -> Error {
    let found = match array.data_type() {
        ArrowType::Timestamp(TimeUnit::Microsecond, None) => "a timestamp".to_owned(),
        other => other.to_string(),
    };
    Error::Type {
        column: column.name.clone(),
        found,
        wanted: column.data_type.to_string(),
    }
}

struct Strings<'a>(&'a arrow::array::StringArray);

impl Fields for Strings<'_> {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn get(&self, row: usize, _: usize) -> Option<&[u8]> {
        self.0.is_valid(row).then(|| self.0.value(row).as_bytes())
    }
}

struct Bytes<'a>(&'a arrow::array::BinaryArray);

impl Fields for Bytes<'_> {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn get(&self, row: usize, _: usize) -> Option<&[u8]> {
        self.0.is_valid(row).then(|| self.0.value(row))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        Date32Array, Decimal128Array, Float64Array, Int8Array, Int32Array, Int64Array, NullArray,
        StringArray, StringViewArray,
    };

    use super::*;

    fn fitted(array: impl Array + 'static, kind: DataType) -> (ArrayRef, Vec<(usize, Reason)>) {
        let column = ColumnDef {
            name: "c".into(),
            data_type: kind,
            nullable: true,
            default: None,
            comment: String::new(),
        };
        let mut marked = Vec::new();
        let array: ArrayRef = Arc::new(array);
        let fitted = fit(&array, &column, Zone::Process, &mut |row, reason| {
            marked.push((row, reason))
        })
        .unwrap();
        assert_eq!(fitted.data_type(), &arrow_type(kind));
        (fitted, marked)
    }

    #[test]
    fn numbers_are_rounded_and_kept_in_range() {
        let (tiny, marked) = fitted(
            Int64Array::from(vec![Some(127), Some(128), None]),
            DataType::TinyInt,
        );
        assert_eq!(tiny.as_ref(), &Int8Array::from(vec![Some(127), None, None]));
        assert_eq!(marked, [(1, Reason::OutOfRange)]);
        let (whole, _) = fitted(Float64Array::from(vec![1.5, -1.5, 2.4]), DataType::Int);
        assert_eq!(whole.as_ref(), &Int32Array::from(vec![2, -2, 2]));
        let decimal = Decimal128Array::from(vec![150, 149])
            .with_precision_and_scale(5, 2)
            .unwrap();
        let (whole, _) = fitted(decimal, DataType::BigInt);
        assert_eq!(whole.as_ref(), &Int64Array::from(vec![2, 1]));
        let (_, marked) = fitted(Float64Array::from(vec![f64::NAN, 1e300]), DataType::Int);
        assert_eq!(marked.len(), 2);
    }

    #[test]
    fn large_integers_stay_within_128_bits() {
        let (large, marked) = fitted(Int64Array::from(vec![5]), DataType::LargeInt);
        assert_eq!(
            large.as_primitive::<Decimal256Type>().value(0),
            i256::from_i128(5)
        );
        assert!(marked.is_empty());
        let (_, marked) = fitted(
            StringArray::from(vec!["170141183460469231731687303715884105728"]),
            DataType::LargeInt,
        );
        assert_eq!(marked, [(0, Reason::OutOfRange)]);
    }

    #[test]
    fn text_is_read_and_measured_in_bytes() {
        let (day, marked) = fitted(
            StringViewArray::from(vec!["2013-01-31", "x"]),
            DataType::Date,
        );
        assert_eq!(day.as_ref(), &Date32Array::from(vec![Some(15_736), None]));
        assert_eq!(marked, [(1, Reason::BadValue)]);
        let (_, marked) = fitted(StringArray::from(vec!["é", "éé"]), DataType::Varchar(2));
        assert_eq!(marked, [(1, Reason::TooLong(4))]);
        let (text, marked) = fitted(Int32Array::from(vec![12, 1234]), DataType::Char(3));
        assert_eq!(text.as_string::<i32>().value(0), "12");
        assert_eq!(marked, [(1, Reason::TooLong(4))]);
        let (none, marked) = fitted(NullArray::new(2), DataType::Double);
        assert_eq!((none.null_count(), marked.len()), (2, 0));
    }

    #[test]
    fn a_day_is_not_a_number() {
        let column = ColumnDef {
            name: "n".into(),
            data_type: DataType::Int,
            nullable: true,
            default: None,
            comment: String::new(),
        };
        let day: ArrayRef = Arc::new(Date32Array::from(vec![1]));
        let refused = fit(&day, &column, Zone::Process, &mut |_, _| {});
        assert!(matches!(refused, Err(Error::Type { .. })));
    }
}
