//! MySQL's meaning of a query, said in the words that DataFusion understands. Works on the tree; no text is made.
//!
//! Column names and aliases become lower case (MySQL compares them without case); what was written is kept for the
//! header and for errors. Owns everything that can be decided without types; [`coerce`](crate::system::coerce) has
//! the rest.

mod branches;
mod build;
mod clauses;
mod expression;
mod function;
mod group_concat;
mod json;
mod limits;
mod loose_groups;
mod relation;
mod rotate;
mod select;
mod times;
pub mod variable;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, LimitClause, ObjectName, Query, Select, SelectItem, SetExpr, TableFactor, VisitMut,
    VisitorMut,
};

use crate::code::Failure;
use crate::system::naming::Source;
use crate::system::sources::Sources;
use crate::system::weight::Weight;

/// A query in DataFusion's words.
pub struct Rewritten {
    query: Box<Query>,
    names: Vec<Option<String>>,
    spelled: BTreeMap<String, String>,
    stored: Vec<(String, usize)>,
}

impl Rewritten {
    /// Its tree.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// User variables that get the values of columns: `SELECT @a := 7`.
    pub fn stored(&self) -> &[(String, usize)] {
        &self.stored
    }

    /// Takes the tree out; the names stay.
    pub fn take(&mut self) -> Box<Query> {
        std::mem::replace(&mut self.query, build::nothing())
    }

    /// The name of column `at` of `many`, where the select list says it.
    pub fn shown(&self, at: usize, many: usize) -> Option<String> {
        let items = self.names.len();
        let first = self.names.iter().position(Option::is_none);
        let last = self.names.iter().rposition(Option::is_none);
        match (first, last) {
            (Some(first), Some(last)) => {
                let behind = items - last - 1;
                if at < first {
                    self.names.get(at)?.clone()
                } else if at + behind >= many {
                    self.names.get(at + items - many)?.clone()
                } else {
                    None
                }
            }
            _ => self.names.get(at)?.clone(),
        }
    }

    /// A column's name as it was written, where it was an alias.
    pub fn spelled(&self, name: &str) -> String {
        self.spelled
            .get(name)
            .cloned()
            .unwrap_or_else(|| name.to_owned())
    }

    /// The error with column names as they were written.
    pub fn spell(&self, mut failure: Failure) -> Failure {
        if let Some((head, rest)) = failure.message.split_once("column '")
            && let Some((name, tail)) = rest.split_once('\'')
        {
            let written = match name.rsplit_once('.') {
                Some((table, column)) => format!("{table}.{}", self.spelled(column)),
                None => self.spelled(name),
            };
            failure.message = format!("{head}column '{written}'{tail}");
        }
        failure
    }
}

/// Rewrites `query`.
///
/// # Errors
/// Unknown variables, clauses that would be lost in silence, and what is too much to be planned.
pub fn query(
    sources: &Sources,
    mut query: Box<Query>,
    source: Source<'_>,
) -> Result<Rewritten, Failure> {
    Weight::of(&query).check(&sources.view.config)?;
    let mut rewriter = Rewriter {
        sources,
        source,
        scope: relation::Scope::of(&query, sources),
        spelled: BTreeMap::new(),
        assigned: BTreeMap::new(),
        names: BTreeMap::new(),
        stored: variable::stored(&query),
        assignments: 0,
    };
    if let ControlFlow::Break(failure) = query.visit(&mut rewriter) {
        return Err(failure);
    }
    if rewriter.assignments > rewriter.stored.len() {
        return Err(variable::not_stored());
    }
    unique_columns(&mut query.body);
    let names = leftmost(&query.body).and_then(|select| rewriter.names.remove(&place(select)));
    Ok(Rewritten {
        query,
        names: names.unwrap_or_default(),
        spelled: rewriter.spelled,
        stored: rewriter.stored,
    })
}

/// `SELECT expressions`.
pub fn select_of(expressions: Vec<Expr>) -> Box<Query> {
    Box::new(build::query(SetExpr::Select(Box::new(build::select(
        expressions,
    )))))
}

/// One walk over the tree.
pub(super) struct Rewriter<'a> {
    sources: &'a Sources,
    source: Source<'a>,
    scope: relation::Scope,
    /// Names and aliases by their lower-case form.
    spelled: BTreeMap<String, String>,
    /// What `@name := value` gave, for `@name` further on.
    assigned: BTreeMap<String, Expr>,
    /// The assignments whose values are kept, and the number of all.
    stored: Vec<(String, usize)>,
    assignments: usize,
    /// Names of the columns of each SELECT, by its place in the text; `None` for a wildcard.
    names: BTreeMap<(u64, u64), Vec<Option<String>>>,
}

impl Rewriter<'_> {
    /// The lower-case form of a column's name; remembers how it was written.
    fn fold(&mut self, name: &str) -> String {
        let folded = name.to_lowercase();
        self.spelled
            .entry(folded.clone())
            .or_insert_with(|| name.to_owned());
        folded
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = Failure;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Failure> {
        limits::tidy(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Failure> {
        match self.select(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => ControlFlow::Break(failure),
        }
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Failure> {
        self.scope.qualify(relation, self.sources);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Failure> {
        match relation::check(factor) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => ControlFlow::Break(failure),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Failure> {
        rotate::rotate_div(expr);
        rotate::rotate_xor(expr);
        clauses::two_units(expr);
        expression::mark_target(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Failure> {
        match self.expression(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => ControlFlow::Break(failure),
        }
    }
}

/// Where a SELECT stands in the text.
fn place(select: &Select) -> (u64, u64) {
    let start = select.select_token.0.span.start;
    (start.line, start.column)
}

/// The SELECT that gives a query's columns their names.
fn leftmost(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => leftmost(&query.body),
        SetExpr::SetOperation { left, .. } => leftmost(left),
        _ => None,
    }
}

/// `sql_select_limit` where a statement's query has no LIMIT of its own.
pub fn limit_rows(sources: &Sources, query: &mut Query) {
    let limit = sources
        .session
        .variables
        .get("sql_select_limit")
        .and_then(|text| text.parse::<u64>().ok());
    if let (Some(limit), None) = (limit, &query.limit_clause)
        && limit < i64::MAX as u64
    {
        query.limit_clause = Some(LimitClause::LimitOffset {
            limit: Some(build::number(limit)),
            offset: None,
            limit_by: Vec::new(),
        });
    }
}

/// Gives a column whose name stands twice in a result another name inside: DataFusion wants them to differ.
fn unique_columns(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => unique_items(select),
        SetExpr::Query(query) => unique_columns(&mut query.body),
        SetExpr::SetOperation { left, right, .. } => {
            unique_columns(left);
            unique_columns(right);
        }
        _ => {}
    }
}

fn unique_items(select: &mut Select) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut wildcard = false;
    for (at, item) in select.projection.iter_mut().enumerate() {
        let name = match item {
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
                wildcard = true;
                continue;
            }
            SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => name.value.clone(),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().map(|p| p.value.clone()).unwrap_or_default()
            }
            _ => continue,
        };
        let plain = matches!(item, SelectItem::UnnamedExpr(_));
        if seen.insert(name.clone()) && !(wildcard && plain) {
            continue;
        }
        let other = build::ident(&format!("{name} #{at}"));
        match item {
            SelectItem::ExprWithAlias { alias, .. } => *alias = other,
            SelectItem::UnnamedExpr(expr) => {
                let expr = std::mem::replace(expr, build::null());
                *item = SelectItem::ExprWithAlias { expr, alias: other };
            }
            _ => {}
        }
    }
}
