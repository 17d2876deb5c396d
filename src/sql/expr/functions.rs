//! The functions of small expressions: what clients put into SET, and what helps in a WHERE.

use crate::code::{Code, Failure};
use crate::sql::expr::value::{Number, Value};

/// Calls `name` (upper case).
pub fn call(name: &str, of: &[Value]) -> Result<Value, Failure> {
    let value = match (name, of) {
        ("CONCAT", [_, ..]) => concat(of, ""),
        ("CONCAT_WS", [between, rest @ ..]) => match &between.shown {
            Some(between) => {
                let present: Vec<Value> = rest.iter().filter(|v| !v.is_null()).cloned().collect();
                concat(&present, between)
            }
            None => Value::NULL,
        },
        ("UPPER" | "UCASE", [text]) => map(text, str::to_uppercase),
        ("LOWER" | "LCASE", [text]) => map(text, str::to_lowercase),
        ("TRIM", [text]) => map(text, |t| t.trim_matches(' ').to_owned()),
        ("REPLACE", [text, from, to]) => replace(text, from, to),
        ("LENGTH", [text]) => count(text, str::len),
        ("CHAR_LENGTH" | "CHARACTER_LENGTH", [text]) => count(text, |t| t.chars().count()),
        ("IFNULL", [_, _]) | ("COALESCE", [_, ..]) => first(of),
        ("NULLIF", [a, b]) => match a.compare(b) {
            Some(order) if order.is_eq() => Value::NULL,
            _ => a.clone(),
        },
        ("IF", [test, yes, no]) => match test.is_true() {
            Some(true) => yes.clone(),
            _ => no.clone(),
        },
        ("ABS", [n]) => match n.number() {
            Some(Number::Int(n)) => n.checked_abs().map_or(Value::NULL, Value::int),
            Some(Number::Double(x)) => Value::double(x.abs()),
            None => Value::NULL,
        },
        _ if KNOWN.contains(&name) => {
            let message = format!("incorrect parameter count in the call to function '{name}'");
            return Err(Failure::new(Code::WRONG_PARAMETER_COUNT, message));
        }
        _ => {
            let message = format!("FUNCTION {name} does not exist here");
            return Err(Failure::new(Code::NO_SUCH_FUNCTION, message));
        }
    };
    Ok(value)
}

const KNOWN: [&str; 15] = [
    "ABS",
    "CHARACTER_LENGTH",
    "CHAR_LENGTH",
    "COALESCE",
    "CONCAT",
    "CONCAT_WS",
    "IF",
    "IFNULL",
    "LCASE",
    "LENGTH",
    "LOWER",
    "NULLIF",
    "REPLACE",
    "TRIM",
    "UPPER",
];

fn concat(of: &[Value], between: &str) -> Value {
    let texts: Option<Vec<&str>> = of.iter().map(|v| v.shown.as_deref()).collect();
    texts.map_or(Value::NULL, |texts| Value::text(texts.join(between)))
}

fn map(text: &Value, change: impl Fn(&str) -> String) -> Value {
    let shown = text.shown.as_deref();
    shown.map_or(Value::NULL, |text| Value::text(change(text)))
}

fn count(text: &Value, size: impl Fn(&str) -> usize) -> Value {
    let shown = text.shown.as_deref();
    shown.map_or(Value::NULL, |text| {
        Value::int(i64::try_from(size(text)).unwrap_or(i64::MAX))
    })
}

fn replace(text: &Value, from: &Value, to: &Value) -> Value {
    match (&text.shown, &from.shown, &to.shown) {
        (Some(text), Some(from), Some(_)) if from.is_empty() => Value::text(text.clone()),
        (Some(text), Some(from), Some(to)) => Value::text(text.replace(&**from, to)),
        _ => Value::NULL,
    }
}

fn first(of: &[Value]) -> Value {
    let present = of.iter().find(|v| !v.is_null());
    present.cloned().unwrap_or(Value::NULL)
}
