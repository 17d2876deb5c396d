//! Rows of tablets from backends: one replica after another until one has given them all.
//!
//! Rows of a tablet have one order on every replica, and every row comes with its ordinal: when a replica fails or
//! stalls in the middle, the next one goes on behind the last row that arrived.

mod decode;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::StreamExt;
use tokio::sync::mpsc::Sender;

use crate::backend::api::{ScanFilter, ScanRequest};
use crate::backend::client::{Call, Client};
use crate::code::{Code, Failure};
use crate::ids::{BackendId, TabletId, Version};
use crate::system::error::wrap;
use crate::system::scan::decode::Decoder;

/// How long a backend may be silent before another replica is asked.
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

    /// Reads a tablet from as many of its replicas as it takes; those come last whose backend gave no answer a moment ago.
    async fn tablet(&self, read: &TabletRead, progress: &mut Progress<'_>) -> Result<(), Stop> {
        let mut reasons = read.refused.clone();
        let doubtful = |of: &&ReplicaRead| self.backends.client.doubts(&of.address);
        let (last, first): (Vec<_>, Vec<_>) = read.replicas.iter().partition(doubtful);
        for replica in first.into_iter().chain(last) {
            match self.replica(read, replica, progress).await {
                Err(Stop::Failed(why)) => {
                    tracing::warn!(
                        tablet = %read.tablet,
                        backend = %replica.backend,
                        reached = progress.next,
                        "replica can't be read, trying another: {why}"
                    );
                    reasons.push(format!(
                        "backend {} ({}): {why}",
                        replica.backend, replica.address
                    ));
                }
                other => return other,
            }
        }
        let reasons = match reasons.is_empty() {
            true => "it has no replica".to_owned(),
            false => reasons.join("; "),
        };
        Err(Stop::Failed(format!(
            "no replica of tablet {} can be read at version {}: {reasons}. \
             See SHOW PROC '/statistic', SHOW TABLET {} and SHOW BACKENDS; start a backend that holds it and ask again",
            read.tablet, read.version, read.tablet
        )))
    }

    /// Reads what is left of a tablet from one replica.
    async fn replica(
        &self,
        read: &TabletRead,
        replica: &ReplicaRead,
        progress: &mut Progress<'_>,
    ) -> Result<(), Stop> {
        let request = ScanRequest {
            tablet: read.tablet,
            version: read.version,
            columns: self.wanted.columns.clone(),
            from_ordinal: progress.next,
            limit: progress.left,
            filters: self.wanted.filters.clone(),
        };
        let call = Call::new(&replica.address, "scan", self.backends.stall);
        let failed = |why: String| Stop::Failed(why);
        let mut stream = self
            .backends
            .client
            .open_stream(&call, &request)
            .await
            .map_err(|e| failed(e.to_string()))?;
        let mut decoder = Decoder::new(self.wanted.schema.clone());
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|e| failed(e.to_string()))?;
            decoder.push(bytes);
            while let Some(rows) = decoder.next(progress.next).map_err(failed)? {
                progress.send(rows).await?;
                if progress.left == Some(0) {
                    return Ok(());
                }
            }
        }
        decoder.finish().map_err(failed)
    }
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
