//! `+`, `-`, `*` and the sign of whole numbers: BIGINT, as in MySQL, and an error where the result does not fit.
//!
//! DataFusion's operators wrap around. Decimals do not pass here: Arrow checks them, and sums of BIGINT and BIGINT UNSIGNED are
//! decimals already.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::arguments::doubles;

/// Name of the function that operators between whole numbers are.
const NAME: &str = "checked";
/// Name of the function that a minus before an expression is.
pub const NEGATED: &str = "negated";

/// An operator of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `a + b`
    Plus,
    /// `a - b`
    Minus,
    /// `a * b`
    Times,
    /// `-a`, of any number
    Negated,
}

impl Op {
    fn sign(self) -> &'static str {
        match self {
            Op::Plus => "+",
            Op::Minus | Op::Negated => "-",
            Op::Times => "*",
        }
    }

    fn of_two(self, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        match self {
            Op::Plus => numeric::add(left, right),
            Op::Times => numeric::mul(left, right),
            Op::Minus | Op::Negated => numeric::sub(left, right),
        }
    }
}

/// `left op right` of whole numbers. Where `left` is such a computation itself, it becomes longer and not deeper: DataFusion names
/// and types each level by going through all that is below it.
pub fn binary(op: Op, left: Expr, right: Expr) -> Expr {
    if let Expr::ScalarFunction(call) = &left
        && let Some(before) = call.func.inner().downcast_ref::<Checked>()
        && before.name == NAME
    {
        let (mut ops, mut operands) = (before.ops.clone(), call.args.clone());
        ops.push(op);
        operands.push(right);
        return function(NAME, ops).call(operands);
    }
    function(NAME, vec![op]).call(vec![left, right])
}

/// `-a`, of any number.
pub fn negated() -> ScalarUDF {
    function(NEGATED, vec![Op::Negated])
}

fn function(name: &'static str, ops: Vec<Op>) -> ScalarUDF {
    ScalarUDF::new_from_impl(Checked {
        name,
        ops,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

/// The operators between the operands, computed from the left.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    name: &'static str,
    ops: Vec<Op>,
    signature: Signature,
}

/// The type in which whole numbers are computed: BIGINT UNSIGNED where all of them are unsigned. Of two types of sign the planner
/// makes decimals.
fn whole(given: &[DataType]) -> DataType {
    let unsigned = |t: &DataType| t.is_unsigned_integer();
    if given.iter().all(unsigned) {
        DataType::UInt64
    } else {
        DataType::Int64
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let mut names = args.iter().map(|arg| arg.schema_name().to_string());
        let first = names.next().unwrap_or_default();
        if self.name == NEGATED {
            return Ok(format!("(- {first})"));
        }
        let mut whole = "(".repeat(self.ops.len().saturating_sub(1));
        whole.push_str(&first);
        for (at, (op, name)) in self.ops.iter().zip(names).enumerate() {
            if at > 0 {
                whole.push(')');
            }
            whole.push_str(&format!(" {} {name}", op.sign()));
        }
        Ok(whole)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let negated = self.name == NEGATED;
        if given.len() != self.ops.len() + usize::from(!negated) {
            return Err(wrap(Failure::new(
                Code::WRONG_PARAMCOUNT,
                format!(
                    "incorrect parameter count in the call to function {}",
                    self.name()
                ),
            )));
        }
        let into = match given {
            _ if !negated => whole(given),
            [DataType::UInt64] => DataType::Decimal128(20, 0),
            [t] if t.is_floating() || t.is_decimal() => t.clone(),
            [DataType::Boolean | DataType::Null] => DataType::Int64,
            // Read as a number when it is computed.
            [t] if !t.is_integer() => t.clone(),
            _ => DataType::Int64,
        };
        Ok(vec![into; given.len()])
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(match args.first() {
            Some(t) if t.is_numeric() => t.clone(),
            Some(_) => DataType::Float64,
            None => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(rows))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let unsigned = arrays.iter().all(|a| a.data_type().is_unsigned_integer());
        let overflow = |op: Op| {
            move |error: ArrowError| match error {
                ArrowError::ArithmeticOverflow(_) => out_of_range(op, unsigned),
                other => other.into(),
            }
        };
        let mut arrays = arrays.into_iter();
        let mut computed = arrays.next().ok_or_else(|| {
            wrap(Failure::new(
                Code::WRONG_PARAMCOUNT,
                "an operator without operands",
            ))
        })?;
        if self.name == NEGATED {
            if !computed.data_type().is_numeric() {
                // A text without a number is 0, not -0.
                let numbers = doubles(&computed)?.unary::<_, Float64Type>(|x| 0.0 - x);
                computed = Arc::new(numbers);
            } else {
                computed = numeric::neg(computed.as_ref()).map_err(overflow(Op::Negated))?;
            }
        }
        for (op, right) in self.ops.iter().zip(arrays) {
            computed = op.of_two(&computed, &right).map_err(overflow(*op))?;
        }
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?)
        } else {
            ColumnarValue::Array(computed)
        })
    }
}

fn out_of_range(op: Op, unsigned: bool) -> datafusion::common::DataFusionError {
    let kind = if unsigned {
        "BIGINT UNSIGNED"
    } else {
        "BIGINT"
    };
    wrap(Failure::new(
        Code::DATA_OUT_OF_RANGE,
        format!(
            "{kind} value is out of range: the result of '{}' does not fit; CAST an operand AS DECIMAL(38) to compute with more digits",
            op.sign()
        ),
    ))
}
