//! Types that a plan must agree on before it is typed any further: columns of UNION, and what IN and BETWEEN compare.
//!
//! DataFusion gives a UNION the types of its first input until its analyzer comes by, which is after all operators above it have
//! been chosen. So each relation of FROM is put right as soon as it is planned ([`Relations`]), and the whole at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, Union};
use sqlparser::ast::TableFactor;

use crate::system::coerce;
use crate::system::kinds::{as_kind, common, is_text};

/// Puts the UNIONs of each relation right before the expressions that read it are planned. For one query.
#[derive(Debug, Default)]
pub struct Relations {
    /// The next relation is the one that is being planned: it is DataFusion's.
    pass: AtomicBool,
}

impl RelationPlanner for Relations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        if self.pass.swap(false, Ordering::Relaxed) {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        }
        self.pass.store(true, Ordering::Relaxed);
        let planned = context.plan(relation);
        self.pass.store(false, Ordering::Relaxed);
        let plan = unions(planned?)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, None,
        ))))
    }
}

/// The whole plan, put right.
///
/// # Errors
/// Values in one column that have no common kind.
pub fn whole(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = unions(plan)?;
    if !any_expression(&plan)? {
        return Ok(plan);
    }
    let plan = plan.transform_up_with_subqueries(|plan| {
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| compared(expr, &schema))?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(plan.data)
}

/// Whether there is an IN, a BETWEEN or a LIKE anywhere.
fn any_expression(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            found |= expr.exists(|e| {
                Ok(matches!(
                    e,
                    Expr::InList(_) | Expr::Between(_) | Expr::Like(_)
                ))
            })?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(match found {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    Ok(found)
}

fn compared(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::InList(list) => coerce::in_list(list, schema).map(Transformed::yes),
        Expr::Between(between) => coerce::between(between, schema).map(Transformed::yes),
        Expr::Like(mut like) => {
            for side in [&mut like.expr, &mut like.pattern] {
                let of = side.get_type(schema)?;
                if !is_text(&of) && !of.is_null() {
                    let taken = std::mem::take(side.as_mut());
                    **side = as_kind(taken, &of, &DataType::Utf8);
                }
            }
            Ok(Transformed::yes(Expr::Like(like)))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// The plan with every UNION of one kind in each column.
fn unions(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut found = false;
    plan.apply_with_subqueries(|plan| {
        found |= matches!(plan, LogicalPlan::Union(_));
        Ok(match found {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    if !found {
        return Ok(plan);
    }
    let plan = plan.transform_up_with_subqueries(|plan| {
        Ok(Transformed::yes(match plan {
            LogicalPlan::Union(union) => LogicalPlan::Union(of_one_kind(union)?),
            // The types of what it reads may be others now.
            other => other.recompute_schema()?,
        }))
    })?;
    Ok(plan.data)
}

fn of_one_kind(union: Union) -> Result<Union> {
    let width = union.schema.fields().len();
    let even = union
        .inputs
        .iter()
        .all(|input| input.schema().fields().len() == width);
    if !even {
        return Ok(union);
    }
    let kinds = (0..width).map(|at| {
        let types = union.inputs.iter();
        common(types.map(|input| input.schema().field(at).data_type()))
    });
    let kinds = kinds.collect::<Result<Vec<DataType>>>()?;
    let inputs = union
        .inputs
        .into_iter()
        .map(|input| as_kinds(input, &kinds));
    Union::try_new_with_loose_types(inputs.collect::<Result<Vec<_>>>()?)
}

fn as_kinds(input: Arc<LogicalPlan>, kinds: &[DataType]) -> Result<Arc<LogicalPlan>> {
    let fits =
        |(field, kind): (&Arc<arrow::datatypes::Field>, &DataType)| field.data_type() == kind;
    if input.schema().fields().iter().zip(kinds).all(fits) {
        return Ok(input);
    }
    let columns = input.schema().iter().zip(kinds);
    let columns = columns.map(|((relation, field), kind)| {
        let column = Expr::Column(Column::from((relation, field)));
        match field.data_type() == kind {
            true => column,
            false => as_kind(column, field.data_type(), kind)
                .alias_qualified(relation.cloned(), field.name()),
        }
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(
        columns, input,
    )?)))
}
