//! LIMIT and OFFSET as clients write them: with a text for the number, and with 2^64 - 1 for "all".

use sqlparser::ast::{Expr, LimitClause, Offset, OffsetRows, Query, Value};

use crate::system::rewrite::build;

/// Leaves numbers of signed 64 bits, and no LIMIT that could not cut anything.
pub(super) fn tidy(query: &mut Query) {
    let Some(clause) = query.limit_clause.take() else {
        return;
    };
    let (limit, offset, limit_by) = match clause {
        LimitClause::LimitOffset {
            limit,
            offset,
            limit_by,
        } => (limit, offset, limit_by),
        LimitClause::OffsetCommaLimit { offset, limit } => {
            let offset = Offset {
                value: offset,
                rows: OffsetRows::None,
            };
            (Some(limit), Some(offset), Vec::new())
        }
    };
    let limit = limit.map(number).filter(|limit| !is_all(limit));
    let offset = offset.map(|offset| Offset {
        value: match number(offset.value) {
            all if is_all(&all) => build::number(i64::MAX as u64),
            value => value,
        },
        ..offset
    });
    if limit.is_some() || offset.is_some() || !limit_by.is_empty() {
        query.limit_clause = Some(LimitClause::LimitOffset {
            limit,
            offset,
            limit_by,
        });
    }
}

/// The number in a text.
fn number(expr: Expr) -> Expr {
    let digits = match &expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text.trim(),
            _ => return expr,
        },
        _ => return expr,
    };
    match !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        true => Expr::Value(Value::Number(digits.to_owned(), false).into()),
        false => expr,
    }
}

/// Whether a number is beyond what tables hold.
fn is_all(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value,
        Value::Number(digits, _) if digits.parse::<u64>().is_ok_and(|n| n >= i64::MAX as u64)))
}
