//! `+`, `-`, `*`, `/`, `%` and DIV between numbers.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::planner::{PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, cast, lit};
use sqlparser::ast::BinaryOperator;

use crate::system::functions::checked;
use crate::system::functions::divided::divided;

/// `left op right` of what are numbers, or NULL.
pub(super) fn arithmetic(
    op: BinaryOperator,
    left: Expr,
    right: Expr,
    schema: &DFSchema,
) -> PlannerResult<RawBinaryExpr> {
    let types = (left.get_type(schema), right.get_type(schema));
    let (Ok(of_left), Ok(of_right)) = types else {
        return PlannerResult::Original(RawBinaryExpr { op, left, right });
    };
    let (l, r) = (plain(&of_left), plain(&of_right));
    if let Some(checked) = checked_op(&op)
        && l == Plain::Integer
        && r == Plain::Integer
        && one_sign(&left, &right, schema)
    {
        return PlannerResult::Planned(checked::binary(checked, left, right));
    }
    match op {
        BinaryOperator::Divide
            if matches!(l, Plain::Integer | Plain::Decimal)
                && matches!(r, Plain::Integer | Plain::Decimal) =>
        {
            PlannerResult::Planned(divided(left, &of_left, right, &of_right))
        }
        BinaryOperator::Divide | BinaryOperator::Modulo if r != Plain::Other => {
            PlannerResult::Original(RawBinaryExpr {
                op,
                left,
                right: or_null(right),
            })
        }
        BinaryOperator::MyIntegerDivide if l == Plain::Integer && r == Plain::Integer => {
            PlannerResult::Planned(left / or_null(right))
        }
        BinaryOperator::MyIntegerDivide => {
            let quotient = cast(left, DataType::Float64) / or_null(cast(right, DataType::Float64));
            PlannerResult::Planned(cast(
                datafusion::functions::math::expr_fn::trunc(vec![quotient]),
                DataType::Int64,
            ))
        }
        op => PlannerResult::Original(RawBinaryExpr { op, left, right }),
    }
}

fn checked_op(op: &BinaryOperator) -> Option<checked::Op> {
    match op {
        BinaryOperator::Plus => Some(checked::Op::Plus),
        BinaryOperator::Minus => Some(checked::Op::Minus),
        BinaryOperator::Multiply => Some(checked::Op::Times),
        _ => None,
    }
}

/// Whether both are signed, or both are not, so that one type of 64 bits takes them.
fn one_sign(left: &Expr, right: &Expr, schema: &DFSchema) -> bool {
    let unsigned = |e: &Expr| {
        let t = e.get_type(schema).ok().filter(|t| *t != DataType::Null)?;
        Some(matches!(t, DataType::UInt64))
    };
    match (unsigned(left), unsigned(right)) {
        (Some(l), Some(r)) => l == r,
        _ => true,
    }
}

/// What kind of number a type holds.
#[derive(PartialEq, Clone, Copy)]
enum Plain {
    Integer,
    Decimal,
    Float,
    Other,
}

fn plain(t: &DataType) -> Plain {
    match t {
        t if t.is_integer() => Plain::Integer,
        t if t.is_floating() => Plain::Float,
        t if t.is_numeric() => Plain::Decimal,
        DataType::Null => Plain::Integer,
        _ => Plain::Other,
    }
}

/// A divisor that is never zero: NULL instead.
fn or_null(divisor: Expr) -> Expr {
    match &divisor {
        Expr::Literal(value, _) if !value.is_null() && !is_zero(value) => divisor,
        _ => nullif(divisor, lit(0_i64)),
    }
}

fn is_zero(value: &ScalarValue) -> bool {
    ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| zero == *value)
}
