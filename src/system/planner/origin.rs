//! The column of a table that a column of a result is, for drivers that ask by `table.column` or write rows back.

use datafusion::common::TableReference;
use datafusion::logical_expr::{Distinct, Expr, JoinType, LogicalPlan, TableScan};

use crate::system::types::NAME;

/// Where a column comes from; all empty for an expression.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Database.
    pub(super) db: String,
    /// Table, by the name that the query gives it.
    pub(super) table: String,
    /// Table, by its own name.
    pub(super) org_table: String,
    /// Column, by its own name.
    pub(super) org_name: String,
}

impl Origin {
    /// What the name of a relation alone tells of a column.
    pub(super) fn of_relation(relation: Option<&TableReference>, name: &str) -> Origin {
        let Some(relation) = relation else {
            return Origin::default();
        };
        Origin {
            db: relation.schema().unwrap_or_default().to_owned(),
            table: relation.table().to_owned(),
            org_table: relation.table().to_owned(),
            org_name: name.to_owned(),
        }
    }
}

/// The origin of column `at` of a plan, where it is nothing but a column of a table.
pub(super) fn of(plan: &LogicalPlan, at: usize) -> Option<Origin> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let mut expr = projection.expr.get(at)?;
            while let Expr::Alias(alias) = expr {
                expr = &alias.expr;
            }
            let Expr::Column(column) = expr else {
                return None;
            };
            let input = projection.input.schema();
            of(&projection.input, input.maybe_index_of_column(column)?)
        }
        LogicalPlan::SubqueryAlias(alias) => Some(Origin {
            table: alias.alias.table().to_owned(),
            ..of(&alias.input, at)?
        }),
        LogicalPlan::TableScan(scan) => of_scan(scan, at),
        LogicalPlan::Filter(filter) => of(&filter.input, at),
        LogicalPlan::Sort(sort) => of(&sort.input, at),
        LogicalPlan::Limit(limit) => of(&limit.input, at),
        LogicalPlan::Distinct(Distinct::All(input)) => of(input, at),
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => None,
                _ if at < left => of(&join.left, at),
                _ => of(&join.right, at - left),
            }
        }
        _ => None,
    }
}

fn of_scan(scan: &TableScan, at: usize) -> Option<Origin> {
    let field = scan.projected_schema.fields().get(at)?;
    let name = field.metadata().get(NAME);
    Some(Origin {
        org_name: name.unwrap_or(field.name()).clone(),
        ..Origin::of_relation(Some(&scan.table_name), "")
    })
}
