//! `CAST(x AS DECIMAL(p, s))` of anything, as MariaDB has it: the number that a text begins with, rounded, and the nearest that fits.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal256Array};
use arrow::datatypes::{DataType, Field, FieldRef, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::system::functions::moment_numbers::number_texts;
use crate::system::kinds::strictly;

/// Its name; it takes the value, the digits and those behind the point.
pub const NAME: &str = "cast_decimal";
/// The most digits that a number's exponent can shift.
const SHIFT_MAX: i64 = 400;

#[derive(Debug, PartialEq, Eq, Hash)]
struct CastDecimal {
    signature: Signature,
}

/// The function.
pub fn udf() -> ScalarUDF {
    ScalarUDF::new_from_impl(CastDecimal {
        signature: Signature::any(3, Volatility::Immutable),
    })
}

impl ScalarUDFImpl for CastDecimal {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(10, 0))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let number = |at: usize| match args.scalar_arguments.get(at).copied().flatten() {
            Some(ScalarValue::Int64(Some(n))) => u8::try_from(*n).unwrap_or(0),
            _ => 0,
        };
        let precision = number(1).clamp(1, 65);
        let scale = i8::try_from(number(2).min(precision).min(38)).unwrap_or(0);
        let kind = match precision <= 38 {
            true => DataType::Decimal128(precision, scale),
            false => DataType::Decimal256(precision, scale),
        };
        Ok(Arc::new(Field::new(NAME, kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = args.return_field.data_type();
        let Some(value) = args.args.into_iter().next() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(kind)?));
        };
        Ok(match value {
            ColumnarValue::Array(array) => ColumnarValue::Array(cast(&array, kind)?),
            ColumnarValue::Scalar(scalar) => {
                let array = cast(&scalar.to_array()?, kind)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
            }
        })
    }
}

fn cast(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    let of = array.data_type();
    if (of.is_integer() || of.is_decimal())
        && let Ok(exact) = strictly(array, kind)
    {
        return Ok(exact);
    }
    let (DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale)) = kind
    else {
        return strictly(array, kind);
    };
    let texts = number_texts(array)?;
    let read = texts
        .iter()
        .map(|text| text.map(|text| nearest(text, *precision, scale.unsigned_abs())));
    let read: Decimal256Array = read.collect();
    let read: ArrayRef = Arc::new(read.with_precision_and_scale(76, *scale)?);
    strictly(&read, kind)
}

/// The number that a text begins with, in units of its last digit behind the point.
fn nearest(text: &str, precision: u8, scale: u8) -> i256 {
    let (negative, digits, point) = digits(text);
    // Where the digits that are kept end.
    let end = point + i64::from(scale);
    let kept: String = (0..end.max(0))
        .map(|at| digits.get(usize::try_from(at).unwrap_or(usize::MAX)))
        .map(|digit| char::from(digit.copied().unwrap_or(b'0')))
        .collect();
    let kept = kept.trim_start_matches('0');
    let largest = i256::from(10)
        .checked_pow(precision.into())
        .map_or(i256::MAX, |n| n.wrapping_sub(i256::ONE));
    let whole = match kept.len() > usize::from(precision) {
        true => largest,
        false => i256::from_string(kept).unwrap_or(i256::ZERO),
    };
    let next = usize::try_from(end).ok().and_then(|end| digits.get(end));
    let up = next.is_some_and(|digit| *digit >= b'5');
    let whole = match up {
        true => whole.wrapping_add(i256::ONE).min(largest),
        false => whole,
    };
    if negative {
        whole.wrapping_neg()
    } else {
        whole
    }
}

/// The sign, the digits without the point, and where the point stands among them.
fn digits(text: &str) -> (bool, Vec<u8>, i64) {
    let text = text.trim_start();
    let negative = text.starts_with('-');
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let run = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = rest.split_at(run(rest));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(run(rest)),
        None => ("", rest),
    };
    let shift = rest
        .strip_prefix(['e', 'E'])
        .map(|exponent| {
            let signed = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            let end = exponent.len() - signed.len() + run(signed);
            exponent.get(..end).and_then(|n| n.parse::<i64>().ok())
        })
        .and_then(|shift| shift)
        .unwrap_or(0);
    let shift = shift.clamp(-SHIFT_MAX, SHIFT_MAX);
    let mut digits = [whole, fraction].concat().into_bytes();
    let mut point = i64::try_from(whole.len()).unwrap_or(0) + shift;
    if let Ok(missing) = usize::try_from(-point) {
        digits.splice(..0, std::iter::repeat_n(b'0', missing));
        point = 0;
    }
    (negative, digits, point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_rounded_and_what_is_too_large_is_the_nearest() {
        let cases = [
            ("12.7x", 10, 0, 13),
            ("", 5, 1, 0),
            (" -1.25", 5, 1, -13),
            ("1e3", 9, 1, 10_000),
            ("1.5e-2", 9, 3, 15),
            ("99999.99", 5, 1, 99_999),
            ("-99999.99", 5, 1, -99_999),
            ("9999.96", 5, 1, 99_999),
            ("0.04", 2, 1, 0),
            ("5e-1", 2, 0, 1),
        ];
        for (text, precision, scale, wanted) in cases {
            let read = nearest(text, precision, scale);
            assert_eq!(read, i256::from(wanted), "{text}");
        }
    }
}
