//! Variables: `@@x`, `@@session.x`, `@x`, and `@x := value` inside of a query.

use sqlparser::ast::{BinaryOperator, Expr, Query, SelectItem, SetExpr, Value};

use crate::code::{Code, Failure};
use crate::rows::Cell;
use crate::sql::expr::Scope;
use crate::sql::statements::Context;
use crate::sql::variables;
use crate::system::rewrite::expression::nested;
use crate::system::rewrite::{Rewriter, build};
use crate::system::sources::Sources;

impl Rewriter<'_> {
    /// The value of the variable that `parts` name.
    pub(super) fn variable(&self, parts: &[&str]) -> Result<Expr, Failure> {
        match parts {
            [name] if !name.starts_with("@@") => {
                let name = name.trim_start_matches('@').to_lowercase();
                if let Some(value) = self.assigned.get(&name) {
                    return Ok(nested(value.clone()));
                }
                let value = self.sources.session.user_variable(&name);
                let value = value.map(str::to_owned);
                Ok(value.map_or_else(build::null, constant))
            }
            _ => {
                let written = parts.join(".");
                let name = written.trim_start_matches('@');
                let (scope, name) = name.split_once('.').unwrap_or(("", name));
                system(self.sources, scope, name)
            }
        }
    }

    /// `@name := value` is the value; `@name` further on in the query is the same expression.
    pub(super) fn assign(&mut self, name: &str, value: Expr) {
        let name = name.trim_start_matches('@').to_lowercase();
        self.assignments += 1;
        self.assigned.insert(name, value);
    }
}

/// The assignments that are whole columns of a query without tables, each with its column.
pub(super) fn stored(query: &Query) -> Vec<(String, usize)> {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Vec::new();
    };
    if !select.from.is_empty() {
        return Vec::new();
    }
    let items = select.projection.iter().enumerate();
    let assignment = |(at, item): (usize, &SelectItem)| {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            return None;
        };
        match expr {
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Assignment,
                ..
            } => match left.as_ref() {
                Expr::Identifier(name) => {
                    let name = name.value.trim_start_matches('@').to_lowercase();
                    Some((name, at))
                }
                _ => None,
            },
            _ => None,
        }
    };
    items.filter_map(assignment).collect()
}

/// The error of an assignment whose value would be lost.
pub(crate) fn not_stored() -> Failure {
    Failure::new(
        Code::NOT_SUPPORTED,
        "@x := .. is supported as a column of a SELECT without tables; say SET @x = (SELECT ..), and ROW_NUMBER() OVER (..) to number rows",
    )
}

/// A number where the text is one, else a text.
fn constant(text: String) -> Expr {
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let number =
        !digits.is_empty() && digits.len() < 19 && digits.bytes().all(|b| b.is_ascii_digit());
    match (number, text.starts_with('-')) {
        (true, false) => Expr::Value(Value::Number(text, false).into()),
        (true, true) => Expr::UnaryOp {
            op: sqlparser::ast::UnaryOperator::Minus,
            expr: Box::new(Expr::Value(Value::Number(digits.to_owned(), false).into())),
        },
        _ => build::text(text),
    }
}

/// The value of a system variable.
fn system(sources: &Sources, scope: &str, name: &str) -> Result<Expr, Failure> {
    let scope = match scope.to_ascii_lowercase().as_str() {
        "" => None,
        "global" => Some(Scope::Global),
        "session" | "local" => Some(Scope::Session),
        other => {
            return Err(Failure::new(
                Code::UNKNOWN_SYSTEM_VARIABLE,
                format!("unknown system variable '{other}.{name}'"),
            ));
        }
    };
    let context = Context {
        view: &sources.view,
        session: &sources.session,
    };
    let value = variables::value(context, scope, name.trim_matches('`'))?;
    Ok(match value.cell {
        Cell::Null => build::null(),
        Cell::Int(n) => integer(n),
        Cell::Bool(yes) => integer(yes.into()),
        _ => value.shown.map_or_else(build::null, build::text),
    })
}

fn integer(n: i64) -> Expr {
    constant(n.to_string())
}
