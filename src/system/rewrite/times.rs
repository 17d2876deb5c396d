//! Calls whose meaning depends on the session's time zone, or on what their format names.

use sqlparser::ast::{Expr, Value};

use crate::code::Failure;
use crate::system::functions::session::zone;
use crate::system::functions::str_to_date::function_for;
use crate::system::functions::unix::NAME as UNIX_NUMBER;
use crate::system::rewrite::build;
use crate::system::rewrite::function::{take, wrong_count};
use crate::system::sources::Sources;

/// UNIX_TIMESTAMP, FROM_UNIXTIME, STR_TO_DATE and TIMESTAMP.
pub(super) fn function(sources: &Sources, name: &str, args: Vec<Expr>) -> Result<Expr, Failure> {
    let given = args.len();
    let wrong = |expected: usize| wrong_count(name, expected, given);
    let zone = || build::text(zone(sources));
    Ok(match (name, given) {
        // Without an argument it is the time of the statement.
        ("unix_timestamp", 0) => {
            let now = build::call("now", Vec::new());
            build::call("unix_seconds", vec![zone(), now])
        }
        ("unix_timestamp", _) => {
            let [at] = take(args).map_err(|()| wrong(1))?;
            unix(zone(), at)
        }
        ("from_unixtime", 2) => {
            let [seconds, format] = take(args).map_err(|()| wrong(2))?;
            build::call("from_unix_format", vec![zone(), seconds, format])
        }
        ("from_unixtime", _) => {
            let [seconds] = take(args).map_err(|()| wrong(1))?;
            build::call("from_unix", vec![zone(), seconds])
        }
        ("timestamp", 2) => {
            let [date, time] = take(args).map_err(|()| wrong(2))?;
            let date = build::call("cast_datetime", vec![date]);
            build::call("addtime", vec![date, time])
        }
        ("timestamp", _) => {
            let [date] = take(args).map_err(|()| wrong(1))?;
            build::call("cast_datetime", vec![date])
        }
        _ => {
            let [text, format] = take(args).map_err(|()| wrong(2))?;
            let function = literal(&format).map_or("str_to_date", function_for);
            build::call(function, vec![text, format])
        }
    })
}

/// Whole seconds where a literal has no fraction; of anything else its type says whether there can be one (MySQL).
fn unix(zone: Expr, at: Expr) -> Expr {
    match literal(&at) {
        Some(text) if !text.contains('.') => build::call("unix_seconds", vec![zone, at]),
        _ => build::call(UNIX_NUMBER, vec![zone, at]),
    }
}

fn literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Nested(inner) => literal(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
