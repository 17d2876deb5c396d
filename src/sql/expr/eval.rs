//! The value of an expression, with MySQL's three-valued logic.

use std::cmp::Ordering;

use crate::code::{Code, Failure};
use crate::sql::expr::functions;
use crate::sql::expr::value::{Number, Value};
use crate::sql::expr::{Expr, Op, Scope};
use crate::sql::like::like;

/// Where an expression finds what it names.
pub trait Names {
    /// A column, or a bare word.
    fn column(&self, name: &str) -> Result<Value, Failure> {
        let message = format!("Unknown column '{name}'");
        Err(Failure::new(Code::BAD_FIELD, message))
    }

    /// A system variable.
    fn system(&self, _scope: Option<Scope>, name: &str) -> Result<Value, Failure> {
        let message = format!("@@{name} can't be read here");
        Err(Failure::new(Code::NOT_SUPPORTED, message))
    }

    /// A user variable; NULL when it was never set.
    fn user(&self, _name: &str) -> Value {
        Value::NULL
    }

    /// A function that depends on the connection (`DATABASE()`); `None` when it is none of them.
    fn function(&self, _name: &str) -> Option<Value> {
        None
    }
}

/// The value of `expr`.
pub fn eval(expr: &Expr, names: &impl Names) -> Result<Value, Failure> {
    let value = |e: &Expr| eval(e, names);
    Ok(match expr {
        Expr::Null => Value::NULL,
        Expr::Bool(b) => Value::truth(Some(*b)),
        Expr::Number(digits) => number(digits),
        Expr::Text(text) => Value::text(text.clone()),
        Expr::Name(name) => names.column(name)?,
        Expr::System(scope, name) => names.system(*scope, name)?,
        Expr::User(name) => names.user(name),
        Expr::Not(of) => Value::truth(value(of)?.is_true().map(|t| !t)),
        Expr::Negative(of) => negative(&value(of)?),
        Expr::All(of) => Value::truth(fold(of, false, names)?),
        Expr::Any(of) => Value::truth(fold(of, true, names)?),
        Expr::Binary(left, op, right) => binary(&value(left)?, *op, &value(right)?),
        Expr::Like(of, negated, pattern) => {
            let (of, pattern) = (value(of)?, value(pattern)?);
            let fits = of.shown.zip(pattern.shown).map(|(t, p)| like(&p, &t));
            Value::truth(fits.map(|fits| fits != *negated))
        }
        Expr::In(of, negated, list) => {
            let of = value(of)?;
            let mut found = Some(false);
            for item in list {
                found = or(found, equal(&of, &value(item)?));
            }
            Value::truth(found.map(|found| found != *negated))
        }
        Expr::Between(of, negated, bounds) => {
            let (of, low, high) = (value(of)?, value(&bounds[0])?, value(&bounds[1])?);
            let above = of.compare(&low).map(|o| o != Ordering::Less);
            let below = of.compare(&high).map(|o| o != Ordering::Greater);
            let inside = or(above.map(|b| !b), below.map(|b| !b)).map(|outside| !outside);
            Value::truth(inside.map(|inside| inside != *negated))
        }
        Expr::Is(of, negated, truth) => {
            let of = value(of)?;
            let is = match truth {
                None => of.is_null(),
                Some(wanted) => of.is_true() == Some(*wanted),
            };
            Value::truth(Some(is != *negated))
        }
        Expr::Call(name, of) if of.is_empty() => match names.function(name) {
            Some(value) => value,
            None => functions::call(name, &[])?,
        },
        Expr::Call(name, of) => {
            let arguments = of.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            functions::call(name, &arguments)?
        }
    })
}

/// AND (`decides` false) or OR (`decides` true).
fn fold(of: &[Expr], decides: bool, names: &impl Names) -> Result<Option<bool>, Failure> {
    let mut unknown = false;
    for item in of {
        match eval(item, names)?.is_true() {
            Some(truth) if truth == decides => return Ok(Some(decides)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    Ok(if unknown { None } else { Some(!decides) })
}

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn equal(a: &Value, b: &Value) -> Option<bool> {
    a.compare(b).map(|o| o == Ordering::Equal)
}

fn number(digits: &str) -> Value {
    match Number::read(digits) {
        Some(Number::Int(n)) => Value::int(n),
        Some(Number::Double(x)) => Value::double(x),
        None => Value::text(digits.to_owned()),
    }
}

fn negative(value: &Value) -> Value {
    match value.number() {
        Some(Number::Int(n)) => n
            .checked_neg()
            .map_or(Value::double(-(n as f64)), Value::int),
        Some(Number::Double(x)) => Value::double(-x),
        None if value.is_null() => Value::NULL,
        None => Value::int(0),
    }
}

fn binary(left: &Value, op: Op, right: &Value) -> Value {
    let order = left.compare(right);
    let holds = |test: fn(Ordering) -> bool| Value::truth(order.map(test));
    match op {
        Op::Eq => holds(Ordering::is_eq),
        Op::Ne => holds(Ordering::is_ne),
        Op::Lt => holds(Ordering::is_lt),
        Op::Le => holds(Ordering::is_le),
        Op::Gt => holds(Ordering::is_gt),
        Op::Ge => holds(Ordering::is_ge),
        Op::NullSafeEq => Value::truth(Some(match order {
            Some(order) => order.is_eq(),
            None => left.is_null() && right.is_null(),
        })),
        _ if left.is_null() || right.is_null() => Value::NULL,
        _ => arithmetic(left, op, right),
    }
}

/// Texts that are no number count as 0 (MySQL); a division by zero is NULL.
fn arithmetic(left: &Value, op: Op, right: &Value) -> Value {
    let zero = Number::Int(0);
    let (a, b) = (
        left.number().unwrap_or(zero),
        right.number().unwrap_or(zero),
    );
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let exact = match op {
            Op::Add => a.checked_add(b),
            Op::Sub => a.checked_sub(b),
            Op::Mul => a.checked_mul(b),
            Op::Mod if b != 0 => a.checked_rem(b),
            Op::IntDiv if b != 0 => a.checked_div(b),
            _ => None,
        };
        if let Some(n) = exact {
            return Value::int(n);
        }
    }
    let (a, b) = (a.as_f64(), b.as_f64());
    match op {
        Op::Add => Value::double(a + b),
        Op::Sub => Value::double(a - b),
        Op::Mul => Value::double(a * b),
        _ if b == 0.0 => Value::NULL,
        Op::Mod => Value::double(a % b),
        Op::IntDiv => Value::double((a / b).trunc()),
        _ => Value::double(a / b),
    }
}
