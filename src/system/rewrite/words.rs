//! The words of information_schema, such as `YES` and `BASE TABLE`: MySQL compares them without case.

use sqlparser::ast::{BinaryOperator, Expr, Value};

use crate::system::rewrite::{Rewriter, build};

/// Columns of information_schema that hold words and no names of databases and tables.
const WORDS: [&str; 14] = [
    "column_key",
    "column_name",
    "column_type",
    "constraint_name",
    "constraint_type",
    "data_type",
    "engine",
    "extra",
    "index_name",
    "index_type",
    "is_nullable",
    "privilege_type",
    "routine_type",
    "table_type",
];

/// Whether an expression is such a column.
fn is_word(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    name.is_some_and(|name| WORDS.contains(&name.value.as_str()))
}

fn lowered(expr: Expr) -> Expr {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                build::text(text.to_lowercase())
            }
            _ => Expr::Value(value),
        },
        other => build::call("lower", vec![other]),
    }
}

impl Rewriter<'_> {
    /// MySQL compares the words of its metadata without case; names of databases and tables keep theirs.
    pub(super) fn without_case(
        &self,
        left: Expr,
        op: &BinaryOperator,
        right: Expr,
    ) -> (Expr, Expr) {
        let compares = matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq);
        if !compares || !self.scope.is_system() {
            return (left, right);
        }
        match (is_word(&left), is_word(&right)) {
            (true, false) => (build::call("lower", vec![left]), lowered(right)),
            (false, true) => (lowered(left), build::call("lower", vec![right])),
            _ => (left, right),
        }
    }

    /// The same for `IN (..)`.
    pub(super) fn list_without_case(&self, expr: Expr, list: Vec<Expr>, negated: bool) -> Expr {
        let (expr, list) = match self.scope.is_system() && is_word(&expr) {
            true => {
                let list = list.into_iter().map(lowered).collect();
                (build::call("lower", vec![expr]), list)
            }
            false => (expr, list),
        };
        Expr::InList {
            expr: Box::new(expr),
            list,
            negated,
        }
    }
}
