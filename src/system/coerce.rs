//! Operators between values of different types, as MySQL has them: numbers compare with texts as numbers, dates with
//! texts as dates, truth values are 0 and 1, `/` keeps the fraction, and division by zero is NULL.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Between, Expr, ExprSchemable, cast, lit};
use sqlparser::ast::BinaryOperator;

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::arguments::leading_number;
use crate::system::functions::checked;
use crate::system::functions::format::parse_time;
use crate::system::functions::row_function::{days, named};
use crate::system::kinds::{is_number, is_temporal, is_text};

/// MySQL's operators.
#[derive(Debug)]
pub struct MySqlOperators;

impl ExprPlanner for MySqlOperators {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        // A column that is not there is told better by whoever looks it up.
        let (Ok(l), Ok(r)) = (left.get_type(schema), right.get_type(schema)) else {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
        };
        let (left, right) = match &op {
            BinaryOperator::And | BinaryOperator::Or => (truth(left, &l), truth(right, &r)),
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
            | BinaryOperator::Spaceship => comparable(left, &l, right, &r)?,
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::MyIntegerDivide => {
                return Ok(arithmetic(op, number(left, &l), number(right, &r), schema));
            }
            _ => (left, right),
        };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }
}

/// A truth value of what is a number or a text.
fn truth(expr: Expr, t: &DataType) -> Expr {
    match t {
        DataType::Boolean | DataType::Null => expr,
        t if is_text(t) => number(expr, t).not_eq(lit(0_i64)),
        _ => expr.not_eq(lit(0_i64)),
    }
}

/// A number of what is a text or a truth value.
fn number(expr: Expr, t: &DataType) -> Expr {
    match (t, expr) {
        (DataType::Boolean, expr) => cast(expr, DataType::Int64),
        (t, Expr::Literal(ScalarValue::Utf8(Some(text)), _)) if is_text(t) => number_literal(&text),
        (t, expr) if is_text(t) => to_double(expr),
        (_, expr) => expr,
    }
}

fn number_literal(text: &str) -> Expr {
    match text.trim().parse::<i64>() {
        Ok(n) => lit(n),
        Err(_) => lit(leading_number(text)),
    }
}

/// The number that a text begins with.
fn to_double(expr: Expr) -> Expr {
    match named("cast_double") {
        Some(function) => function.call(vec![expr]),
        None => cast(expr, DataType::Float64),
    }
}

fn comparable(left: Expr, l: &DataType, right: Expr, r: &DataType) -> Result<(Expr, Expr)> {
    let numeric = is_number;
    if numeric(l) && numeric(r) && l != r {
        return Ok((boolean_number(left, l), boolean_number(right, r)));
    }
    if numeric(l) && is_text(r) {
        return Ok((boolean_number(left, l), number(right, r)));
    }
    if is_text(l) && numeric(r) {
        return Ok((number(left, l), boolean_number(right, r)));
    }
    if is_temporal(l) && is_text(r) {
        let right = moment(right, l)?;
        return Ok((left, right));
    }
    if is_text(l) && is_temporal(r) {
        let left = moment(left, r)?;
        return Ok((left, right));
    }
    Ok((left, right))
}

/// `x IN (..)`: texts, numbers and dates of the list are each compared with `x` as MySQL compares two values.
///
/// # Errors
/// A text is no date.
pub fn in_list(list: InList, schema: &DFSchema) -> Result<Expr> {
    let of = list.expr.get_type(schema)?;
    let mut groups: Vec<(Expr, Vec<Expr>)> = Vec::new();
    for item in list.list {
        let t = item.get_type(schema)?;
        let (left, right) = match t {
            DataType::Null => ((*list.expr).clone(), item),
            _ => comparable((*list.expr).clone(), &of, item, &t)?,
        };
        // Whole numbers and decimals are compared exactly, whatever else is in the list.
        let float = |e: &Expr| Ok::<_, DataFusionError>(e.get_type(schema)?.is_floating());
        let inexact = float(&right)?;
        let mut found = None;
        for (at, (known, items)) in groups.iter().enumerate() {
            if *known == left
                && (t.is_null() || items.first().map(float).transpose()? == Some(inexact))
            {
                found = Some(at);
            }
        }
        match found.and_then(|at| groups.get_mut(at)) {
            Some((_, items)) => items.push(right),
            None => groups.push((left, vec![right])),
        }
    }
    let negated = list.negated;
    let lists = groups
        .into_iter()
        .map(|(left, items)| Expr::InList(InList::new(Box::new(left), items, negated)));
    let joined = lists.reduce(|a, b| if negated { a.and(b) } else { a.or(b) });
    Ok(joined.unwrap_or_else(|| lit(negated)))
}

/// `x BETWEEN low AND high`, each side compared as MySQL compares two values.
///
/// # Errors
/// A text is no date.
pub fn between(between: Between, schema: &DFSchema) -> Result<Expr> {
    let side = |e: &Expr| e.get_type(schema);
    let (of, low, high) = (
        side(&between.expr)?,
        side(&between.low)?,
        side(&between.high)?,
    );
    let alike = |t: &DataType| *t == of || t.is_null() || (t.is_numeric() && of.is_numeric());
    if alike(&low) && alike(&high) {
        return Ok(Expr::Between(between));
    }
    let (first, low) = comparable((*between.expr).clone(), &of, *between.low, &low)?;
    let (second, high) = comparable(*between.expr, &of, *between.high, &high)?;
    Ok(match between.negated {
        false => first.gt_eq(low).and(second.lt_eq(high)),
        true => first.lt(low).or(second.gt(high)),
    })
}

fn boolean_number(expr: Expr, t: &DataType) -> Expr {
    match t {
        DataType::Boolean => cast(expr, DataType::Int64),
        _ => expr,
    }
}

/// A constant text as the date or time that it is compared with.
fn moment(expr: Expr, other: &DataType) -> Result<Expr> {
    if matches!(other, DataType::Duration(_)) {
        return Ok(match named("time") {
            Some(function) => function.call(vec![expr]),
            None => expr,
        });
    }
    let dates = matches!(other, DataType::Date32 | DataType::Timestamp(_, None));
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &expr else {
        return Ok(match named("cast_datetime") {
            Some(function) if dates => function.call(vec![expr]),
            _ => expr,
        });
    };
    if !dates {
        return Ok(expr);
    }
    let Some(at) = parse_time(text) else {
        let kind = if *other == DataType::Date32 {
            "DATE"
        } else {
            "DATETIME"
        };
        return Err(wrap(Failure::new(
            Code::BAD_VALUE,
            format!("incorrect {kind} value: '{text}'"),
        )));
    };
    let midnight = at.time() == chrono::NaiveTime::MIN;
    Ok(if *other == DataType::Date32 && midnight {
        Expr::Literal(ScalarValue::Date32(Some(days(at.date()))), None)
    } else {
        Expr::Literal(
            ScalarValue::TimestampMicrosecond(Some(at.and_utc().timestamp_micros()), None),
            None,
        )
    })
}

fn arithmetic(
    op: BinaryOperator,
    left: Expr,
    right: Expr,
    schema: &DFSchema,
) -> PlannerResult<RawBinaryExpr> {
    let types = (left.get_type(schema), right.get_type(schema));
    let (l, r) = match types {
        (Ok(l), Ok(r)) => (plain(&l), plain(&r)),
        _ => return PlannerResult::Original(RawBinaryExpr { op, left, right }),
    };
    if let Some(checked) = checked_op(&op)
        && l == Plain::Integer
        && r == Plain::Integer
        && one_sign(&left, &right, schema)
    {
        return PlannerResult::Planned(checked::binary(checked, left, right));
    }
    match op {
        BinaryOperator::Divide if l == Plain::Integer && r != Plain::Float => {
            let right = if r == Plain::Integer {
                cast(right, DataType::Decimal128(20, 0))
            } else {
                right
            };
            PlannerResult::Original(RawBinaryExpr {
                op,
                left: cast(left, DataType::Decimal128(20, 0)),
                right: or_null(right),
            })
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

/// The type of DATETIME columns.
pub fn datetime() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}
