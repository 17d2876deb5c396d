//! `+`, `-`, `*` and the sign of whole numbers: BIGINT, as in MySQL, and an error where the result does not fit.
//!
//! DataFusion's operators wrap around. Decimals do not pass here: Arrow checks them, and sums of BIGINT and BIGINT UNSIGNED are
//! decimals already.

use std::sync::Arc;

use arrow::array::{ArrayRef, Datum};
use arrow::compute::kernels::numeric;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;

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

    fn operands(self) -> usize {
        if self == Op::Negated { 1 } else { 2 }
    }

    fn compute(self, args: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
        let pair = |of: fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>| match args {
            [left, right] => of(left, right),
            _ => Err(ArrowError::ComputeError("two operands".to_owned())),
        };
        match (self, args) {
            (Op::Plus, _) => pair(numeric::add),
            (Op::Minus, _) => pair(numeric::sub),
            (Op::Times, _) => pair(numeric::mul),
            (Op::Negated, [one]) => numeric::neg(one.as_ref()),
            (Op::Negated, _) => Err(ArrowError::ComputeError("one operand".to_owned())),
        }
    }
}

/// `left op right` of whole numbers.
pub fn binary(op: Op, left: Expr, right: Expr) -> Expr {
    function(op).call(vec![left, right])
}

/// The operator as a function of its operands.
pub fn function(op: Op) -> ScalarUDF {
    ScalarUDF::new_from_impl(Checked {
        op,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    op: Op,
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
        match self.op {
            Op::Plus => "checked_plus",
            Op::Minus => "checked_minus",
            Op::Times => "checked_times",
            Op::Negated => NEGATED,
        }
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args
            .iter()
            .map(|arg| arg.schema_name().to_string())
            .collect();
        let sign = self.op.sign();
        Ok(match names.as_slice() {
            [one] => format!("(- {one})"),
            _ => names.join(&format!(" {sign} ")),
        })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() != self.op.operands() {
            return Err(wrap(Failure::new(
                Code::WRONG_PARAMCOUNT,
                format!(
                    "incorrect parameter count in the call to function {}",
                    self.name()
                ),
            )));
        }
        let into = match (self.op, given) {
            (Op::Negated, [DataType::UInt64]) => DataType::Decimal128(20, 0),
            (Op::Negated, [t]) if t.is_floating() || t.is_decimal() => t.clone(),
            (Op::Negated, [t]) if !t.is_integer() && *t != DataType::Null => match t {
                DataType::Boolean => DataType::Int64,
                _ => DataType::Float64,
            },
            (Op::Negated, _) => DataType::Int64,
            _ => whole(given),
        };
        Ok(vec![into; given.len()])
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(args.first().cloned().unwrap_or(DataType::Int64))
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
        let computed = self.op.compute(&arrays).map_err(|error| match error {
            ArrowError::ArithmeticOverflow(_) => out_of_range(self.op, unsigned),
            other => other.into(),
        })?;
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?)
        } else {
            ColumnarValue::Array(Arc::clone(&computed))
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
