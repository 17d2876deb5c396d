//! How much a query asks of the planner, counted on its tree, and the limits that refuse too much by their names.
//!
//! The planner's work grows with relations, columns and expressions; a WITH clause counts as often as it is named, for
//! the planner puts it in there.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::Result;
use sqlparser::ast::{Expr, GroupByExpr, OrderByKind, Query, Select, TableFactor, Visit, Visitor};

use crate::code::{Code, Failure};
use crate::config::Config;
use crate::system::pool::QueryPool;

/// Bytes that planning takes for each relation and each expression: measured, rounded up.
const RELATION_BYTES: u64 = 320 << 10;
const EXPRESSION_BYTES: u64 = 2 << 10;
/// Expressions of a query whose relations are counted.
const COUNTED_MAX: u64 = 4_000_000;
/// Relations and expressions of a query that is planned in no time.
const LIGHT: (u64, u64) = (24, 2000);

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    relations: u64,
    columns: u64,
    grouped: u64,
    expressions: u64,
}

/// Memory of planning; given back when the value is dropped.
pub struct Held(Arc<QueryPool>, u64);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.give_back(self.1);
    }
}

impl Weight {
    /// The weight of `query`.
    pub fn of(query: &Query) -> Weight {
        let mut counter = Counter::default();
        let _ = query.visit(&mut counter);
        let mut weight = counter.weight;
        // What has too many expressions is refused for them: its relations are not looked for.
        if weight.expressions < COUNTED_MAX {
            weight.relations = relations(query, &HashMap::new());
        }
        weight
    }

    /// Whether planning takes no time to speak of.
    pub fn is_light(&self) -> bool {
        self.relations <= LIGHT.0 && self.expressions <= LIGHT.1
    }

    /// Whether there may be a join.
    pub fn joins(&self) -> bool {
        self.relations > 1
    }

    /// Holds the memory that planning takes.
    ///
    /// # Errors
    /// There is no room.
    pub fn hold(&self, pool: &Arc<QueryPool>) -> Result<Held> {
        let relations = self.relations.saturating_mul(RELATION_BYTES);
        let expressions = self.expressions.saturating_mul(EXPRESSION_BYTES);
        let bytes = relations.saturating_add(expressions);
        pool.hold(bytes)?;
        Ok(Held(pool.clone(), bytes))
    }

    /// Refuses what passes a limit.
    ///
    /// # Errors
    /// The limit, its setting, and what the query has.
    pub fn check(&self, config: &Config) -> Result<(), Failure> {
        let limits = [
            (
                self.relations,
                config.query_relations_limit,
                "query_relations_limit",
                "tables and subqueries, each WITH clause as often as it is named",
            ),
            (
                self.columns,
                config.query_columns_limit,
                "query_columns_limit",
                "columns in one SELECT or ORDER BY",
            ),
            (
                self.grouped,
                config.group_by_columns_limit,
                "group_by_columns_limit",
                "columns in one GROUP BY",
            ),
            (
                self.expressions,
                config.query_expressions_limit,
                "query_expressions_limit",
                "names, operators and constants",
            ),
        ];
        for (has, limit, setting, what) in limits {
            if has > limit {
                let code = match setting {
                    "query_columns_limit" => Code::TOO_MANY_FIELDS,
                    _ => Code::STATEMENT_TOO_COMPLEX,
                };
                let has = match has {
                    u64::MAX => "too many".to_owned(),
                    has => has.to_string(),
                };
                return Err(Failure::new(
                    code,
                    format!(
                        "the query is too complex: it has {has} {what}, and {limit} are allowed (setting {setting})"
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// Counts everything but relations.
#[derive(Default)]
struct Counter {
    weight: Weight,
}

impl Visitor for Counter {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.weight.expressions += 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(order) = &query.order_by
            && let OrderByKind::Expressions(list) = &order.kind
        {
            self.weight.columns = self.weight.columns.max(list.len() as u64);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let columns = select.projection.len() as u64;
        self.weight.columns = self.weight.columns.max(columns);
        if let GroupByExpr::Expressions(list, _) = &select.group_by {
            self.weight.grouped = self.weight.grouped.max(list.len() as u64);
        }
        ControlFlow::Continue(())
    }
}

/// The relations of `query`, where the WITH clauses of `known` have as many as it says.
fn relations(query: &Query, known: &HashMap<String, u64>) -> u64 {
    let mut known = known.clone();
    for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
        let count = relations(&cte.query, &known);
        known.insert(cte.alias.name.value.to_lowercase(), count);
    }
    let mut finder = Relations {
        known: &known,
        depth: 0,
        count: 0,
    };
    let _ = query.body.visit(&mut finder);
    let _ = query.order_by.visit(&mut finder);
    finder.count
}

/// Sums up the relations below a query's body.
struct Relations<'a> {
    known: &'a HashMap<String, u64>,
    depth: usize,
    count: u64,
}

impl Visitor for Relations<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            let inner = relations(query, self.known).saturating_add(1);
            self.count = self.count.saturating_add(inner);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if self.depth == 0
            && let TableFactor::Table { name, .. } = factor
        {
            let name = name.to_string().to_lowercase();
            let count = self.known.get(name.trim_matches('`')).copied().unwrap_or(1);
            self.count = self.count.saturating_add(count.max(1));
        }
        ControlFlow::Continue(())
    }
}
