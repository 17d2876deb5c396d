//! Rows of tablets from backends: one replica after another until one has given them all.
//!
//! Rows of a tablet have one order on every replica, and every row comes with its ordinal: when a replica fails in the
//! middle, the next one goes on behind the last row that arrived. One that is only late is raced: another is asked beside
//! it, and who gives the next rows is read from then on.

mod decode;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::future;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc::Sender;

use crate::backend::api::{ScanFilter, ScanRequest};
use crate::backend::client::{self, Call, Client};
use crate::code::{Code, Failure};
use crate::ids::{BackendId, TabletId, Version};
use crate::system::error::wrap;
use crate::system::scan::decode::Decoder;

/// How long a backend may be silent before it is given up.
const STALL: Duration = Duration::from_secs(10);
/// Batches of one stream that wait for the query at most.
const BATCHES_WAITING: usize = 2;

/// The way to backends.
#[derive(Debug, Clone)]
pub struct Backends {
    client: Client,
    stall: Duration,
}

impl Backends {
    /// Calls backends by `client`.
    pub fn new(client: Client) -> Backends {
        Backends {
            client,
            stall: STALL,
        }
    }

    /// The same with another time limit for a silent backend.
    pub fn with_stall(mut self, stall: Duration) -> Backends {
        self.stall = stall;
        self
    }
}

/// One tablet to read.
#[derive(Debug, Clone, PartialEq)]
pub struct TabletRead {
    /// Tablet.
    pub tablet: TabletId,
    /// The version that is visible.
    pub version: Version,
    /// Its replicas, the one to ask first in front.
    pub replicas: Vec<ReplicaRead>,
    /// Replicas that are not asked, each with why.
    pub refused: Vec<String>,
}

/// One replica that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaRead {
    /// Its backend.
    pub backend: BackendId,
    /// `host:port`.
    pub address: String,
}

/// What is read of each tablet.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Columns by position in the table.
    pub columns: Vec<usize>,
    /// Row groups that can be left out.
    pub filters: Vec<ScanFilter>,
    /// Rows of the whole query, when any will do.
    pub limit: Option<u64>,
    /// The schema of what comes out.
    pub schema: SchemaRef,
    /// How long a replica may be late before another is asked beside it.
    pub late: Duration,
}

/// Tablets that are read one after the other: one partition of a query's scan.
#[derive(Clone)]
pub struct TabletScan {
    /// The way to backends.
    pub backends: Arc<Backends>,
    /// What is read.
    pub wanted: Arc<Wanted>,
    /// Where from.
    pub tablets: Vec<TabletRead>,
}

impl fmt::Debug for TabletScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tablets: Vec<u64> = self.tablets.iter().map(|t| t.tablet.0).collect();
        f.debug_tuple("TabletScan").field(&tablets).finish()
    }
}

impl PartitionStream for TabletScan {
    fn schema(&self) -> &SchemaRef {
        &self.wanted.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = self.wanted.schema.clone();
        let mut builder = RecordBatchReceiverStreamBuilder::new(schema, BATCHES_WAITING);
        let out = builder.tx();
        let scan = self.clone();
        builder.spawn(async move { scan.run(&out).await });
        builder.build()
    }
}

/// Nobody reads the batches any more.
struct Closed;

/// How far the reading of a tablet has come.
struct Progress<'a> {
    out: &'a Sender<Result<RecordBatch>>,
    /// The ordinal of the next row.
    next: u64,
    /// Rows that are still wanted.
    left: Option<u64>,
}

/// Why one replica did not give everything.
enum Stop {
    Failed(String),
    Closed,
}

impl From<Closed> for Stop {
    fn from(_: Closed) -> Stop {
        Stop::Closed
    }
}

impl TabletScan {
    async fn run(&self, out: &Sender<Result<RecordBatch>>) -> Result<()> {
        let mut progress = Progress {
            out,
            next: 0,
            left: self.wanted.limit,
        };
        for tablet in &self.tablets {
            if progress.left == Some(0) {
                break;
            }
            progress.next = 0;
            match self.tablet(tablet, &mut progress).await {
                Ok(()) => {}
                Err(Stop::Closed) => break,
                Err(Stop::Failed(why)) => {
                    return Err(wrap(Failure::new(Code::NO_QUERYABLE_REPLICA, why)));
                }
            }
        }
        Ok(())
    }

    /// Reads a tablet from as many of its replicas as it takes; those come last whose backend is in doubt.
    async fn tablet(&self, read: &TabletRead, progress: &mut Progress<'_>) -> Result<(), Stop> {
        let mut reasons = read.refused.clone();
        let doubtful = |of: &ReplicaRead| self.backends.client.doubts(&of.address);
        let replicas = read.replicas.iter().cloned();
        let (last, first): (Vec<ReplicaRead>, Vec<ReplicaRead>) = replicas.partition(doubtful);
        let mut others = first.into_iter().chain(last).peekable();
        // Most of the time one; all of them go on behind the last row that was passed on.
        let mut readings: Vec<Reading> = Vec::new();
        loop {
            if readings.is_empty() {
                match others.next() {
                    Some(replica) => readings.push(self.reading(read, replica, progress)),
                    None => return Err(Stop::Failed(no_replica(read, &reasons))),
                }
            }
            let next = future::select_all(readings.iter_mut().map(|of| of.rows.next()));
            let (rows, at) = tokio::select! {
                biased;
                (rows, at, _) = next => (rows, at),
                () = tokio::time::sleep(self.wanted.late), if others.peek().is_some() => {
                    readings.extend(others.next().map(|of| self.reading(read, of, progress)));
                    continue;
                }
            };
            match rows {
                Some(Err(why)) => {
                    let replica = readings.remove(at).replica;
                    tracing::warn!(
                        tablet = %read.tablet,
                        backend = %replica.backend,
                        reached = progress.next,
                        "replica can't be read, trying another: {why}"
                    );
                    let (backend, address) = (replica.backend, &replica.address);
                    reasons.push(format!("backend {backend} ({address}): {why}"));
                }
                Some(Ok(rows)) => {
                    self.won(&mut readings, at);
                    progress.send(rows).await?;
                    if progress.left == Some(0) {
                        return Ok(());
                    }
                }
                None => {
                    self.won(&mut readings, at);
                    return Ok(());
                }
            }
        }
    }

    /// One of those that are read at once was the first to give something: the others are not read any more, and those
    /// that were asked before it are in doubt.
    fn won(&self, readings: &mut Vec<Reading>, at: usize) {
        for slower in readings.iter().take(at) {
            self.backends.client.outpaced(&slower.replica.address);
        }
        readings.truncate(at + 1);
        readings.drain(..at);
    }

    /// Begins to read what is left of a tablet from one replica.
    fn reading(&self, read: &TabletRead, replica: ReplicaRead, progress: &Progress<'_>) -> Reading {
        let request = ScanRequest {
            tablet: read.tablet,
            version: read.version,
            columns: self.wanted.columns.clone(),
            from_ordinal: progress.next,
            limit: progress.left,
            filters: self.wanted.filters.clone(),
        };
        let (client, stall) = (self.backends.client.clone(), self.backends.stall);
        let (next, schema) = (progress.next, self.wanted.schema.clone());
        let address = replica.address.clone();
        let opened = async move {
            let call = Call::new(&address, "scan", stall);
            let bytes = client.open_stream(&call, &request).await;
            let source = Incoming {
                bytes: bytes.map_err(|e| e.to_string())?.boxed(),
                decoder: Decoder::new(schema),
                next,
            };
            Ok::<_, String>(stream::try_unfold(source, Incoming::rows))
        };
        Reading {
            replica,
            rows: stream::once(opened).try_flatten().boxed(),
        }
    }
}

/// A replica that is read.
struct Reading {
    replica: ReplicaRead,
    rows: BoxStream<'static, Result<decode::Rows, String>>,
}

/// What comes from a backend.
struct Incoming {
    bytes: BoxStream<'static, Result<Bytes, client::Error>>,
    decoder: Decoder,
    /// The ordinal of the next row.
    next: u64,
}

impl Incoming {
    /// The next rows.
    async fn rows(mut self) -> Result<Option<(decode::Rows, Incoming)>, String> {
        loop {
            if let Some(rows) = self.decoder.next(self.next)? {
                self.next = rows.next;
                return Ok(Some((rows, self)));
            }
            match self.bytes.next().await {
                Some(bytes) => self.decoder.push(bytes.map_err(|e| e.to_string())?),
                None => return self.decoder.finish().map(|()| None),
            }
        }
    }
}

fn no_replica(read: &TabletRead, reasons: &[String]) -> String {
    let reasons = match reasons.is_empty() {
        true => "it has no replica".to_owned(),
        false => reasons.join("; "),
    };
    let (tablet, version) = (read.tablet, read.version);
    format!(
        "no replica of tablet {tablet} can be read at version {version}: {reasons}. \
         See SHOW PROC '/statistic', SHOW TABLET {tablet} and SHOW BACKENDS; start a backend that holds it and ask again. \
         EXPLAIN TABLET {tablet} names the statement that helps: ADMIN RECOVER after a take-over, \
         ADMIN REPAIR TABLE .. ACCEPT DATA LOSS for what is lost for good"
    )
}

impl Progress<'_> {
    async fn send(&mut self, rows: decode::Rows) -> Result<(), Closed> {
        let mut batch = rows.batch;
        if let Some(left) = &mut self.left {
            let take = usize::try_from(*left).unwrap_or(usize::MAX);
            if batch.num_rows() > take {
                batch = batch.slice(0, take);
            }
            *left -= batch.num_rows() as u64;
        }
        self.next = rows.next;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.out.send(Ok(batch)).await.map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests;
