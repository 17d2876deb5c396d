//! Which tablets can hold a row that a query wants: partitions by their ranges, buckets by the hash of their columns.
//!
//! Only ever leaves out what can't hold such a row; DataFusion filters the rows themselves.

use std::collections::BTreeSet;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, Operator};

use crate::backend::api::ScanFilter;
use crate::catalog::partition::{Bound, Range};
use crate::catalog::table::TableSpec;
use crate::load::cast::show;
use crate::load::hash::bucket_of;
use crate::load::types::arrow_type;

/// Combinations of values of the distribution columns that are looked up at most.
const COMBINATIONS_MAX: usize = 1024;

/// A condition on one column that every wanted row fulfils.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The column's position in the table.
    pub column: usize,
    /// What it must be.
    pub is: Is,
}

/// See [`Test::is`].
#[derive(Debug, Clone, PartialEq)]
pub enum Is {
    /// One of these values, none of them NULL.
    In(Vec<ScalarValue>),
    /// `<`, `<=`, `>` or `>=` this value.
    Compared(Operator, ScalarValue),
    /// NULL.
    Null,
}

/// The conditions that `filters` (all of which must hold) put on single columns.
pub fn tests(spec: &TableSpec, filters: &[Expr]) -> Vec<Test> {
    let mut tests = Vec::new();
    for filter in filters {
        collect(spec, filter, &mut tests);
    }
    tests
}

/// Whether a filter is of a form that [`tests`] understands.
pub fn understands(spec: &TableSpec, filter: &Expr) -> bool {
    !tests(spec, std::slice::from_ref(filter)).is_empty()
}

fn collect(spec: &TableSpec, filter: &Expr, tests: &mut Vec<Test>) {
    match filter {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And,
            right,
        }) => {
            collect(spec, left, tests);
            collect(spec, right, tests);
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Or,
            right,
        }) => tests.extend(either(spec, left, right)),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            tests.extend(compared(spec, left, *op, right));
        }
        Expr::InList(list) if !list.negated => {
            let Some((column, data_type)) = column(spec, &list.expr) else {
                return;
            };
            let values: Option<Vec<ScalarValue>> = list
                .list
                .iter()
                .map(|value| exact(literal(value)?, &data_type))
                .collect();
            tests.extend(values.map(|values| Test {
                column,
                is: Is::In(values),
            }));
        }
        Expr::Between(between) if !between.negated => {
            let low = compared(spec, &between.expr, Operator::GtEq, &between.low);
            let high = compared(spec, &between.expr, Operator::LtEq, &between.high);
            tests.extend(low.into_iter().chain(high));
        }
        Expr::IsNull(expr) => tests.extend(column(spec, expr).map(|(column, _)| Test {
            column,
            is: Is::Null,
        })),
        _ => {}
    }
}

/// `a = 1 OR a = 2`: one of the values of both sides, where both are about the same column alone.
fn either(spec: &TableSpec, left: &Expr, right: &Expr) -> Option<Test> {
    let one = |side| match tests(spec, std::slice::from_ref(side)).as_slice() {
        [
            Test {
                column,
                is: Is::In(values),
            },
        ] => Some((*column, values.clone())),
        _ => None,
    };
    let ((column, mut values), (other, more)) = (one(left)?, one(right)?);
    values.extend(more);
    (column == other).then_some(Test {
        column,
        is: Is::In(values),
    })
}

fn compared(spec: &TableSpec, left: &Expr, op: Operator, right: &Expr) -> Option<Test> {
    if let (Some((column, data_type)), Some(value)) = (column(spec, left), literal(right)) {
        return test(column, op, value, &data_type);
    }
    let (column, data_type) = column(spec, right)?;
    test(column, op.swap()?, literal(left)?, &data_type)
}

fn test(column: usize, op: Operator, value: &ScalarValue, data_type: &DataType) -> Option<Test> {
    let value = exact(value, data_type)?;
    let is = match op {
        Operator::Eq => Is::In(vec![value]),
        Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => Is::Compared(op, value),
        _ => return None,
    };
    Some(Test { column, is })
}

/// The column that `expr` is, alone or widened to another type.
fn column(spec: &TableSpec, expr: &Expr) -> Option<(usize, DataType)> {
    match expr {
        Expr::Column(column) => {
            let at = spec
                .columns
                .iter()
                .position(|c| c.name.eq_ignore_ascii_case(&column.name))?;
            Some((at, arrow_type(spec.columns.get(at)?.data_type)))
        }
        Expr::Cast(Cast { expr, .. }) if matches!(**expr, Expr::Column(_)) => {
            let (at, data_type) = column(spec, expr)?;
            // A cast of these keeps order and equality; one of a text, or to a text, does not.
            let keeps = data_type.is_integer() || matches!(data_type, DataType::Date32);
            keeps.then_some((at, data_type))
        }
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) if !value.is_null() => Some(value),
        _ => None,
    }
}

/// `value` in the column's type; `None` where that would be another value.
fn exact(value: &ScalarValue, data_type: &DataType) -> Option<ScalarValue> {
    if value.data_type() == *data_type {
        return Some(value.clone());
    }
    let is_text = matches!(value, ScalarValue::Utf8(_) | ScalarValue::Utf8View(_));
    if is_text != (*data_type == DataType::Utf8) {
        return None;
    }
    let cast = value
        .cast_to(data_type)
        .ok()
        .filter(|cast| !cast.is_null())?;
    let back = cast.cast_to(&value.data_type()).ok()?;
    (back == *value).then_some(cast)
}

/// Whether a partition of `range` can hold a row that passes `tests`.
pub fn partition_may_match(range: Option<&Range>, partition_column: usize, tests: &[Test]) -> bool {
    let Some(range) = range else {
        return true;
    };
    tests
        .iter()
        .filter(|test| test.column == partition_column)
        .all(|test| match &test.is {
            Is::Null => range.lower.is_none(),
            Is::In(values) => values
                .iter()
                .any(|value| bound(value).is_none_or(|b| range.contains(Some(b)))),
            Is::Compared(op, value) => bound(value).is_none_or(|b| reaches(range, *op, b)),
        })
}

/// Whether a value of `range` can be `op` `bound`.
fn reaches(range: &Range, op: Operator, bound: Bound) -> bool {
    match op {
        Operator::Lt => range.lower.is_none_or(|lower| lower < bound),
        Operator::LtEq => range.lower.is_none_or(|lower| lower <= bound),
        // The upper end is outside: above `bound` there must be room for one value more.
        Operator::Gt => range.upper.is_none_or(|upper| upper > next(bound)),
        Operator::GtEq => range.upper.is_none_or(|upper| upper > bound),
        _ => true,
    }
}

fn next(bound: Bound) -> Bound {
    match bound {
        Bound::Int(n) => Bound::Int(n.saturating_add(1)),
        Bound::Date(n) => Bound::Date(n.saturating_add(1)),
        Bound::Datetime(n) => Bound::Datetime(n.saturating_add(1)),
    }
}

fn bound(value: &ScalarValue) -> Option<Bound> {
    Some(match value {
        ScalarValue::Int8(Some(n)) => Bound::Int((*n).into()),
        ScalarValue::Int16(Some(n)) => Bound::Int((*n).into()),
        ScalarValue::Int32(Some(n)) => Bound::Int((*n).into()),
        ScalarValue::Int64(Some(n)) => Bound::Int((*n).into()),
        ScalarValue::Decimal256(Some(n), _, 0) => Bound::Int(n.to_i128()?),
        ScalarValue::Date32(Some(days)) => Bound::Date(*days),
        ScalarValue::TimestampMicrosecond(Some(at), None) => Bound::Datetime(*at),
        _ => return None,
    })
}

/// The buckets that can hold a row that passes `tests`; `None` means all of them.
pub fn buckets(spec: &TableSpec, buckets: u32, tests: &[Test]) -> Option<BTreeSet<u32>> {
    let columns = &spec.distribution.columns;
    if columns.is_empty() {
        return None;
    }
    let mut keys: Vec<Vec<ArrayRef>> = vec![Vec::new()];
    for column in columns {
        let values = tests.iter().find_map(|test| match &test.is {
            Is::In(values) if test.column == *column => Some(values),
            _ => None,
        })?;
        if keys.len().saturating_mul(values.len()) > COMBINATIONS_MAX {
            return None;
        }
        let mut longer = Vec::with_capacity(keys.len() * values.len());
        for key in &keys {
            for value in values {
                let mut key = key.clone();
                key.push(value.to_array().ok()?);
                longer.push(key);
            }
        }
        keys = longer;
    }
    keys.iter()
        .map(|key| bucket_of(key, 0, buckets).ok())
        .collect()
}

/// The comparisons by which a backend leaves out row groups.
pub fn scan_filters(tests: &[Test]) -> Vec<ScanFilter> {
    let filter = |column, op: &str, value: &ScalarValue| {
        Some(ScanFilter {
            column,
            op: op.to_owned(),
            value: show(&value.to_array().ok()?, 0),
        })
    };
    tests
        .iter()
        .filter_map(|test| match &test.is {
            Is::In(values) => match values.as_slice() {
                [value] => filter(test.column, "=", value),
                _ => None,
            },
            Is::Compared(op, value) => filter(test.column, &op.to_string(), value),
            Is::Null => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
