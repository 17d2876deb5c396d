//! ROUND, TRUNCATE, CEIL and FLOOR: the kind of the result says how many digits it has, as in MariaDB.
//!
//! A whole number stays one. A decimal has as many digits behind the point as are asked for by a constant, and those of its column
//! where they are asked for by a value. A DOUBLE that lies in the middle goes to the even side. A text is the number that it
//! begins with.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, AsArray, Float64Array, Int64Array, PrimitiveArray,
    new_null_array,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Decimal256Type, DecimalType, Field, FieldRef,
};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::arguments::doubles;
use crate::system::functions::integers;
use crate::system::kinds::strictly;

/// Digits that a decimal can have behind the point (MariaDB).
const SCALE_MAX: i64 = 38;
/// Digits of a whole number that surely fit in BIGINT (MariaDB counts so).
const WHOLE_DIGITS: u8 = 17;

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Nearest,
    Zero,
    Up,
    Down,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Rounding {
    name: &'static str,
    way: Way,
    signature: Signature,
}

/// All of them.
pub fn all() -> impl Iterator<Item = ScalarUDF> {
    [
        ("round", Way::Nearest),
        ("truncate", Way::Zero),
        ("trunc", Way::Zero),
        ("ceil", Way::Up),
        ("ceiling", Way::Up),
        ("floor", Way::Down),
    ]
    .into_iter()
    .map(|(name, way)| {
        ScalarUDF::new_from_impl(Rounding {
            name,
            way,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    })
}

/// The type as which a value is rounded.
fn number(given: &DataType) -> DataType {
    match given {
        t if t.is_integer() || *t == DataType::Boolean => match t {
            DataType::UInt64 => DataType::Decimal128(20, 0),
            _ => DataType::Int64,
        },
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => DataType::Decimal128(*p, *s),
        DataType::Decimal128(..) | DataType::Decimal256(..) => given.clone(),
        _ => DataType::Float64,
    }
}

fn decimal(precision: u8, scale: i8) -> DataType {
    match precision <= 38 {
        true => DataType::Decimal128(precision.max(1), scale),
        false => DataType::Decimal256(precision.min(76), scale),
    }
}

impl Rounding {
    /// The type of the result of a value of type `of`, with so many digits: `None` where they are no constant.
    fn result(&self, of: &DataType, digits: Option<i64>) -> DataType {
        let (precision, scale) = match number(of) {
            DataType::Int64 if self.way == Way::Nearest && digits.is_some_and(|d| d < 0) => {
                return match of {
                    DataType::Int64 => DataType::Decimal128(20, 0),
                    _ => DataType::Int64,
                };
            }
            DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => (p, s),
            other => return other,
        };
        let whole = precision.saturating_sub(scale.unsigned_abs());
        match (self.way, digits) {
            (Way::Up | Way::Down, _) if scale == 0 && precision == 20 => decimal(20, 0),
            (Way::Up | Way::Down, _) if whole < WHOLE_DIGITS => DataType::Int64,
            (Way::Up | Way::Down, _) => decimal(whole.saturating_add(1), 0),
            (_, Some(digits)) => {
                let scale = i8::try_from(digits.clamp(0, SCALE_MAX)).unwrap_or(0);
                decimal(whole.saturating_add(1 + scale.unsigned_abs()), scale)
            }
            (_, None) => decimal(precision.saturating_add(1), scale),
        }
    }
}

impl ScalarUDFImpl for Rounding {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let most = match self.way {
            Way::Nearest | Way::Zero => 2,
            Way::Up | Way::Down => 1,
        };
        if (1..=most).contains(&given.len()) {
            return Ok(given.to_vec());
        }
        Err(wrap(Failure::new(
            Code::WRONG_PARAMCOUNT,
            format!(
                "incorrect parameter count in the call to function {}",
                self.name
            ),
        )))
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let digits = (given.len() < 2).then_some(0);
        Ok(self.result(given.first().unwrap_or(&DataType::Null), digits))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let digits = match args.scalar_arguments.get(1) {
            None => Some(0),
            Some(Some(constant)) => integers::signed(&constant.to_array()?)?
                .iter()
                .next()
                .flatten(),
            Some(None) => None,
        };
        let of = args.arg_fields.first().map(|field| field.data_type());
        let kind = self.result(of.unwrap_or(&DataType::Null), digits);
        Ok(Arc::new(Field::new(self.name, kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let constant = args.args.iter().all(constant);
        let rows = if constant { 1 } else { args.number_rows };
        let kind = args.return_field.data_type();
        let mut arrays = args.args.into_iter().map(|arg| arg.into_array(rows));
        let values = arrays.next().transpose()?;
        let values = values.unwrap_or_else(|| new_null_array(&DataType::Null, rows));
        let digits = match arrays.next().transpose()? {
            Some(digits) => integers::signed(&digits)?,
            None => Int64Array::from(vec![0; rows]),
        };
        let rounded = strictly(&self.rounded(&values, &digits, kind)?, kind)?;
        match constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &rounded, 0,
            )?)),
            false => Ok(ColumnarValue::Array(rounded)),
        }
    }
}

impl Rounding {
    /// The values, rounded; of a decimal in the type of the result, if that is a decimal.
    fn rounded(&self, values: &ArrayRef, digits: &Int64Array, kind: &DataType) -> Result<ArrayRef> {
        let of = values.data_type();
        match number(of) {
            DataType::Int64 | DataType::Null => {
                let whole: ArrayRef = Arc::new(integers::signed(values)?);
                if matches!(self.way, Way::Up | Way::Down) {
                    return Ok(whole);
                }
                let wide = strictly(&whole, &DataType::Decimal128(38, 0))?;
                Ok(self.decimals::<Decimal128Type>(&wide, 0, digits, 0))
            }
            DataType::Decimal128(_, scale) => {
                let wide = strictly(values, &DataType::Decimal256(76, scale))?;
                let to = scale_of(kind);
                Ok(self.decimals::<Decimal256Type>(&wide, scale, digits, to))
            }
            DataType::Decimal256(_, scale) => {
                let to = scale_of(kind);
                Ok(self.decimals::<Decimal256Type>(values, scale, digits, to))
            }
            _ => Ok(Arc::new(self.doubles(&doubles(values)?, digits))),
        }
    }

    fn doubles(&self, values: &Float64Array, digits: &Int64Array) -> Float64Array {
        let pairs = values.iter().zip(digits.iter());
        pairs
            .map(|(x, digits)| Some(self.double(x?, digits?)))
            .collect()
    }

    fn double(&self, x: f64, digits: i64) -> f64 {
        let to_whole = |x: f64| match self.way {
            Way::Nearest => x.round_ties_even(),
            Way::Zero => x.trunc(),
            Way::Up => x.ceil(),
            Way::Down => x.floor(),
        };
        let power = 10_f64.powi(i32::try_from(digits.unsigned_abs()).unwrap_or(400).min(400));
        let rounded = match digits {
            ..=-1 if power.is_infinite() => 0.0,
            ..=-1 => to_whole(x / power) * power,
            _ => to_whole(x * power) / power,
        };
        if rounded.is_finite() { rounded } else { x }
    }

    /// Decimals with `from` digits behind the point, as ones with `to`.
    fn decimals<T>(&self, values: &ArrayRef, from: i8, digits: &Int64Array, to: i8) -> ArrayRef
    where
        T: DecimalType + ArrowPrimitiveType,
        T::Native: ArrowNativeTypeOp + From<i8>,
    {
        let values: &PrimitiveArray<T> = values.as_primitive();
        let ten = T::Native::from(10);
        let power = |n: i64| u32::try_from(n).ok().and_then(|n| ten.pow_checked(n).ok());
        let one = |x: T::Native, digits: i64| {
            let zero = T::Native::from(0);
            let drop = i64::from(from) - digits;
            let kept = match (drop, power(drop)) {
                (..=0, _) => x,
                (_, None) => zero,
                (_, Some(unit)) => {
                    let rest = x.mod_wrapping(unit);
                    x.sub_wrapping(rest)
                        .add_wrapping(self.step(rest, unit, zero))
                }
            };
            let shift = i64::from(to) - i64::from(from);
            match shift {
                ..=-1 => Some(kept.div_wrapping(power(-shift)?)),
                _ => kept.mul_checked(power(shift)?).ok(),
            }
        };
        let pairs = values.iter().zip(digits.iter());
        let rounded: PrimitiveArray<T> = pairs.map(|(x, n)| one(x?, n?)).collect();
        let scaled = rounded
            .clone()
            .with_precision_and_scale(T::MAX_PRECISION, to);
        Arc::new(scaled.unwrap_or(rounded))
    }

    /// What is added for what was cut off.
    fn step<N: ArrowNativeTypeOp>(&self, rest: N, unit: N, zero: N) -> N {
        let negative = rest.is_lt(zero);
        let away = match self.way {
            Way::Zero => false,
            Way::Up => rest.is_gt(zero),
            Way::Down => negative,
            Way::Nearest => {
                let size = if negative { rest.neg_wrapping() } else { rest };
                size.is_ge(unit.sub_wrapping(size))
            }
        };
        match (away, negative) {
            (false, _) => zero,
            (true, false) => unit,
            (true, true) => unit.neg_wrapping(),
        }
    }
}

fn scale_of(kind: &DataType) -> i8 {
    match kind {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::i256;

    use super::*;

    #[test]
    fn what_is_in_the_middle_goes_away_from_zero_and_a_double_to_the_even_side() {
        let of = |way, name| Rounding {
            name,
            way,
            signature: Signature::user_defined(Volatility::Immutable),
        };
        let round = of(Way::Nearest, "round");
        assert_eq!(round.double(-2.5, 0), -2.0);
        assert_eq!(round.double(-0.25, 1), -0.2);
        assert_eq!(round.double(1234.0, -2), 1200.0);
        let step = |way, rest: i128| of(way, "x").step(rest, 100, 0);
        let i256s = round.step(i256::from(-50), i256::from(100), i256::from(0));
        assert_eq!(i256s, i256::from(-100));
        assert_eq!(step(Way::Nearest, 49), 0);
        assert_eq!(step(Way::Nearest, 50), 100);
        assert_eq!(step(Way::Zero, -99), 0);
        assert_eq!(step(Way::Up, 1), 100);
        assert_eq!(step(Way::Up, -1), 0);
        assert_eq!(step(Way::Down, -1), -100);
    }

    #[test]
    fn the_kind_has_the_digits_that_are_asked_for() {
        let kinds: Vec<ScalarUDF> = all().collect();
        let kind = |name: &str, of: DataType| {
            let function = kinds.iter().find(|f| f.name() == name).unwrap();
            function.inner().return_type(&[of]).unwrap()
        };
        let amount = DataType::Decimal128(12, 2);
        assert_eq!(kind("floor", amount.clone()), DataType::Int64);
        assert_eq!(kind("round", amount), DataType::Decimal128(11, 0));
        assert_eq!(kind("ceil", DataType::Boolean), DataType::Int64);
        let long = DataType::Decimal128(19, 1);
        assert_eq!(kind("ceil", long), DataType::Decimal128(19, 0));
    }
}
