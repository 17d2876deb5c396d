//! One call: functions that are syntax in DataFusion, and arguments that are words.

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use crate::code::{Code, Failure};
use crate::system::functions::branches::CASE;
use crate::system::rewrite::expression::{is_boolean, nested, shifted, truth};
use crate::system::rewrite::{Rewriter, branches, build, group_concat, json, times};

impl Rewriter<'_> {
    /// Rewrites a call whose arguments are rewritten already.
    pub(super) fn function(&mut self, mut function: Function) -> Result<Expr, Failure> {
        let name = function.name.to_string().to_lowercase();
        if name == "group_concat" {
            return group_concat::rewrite(function);
        }
        if matches!(name.as_str(), "sum" | "avg") {
            numbers_of_truths(&mut function);
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
