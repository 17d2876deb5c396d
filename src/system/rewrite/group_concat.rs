//! `GROUP_CONCAT([DISTINCT] a, b ORDER BY c SEPARATOR ';')` as `string_agg`.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Value, ValueWithSpan,
};

use crate::code::{Code, Failure};
use crate::system::functions::joined::NAME as JOINED;
use crate::system::rewrite::build;

/// The same call for DataFusion.
pub(super) fn rewrite(mut function: Function) -> Result<Expr, Failure> {
    let FunctionArguments::List(list) = &mut function.args else {
        return Err(empty());
    };
    let mut separator = ",".to_owned();
    let mut clauses = Vec::new();
    for clause in std::mem::take(&mut list.clauses) {
        match clause {
            FunctionArgumentClause::Separator(ValueWithSpan {
                value: Value::SingleQuotedString(text) | Value::DoubleQuotedString(text),
                ..
            }) => separator = text,
            FunctionArgumentClause::OrderBy(_) => clauses.push(clause),
            other => {
                return Err(Failure::new(
                    Code::NOT_SUPPORTED,
                    format!("{other} in GROUP_CONCAT is not supported"),
                ));
            }
        }
    }
    list.clauses = clauses;
    let mut values: Vec<Expr> = Vec::new();
    for arg in std::mem::take(&mut list.args) {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => values.push(expr),
            _ => return Err(empty()),
        }
    }
    let value = match values.len() {
        0 => return Err(empty()),
        1 => values.remove(0),
        _ => build::call("concat", values),
    };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    if distinct && !list.clauses.is_empty() {
        // Sorted as what they are, and made texts behind that.
        list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(value))];
        function.name = ObjectName(vec![ObjectNamePart::Identifier(Ident::new("array_agg"))]);
        let list = Expr::Function(function);
        return Ok(build::call(JOINED, vec![list, build::text(separator)]));
    }
    list.args = [
        build::call("cast_char", vec![value]),
        build::text(separator),
    ]
    .map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)))
    .into();
    function.name = ObjectName(vec![ObjectNamePart::Identifier(Ident::new("string_agg"))]);
    Ok(Expr::Function(function))
}

fn empty() -> Failure {
    Failure::new(
        Code::WRONG_PARAMCOUNT,
        "function group_concat takes at least one value",
    )
}
