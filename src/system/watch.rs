//! The watch over a query that runs: a node above each node of its plan, which ends the query, lets others work, and
//! counts memory that DataFusion's operators do not count.
//!
//! Operators work inside one poll for as long as their input is ready. The watch above each input makes that end: it is
//! asked for every batch, and answers "later" when the poll has taken its time, or with the reason to stop.

mod stream;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::scalar_subquery::ScalarSubqueryExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::expressions::{BinaryExpr, LikeExpr, Literal};
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PiecewiseMergeJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};

use crate::code::{Code, Failure};
use crate::system::control::Control;
use crate::system::error::wrap;
use crate::system::watch::stream::Watched;
pub(crate) use crate::system::watch::stream::longest;

/// Bytes of constants that one batch of a projection may repeat, before function results are counted.
const REPEATED_MAX: usize = 16 << 20;

/// How often a recursive query may read what it has found (`cte_max_recursion_depth` in MySQL).
const ROUNDS_MAX: u32 = 1000;

/// What the node above does with the batches that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Use {
    /// It keeps them and counts their columns, not what a batch costs besides.
    pub(super) keeps: bool,
    /// It keeps them and counts nothing.
    pub(super) hoards: bool,
    /// It may work long for each row, or make long values of it: the most rows that are given at once.
    pub(super) slices: Option<usize>,
    /// It repeats a row as often as other rows match it, a batch of them at once.
    pub(super) repeats: bool,
}

/// A node that is watched.
#[derive(Debug)]
struct WatchExec {
    inner: Arc<dyn ExecutionPlan>,
    control: Arc<Control>,
    usage: Use,
    /// How often it was begun, where it is the part of a recursive query that is begun again and again.
    rounds: Option<Arc<AtomicU32>>,
}

/// `plan` with a watch above each of its nodes.
///
/// # Errors
/// A node did not take its children back.
pub fn watched(
    plan: Arc<dyn ExecutionPlan>,
    control: &Arc<Control>,
) -> Result<Arc<dyn ExecutionPlan>> {
    watch(plan, control, Use::default())
}

fn watch(
    plan: Arc<dyn ExecutionPlan>,
    control: &Arc<Control>,
    usage: Use,
) -> Result<Arc<dyn ExecutionPlan>> {
    let children: Vec<_> = plan.children().into_iter().cloned().collect();
    let inner = if children.is_empty() {
        plan
    } else {
        let mut watched = Vec::with_capacity(children.len());
        for (at, child) in children.into_iter().enumerate() {
            let usage = use_of(plan.as_ref(), at)?;
            let mut child = watch(child, control, usage)?;
            // The second child of a recursive query is what it repeats.
            if plan.is::<RecursiveQueryExec>() && at == 1 {
                child = Arc::new(WatchExec {
                    inner: child,
                    control: control.clone(),
                    usage,
                    rounds: Some(Arc::default()),
                });
            }
            watched.push(child);
        }
        let keep = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
        plan.replace_children(watched, keep)?
    };
    Ok(Arc::new(WatchExec {
        inner,
        control: control.clone(),
        usage,
        rounds: None,
    }))
}

/// What `node` does with the batches of its child `at`.
fn use_of(node: &dyn ExecutionPlan, at: usize) -> Result<Use> {
    let join = node.is::<HashJoinExec>()
        || node.is::<NestedLoopJoinExec>()
        || node.is::<CrossJoinExec>()
        || node.is::<SortMergeJoinExec>()
        || node.is::<PiecewiseMergeJoinExec>();
    let window = node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>();
    let slices = match join {
        true => (at == 1).then_some(usize::MAX),
        false => rows_at_once(node)?,
    };
    Ok(Use {
        keeps: join && at == 0,
        hoards: window,
        slices,
        repeats: join || window,
    })
}

/// How many rows `node` may be given at once; none where it makes nothing long of them.
fn rows_at_once(node: &dyn ExecutionPlan) -> Result<Option<usize>> {
    let mut longest = 0;
    let mut calls = false;
    node.apply_expressions(&mut |expr| {
        expr.apply(|expr| {
            let expr: &dyn PhysicalExpr = expr.as_ref();
            calls |= expr.is::<ScalarFunctionExpr>()
                || expr.is::<ScalarSubqueryExpr>()
                || expr.is::<LikeExpr>();
            if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
                calls |= is_match(*binary.op());
            }
            if let Some(literal) = expr.downcast_ref::<Literal>() {
                longest = longest.max(literal.value().size());
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    let rows = (REPEATED_MAX / longest.max(1)).max(1);
    let long = longest > REPEATED_MAX / 8192;
    Ok((calls || long).then_some(rows))
}

/// Whether an operator compares with a pattern.
fn is_match(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch
    )
}

impl DisplayAs for WatchExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchExec")
    }
}

impl ExecutionPlan for WatchExec {
    fn name(&self) -> &str {
        "WatchExec"
    }

    fn downcast_delegate(&self) -> Option<&dyn ExecutionPlan> {
        Some(self.inner.as_ref())
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.inner]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = children.into_iter().next();
        Ok(Arc::new(WatchExec {
            inner: inner.unwrap_or_else(|| self.inner.clone()),
            control: self.control.clone(),
            usage: self.usage,
            rounds: self.rounds.clone(),
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if let Some(rounds) = &self.rounds
            && rounds.fetch_add(1, Ordering::Relaxed) >= ROUNDS_MAX
        {
            return Err(wrap(Failure::new(
                Code::STATEMENT_TOO_COMPLEX,
                format!(
                    "a recursive query ends after {ROUNDS_MAX} rounds; give it a condition that ends it"
                ),
            )));
        }
        let rows = context.session_config().batch_size();
        let inner = self.inner.execute(partition, context)?;
        Ok(Box::pin(Watched::new(
            inner,
            self.control.clone(),
            self.usage,
            rows,
        )))
    }
}

/// Whether values of a type can be of any length.
fn is_long(kind: &DataType) -> bool {
    !kind.is_primitive() && !matches!(kind, DataType::Boolean | DataType::Null)
}
