//! JSON_OBJECT and JSON_ARRAY: which of their values are JSON already and which are to become it.

use sqlparser::ast::Expr;

use crate::code::{Code, Failure};
use crate::system::functions::json_functions::MAKES_JSON;
use crate::system::rewrite::build;

/// The call with each value as JSON; the keys of an object stay as they are.
pub(super) fn made(name: &str, args: Vec<Expr>) -> Result<Expr, Failure> {
    let object = name == "json_object";
    if object && args.len() % 2 == 1 {
        return Err(Failure::new(
            Code::WRONG_PARAMCOUNT,
            "incorrect parameter count in the call to function json_object: each key has a value",
        ));
    }
    let args = args.into_iter().enumerate().map(|(at, arg)| {
        let is_key = object && at % 2 == 0;
        match is_key || is_json(&arg) {
            true => arg,
            false => build::call("json_of", vec![arg]),
        }
    });
    Ok(build::call(name, args.collect()))
}

fn is_json(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_json(inner),
        Expr::Function(function) => {
            let name = function.name.to_string();
            MAKES_JSON
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}
