//! From a query's tree to a plan that runs, and to the header of its result.

mod checked;
mod origin;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionConfig;
use datafusion::sql::planner::{NullOrdering, ParserOptions, SqlToRel};
use sqlparser::ast::{Expr, Statement};
use tokio::runtime::Handle;

use crate::code::{Code, Failure};
use crate::frontend::answer::ResultColumn;
use crate::system::agree;
use crate::system::control::Control;
use crate::system::error::failure;
use crate::system::functions::Functions;
use crate::system::functions::arguments::texts;
use crate::system::names::Names;
use crate::system::naming::Source;
use crate::system::planner::origin::Origin;
use crate::system::rewrite::{self, Rewritten};
use crate::system::sources::Sources;
use crate::system::types::{NAME, value_kind};
use crate::system::watch::watched;
use crate::system::weight::{Held, Weight};

/// Expressions of VALUES that are computed by one plan.
const EXPRESSIONS_AT_ONCE: usize = 256;
/// Bytes of a value that is no text, in the error that says so.
const BYTES_SHOWN: usize = 6;

/// Columns of a result whose tables are looked for at most: it takes the square of their number.
const ORIGINS_MAX: usize = 512;

/// Plans queries. One serves all connections; it holds no state of theirs.
pub struct Planner {
    state: SessionState,
    functions: Functions,
}

/// A query that can be run.
pub struct Planned {
    /// What DataFusion executes.
    pub plan: Arc<dyn ExecutionPlan>,
    /// The header of the result.
    pub columns: Vec<ResultColumn>,
    /// User variables that get the values of columns.
    pub stored: Vec<(String, usize)>,
}

impl Planner {
    /// A planner that splits a query's work into `partitions` parts.
    pub fn new(partitions: usize) -> Planner {
        let mut config = SessionConfig::new()
            .with_target_partitions(partitions)
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(false);
        // The names that columns were declared with are metadata: a UNION of two columns has none, or one of them, as it happens.
        let options = config.options_mut();
        options.execution.skip_physical_aggregate_schema_check = true;
        let functions = Functions::new();
        let builder = SessionStateBuilder::new()
            .with_config(config)
            .with_expr_planners(functions.planners.clone());
        let state = checked::rules(builder).build();
        Planner { state, functions }
    }

    /// The functions that queries can call.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// Plans a query, to be run under `control`. Deep trees need a big stack.
    ///
    /// # Errors
    /// Unknown names, wrong types, what is not supported, in MySQL's codes; what is too much to be planned, and why the
    /// statement must stop.
    pub fn plan(
        &self,
        sources: &Sources,
        rewritten: Rewritten,
        control: &Arc<Control>,
    ) -> Result<Planned, Failure> {
        let _held = self.admit(&rewritten, control)?;
        control.plan(|| {
            let stored = rewritten.stored().to_vec();
            let (plan, columns) = self.bind(sources, rewritten)?;
            // Planning reads nothing but the snapshot: no table's `scan` waits.
            let plan = self
                .state
                .optimizer()
                .optimize(plan, &self.state, |_, _| {})
                .and_then(|plan| {
                    let planner = self.state.query_planner();
                    futures::executor::block_on(planner.create_physical_plan(&plan, &self.state))
                })
                .and_then(|plan| watched(plan, control))
                .map_err(|e| failure(&e))?;
            Ok(Planned {
                plan,
                columns,
                stored,
            })
        })
    }

    /// The header of a query alone.
    ///
    /// # Errors
    /// As [`Planner::plan`].
    pub fn describe(
        &self,
        sources: &Sources,
        rewritten: Rewritten,
        control: &Arc<Control>,
    ) -> Result<Vec<ResultColumn>, Failure> {
        let _held = self.admit(&rewritten, control)?;
        Ok(control.plan(|| self.bind(sources, rewritten))?.1)
    }

    /// Holds the memory of planning, and waits where that takes long.
    fn admit(&self, rewritten: &Rewritten, control: &Control) -> Result<Held, Failure> {
        let weight = Weight::of(rewritten.query());
        if weight.joins() {
            control.may_take_long();
        }
        if !weight.is_light() {
            control.wait_for_heavy_place()?;
        }
        weight.hold(&control.pool).map_err(|e| failure(&e))
    }

    /// The plan with every type settled, and the header that it says.
    fn bind(
        &self,
        sources: &Sources,
        mut rewritten: Rewritten,
    ) -> Result<(LogicalPlan, Vec<ResultColumn>), Failure> {
        let names = Names::new(sources, &self.functions, self.state.config_options());
        let planner = SqlToRel::new_with_options(&names, parser_options());
        let plan = planner
            .sql_statement_to_plan(Statement::Query(rewritten.take()))
            .and_then(agree::whole)
            .and_then(|plan| {
                let analyzer = self.state.analyzer();
                analyzer.execute_and_check(plan, self.state.config_options(), |_, _| {})
            })
            .map_err(|e| rewritten.spell(failure(&e)))?;
        let columns = header(&plan, &rewritten);
        Ok((plan, columns))
    }

    /// The values of constant expressions, as texts. Waits for them: call it on a thread that may wait.
    ///
    /// # Errors
    /// As [`Planner::plan`], and what computing them says.
    pub fn evaluate(
        &self,
        sources: &Sources,
        expressions: Vec<Expr>,
        source: Source<'_>,
        control: &Arc<Control>,
    ) -> Result<Vec<Option<String>>, Failure> {
        let mut values = Vec::with_capacity(expressions.len());
        for expressions in expressions.chunks(EXPRESSIONS_AT_ONCE) {
            let query = rewrite::select_of(expressions.to_vec());
            let rewritten = rewrite::query(sources, query, source)?;
            if !rewritten.stored().is_empty() {
                return Err(rewrite::variable::not_stored());
            }
            let planned = self.plan(sources, rewritten, control)?;
            let task = self.task(control)?;
            let batches = Handle::try_current()
                .map_err(|e| Failure::new(Code::UNKNOWN, e.to_string()))?
                .block_on(collect(planned.plan, task))
                .map_err(|e| failure(&e))?;
            for column in batches.iter().flat_map(|batch| batch.columns()) {
                are_text(column)?;
                let texts = texts(column).map_err(|e| failure(&e))?;
                let text = texts.iter().next().flatten().map(str::to_owned);
                let bytes = text.as_ref().map_or(0, String::len) as u64;
                control.pool.hold(bytes).map_err(|e| failure(&e))?;
                values.push(text);
            }
        }
        Ok(values)
    }

    /// What one query runs in: it may use the memory that `control` has, and no disk.
    ///
    /// # Errors
    /// The runtime could not be made.
    pub fn task(&self, control: &Control) -> Result<Arc<TaskContext>, Failure> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(control.pool.clone())
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
            )
            .build_arc()
            .map_err(|e| failure(&e))?;
        Ok(Arc::new(
            TaskContext::default()
                .with_session_config(self.state.config().clone())
                .with_runtime(runtime),
        ))
    }
}

/// Refuses bytes that are no text: a column of texts does not hold them.
fn are_text(column: &ArrayRef) -> Result<(), Failure> {
    if !matches!(
        column.data_type(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    ) {
        return Ok(());
    }
    let bytes = cast(column, &DataType::Binary).map_err(|e| failure(&e.into()))?;
    for value in bytes.as_binary::<i32>().iter().flatten() {
        if std::str::from_utf8(value).is_err() {
            let shown: String = value
                .iter()
                .take(BYTES_SHOWN)
                .map(|b| format!("\\x{b:02X}"))
                .collect();
            let message = format!("Incorrect string value: '{shown}': it is not UTF-8");
            return Err(Failure::new(Code::BAD_VALUE, message));
        }
    }
    Ok(())
}

/// Numbers with a point are decimals, names are compared as [`rewrite`] leaves them, NULL sorts first: MySQL's rules.
pub fn parser_options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(false)
        .with_map_string_types_to_utf8view(false)
        .with_default_null_ordering(NullOrdering::NullsMin)
}

fn header(plan: &LogicalPlan, rewritten: &Rewritten) -> Vec<ResultColumn> {
    let schema = plan.schema();
    let many = schema.fields().len();
    schema
        .iter()
        .enumerate()
        .map(|(at, (relation, field))| {
            let declared = field
                .metadata()
                .get(NAME)
                .filter(|name| name.to_lowercase() == *field.name());
            let name = rewritten
                .shown(at, many)
                .or_else(|| declared.cloned())
                .unwrap_or_else(|| rewritten.spelled(field.name()));
            let origin = match many <= ORIGINS_MAX {
                true => origin::of(plan, at),
                false => None,
            };
            let origin = origin.unwrap_or_else(|| Origin::of_relation(relation, &name));
            ResultColumn {
                name,
                table: origin.table,
                org_table: origin.org_table,
                org_name: origin.org_name,
                db: origin.db,
                kind: value_kind(field),
                nullable: field.is_nullable(),
            }
        })
        .collect()
}
