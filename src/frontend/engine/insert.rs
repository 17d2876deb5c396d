//! INSERT: rows are computed here and handed to the coordinator of loads.

use std::sync::Arc;

use futures::StreamExt;
use sqlparser::tokenizer::TokenWithSpan;

use crate::catalog::schema::ColumnDef;
use crate::catalog::table::Table;
use crate::code::{Code, Failure};
use crate::frontend::engine::Engine;
use crate::frontend::engine::query::Limit;
use crate::load::{InsertInto, LoadDone};
use crate::sql::outcome::Insert;
use crate::sql::script::Script;
use crate::system::control::Control;
use crate::system::naming::Source;
use crate::system::sources::Sources;
use crate::system::{rewrite, values};

/// The rows of an INSERT.
enum Rows {
    Values(Vec<arrow::array::RecordBatch>),
    Query(crate::system::planner::Planned),
}

impl Engine {
    /// Loads the rows of `insert`, all or none; what became of the load.
    pub(super) async fn insert(
        &self,
        sources: &Sources,
        script: &Script,
        tokens: Vec<TokenWithSpan>,
        insert: Insert,
        limit: Limit,
        control: &Arc<Control>,
    ) -> Result<LoadDone, Failure> {
        let table = sources.view.catalog.table(&insert.db, &insert.table);
        let table = table.cloned().ok_or_else(|| {
            Failure::new(
                Code::NO_SUCH_TABLE,
                format!("Table '{}.{}' doesn't exist", insert.db, insert.table),
            )
        })?;
        let into = InsertInto {
            db: insert.db.clone(),
            table: insert.table.clone(),
            partitions: insert.partitions.clone(),
            label: insert.label.clone(),
            columns: insert.columns.clone(),
            timeout_ms: 0,
        };
        let (planner, script) = (self.planner.clone(), script.clone());
        let reading = sources.clone();
        let rows = self
            .threads
            .plan(self.queries.lanes(), control, move |control| {
                let source = Source {
                    script: &script,
                    tokens: &tokens,
                };
                let columns = columns(&table, &insert.columns)?;
                if let Some(values) = values::of_query(&insert.source) {
                    let rows =
                        values::batches(&planner, &reading, values, source, &columns, control)?;
                    return Ok(Rows::Values(rows));
                }
                let rewritten = rewrite::query(&reading, insert.source, source)?;
                if !rewritten.stored().is_empty() {
                    return Err(rewrite::variable::not_stored());
                }
                let planned = planner.plan(&reading, rewritten, control)?;
                same_count(columns.len(), planned.columns.len())?;
                Ok::<Rows, Failure>(Rows::Query(planned))
            })
            .await??;
        let rows = match rows {
            Rows::Values(batches) => futures::stream::iter(batches.into_iter().map(Ok)).boxed(),
            Rows::Query(planned) => {
                let limit = limit.without_deadline();
                let place = self.place_for(sources, control).await?;
                self.batches(planned, limit, control, place)?
            }
        };
        crate::load::insert(&self.coordinator, &self.leader, into, rows).await
    }
}

/// The columns that an INSERT gives, in its order.
fn columns<'a>(table: &'a Arc<Table>, names: &[String]) -> Result<Vec<&'a ColumnDef>, Failure> {
    let all = &table.spec.columns;
    if names.is_empty() {
        return Ok(all.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            let found = all.iter().find(|c| c.name.eq_ignore_ascii_case(name));
            found.ok_or_else(|| {
                Failure::new(
                    Code::BAD_FIELD,
                    format!("Unknown column '{name}' in table '{}'", table.name),
                )
            })
        })
        .collect()
}

fn same_count(columns: usize, values: usize) -> Result<(), Failure> {
    if columns == values {
        return Ok(());
    }
    Err(Failure::new(
        Code::WRONG_VALUE_COUNT,
        format!(
            "column count doesn't match value count: {columns} columns, the query gives {values}"
        ),
    ))
}
