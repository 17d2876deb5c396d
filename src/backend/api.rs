//! What frontends and backends say to each other: the bodies of the internal HTTP calls.
//!
//! All calls but the load and scan streams are JSON over `POST /api/internal/<call>` with a proof of the cluster's
//! token ([`crate::proof`]).
//! Errors are a status and `{"error": "..."}`. Calls may be repeated: each is idempotent.

mod adopt;
mod copy;
mod cut;
mod identify;
mod leadership;

use serde::{Deserialize, Serialize};

pub use self::adopt::{AdoptTablets, Adopted};
pub use self::copy::{DescribeReplica, ReadSegment, ReleaseReplica, ReplicaRowsets};
pub use self::cut::{CutTablets, SalvageTablets, Salvaged, SalvagedTablet};
pub use self::identify::{Identified, Identify};
pub use self::leadership::{LEADERSHIP_HEADER, Leadership, Standing};
use crate::catalog::backend::PathState;
use crate::catalog::schema::ColumnDef;
use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::ids::{
    BackendId, DbId, NodeId, PartitionId, ReplicaId, TableId, TabletId, TxnId, Version,
};

/// `POST /api/internal/heartbeat`: the frontend introduces itself and asks how the backend is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    /// Cluster; a backend that belongs to another one refuses (409), and remembers the first that it hears of.
    pub cluster_id: u64,
    /// The id that the frontend knows the backend by.
    pub backend: BackendId,
    /// `host:port` of the frontend's HTTP listener, for coordinators.
    pub frontend: String,
    /// Sequence of the frontend's leadership; a lower one than seen before is refused.
    pub epoch: u64,
    /// Seconds for which dropped replicas rest in the trash (setting `trash_file_expire_time_sec`).
    pub trash_expire_sec: u64,
    /// The node that the frontend takes the backend for; none before it has heard of it. Another node answers who it is, and
    /// does not take `backend` for its own id.
    #[serde(default)]
    pub node: Option<NodeId>,
}

/// Answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// When the backend's process started.
    pub started: Timestamp,
    /// Version of its program.
    pub version: String,
    /// Its storage paths.
    pub paths: Vec<PathState>,
    /// Logical processors.
    pub cpu_cores: u32,
    /// Memory of the machine in bytes.
    pub mem_bytes: u64,
    /// Scans that run now.
    pub running_queries: u32,
    /// Grows by one with each change of any tablet; lets the frontend ask for changes only.
    pub report_seq: u64,
    /// Clones that run here now.
    #[serde(default)]
    pub clones: Vec<CloneProgress>,
    /// Which node it is: drawn once and kept on its storage paths.
    #[serde(default)]
    pub node: Option<NodeId>,
}

/// One run of a backend: it has another start time when it was restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The backend.
    pub backend: BackendId,
    /// When the process started, as its heartbeats say.
    pub started: Timestamp,
}

/// How far a running clone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneProgress {
    /// Tablet.
    pub tablet: TabletId,
    /// Bytes fetched so far.
    pub bytes: u64,
    /// Milliseconds since it began.
    pub millis: u64,
}

/// `POST /api/internal/report`: tablets that changed after `since`; 0 asks for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRequest {
    /// `report_seq` of an earlier answer of the same process, or 0.
    pub since: u64,
}

/// Answer to a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportAnswer {
    /// Where the next one goes on.
    pub seq: u64,
    /// Whether `tablets` is every tablet of the backend.
    pub full: bool,
    /// Tablets.
    pub tablets: Vec<TabletReport>,
    /// Transactions with pending rowsets on this backend, so that forgotten ones are ended.
    pub pending: Vec<TxnId>,
}

/// One tablet as its backend sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TabletReport {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica.
    pub replica: ReplicaId,
    /// Placement epoch that created it.
    pub epoch: u64,
    /// Highest version without a gap below it.
    pub version: Version,
    /// Highest version that is held at all; more than `version` when there is a gap.
    pub max_version: Version,
    /// Files are lost or wrong, or the storage path is offline.
    pub bad: bool,
    /// What is lost or wrong, if anything is; also of a replica that is not bad because nobody could do without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Bytes on disk.
    pub data_size: u64,
    /// Rows up to `version`.
    pub row_count: u64,
    /// Rowsets.
    pub version_count: u32,
    /// The storage path.
    pub path_hash: i64,
    /// The tablet was dropped (in changes only).
    pub dropped: bool,
}

/// `POST /api/internal/create_tablets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateTablets {
    /// The tablets, each with the schema of its table.
    pub tablets: Vec<TabletSpec>,
    /// Columns of the table that all of them belong to.
    pub columns: Vec<ColumnDef>,
    /// How many leading columns form the key.
    pub key_columns: usize,
}

/// A tablet to create; an existing one with the same replica id is left as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TabletSpec {
    /// Database.
    pub db: DbId,
    /// Table.
    pub table: TableId,
    /// Partition.
    pub partition: PartitionId,
    /// Tablet.
    pub tablet: TabletId,
    /// Replica on this backend.
    pub replica: ReplicaId,
    /// Placement epoch.
    pub epoch: u64,
    /// Version that an empty tablet starts at.
    pub version: Version,
    /// Preferred medium.
    pub medium: Medium,
}

/// `POST /api/internal/drop_tablets`: moves replicas to the trash. A replica or epoch other than the one held is
/// refused for that tablet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropTablets {
    /// Tablet, replica and epoch.
    pub tablets: Vec<(TabletId, ReplicaId, u64)>,
}

/// `POST /api/internal/publish`: gives the pending rowsets of a transaction their versions; the answer is
/// [`TabletErrors`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// Transaction.
    pub txn: TxnId,
    /// The tablets of the touched partitions that this backend holds.
    pub tablets: Vec<PublishTablet>,
}

/// One tablet of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishTablet {
    /// Tablet.
    pub tablet: TabletId,
    /// The replica that is meant; another one that is here fails.
    pub replica: ReplicaId,
    /// The version that the load gets.
    pub version: Version,
    /// Whether the load wrote rows to the tablet, on whichever backend. A replica without the pending rowset of such
    /// a tablet fails; without rows the replica gets an empty version.
    pub rows: bool,
}

/// `POST /api/internal/abort`: forgets the pending rowsets of a transaction and deletes their files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// Transaction.
    pub txn: TxnId,
}

/// Answer to calls on several tablets: what went wrong, by tablet. Empty when all went well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TabletErrors {
    /// Tablet and why.
    pub failed: Vec<(TabletId, String)>,
}

/// First line of each part of `POST /api/internal/load/{txn}`: a stream of parts, each a 4-byte big-endian length,
/// that many bytes of JSON (this), then `bytes` bytes of Parquet. Between parts, a length of 0 says that the coordinator
/// is still there. The answer, after the last part, is a [`LoadAnswer`]; the pending rowsets are durable by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHeader {
    /// Tablet.
    pub tablet: TabletId,
    /// Order of the segment in its rowset, from 0.
    pub ordinal: u32,
    /// Rows.
    pub rows: u64,
    /// Bytes that follow.
    pub bytes: u64,
    /// CRC-32 of those bytes.
    pub crc: u32,
}

/// What a backend wrote for a load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoadAnswer {
    /// Tablets whose pending rowset is durable, with its rows.
    pub written: Vec<(TabletId, u64)>,
    /// Tablets that failed, and why.
    pub failed: Vec<(TabletId, String)>,
}

/// `POST /api/internal/scan`: streams rows of one tablet as an Arrow IPC stream (schema, then batches).
///
/// Rows of a tablet have one order: by version, then as written. It is the same on every replica, whatever has been
/// compacted, so a reader whose replica fails goes on with another from the ordinal it had reached. The
/// first column of every batch is `__ordinal` (UInt64), the ordinal of each row; the asked columns follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanRequest {
    /// Tablet.
    pub tablet: TabletId,
    /// Read as of this version; a replica that does not hold it answers 409.
    pub version: Version,
    /// Columns by position; may be empty (rows are counted by ordinals).
    pub columns: Vec<usize>,
    /// Skip rows below this ordinal.
    pub from_ordinal: u64,
    /// Stop after this many rows.
    pub limit: Option<u64>,
    /// Row groups that can't hold a row for which all of these are true may be left out.
    pub filters: Vec<ScanFilter>,
}

/// A comparison of a column with a constant that row groups are pruned by. Advice only: rows are not filtered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanFilter {
    /// Column by position.
    pub column: usize,
    /// `=`, `<`, `<=`, `>`, `>=`.
    pub op: String,
    /// The constant, as the text that a CSV field would hold.
    pub value: String,
}

/// `POST /api/internal/clone`: makes a replica hold everything up to `version`, by copying rowsets from a peer. Answered
/// when the replica is published; the answer is a [`CloneAnswer`].
///
/// The backend decides what is copied: of a replica that is here and whose files are whole, only the versions that it lacks
/// (incremental); else everything (full). A damaged replica is filled anew. Another replica of the same tablet that is
/// still here goes to the trash first. A repeated call for a clone that runs waits for that one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloneTablet {
    /// The replica to fill, as in `create_tablets`; its `version` is not used.
    pub spec: TabletSpec,
    /// Columns of the table.
    pub columns: Vec<ColumnDef>,
    /// How many leading columns form the key.
    pub key_columns: usize,
    /// The replica to copy.
    pub source_replica: ReplicaId,
    /// `host:port` of the backend that has it.
    pub source: String,
    /// What has to be held at the end, at least.
    pub version: Version,
    /// Storage path of a new replica; `-1` leaves the choice to the backend.
    pub path_hash: i64,
    /// Bytes that may be fetched in a second; 0 means no limit.
    pub bytes_per_second: u64,
}

/// What a clone did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneAnswer {
    /// The replica as it is now.
    pub tablet: TabletReport,
    /// Whether everything was copied, and not only what was missing.
    pub full: bool,
    /// Bytes fetched.
    pub bytes: u64,
    /// Files fetched.
    pub files: u64,
    /// Milliseconds that it took.
    pub millis: u64,
}

/// `POST /api/internal/digest`: computes what the rows of replicas amount to; the answer is [`Digests`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestTablets {
    /// Tablet, replica, and the version up to which rows count.
    pub tablets: Vec<(TabletId, ReplicaId, Version)>,
}

/// Answer to [`DigestTablets`], in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Digests {
    /// One for each tablet.
    pub digests: Vec<TabletDigest>,
}

/// What the rows of a replica amount to. Two replicas with the same rows in the same order have the same digest,
/// whatever has been compacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TabletDigest {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica.
    pub replica: ReplicaId,
    /// Rows up to this version.
    pub version: Version,
    /// The digest with the number of rows, or why there is none.
    pub result: Result<(u64, u64), String>,
    /// There is none because files are lost or wrong: the replica has been marked bad.
    pub bad: bool,
}

/// `POST /api/internal/check_segments`: looks for replicas whose files are gone or wrong (seed: Check All Tablet Segment
/// Lost); the answer is [`SegmentsAnswer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSegments {
    /// Mark what is found as bad, so that it is repaired, except what nobody else has.
    pub repair: bool,
    /// Read every file whole and compare its checksum, instead of opening it.
    pub checksum: bool,
}

/// Answer to [`CheckSegments`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SegmentsAnswer {
    /// Tablets that were looked at.
    pub checked: u64,
    /// Replicas with a lost or wrong file, ascending by tablet.
    pub bad: Vec<BadSegment>,
}

/// A replica with a lost or wrong file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadSegment {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica.
    pub replica: ReplicaId,
    /// What is the matter, with the file's name.
    pub why: String,
    /// It was marked bad; otherwise nothing was done to it.
    pub set_bad: bool,
    /// Not marked although `repair` was asked: no other replica could serve a read, or nobody could say whether one
    /// could; `why` tells which.
    pub kept: bool,
}

/// `POST /api/internal/spare` on a frontend: which of these tablets could be read without this backend's replica; the
/// answer is [`Spared`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spare {
    /// The backend that asks.
    pub backend: BackendId,
    /// Tablets, each with the replica that it has of it.
    pub tablets: Vec<(TabletId, ReplicaId)>,
}

/// Answer to [`Spare`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spared {
    /// Those that another replica can serve.
    pub tablets: Vec<TabletId>,
}
