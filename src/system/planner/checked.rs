//! The rules of DataFusion's optimizers, each of which asks first whether planning may go on.
//!
//! A rule of the logical optimizer is asked for each node of the plan, so planning ends soon after it must.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::analyzer::Analyzer;
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer};
use datafusion::optimizer::{AnalyzerRule, OptimizerConfig, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::{PhysicalOptimizer, PhysicalOptimizerContext};
use datafusion::physical_plan::ExecutionPlan;

use crate::system::control::check;

/// `builder` with the default rules, checked.
pub(super) fn rules(builder: SessionStateBuilder) -> SessionStateBuilder {
    let analyzer = Analyzer::new().rules.into_iter();
    // That rule sums sums, which have more digits than the sum that was planned, and fails by it.
    let optimizer = Optimizer::new().rules.into_iter();
    let optimizer =
        optimizer.filter(|rule| rule.name() != "single_distinct_aggregation_to_group_by");
    let physical = PhysicalOptimizer::new().rules.into_iter();
    builder
        .with_analyzer_rules(analyzer.map(|rule| Arc::new(Analysis(rule)) as _).collect())
        .with_optimizer_rules(optimizer.map(|rule| Arc::new(Logical(rule)) as _).collect())
        .with_physical_optimizer_rules(physical.map(|rule| Arc::new(Physical(rule)) as _).collect())
}

#[derive(Debug)]
struct Analysis(Arc<dyn AnalyzerRule + Send + Sync>);

impl AnalyzerRule for Analysis {
    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        check()?;
        self.0.analyze(plan, config)
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

#[derive(Debug)]
struct Logical(Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Logical {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        check()?;
        self.0.rewrite(plan, config)
    }
}

#[derive(Debug)]
struct Physical(Arc<dyn PhysicalOptimizerRule + Send + Sync>);

impl PhysicalOptimizerRule for Physical {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        check()?;
        self.0.optimize(plan, config)
    }

    fn optimize_with_context(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: &dyn PhysicalOptimizerContext,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        check()?;
        self.0.optimize_with_context(plan, context)
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}
