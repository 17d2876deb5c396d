//! One SELECT: names of its columns, DUAL, HAVING without GROUP BY, WITH ROLLUP, and conditions that are numbers.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, TableAlias, TableFactor, Visit,
    Visitor, visit_expressions_mut,
};

use crate::code::{Code, Failure};
use crate::system::naming::item_texts;
use crate::system::rewrite::expression::truth;
use crate::system::rewrite::function::plain_args;
use crate::system::rewrite::{Rewriter, build, loose_groups, place};

/// Aggregates that a HAVING may hold, besides those of the select list.
const AGGREGATES: [&str; 19] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "group_concat",
    "any_value",
    "bit_and",
    "bit_or",
    "bit_xor",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var_pop",
    "var_samp",
    "variance",
    "approx_count_distinct",
    "median",
];

impl Rewriter<'_> {
    /// Rewrites what belongs to the SELECT itself; its expressions are visited afterwards.
    pub(super) fn select(&mut self, select: &mut Select) -> Result<(), Failure> {
        if select.into.is_some() {
            return Err(Failure::new(
                Code::NOT_SUPPORTED,
                "SELECT .. INTO is not supported",
            ));
        }
        self.qualify_wildcards(select);
        let names = self.name_items(select);
        exists_as_value(select);
        if !self.only_full_group_by() {
            loose_groups::any_values(select);
        }
        self.names.insert(place(select), names);
        if select.from.len() == 1 && is_dual(&select.from[0].relation) {
            select.from.clear();
        }
        having_without_groups(select);
        rollup(&mut select.group_by)?;
        for condition in [&mut select.selection, &mut select.having]
            .into_iter()
            .flatten()
        {
            truth(condition);
        }
        for table in &mut select.from {
            self.alias(&mut table.relation);
            for join in &mut table.joins {
                self.alias(&mut join.relation);
                self.constraint(&mut join.join_operator);
            }
        }
        Ok(())
    }

    /// Whether the session's `sql_mode` has ONLY_FULL_GROUP_BY, as it has where nothing was set.
    fn only_full_group_by(&self) -> bool {
        let mode = self.sources.session.variables.get("sql_mode");
        mode.is_none_or(|mode| mode.split(',').any(|m| m == "ONLY_FULL_GROUP_BY"))
    }

    /// `t.*` becomes `db.t.*` where `t` is a table's own name, because plans know it by both parts.
    fn qualify_wildcards(&self, select: &mut Select) {
        let tables: Vec<ObjectName> = select
            .from
            .iter()
            .flat_map(|from| {
                let joined = from.joins.iter().map(|join| &join.relation);
                std::iter::once(&from.relation).chain(joined)
            })
            .filter_map(|factor| match factor {
                TableFactor::Table {
                    name, alias: None, ..
                } => {
                    let mut name = name.clone();
                    self.scope.qualify(&mut name, self.sources);
                    Some(name)
                }
                _ => None,
            })
            .collect();
        for item in &mut select.projection {
            let SelectItem::QualifiedWildcard(kind, _) = item else {
                continue;
            };
            if let SelectItemQualifiedWildcardKind::ObjectName(wanted) = kind
                && let [wanted_table] = wanted.0.as_slice()
                && let Some(found) = tables.iter().find(|table| {
                    let name = table.0.last().and_then(|part| part.as_ident());
                    let wanted = wanted_table.as_ident();
                    name.zip(wanted).is_some_and(|(name, wanted)| {
                        name.value == self.scope.qualifier(&wanted.value)
                    })
                })
            {
                *wanted = found.clone();
            }
        }
    }

    /// Gives every expression the name that MySQL gives it; returns the names as they are shown.
    fn name_items(&mut self, select: &mut Select) -> Vec<Option<String>> {
        let texts = item_texts(self.source, select);
        let mut names = Vec::with_capacity(select.projection.len());
        for (at, item) in select.projection.iter_mut().enumerate() {
            let text = texts.as_ref().and_then(|texts| texts.get(at)).cloned();
            let shown = match item {
                SelectItem::ExprWithAlias { alias, .. } => {
                    let shown = alias.value.clone();
                    *alias = build::ident(&self.fold(&shown));
                    Some(shown)
                }
                SelectItem::UnnamedExpr(expr) => {
                    let column = column_name(expr);
                    let shown = column.clone().or(text).unwrap_or_else(|| expr.to_string());
                    if column.is_none() {
                        let alias = build::ident(&self.fold(&shown));
                        let expr = std::mem::replace(expr, build::null());
                        *item = SelectItem::ExprWithAlias { expr, alias };
                    }
                    Some(shown)
                }
                _ => None,
            };
            names.push(shown);
        }
        names
    }

    fn alias(&mut self, factor: &mut TableFactor) {
        match factor {
            TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => {
                self.alias_columns(alias);
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                self.alias_columns(alias);
                self.alias(&mut table_with_joins.relation);
                for join in &mut table_with_joins.joins {
                    self.alias(&mut join.relation);
                    self.constraint(&mut join.join_operator);
                }
            }
            _ => {}
        }
    }

    fn alias_columns(&mut self, alias: &mut Option<TableAlias>) {
        for column in alias.iter_mut().flat_map(|alias| &mut alias.columns) {
            column.name.value = self.fold(&column.name.value);
        }
    }

    fn constraint(&mut self, operator: &mut JoinOperator) {
        // MySQL: JOIN without a condition is a cross join.
        if let JoinOperator::Join(JoinConstraint::None)
        | JoinOperator::Inner(JoinConstraint::None)
        | JoinOperator::StraightJoin(JoinConstraint::None) = operator
        {
            *operator = JoinOperator::CrossJoin(JoinConstraint::None);
            return;
        }
        if let JoinOperator::CrossJoin(constraint @ JoinConstraint::On(_))
        | JoinOperator::StraightJoin(constraint) = operator
        {
            *operator = JoinOperator::Inner(constraint.clone());
        }
        let (JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)) = operator
        else {
            return;
        };
        match constraint {
            JoinConstraint::On(condition) => truth(condition),
            JoinConstraint::Using(columns) => {
                for name in columns {
                    let folded = name.0.iter().map(|part| match part.as_ident() {
                        Some(ident) => {
                            ObjectNamePart::Identifier(build::ident(&self.fold(&ident.value)))
                        }
                        None => part.clone(),
                    });
                    *name = ObjectName(folded.collect());
                }
            }
            JoinConstraint::Natural | JoinConstraint::None => {}
        }
    }
}

/// The name of an item that is nothing but a column.
fn column_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) if !is_variable(name.quote_style, &name.value) => {
            Some(name.value.clone())
        }
        Expr::CompoundIdentifier(parts) => {
            let first = parts.first()?;
            (!is_variable(first.quote_style, &first.value))
                .then(|| parts.last().map(|part| part.value.clone()))?
        }
        _ => None,
    }
    .filter(|name| !super::expression::is_bare_function(name))
}

/// Whether a name is `@x` or `@@x`.
pub(super) fn is_variable(quote: Option<char>, name: &str) -> bool {
    quote.is_none() && name.starts_with('@')
}

/// `SELECT EXISTS(q)` becomes `SELECT (SELECT COUNT(*) FROM q) > 0`: DataFusion knows EXISTS as a condition only.
fn exists_as_value(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            continue;
        };
        let _ = visit_expressions_mut(expr, |expr| {
            if let Expr::Exists { subquery, negated } = expr {
                let op = match negated {
                    true => BinaryOperator::Eq,
                    false => BinaryOperator::Gt,
                };
                let counted = build::count_of(std::mem::replace(subquery, build::nothing()));
                *expr = build::binary(counted, op, build::number(0));
            }
            ControlFlow::<()>::Continue(())
        });
    }
}

fn is_dual(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Table { name, .. }
        if name.0.len() == 1 && name.to_string().eq_ignore_ascii_case("dual"))
}

/// HAVING without GROUP BY and without aggregates is a WHERE that sees aliases (MySQL; Tableau relies on it).
fn having_without_groups(select: &mut Select) {
    let grouped = !matches!(&select.group_by,
        GroupByExpr::Expressions(list, modifiers) if list.is_empty() && modifiers.is_empty());
    if grouped || select.having.as_ref().is_none_or(aggregates) {
        return;
    }
    let items = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.clone(), expr.clone())),
        _ => None,
    });
    let items: Vec<(String, Expr)> = items.collect();
    if items.iter().any(|(_, expr)| aggregates(expr)) {
        return;
    }
    let Some(mut having) = select.having.take() else {
        return;
    };
    let _ = visit_expressions_mut(&mut having, |expr| {
        if let Expr::Identifier(name) = expr
            && let Some((_, item)) = items
                .iter()
                .find(|(alias, _)| alias.eq_ignore_ascii_case(&name.value))
        {
            *expr = Expr::Nested(Box::new(item.clone()));
        }
        ControlFlow::<()>::Continue(())
    });
    select.selection = Some(match select.selection.take() {
        Some(condition) => build::binary(
            Expr::Nested(Box::new(condition)),
            BinaryOperator::And,
            Expr::Nested(Box::new(having)),
        ),
        None => having,
    });
}

/// Whether an aggregate is called anywhere in `expr`.
pub(super) fn aggregates(expr: &Expr) -> bool {
    /// How many subqueries are open: their aggregates are their own.
    struct Find(usize);
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function)
                    if self.0 == 0
                        && function.over.is_none()
                        && AGGREGATES
                            .iter()
                            .any(|name| function.name.to_string().eq_ignore_ascii_case(name)) =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Find(0)).is_break()
}

/// `GROUP BY ROLLUP(a, b)`, which `WITH ROLLUP` is read as.
fn rollup(group_by: &mut GroupByExpr) -> Result<(), Failure> {
    let GroupByExpr::Expressions(exprs, modifiers) = group_by else {
        return Ok(());
    };
    if !modifiers.is_empty() {
        return Err(Failure::new(
            Code::NOT_SUPPORTED,
            "GROUP BY .. WITH takes ROLLUP only",
        ));
    }
    if let [Expr::Function(function)] = exprs.as_slice()
        && function.name.to_string().eq_ignore_ascii_case("rollup")
        && let Some(levels) = plain_args(function)
    {
        *exprs = vec![Expr::Rollup(levels.into_iter().map(|e| vec![e]).collect())];
    }
    Ok(())
}
