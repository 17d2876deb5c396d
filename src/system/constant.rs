//! Queries that read nothing: `SELECT 1`, `SELECT @@version_comment LIMIT 1`, `SELECT DATABASE(), USER()`.
//!
//! Clients send them with every connection and as pings, so they are answered without a plan. Owns which queries
//! those are; everything else is left to the planner.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use datafusion::common::ScalarValue;
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, LimitClause, OrderByKind,
    Query, Select, SelectItem, SetExpr, UnaryOperator, Value,
};

use crate::frontend::answer::ResultColumn;
use crate::system::functions::session;
use crate::system::rewrite::Rewritten;
use crate::system::sources::Sources;
use crate::system::types::value_kind;

/// The answer to such a query.
pub struct Constant {
    /// The header.
    pub columns: Vec<ResultColumn>,
    /// One row, or none.
    pub batch: RecordBatch,
    /// User variables that get the values of columns.
    pub stored: Vec<(String, usize)>,
    /// SLEEP asked to wait so long before the answer.
    pub wait: Duration,
}

/// The answer to `query`, where it needs no plan.
pub fn answer(sources: &Sources, rewritten: &Rewritten) -> Option<Constant> {
    let select = only_values(rewritten.query())?;
    let rows = limit(rewritten.query())?;
    let mut wait = Duration::ZERO;
    let values: Vec<ScalarValue> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                value(sources, expr, &mut wait)
            }
            _ => None,
        })
        .collect::<Option<_>>()?;
    let many = values.len();
    let mut columns = Vec::with_capacity(many);
    let mut fields = Vec::with_capacity(many);
    for (at, value) in values.iter().enumerate() {
        let field = Field::new(
            rewritten.shown(at, many)?,
            value.data_type(),
            value.is_null(),
        );
        columns.push(ResultColumn {
            name: field.name().clone(),
            table: String::new(),
            org_table: String::new(),
            org_name: String::new(),
            db: String::new(),
            kind: value_kind(&field),
            nullable: field.is_nullable(),
        });
        fields.push(field);
    }
    let arrays = values
        .iter()
        .map(|value| value.to_array_of_size(rows).ok())
        .collect::<Option<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch =
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).ok()?;
    Some(Constant {
        columns,
        batch,
        stored: rewritten.stored().to_vec(),
        wait,
    })
}

/// The SELECT, if the query is nothing but a list of values.
fn only_values(query: &Query) -> Option<&Select> {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return None;
    };
    let ordered = query.order_by.as_ref().is_some_and(
        |order| !matches!(&order.kind, OrderByKind::Expressions(list) if list.is_empty()),
    );
    let grouped = !matches!(&select.group_by,
        GroupByExpr::Expressions(list, modifiers) if list.is_empty() && modifiers.is_empty());
    let plain = query.with.is_none()
        && query.fetch.is_none()
        && query.pipe_operators.is_empty()
        && !ordered
        && !grouped
        && select.from.is_empty()
        && select.selection.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && select.distinct.is_none()
        && select.top.is_none()
        && select.lateral_views.is_empty()
        && select.connect_by.is_empty();
    plain.then_some(select)
}

/// How many of the one row LIMIT leaves.
fn limit(query: &Query) -> Option<usize> {
    match &query.limit_clause {
        None => Some(1),
        Some(LimitClause::LimitOffset {
            limit: Some(limit),
            offset: None,
            limit_by,
        }) if limit_by.is_empty() => match limit {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => Some(digits.parse::<usize>().ok()?.min(1)),
                _ => None,
            },
            _ => None,
        },
        Some(_) => None,
    }
}

fn value(sources: &Sources, expr: &Expr, wait: &mut Duration) -> Option<ScalarValue> {
    match expr {
        Expr::Nested(inner) => value(sources, inner, wait),
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => Some(ScalarValue::Int64(Some(digits.parse().ok()?))),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                Some(ScalarValue::Utf8(Some(text.clone())))
            }
            Value::Boolean(yes) => Some(ScalarValue::Boolean(Some(*yes))),
            Value::Null => Some(ScalarValue::Null),
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => match value(sources, expr, wait)? {
            ScalarValue::Int64(Some(n)) => Some(ScalarValue::Int64(n.checked_neg())),
            _ => None,
        },
        Expr::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            let args = match &function.args {
                FunctionArguments::None => Vec::new(),
                FunctionArguments::List(list) if list.clauses.is_empty() => list
                    .args
                    .iter()
                    .map(|arg| match arg {
                        // A time with a fraction; other decimals are the planner's.
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(number)))
                            if name == "sleep" =>
                        {
                            let number = number.value.to_string();
                            Some(ScalarValue::Utf8(Some(number.replace('\'', ""))))
                        }
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                            value(sources, expr, wait)
                        }
                        _ => None,
                    })
                    .collect::<Option<Vec<_>>>()?,
                _ => return None,
            };
            if function.over.is_some() {
                return None;
            }
            if name == "sleep" {
                let [argument] = args.as_slice() else {
                    return None;
                };
                *wait += seconds(argument)?;
                return Some(ScalarValue::Int64(Some(0)));
            }
            args.is_empty().then(|| session::value(&name, sources))?
        }
        _ => None,
    }
}

fn seconds(value: &ScalarValue) -> Option<Duration> {
    let seconds = match value {
        ScalarValue::Int64(Some(n)) => *n as f64,
        ScalarValue::Utf8(Some(text)) => text.trim().parse().ok()?,
        _ => return None,
    };
    // A year is longer than any statement may take.
    Duration::try_from_secs_f64(seconds.clamp(0.0, 31_536_000.0)).ok()
}
