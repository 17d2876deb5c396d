//! INSERT: rows that the frontend's engine computes, through the same course as a stream load.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::code::Failure;
use crate::ids::TxnId;
use crate::leader::handle::Handle;
use crate::load::block::Assembler;
use crate::load::client::{Begin, Committed, Local};
use crate::load::columns::Mapping;
use crate::load::coordinator::{Coordinator, Load, OpenSource, Progress, Tolerance};
use crate::load::error::Error;
use crate::load::feed::{FeedWriter, feed};
use crate::load::source::Source;
use crate::load::source::arrays::Arrays;
use crate::load::zone::Zone;

/// Batches that wait for the load.
const QUEUE: usize = 4;

/// What INSERT says besides its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsertInto {
    /// Database.
    pub db: String,
    /// Table.
    pub table: String,
    /// Only these partitions; empty means all.
    pub partitions: Vec<String>,
    /// WITH LABEL; `None` makes one.
    pub label: Option<String>,
    /// The columns that the batches give, in their order; empty means all.
    pub columns: Vec<String>,
    /// Milliseconds that the load may take; 0 means the setting.
    pub timeout_ms: u64,
}

/// A load that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadDone {
    /// Rows loaded.
    pub rows: u64,
    /// Rows that did not fit and were left out.
    pub filtered: u64,
    /// Label.
    pub label: String,
    /// Transaction.
    pub txn: TxnId,
    /// Readers see it already; else they will.
    pub visible: bool,
}

/// Loads a stream of batches, strictly: a row that does not fit ends the load with the MySQL error of its value, and
/// nothing is visible. Dropping the future gives the load up.
///
/// # Errors
/// Why nothing was loaded. An error of `rows` comes back as it is.
pub async fn insert(
    coordinator: &Coordinator,
    leader: &Handle,
    into: InsertInto,
    rows: BoxStream<'static, Result<RecordBatch, Failure>>,
) -> Result<LoadDone, Failure> {
    let label = into.label.unwrap_or_else(|| fresh_label("insert"));
    let frontend = Arc::new(Local {
        leader: leader.clone(),
        source: "INSERT_STREAMING",
    });
    let begin = Begin {
        db: into.db,
        table: into.table,
        label: label.clone(),
        timeout_ms: into.timeout_ms,
        coordinator: format!("FE: {}", leader.view().frontend.host),
        process: None,
        partitions: into.partitions,
    };
    let (writer, reader) = feed(QUEUE);
    let columns = into.columns;
    let open: OpenSource = Box::new(move |plan| {
        let names = (!columns.is_empty()).then_some(columns.as_slice());
        known(&plan.spec.columns, names)?;
        let mapping = Mapping::new(&plan.spec.columns, names, plan.began, Zone::Process)?;
        let assembler = Assembler::new(plan.spec.columns.clone(), mapping);
        Ok(Box::new(Arrays::new(reader, assembler)) as Box<dyn Source>)
    });
    let progress = Arc::new(Progress::default());
    let load = Load {
        begin,
        tolerance: Tolerance::Strict,
        hold: None,
        open,
        pump: Box::pin(pump(rows, writer, progress.clone())),
    };
    let committed = coordinator.run(frontend, load, progress.clone()).await?;
    Ok(LoadDone {
        rows: progress.loaded(),
        filtered: progress.misfits.lock().count,
        label,
        txn: TxnId(progress.txn.load(Ordering::Relaxed)),
        visible: committed == Committed::Visible,
    })
}

/// A label that no other load has.
pub fn fresh_label(kind: &str) -> String {
    format!("{kind}_{:032x}", rand::random::<u128>())
}

async fn pump(
    mut rows: BoxStream<'static, Result<RecordBatch, Failure>>,
    writer: FeedWriter<RecordBatch>,
    progress: Arc<Progress>,
) {
    while let Some(batch) = rows.next().await {
        match batch {
            Ok(batch) => {
                let bytes = batch.get_array_memory_size() as u64;
                progress.bytes.fetch_add(bytes, Ordering::Relaxed);
                if writer.send(batch).await.is_err() {
                    return;
                }
            }
            Err(failure) => return writer.fail(Error::Refused(failure)).await,
        }
    }
    writer.end().await;
}

/// INSERT may only name columns of the table.
fn known(
    columns: &[crate::catalog::schema::ColumnDef],
    names: Option<&[String]>,
) -> Result<(), Error> {
    for name in names.unwrap_or_default() {
        if !columns.iter().any(|c| c.name.eq_ignore_ascii_case(name)) {
            return Err(Error::UnknownColumn(name.clone()));
        }
    }
    Ok(())
}
