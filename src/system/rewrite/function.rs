//! One call: functions that are syntax in DataFusion, and arguments that are words.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, visit_expressions,
};

use crate::code::{Code, Failure};
use crate::system::functions::branches::CASE;
use crate::system::functions::joined::FIRST;
use crate::system::rewrite::expression::{is_boolean, nested, shifted, truth};
use crate::system::rewrite::{Rewriter, branches, build, group_concat, json, times};

impl Rewriter<'_> {
    /// Rewrites a call whose arguments are rewritten already.
    pub(super) fn function(&mut self, mut function: Function) -> Result<Expr, Failure> {
        let name = function.name.to_string().to_lowercase();
        if let Some(none) = aggregate(&mut function, &name)? {
            return Ok(bits_of(function, none));
        }
        if name == "group_concat" {
            return group_concat::rewrite(function);
        }
        let Some(args) = plain_args(&function) else {
            return Ok(Expr::Function(function));
        };
        let given = args.len();
        let wrong = |expected: usize| wrong_count(&name, expected, given);
        Ok(match name.as_str() {
            "if" => {
                let [mut condition, yes, no] = take(args).map_err(|()| wrong(3))?;
                truth(&mut condition);
                build::call(CASE, vec![condition, yes, no])
            }
            "nvl2" => nvl2(take(args).map_err(|()| wrong(3))?),
            "regexp_replace" | "regexp_instr" | "regexp_substr" => regexp(&name, args)?,
            "json_object" | "json_array" => json::made(&name, args)?,
            "char" => build::call("char_of", args),
            "insert" => build::call("insert_text", args),
            "nullif" => {
                let [value, other] = take(args).map_err(|()| wrong(2))?;
                branches::null_if(value, other)?
            }
            "isnull" => {
                let [value] = take(args).map_err(|()| wrong(1))?;
                nested(Expr::IsNull(Box::new(nested(value))))
            }
            "mod" => {
                let [left, right] = take(args).map_err(|()| wrong(2))?;
                nested(build::binary(
                    nested(left),
                    BinaryOperator::Modulo,
                    nested(right),
                ))
            }
            "date_add" | "adddate" | "date_sub" | "subdate" => match take::<2>(args) {
                Ok([date, amount]) => moved(&name, date, amount),
                // Rewritten before, by an operator: `date_add(date, n, 'unit')`.
                Err(()) => Expr::Function(function),
            },
            "timestampdiff" | "timestampadd" => {
                let [unit, first, second] = take(args).map_err(|()| wrong(3))?;
                let unit = match unit {
                    Expr::Identifier(word) => build::text(word.value),
                    other => other,
                };
                if name == "timestampdiff" {
                    build::call("timestampdiff", vec![unit, first, second])
                } else {
                    build::call("date_add", vec![second, first, unit])
                }
            }
            "unix_timestamp" | "from_unixtime" | "str_to_date" | "timestamp" => {
                times::function(self.sources, &name, args)?
            }
            _ => Expr::Function(function),
        })
    }
}

/// NVL2: by whether the first is NULL.
fn nvl2([value, there, missing]: [Expr; 3]) -> Expr {
    let there_is = Expr::IsNotNull(Box::new(nested(value)));
    build::call(CASE, vec![there_is, there, missing])
}

/// REGEXP_REPLACE of all places, REGEXP_INSTR and REGEXP_SUBSTR.
fn regexp(name: &str, args: Vec<Expr>) -> Result<Expr, Failure> {
    let given = args.len();
    let mut args: Vec<Expr> = args.into_iter().map(as_text).collect();
    Ok(match (name, given) {
        ("regexp_replace", 3) => {
            args.push(build::text("g"));
            build::call(name, args)
        }
        ("regexp_substr", _) => {
            let [text, pattern] = take(args).map_err(|()| wrong_count(name, 2, given))?;
            found(text, pattern)
        }
        ("regexp_instr", 2) => build::call(name, args),
        _ => {
            let expected = if name == "regexp_instr" { 2 } else { 3 };
            return Err(wrong_count(name, expected, given));
        }
    })
}

/// A value as MySQL prints it, where DataFusion would print it otherwise.
pub(super) fn as_text(value: Expr) -> Expr {
    match &value {
        Expr::Value(_) => value,
        _ => build::call("cast_char", vec![value]),
    }
}

/// REGEXP_SUBSTR: what is in the brackets of a pattern that always matches.
fn found(text: Expr, pattern: Expr) -> Expr {
    let [before, behind] = ["^(?s:.*?)(?:(", ")|$)"].map(build::text);
    let whole = build::call("concat", vec![before, pattern, behind]);
    let list = build::call("regexp_match", vec![as_text(text), whole]);
    build::call(FIRST, vec![list])
}

/// DATE_ADD and its kin: by an INTERVAL, or by days.
fn moved(name: &str, date: Expr, amount: Expr) -> Expr {
    let name = if name.contains("add") {
        "date_add"
    } else {
        "date_sub"
    };
    match amount {
        Expr::Interval(interval) => shifted(name, date, interval),
        days => build::call(name, vec![date, days, build::text("DAY")]),
    }
}

/// The arguments of a call that has nothing but arguments.
pub(super) fn plain_args(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let plain = list.duplicate_treatment.is_none()
        && list.clauses.is_empty()
        && function.over.is_none()
        && function.filter.is_none();
    if !plain {
        return None;
    }
    list.args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}

pub(super) fn take<const N: usize>(args: Vec<Expr>) -> Result<[Expr; N], ()> {
    args.try_into().map_err(|_| ())
}

pub(super) fn wrong_count(name: &str, expected: usize, given: usize) -> Failure {
    Failure::new(
        Code::WRONG_PARAMCOUNT,
        format!("function {name} takes {expected} arguments, not {given}"),
    )
}

/// Makes the arguments of an aggregate what it takes. Of an aggregate of bits, what it is where there is no value.
fn aggregate(function: &mut Function, name: &str) -> Result<Option<u64>, Failure> {
    refuse_subqueries(function)?;
    match name {
        "sum" | "avg" => numbers_of_truths(function),
        "std" | "stddev" | "stddev_pop" | "stddev_samp" | "variance" | "var_pop" | "var_samp" => {
            each_argument(function, |value| build::call("cast_double", vec![value]));
        }
        _ => {}
    }
    Ok(bits_of_nothing(name))
}

/// What an aggregate of bits is where there is no value.
fn bits_of_nothing(name: &str) -> Option<u64> {
    match name {
        "bit_and" => Some(u64::MAX),
        "bit_or" | "bit_xor" => Some(0),
        _ => None,
    }
}

/// Puts something around each argument.
fn each_argument(function: &mut Function, around: fn(Expr) -> Expr) {
    if let FunctionArguments::List(list) = &mut function.args {
        for arg in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
                *expr = around(std::mem::replace(expr, build::null()));
            }
        }
    }
}

/// A subquery in the ORDER BY of an aggregate: DataFusion takes it for one of all rows, and answers something else.
fn refuse_subqueries(function: &Function) -> Result<(), Failure> {
    let FunctionArguments::List(list) = &function.args else {
        return Ok(());
    };
    let ordered = list.clauses.iter().any(|clause| {
        let FunctionArgumentClause::OrderBy(by) = clause else {
            return false;
        };
        let found = visit_expressions(by, |expr| match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        found.is_break()
    });
    match ordered {
        true => Err(Failure::new(
            Code::NOT_SUPPORTED,
            "a subquery in the ORDER BY of an aggregate is not supported; compute it in a derived table first",
        )),
        false => Ok(()),
    }
}

/// BIT_AND and its kin: of any value's 64 bits, and never NULL.
fn bits_of(mut function: Function, none: u64) -> Expr {
    each_argument(&mut function, |value| {
        build::call("cast_unsigned", vec![value])
    });
    let none = build::call("cast_unsigned", vec![build::number(none)]);
    build::call("ifnull", vec![Expr::Function(function), none])
}

/// `SUM(a = 1)` counts: a truth value is 0 or 1.
fn numbers_of_truths(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else {
        return;
    };
    for arg in &mut list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg
            && is_boolean(expr)
        {
            let truth = std::mem::replace(expr, build::null());
            *expr = build::cast(truth, DataType::BigInt(None));
        }
    }
}
