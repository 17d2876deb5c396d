//! Which bucket a row belongs to: a promise on disk, so the function never changes.
//!
//! CRC-32 (IEEE 802.3) of the row's distribution columns, one after the other, modulo the number of buckets. NULL is the byte 0; a
//! value is the byte 1 and then: BOOLEAN and all integers up to BIGINT as 8 bytes, LARGEINT and DECIMAL (as units of
//! its last digit) as 16 bytes, DATE (days) and DATETIME (microseconds) as 8 bytes, all little-endian two's complement; FLOAT and
//! DOUBLE as the 8 bytes of the double, with one zero and one NaN; text as its length in 4 bytes, then its bytes.
//! Integers of different widths hash alike, so a wider column keeps its rows where they are.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};

use crate::code::{Code, Coded};

/// A column that can't be hashed: not of a type that [`arrow_type`](crate::load::types::arrow_type) gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("values of the Arrow type {0} have no bucket: cast them to the column's type first")]
pub struct Error(pub ArrowType);

impl Coded for Error {
    fn code(&self) -> Code {
        Code::UNKNOWN
    }
}

/// The bucket, below `buckets`, of the row `row` of the distribution columns `key`, in the order that DISTRIBUTED BY
/// names them. Arrays must have the columns' own types. `buckets` 0 is taken for 1.
pub fn bucket_of(key: &[ArrayRef], row: usize, buckets: u32) -> Result<u32, Error> {
    let mut bytes = Vec::with_capacity(32);
    for column in key {
        encode(column.as_ref(), row, &mut bytes)?;
    }
    Ok(crc32fast::hash(&bytes) % buckets.max(1))
}

/// The hash of every row; a row's bucket is its hash modulo the number of buckets of its partition.
pub fn hashes(key: &[ArrayRef], rows: usize) -> Result<Vec<u32>, Error> {
    let mut bytes = Vec::with_capacity(64);
    let mut hashes = Vec::with_capacity(rows);
    for row in 0..rows {
        bytes.clear();
        for column in key {
            encode(column.as_ref(), row, &mut bytes)?;
        }
        hashes.push(crc32fast::hash(&bytes));
    }
    Ok(hashes)
}

fn encode(column: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    if column.is_null(row) {
        out.push(0);
        return Ok(());
    }
    out.push(1);
    let narrow = match column.data_type() {
        ArrowType::Boolean => i64::from(column.as_boolean().value(row)),
        ArrowType::Int8 => i64::from(column.as_primitive::<Int8Type>().value(row)),
        ArrowType::Int16 => i64::from(column.as_primitive::<Int16Type>().value(row)),
        ArrowType::Int32 => i64::from(column.as_primitive::<Int32Type>().value(row)),
        ArrowType::Int64 => column.as_primitive::<Int64Type>().value(row),
        ArrowType::Date32 => i64::from(column.as_primitive::<Date32Type>().value(row)),
        ArrowType::Timestamp(TimeUnit::Microsecond, None) => {
            column.as_primitive::<TimestampMicrosecondType>().value(row)
        }
        ArrowType::Float32 => bits(f64::from(column.as_primitive::<Float32Type>().value(row))),
        ArrowType::Float64 => bits(column.as_primitive::<Float64Type>().value(row)),
        _ => return encode_wide(column, row, out),
    };
    out.extend_from_slice(&narrow.to_le_bytes());
    Ok(())
}

fn encode_wide(column: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    match column.data_type() {
        ArrowType::Decimal128(_, _) => {
            let value = column.as_primitive::<Decimal128Type>().value(row);
            out.extend_from_slice(&value.to_le_bytes());
        }
        ArrowType::Decimal256(_, _) => {
            let value = column.as_primitive::<Decimal256Type>().value(row);
            out.extend_from_slice(&value.as_i128().to_le_bytes());
        }
        ArrowType::Utf8 => {
            let text = column.as_string::<i32>().value(row);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        other => return Err(Error(other.clone())),
    }
    Ok(())
}

/// The bits of a double, with one form for both zeros and one for every NaN.
fn bits(value: f64) -> i64 {
    let one_form = if value == 0.0 {
        0.0
    } else if value.is_nan() {
        f64::NAN
    } else {
        value
    };
    one_form.to_bits() as i64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float32Array, Float64Array,
        Int8Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::i256;

    use super::*;

    fn hash(column: impl Array + 'static) -> u32 {
        let column: ArrayRef = Arc::new(column);
        hashes(&[column], 1).unwrap()[0]
    }

    /// Values worked out by another program (Python's zlib.crc32 over the bytes that the module comment names).
    #[test]
    fn the_hash_of_each_type_is_what_it_was_when_the_first_table_was_written() {
        assert_eq!(hash(Int64Array::from(vec![42])), VECTORS[0]);
        assert_eq!(hash(Int64Array::from(vec![-1])), VECTORS[1]);
        assert_eq!(hash(StringArray::from(vec!["UA"])), VECTORS[2]);
        assert_eq!(hash(StringArray::from(vec![None::<&str>])), VECTORS[3]);
        let decimal = Decimal128Array::from(vec![12_345]).with_precision_and_scale(9, 2);
        assert_eq!(hash(decimal.unwrap()), VECTORS[4]);
        let large = Decimal256Array::from(vec![i256::from_i128(i128::MIN)]);
        assert_eq!(
            hash(large.with_precision_and_scale(39, 0).unwrap()),
            VECTORS[5]
        );
        assert_eq!(hash(Date32Array::from(vec![15_706])), VECTORS[6]);
        let time = TimestampMicrosecondArray::from(vec![1_357_034_400_000_000]);
        assert_eq!(hash(time), VECTORS[7]);
        assert_eq!(hash(Float64Array::from(vec![1.5])), VECTORS[8]);
        assert_eq!(hash(BooleanArray::from(vec![true])), VECTORS[9]);
    }

    const VECTORS: [u32; 10] = [
        0x99c47e73, 0xb5140098, 0xb0c4add6, 0xd202ef8d, 0xae8dd012, 0xa3f1b9de, 0xfc202b71,
        0x6db0caee, 0x9b714665, 0x3dd80073,
    ];

    #[test]
    fn integers_hash_alike_at_every_width_and_zeros_are_one() {
        assert_eq!(
            hash(Int8Array::from(vec![42])),
            hash(Int64Array::from(vec![42]))
        );
        assert_eq!(
            hash(Int32Array::from(vec![-7])),
            hash(Int64Array::from(vec![-7]))
        );
        assert_eq!(
            hash(Float32Array::from(vec![-0.0])),
            hash(Float64Array::from(vec![0.0]))
        );
    }

    #[test]
    fn a_bucket_is_the_hash_of_all_key_columns_modulo_their_number() {
        let key: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![1, 1])),
            Arc::new(StringArray::from(vec!["a", "b"])),
        ];
        let all = hashes(&key, 2).unwrap();
        assert_eq!(bucket_of(&key, 1, 8), Ok(all[1] % 8));
        assert_ne!(all[0], all[1]);
        assert_eq!(bucket_of(&key, 0, 0), Ok(0));
    }
}
