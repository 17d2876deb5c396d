//! A table whose rows are typed cells of the snapshot: system tables, made when they are read.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringBuilder, TimestampSecondBuilder,
};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use tokio::sync::mpsc::Sender;

use crate::clock::Timestamp;
use crate::proc::Wanted;
use crate::rows::{Cell, Column, Row, Type};
use crate::system::error::wrap;
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;
use crate::system::types::rows_schema;

/// Batches that wait for the query at most.
const BATCHES_WAITING: usize = 2;
/// Rows of one batch.
const BATCH_ROWS: usize = 8192;

/// A system table for one query.
#[derive(Clone)]
pub struct RowsTable {
    table: SystemTable,
    sources: Sources,
    columns: Arc<[Column]>,
    schema: SchemaRef,
    wanted: Wanted,
}

impl RowsTable {
    /// `table` as the query's snapshot has it.
    pub fn new(table: SystemTable, sources: Sources) -> RowsTable {
        let columns = table.columns();
        RowsTable {
            schema: rows_schema(&columns),
            columns: columns.into(),
            table,
            sources,
            wanted: Wanted::default(),
        }
    }
}

impl fmt::Debug for RowsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowsTable").field(&self.table.name).finish()
    }
}

#[async_trait]
impl TableProvider for RowsTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match equality(filter) {
                Some(_) => TableProviderFilterPushDown::Inexact,
                None => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut table = self.clone();
        for (column, cell) in filters.iter().filter_map(equality) {
            table.wanted = table.wanted.equal(column, cell);
        }
        Ok(Arc::new(StreamingTableExec::try_new(
            self.schema.clone(),
            vec![Arc::new(table)],
            projection,
            [],
            false,
            limit,
        )?))
    }
}

impl PartitionStream for RowsTable {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder =
            RecordBatchReceiverStreamBuilder::new(self.schema.clone(), BATCHES_WAITING);
        let out = builder.tx();
        let table = self.clone();
        builder.spawn_blocking(move || table.send(&out));
        builder.build()
    }
}

impl RowsTable {
    /// Sends the rows in batches, as fast as they are read.
    fn send(&self, out: &Sender<Result<RecordBatch>>) -> Result<()> {
        let mut rows: Vec<Row> = Vec::new();
        let send = |rows: &mut Vec<Row>| {
            let batch = batch(&self.columns, &self.schema, &std::mem::take(rows));
            match out.blocking_send(batch) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        };
        let scanned = self.table.scan(&self.sources, &self.wanted, &mut |row| {
            rows.push(row);
            if rows.len() < BATCH_ROWS {
                return ControlFlow::Continue(());
            }
            send(&mut rows)
        });
        if !rows.is_empty() {
            let _ = send(&mut rows);
        }
        scanned.map_err(wrap)
    }
}

/// `column = constant`, where rows can be left out by it.
fn equality(filter: &Expr) -> Option<(String, Cell)> {
    let Expr::BinaryExpr(BinaryExpr {
        left,
        op: Operator::Eq,
        right,
    }) = filter
    else {
        return None;
    };
    let (Expr::Column(column), Expr::Literal(value, _)) = (left.as_ref(), right.as_ref()) else {
        return None;
    };
    let cell = match value {
        ScalarValue::Int64(Some(n)) => Cell::Int(*n),
        ScalarValue::Utf8(Some(text)) => text.clone().into(),
        _ => return None,
    };
    Some((column.name.clone(), cell))
}

/// Cells as arrays, by the types of their columns. A cell of another type than its column's is NULL.
fn batch(columns: &[Column], schema: &SchemaRef, rows: &[Row]) -> Result<RecordBatch> {
    let arrays = columns
        .iter()
        .enumerate()
        .map(|(at, column)| array(column.kind, rows.iter().map(|row| row.get(at))))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        arrays,
        &options,
    )?)
}

fn array<'a>(kind: Type, cells: impl Iterator<Item = Option<&'a Cell>>) -> ArrayRef {
    match kind {
        Type::Text => {
            let mut out = StringBuilder::new();
            cells.for_each(|cell| match cell {
                Some(Cell::Text(text)) => out.append_value(text),
                Some(Cell::Int(n)) => out.append_value(n.to_string()),
                _ => out.append_null(),
            });
            Arc::new(out.finish())
        }
        Type::Int | Type::Bytes | Type::Size | Type::ShortSize => {
            let mut out = Int64Builder::new();
            cells.for_each(|cell| match cell {
                Some(Cell::Int(n)) => out.append_value(*n),
                _ => out.append_null(),
            });
            Arc::new(out.finish())
        }
        Type::Double | Type::Percent => {
            let mut out = Float64Builder::new();
            cells.for_each(|cell| match cell {
                Some(Cell::Double(x)) => out.append_value(*x),
                Some(Cell::Int(n)) => out.append_value(*n as f64),
                _ => out.append_null(),
            });
            Arc::new(out.finish())
        }
        Type::Bool => {
            let mut out = BooleanBuilder::new();
            cells.for_each(|cell| match cell {
                Some(Cell::Bool(yes)) => out.append_value(*yes),
                _ => out.append_null(),
            });
            Arc::new(out.finish())
        }
        Type::Time => {
            let mut out = TimestampSecondBuilder::new();
            cells.for_each(|cell| match cell {
                Some(Cell::Time(at)) => out.append_option(local_seconds(*at)),
                _ => out.append_null(),
            });
            Arc::new(out.finish())
        }
    }
}

/// Seconds since 1970 as the clock on the wall of this process' time zone shows them.
pub fn local_seconds(at: Timestamp) -> Option<i64> {
    let utc = chrono::DateTime::from_timestamp_millis(at.wall_ms())?;
    let local = utc.with_timezone(&chrono::Local);
    Some(local.naive_local().and_utc().timestamp())
}
