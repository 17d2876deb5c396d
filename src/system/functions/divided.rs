//! `/` between decimals: four digits more than the dividend has, rounded; NULL where the divisor is zero (MySQL).
//!
//! Arrow's division cuts off what is behind the last digit: 2/3 would be 0.6666.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};

use crate::system::kinds::strictly;

/// Digits that a quotient has more than the dividend: `div_precision_increment`.
const MORE_DIGITS: i8 = 4;
/// Digits of a DECIMAL behind the point, at most.
const SCALE_MAX: i8 = 38;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Divided {
    signature: Signature,
}

/// `left / right`, whose types are whole numbers or decimals.
pub fn divided(left: Expr, l: &DataType, right: Expr, r: &DataType) -> Expr {
    let decimal = |expr: Expr, t: &DataType| match t {
        DataType::Decimal128(..) | DataType::Decimal256(..) => expr,
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => {
            cast(expr, DataType::Decimal128(*p, *s))
        }
        _ => cast(expr, DataType::Decimal128(20, 0)),
    };
    let function = ScalarUDF::new_from_impl(Divided {
        signature: Signature::any(2, Volatility::Immutable),
    });
    function.call(vec![decimal(left, l), decimal(right, r)])
}

fn digits(t: &DataType) -> (u8, i8) {
    match t {
        DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => (*p, *s),
        _ => (20, 0),
    }
}

fn quotient(left: &DataType, right: &DataType) -> DataType {
    let ((precision, scale), (_, of_divisor)) = (digits(left), digits(right));
    let more = (scale + MORE_DIGITS).min(SCALE_MAX);
    let whole = precision.saturating_sub(scale.unsigned_abs());
    let precision = whole.saturating_add(of_divisor.unsigned_abs() + more.unsigned_abs());
    match precision <= 38 {
        true => DataType::Decimal128(precision, more),
        false => DataType::Decimal256(precision.min(76), more),
    }
}

impl ScalarUDFImpl for Divided {
    fn name(&self) -> &str {
        "divided"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match given {
            [left, right] => quotient(left, right),
            _ => DataType::Decimal128(20, MORE_DIGITS),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let constant = args.args.iter().all(constant);
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.into_iter().map(|arg| arg.into_array(rows));
        let arrays = arrays.collect::<Result<Vec<ArrayRef>>>()?;
        let divided = match arrays.as_slice() {
            [left, right] => divide(left, right)?,
            _ => return Ok(ColumnarValue::Scalar(ScalarValue::Null)),
        };
        Ok(match constant {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&divided, 0)?),
            false => ColumnarValue::Array(divided),
        })
    }
}

fn divide(left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    let (of_left, of_right) = (left.data_type(), right.data_type());
    let kind = quotient(of_left, of_right);
    let (_, scale) = digits(&kind);
    // Digits by which the dividend is moved to the left.
    let shift = scale - digits(of_left).1 + digits(of_right).1;
    let shift = u32::try_from(shift).unwrap_or(0);
    if let (DataType::Decimal128(..), DataType::Decimal128(..), DataType::Decimal128(p, s)) =
        (of_left, of_right, &kind)
        && let Some(divided) = narrow(left, right, shift)
    {
        return Ok(Arc::new(divided.with_precision_and_scale(*p, *s)?));
    }
    let wide =
        |array: &ArrayRef, t: &DataType| strictly(array, &DataType::Decimal256(76, digits(t).1));
    let (left, right) = (wide(left, of_left)?, wide(right, of_right)?);
    let unit = i256::from(10).checked_pow(shift).unwrap_or(i256::ONE);
    let pairs = left
        .as_primitive::<Decimal256Type>()
        .iter()
        .zip(right.as_primitive::<Decimal256Type>());
    let one = |a: i256, b: i256| {
        let a = a.checked_mul(unit)?;
        let (whole, rest) = (a.checked_div(b)?, a.checked_rem(b)?);
        let up = rest.wrapping_abs() >= b.wrapping_abs().wrapping_sub(rest.wrapping_abs());
        let away = match a.is_negative() == b.is_negative() {
            true => i256::ONE,
            false => i256::MINUS_ONE,
        };
        Some(if up { whole.wrapping_add(away) } else { whole })
    };
    let divided: Decimal256Array = pairs.map(|(a, b)| one(a?, b?)).collect();
    let divided: ArrayRef = Arc::new(divided.with_precision_and_scale(76, scale)?);
    strictly(&divided, &kind)
}

/// The quotients in 128 bits, if all of them fit.
fn narrow(left: &ArrayRef, right: &ArrayRef, shift: u32) -> Option<Decimal128Array> {
    let unit = 10_i128.checked_pow(shift)?;
    let (left, right) = (
        left.as_primitive::<Decimal128Type>(),
        right.as_primitive::<Decimal128Type>(),
    );
    let one = |a: i128, b: i128| {
        if b == 0 {
            return Some(None);
        }
        let a = a.checked_mul(unit)?;
        let (whole, rest) = (a / b, (a % b).unsigned_abs());
        let up = rest >= b.unsigned_abs() - rest;
        let away = if (a < 0) == (b < 0) { 1 } else { -1 };
        Some(Some(if up { whole + away } else { whole }))
    };
    let pairs = left.iter().zip(right);
    pairs
        .map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => one(a, b),
            _ => Some(None),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(values: Vec<i128>, precision: u8, scale: i8) -> ArrayRef {
        let array = Decimal128Array::from(values);
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    }

    #[test]
    fn the_last_digit_is_rounded_away_from_zero() {
        let left = decimals(vec![2, -2, 1, 5, 1], 20, 0);
        let right = decimals(vec![3, 3, 3, -8, 0], 20, 0);
        let divided = divide(&left, &right).unwrap();
        let divided = divided.as_primitive::<Decimal128Type>();
        let read: Vec<Option<i128>> = divided.iter().collect();
        assert_eq!(
            read,
            [Some(6667), Some(-6667), Some(3333), Some(-6250), None]
        );
    }

    #[test]
    fn long_decimals_are_divided_in_more_bits() {
        let left = decimals(vec![10_i128.pow(37)], 38, 0);
        let right = decimals(vec![3_000_000], 38, 6);
        let divided = divide(&left, &right).unwrap();
        assert_eq!(*divided.data_type(), DataType::Decimal256(48, 4));
        let first = divided.as_primitive::<Decimal256Type>().value(0);
        let wanted = "3".repeat(41);
        assert_eq!(first, i256::from_string(&wanted).unwrap());
    }
}
