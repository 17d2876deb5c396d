//! GROUP BY without ONLY_FULL_GROUP_BY: a column that is neither grouped nor aggregated has the value of any row of its group.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, GroupByExpr, Select, SelectItem, Value, VisitMut, VisitorMut};

use crate::system::rewrite::build;
use crate::system::rewrite::expression::is_bare_function;
use crate::system::rewrite::select::{aggregates, is_variable};

/// Puts ANY_VALUE around such columns of the select list and of HAVING.
pub(super) fn any_values(select: &mut Select) {
    let GroupByExpr::Expressions(groups, _) = &select.group_by else {
        return;
    };
    let item = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => Some((None, expr.clone())),
        SelectItem::ExprWithAlias { expr, alias } => {
            Some((Some(alias.value.clone()), expr.clone()))
        }
        _ => None,
    };
    let items: Vec<Option<(Option<String>, Expr)>> = select.projection.iter().map(item).collect();
    let grouped = !groups.is_empty()
        || items.iter().flatten().any(|(_, expr)| aggregates(expr))
        || select.having.as_ref().is_some_and(aggregates);
    if !grouped
        || groups
            .iter()
            .any(|e| matches!(e, Expr::Rollup(_) | Expr::Function(_)))
    {
        return;
    }
    let keys = keys_of(groups, &items);
    let mut wrap = Wrap {
        keys,
        stops: Vec::new(),
    };
    for item in &mut select.projection {
        let name = match item {
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().map(|part| part.value.clone())
            }
            _ => None,
        };
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            let _ = expr.visit(&mut wrap);
        }
        // The column keeps its name.
        if let (Some(name), SelectItem::UnnamedExpr(expr @ Expr::Function(_))) = (name, &mut *item)
        {
            let expr = std::mem::replace(expr, build::null());
            let alias = build::ident(&name.to_lowercase());
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
    if let Some(having) = &mut select.having {
        // A name of the list stands for its item there.
        let aliases = items
            .iter()
            .flatten()
            .filter_map(|(alias, _)| alias.clone());
        wrap.keys.extend(aliases.map(|alias| alias.to_lowercase()));
        let _ = having.visit(&mut wrap);
    }
}

/// What the groups are made by: expressions, places in the list, and names of its items.
fn keys_of(groups: &[Expr], items: &[Option<(Option<String>, Expr)>]) -> Vec<String> {
    let mut keys = Vec::new();
    for group in groups {
        keys.push(key(group));
        match group {
            // The place of an item in the list.
            Expr::Value(value) => {
                if let Value::Number(digits, _) = &value.value
                    && let Ok(at) = digits.parse::<usize>()
                    && let Some(Some((_, expr))) = at.checked_sub(1).and_then(|at| items.get(at))
                {
                    keys.push(key(expr));
                }
            }
            Expr::Identifier(name) => {
                let named = items.iter().flatten().filter(|(alias, _)| {
                    alias
                        .as_ref()
                        .is_some_and(|alias| alias.eq_ignore_ascii_case(&name.value))
                });
                keys.extend(named.map(|(_, expr)| key(expr)));
            }
            _ => {}
        }
    }
    keys
}

/// What tells expressions apart: a column by its own name, anything else by its text.
fn key(expr: &Expr) -> String {
    match expr {
        Expr::Nested(inner) => key(inner),
        Expr::Identifier(name) => name.value.to_lowercase(),
        Expr::CompoundIdentifier(parts) => parts
            .last()
            .map(|part| part.value.to_lowercase())
            .unwrap_or_default(),
        other => other.to_string().to_lowercase(),
    }
}

struct Wrap {
    keys: Vec<String>,
    /// For each expression that is open, whether what is in it stays as it is.
    stops: Vec<bool>,
}

impl VisitorMut for Wrap {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let stopped = self.stops.last().copied().unwrap_or(false);
        let stop = stopped
            || self.keys.contains(&key(expr))
            || matches!(expr, Expr::Function(_)) && is_aggregate(expr)
            || matches!(
                expr,
                Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. }
            );
        self.stops.push(stop);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.stops.pop() == Some(false) && is_column(expr) {
            let column = std::mem::replace(expr, build::null());
            *expr = build::call("any_value", vec![column]);
        }
        ControlFlow::Continue(())
    }
}

/// Whether the call itself, not one of its arguments, is of an aggregate or over a window.
fn is_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Function(function) => {
            function.over.is_some() || {
                let mut bare = function.clone();
                bare.args = sqlparser::ast::FunctionArguments::None;
                aggregates(&Expr::Function(bare))
            }
        }
        _ => false,
    }
}

fn is_column(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(name) => {
            !is_variable(name.quote_style, &name.value) && !is_bare_function(&name.value)
        }
        Expr::CompoundIdentifier(parts) => parts
            .first()
            .is_some_and(|first| !is_variable(first.quote_style, &first.value)),
        _ => false,
    }
}
