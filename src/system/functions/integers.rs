//! Values read as whole numbers: decimals and doubles are rounded, of a text the number that it begins with is taken, and what is
//! too large is the nearest that fits.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, UInt64Type};
use datafusion::common::Result;

use crate::system::functions::arguments::{doubles, texts};

/// Values as whole numbers with a sign.
pub fn signed(array: &ArrayRef) -> Result<Int64Array> {
    numbers(array, |n| {
        i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
    })
}

/// Values as the 64 bits of BIGINT UNSIGNED: those of a negative number are what it has with a sign.
pub fn bits(array: &ArrayRef) -> Result<Int64Array> {
    numbers(array, |n| match (i64::try_from(n), u64::try_from(n)) {
        (Ok(n), _) => n,
        (_, Ok(n)) => n.cast_signed(),
        _ if n < 0 => i64::MIN,
        _ => u64::MAX.cast_signed(),
    })
}

fn numbers(array: &ArrayRef, fit: fn(i128) -> i64) -> Result<Int64Array> {
    let cast = |to: &DataType| cast_with_options(array, to, &CastOptions::default());
    Ok(match array.data_type() {
        DataType::UInt64 => {
            let array = array.as_primitive::<UInt64Type>();
            array.iter().map(|n| n.map(|n| fit(n.into()))).collect()
        }
        t if t.is_integer() => cast(&DataType::Int64)?.as_primitive().clone(),
        DataType::Decimal128(_, scale) => {
            let unit = 10_i128.checked_pow(u32::try_from(*scale).unwrap_or(0));
            let unit = unit.unwrap_or(i128::MAX);
            let array = array.as_primitive::<Decimal128Type>();
            let round = |n: i128| (n / unit) + (n % unit) / (unit - unit / 2).max(1);
            array.iter().map(|n| n.map(|n| fit(round(n)))).collect()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = texts(array)?;
            let read = texts.iter().map(|text| text.map(|text| fit(leading(text))));
            read.collect()
        }
        _ => {
            let doubles = doubles(array)?;
            // The cast stops at the ends of its range.
            let round = |x: f64| fit(x.round_ties_even() as i128);
            doubles.iter().map(|x| x.map(round)).collect()
        }
    })
}

/// The whole number that a text begins with; 0 when there is none.
fn leading(text: &str) -> i128 {
    let text = text.trim_start();
    let signed = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = signed.bytes().take_while(u8::is_ascii_digit).count();
    let end = text.len() - signed.len() + digits;
    let Some(number) = text.get(..end).filter(|_| digits > 0) else {
        return 0;
    };
    number.parse().unwrap_or(match text.starts_with('-') {
        true => i128::MIN,
        false => i128::MAX,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, StringArray};

    use super::*;

    #[test]
    fn decimals_are_rounded_and_texts_are_read_as_far_as_they_go() {
        let decimals = Decimal128Array::from(vec![149, 150, -150, -149, 0])
            .with_precision_and_scale(5, 2)
            .unwrap();
        let read = signed(&(Arc::new(decimals) as ArrayRef)).unwrap();
        assert_eq!(read.values(), &[1, 2, -2, -1, 0]);
        let texts = StringArray::from(vec!["12abc", "-7.9", "x", "9223372036854775808", "+3"]);
        let texts: ArrayRef = Arc::new(texts);
        assert_eq!(signed(&texts).unwrap().values(), &[12, -7, 0, i64::MAX, 3]);
        assert_eq!(bits(&texts).unwrap().value(3), i64::MIN);
    }
}
