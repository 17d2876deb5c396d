//! What the names in a query mean: tables of the snapshot, functions of MySQL, and the connection's own values.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{Result, TableReference};
use datafusion::config::ConfigOptions;
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};

use crate::code::{Code, Failure};
use crate::system::agree::Relations;
use crate::system::error::wrap;
use crate::system::functions::Functions;
use crate::system::rows_table::RowsTable;
use crate::system::sources::Sources;
use crate::system::tables;
use crate::system::user_table::UserTable;

/// The names that one query can use.
pub struct Names<'a> {
    sources: &'a Sources,
    functions: &'a Functions,
    options: &'a ConfigOptions,
    /// Made for each query: it holds where in the query's planning it is.
    relations: Vec<Arc<dyn RelationPlanner>>,
}

impl<'a> Names<'a> {
    /// The names of a query of `sources`.
    pub fn new(
        sources: &'a Sources,
        functions: &'a Functions,
        options: &'a ConfigOptions,
    ) -> Names<'a> {
        Names {
            sources,
            functions,
            options,
            relations: vec![Arc::new(Relations::default())],
        }
    }

    fn table(&self, name: &TableReference) -> Result<Arc<dyn TableProvider>, Failure> {
        let db = match name.schema().or(self.sources.session.db.as_deref()) {
            Some(db) => db,
            None => {
                return Err(Failure::new(
                    Code::NO_DB,
                    "no database selected; say USE db, or write db.table",
                ));
            }
        };
        let table = name.table();
        if let Some(found) = tables::find(db, table) {
            return Ok(Arc::new(RowsTable::new(found, self.sources.clone())));
        }
        let catalog = &self.sources.view.catalog;
        if catalog.database(db).is_none() && !tables::is_system(db) {
            return Err(Failure::new(
                Code::BAD_DB,
                format!("Unknown database '{db}'"),
            ));
        }
        match catalog.table(db, table) {
            Some(found) => Ok(Arc::new(UserTable::new(
                self.sources.clone(),
                db,
                found.clone(),
            ))),
            None => Err(Failure::new(
                Code::NO_SUCH_TABLE,
                format!("Table '{db}.{table}' doesn't exist"),
            )),
        }
    }
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        self.table(&name).map(provider_as_source).map_err(wrap)
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(
            name, schema,
        ))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.functions.planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relations
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.functions.scalar(name, self.sources)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.functions.aggregates.get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.functions.windows.get(name).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.functions.scalars.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.functions.aggregates.keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.functions.windows.keys().cloned().collect()
    }
}
