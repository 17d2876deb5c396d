//! Operators between values of different types, as MySQL has them: numbers compare with texts as numbers, dates with
//! texts as dates, truth values are 0 and 1, `/` keeps the fraction, and division by zero is NULL.

mod arithmetic;

use arrow::datatypes::{DataType, TimeUnit};
use chrono::NaiveDateTime;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Between, Expr, ExprSchemable, cast, lit};
use sqlparser::ast::BinaryOperator;

use crate::code::{Code, Failure};
use crate::system::coerce::arithmetic::arithmetic;
use crate::system::error::wrap;
use crate::system::functions::arguments::leading_number;
use crate::system::functions::format::parse_time;
use crate::system::functions::moment_numbers;
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
                return Ok(arithmetic(
                    op,
                    operand(left, &l),
                    operand(right, &r),
                    schema,
                ));
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
        (t, expr) if is_text(t) || matches!(t, DataType::Binary) => to_double(expr),
        (t, expr) if is_temporal(t) => moment_number(expr),
        (_, expr) => expr,
    }
}

/// What is computed with: a text is a DOUBLE, whatever is in it, and `0x41` is 65.
fn operand(expr: Expr, t: &DataType) -> Expr {
    match (t, expr) {
        (t, Expr::Literal(ScalarValue::Utf8(Some(text)), _)) if is_text(t) => {
            lit(leading_number(&text))
        }
        (_, Expr::Literal(ScalarValue::Binary(Some(bytes)), _)) if bytes.len() <= 8 => {
            let number = bytes
                .iter()
                .fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
            i64::try_from(number).map_or_else(|_| lit(number), lit)
        }
        (_, expr) => number(expr, t),
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

/// The number that a date or time is written as.
fn moment_number(expr: Expr) -> Expr {
    moment_numbers::udf().call(vec![expr])
}

fn comparable(left: Expr, l: &DataType, right: Expr, r: &DataType) -> Result<(Expr, Expr)> {
    let (left, right) = of_one_kind(left, l, right, r)?;
    Ok((one_zero(left, l), one_zero(right, r)))
}

/// 0 and -0 are one number to MySQL, and two to whoever compares doubles. A column keeps what was loaded, which has no -0.
fn one_zero(expr: Expr, t: &DataType) -> Expr {
    match expr {
        Expr::Literal(..) | Expr::Column(_) => expr,
        expr if t.is_floating() => expr + lit(0.0_f64),
        expr => expr,
    }
}

fn of_one_kind(left: Expr, l: &DataType, right: Expr, r: &DataType) -> Result<(Expr, Expr)> {
    let numeric = is_number;
    if numeric(l) && numeric(r) && l.is_floating() != r.is_floating() {
        let float = |expr: Expr, t: &DataType| match t.is_floating() {
            true => expr,
            false => cast(boolean_number(expr, t), DataType::Float64),
        };
        return Ok((float(left, l), float(right, r)));
    }
    if numeric(l) && numeric(r) && l != r {
        return Ok((boolean_number(left, l), boolean_number(right, r)));
    }
    if numeric(l) && is_text(r) {
        return Ok((boolean_number(left, l), number(right, r)));
    }
    if is_text(l) && numeric(r) {
        return Ok((number(left, l), boolean_number(right, r)));
    }
    if numeric(l) && *r == DataType::Binary {
        return Ok((boolean_number(left, l), number(right, r)));
    }
    if *l == DataType::Binary && numeric(r) {
        return Ok((number(left, l), boolean_number(right, r)));
    }
    let moment_or_day = |t: &DataType| matches!(t, DataType::Date32 | DataType::Timestamp(..));
    if moment_or_day(l) && moment_or_day(r) && l != r {
        return Ok((cast(left, datetime()), cast(right, datetime())));
    }
    if is_temporal(l) && is_text(r) {
        let right = moment(right, l)?;
        return Ok((beside(left, l, &right), right));
    }
    if is_text(l) && is_temporal(r) {
        let left = moment(left, r)?;
        let right = beside(right, r, &left);
        return Ok((left, right));
    }
    if is_temporal(l) && numeric(r) {
        return Ok(moment_of_digits(left, l, boolean_number(right, r)));
    }
    if numeric(l) && is_temporal(r) {
        let (right, left) = moment_of_digits(right, r, boolean_number(left, l));
        return Ok((left, right));
    }
    Ok((left, right))
}

/// A date or time as it is compared with `moment`: a DATE beside what is more than a day is one, too, in microseconds. The nanoseconds
/// that they would be compared in else end in 2262.
fn beside(expr: Expr, of: &DataType, moment: &Expr) -> Expr {
    match (of, moment) {
        (DataType::Date32, Expr::Literal(ScalarValue::Date32(_), _)) => expr,
        (DataType::Date32, _) => cast(expr, datetime()),
        _ => expr,
    }
}

/// A moment and the number that it is compared with: a constant such as 20240131 is the moment that its digits say.
fn moment_of_digits(at: Expr, of: &DataType, number: Expr) -> (Expr, Expr) {
    if let (DataType::Date32 | DataType::Timestamp(..), Expr::Literal(value, _)) = (of, &number)
        && let Some(moment) = parse_time(&value.to_string())
    {
        let moment = moment_literal(moment, of);
        return (beside(at, of, &moment), moment);
    }
    (moment_number(at), number)
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
    let exact = |t: &DataType| t.is_numeric() && !t.is_floating();
    let alike = |t: &DataType| *t == of || t.is_null() || (exact(t) && exact(&of));
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
        return Ok(match named("span_or_zero") {
            Some(function) => function.call(vec![expr.clone(), expr]),
            None => expr,
        });
    }
    let dates = matches!(other, DataType::Date32 | DataType::Timestamp(_, None));
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &expr else {
        return Ok(match named("moment_or_zero") {
            Some(function) if dates => function.call(vec![expr.clone(), expr]),
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
    Ok(moment_literal(at, other))
}

/// A constant; a day beside a DATE, if it is midnight.
fn moment_literal(at: NaiveDateTime, other: &DataType) -> Expr {
    let midnight = at.time() == chrono::NaiveTime::MIN;
    if *other == DataType::Date32 && midnight {
        Expr::Literal(ScalarValue::Date32(Some(days(at.date()))), None)
    } else {
        Expr::Literal(
            ScalarValue::TimestampMicrosecond(Some(at.and_utc().timestamp_micros()), None),
            None,
        )
    }
}

/// The type of DATETIME columns.
pub fn datetime() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}
