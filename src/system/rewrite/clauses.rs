//! Expressions with words inside of their brackets: TRIM(BOTH .. FROM ..), EXTRACT(unit FROM ..), LIKE .. ESCAPE.

use sqlparser::ast::{DateTimeField, Expr, Ident, TrimWhereField, Value};

use crate::code::{Code, Failure};
use crate::system::rewrite::build;
use crate::system::rewrite::expression::nested;

/// Rewrites such an expression; leaves every other as it is.
pub(super) fn clauses(expr: Expr) -> Result<Expr, Failure> {
    Ok(match expr {
        Expr::Trim {
            expr,
            trim_where,
            trim_what,
            trim_characters: None,
        } => trim(*expr, trim_where, trim_what.map(|what| *what)),
        Expr::Extract { field, expr, .. } => extract(&field.to_string(), *expr)?,
        Expr::Collate { collation, .. } if is_two_units(&collation.to_string()) => {
            return Err(Failure::new(
                Code::PARSE,
                format!("the value before {collation} must stand in brackets"),
            ));
        }
        Expr::Floor { expr, .. } => build::call("floor", vec![*expr]),
        Expr::Ceil { expr, .. } => build::call("ceil", vec![*expr]),
        Expr::Like {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: Some(escape),
        } => Expr::Like {
            negated,
            any: false,
            expr,
            pattern: Box::new(escaped(*pattern, &escape.to_string())?),
            escape_char: None,
        },
        other => other,
    })
}

/// Whether a word is a unit of two, such as HOUR_MINUTE.
fn is_two_units(word: &str) -> bool {
    let word = word.to_uppercase();
    crate::sql::dialect::TWO_UNITS.contains(&word.as_str())
}

/// `INTERVAL x COLLATE HOUR_MINUTE DAY`, as the tokens of `INTERVAL x HOUR_MINUTE` were made readable, gets its unit back.
pub(super) fn two_units(expr: &mut Expr) {
    let Expr::Interval(interval) = expr else {
        return;
    };
    if let Expr::Collate { expr, collation } = interval.value.as_mut()
        && is_two_units(&collation.to_string())
    {
        interval.leading_field = Some(DateTimeField::Custom(Ident::new(collation.to_string())));
        let value = std::mem::replace(expr.as_mut(), build::null());
        *interval.value = value;
    }
}

fn trim(text: Expr, place: Option<TrimWhereField>, what: Option<Expr>) -> Expr {
    let (plain, function) = match place {
        Some(TrimWhereField::Leading) => ("ltrim", "trim_leading"),
        Some(TrimWhereField::Trailing) => ("rtrim", "trim_trailing"),
        Some(TrimWhereField::Both) | None => ("trim", "trim_both"),
    };
    match what {
        Some(what) => build::call(function, vec![text, what]),
        None => build::call(plain, vec![text]),
    }
}

/// A unit of one word is the function of its name.
fn extract(unit: &str, of: Expr) -> Result<Expr, Failure> {
    let unit = unit.to_lowercase();
    let function = match unit.as_str() {
        "year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second"
        | "microsecond" => unit,
        "year_month" | "day_hour" | "day_minute" | "day_second" | "day_microsecond"
        | "hour_minute" | "hour_second" | "hour_microsecond" | "minute_second"
        | "minute_microsecond" | "second_microsecond" => format!("extract_{unit}"),
        _ => {
            return Err(Failure::new(
                Code::PARSE,
                format!("EXTRACT does not know the unit {}", unit.to_uppercase()),
            ));
        }
    };
    Ok(build::call(&function, vec![of]))
}

/// A pattern whose escape character is the backslash, which is the one that LIKE has by itself.
fn escaped(pattern: Expr, escape: &str) -> Result<Expr, Failure> {
    let escape = escape.trim_matches('\'');
    let mut letters = escape.chars();
    let escape = match (letters.next(), letters.next()) {
        (Some(escape), None) => Some(escape),
        (None, _) => None,
        // A backslash in quotes may be printed as two.
        (Some('\\'), Some('\\')) => Some('\\'),
        _ => {
            return Err(Failure::new(
                Code::WRONG_ARGUMENTS,
                "incorrect arguments to ESCAPE: it takes one character",
            ));
        }
    };
    if escape == Some('\\') {
        return Ok(pattern);
    }
    let text = match &pattern {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text,
            _ => return Ok(pattern),
        },
        Expr::Nested(inner) => {
            return Ok(nested(escaped(
                (**inner).clone(),
                &escape.map_or_else(String::new, String::from),
            )?));
        }
        _ => {
            return Err(Failure::new(
                Code::NOT_SUPPORTED,
                "LIKE .. ESCAPE of a pattern that is not a constant is not supported",
            ));
        }
    };
    let mut out = String::with_capacity(text.len() + 8);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            _ if Some(letter) == escape => {
                out.push('\\');
                out.push(letters.next().unwrap_or(letter));
            }
            '\\' => out.push_str("\\\\"),
            _ => out.push(letter),
        }
    }
    Ok(build::text(out))
}
