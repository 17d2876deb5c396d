//! What the surfaces ask of the leader, and what they get back.
//!
//! A request is checked again when it is carried out: the view that a statement was checked against may be old.

pub mod recovery;
mod title;

use std::sync::Arc;

use crate::backend::api::{Process, SegmentsAnswer};
use crate::catalog::partition::PartitionSpec;
use crate::catalog::table::{Medium, TableSpec, WriteQuorum};
use crate::catalog::user::Verifier;
use crate::code::Coded;
use crate::ids::{BackendId, ReplicaId, TableId, TabletId, TxnId, Version};
use crate::leader::request::recovery::{Finding, RecoveryRequest};
use crate::load::plan::LoadPlan;

/// A wish to change something.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// CREATE DATABASE.
    CreateDatabase {
        /// Name.
        name: String,
        /// IF NOT EXISTS: an existing one is no error.
        if_not_exists: bool,
    },
    /// DROP DATABASE.
    DropDatabase {
        /// Name.
        name: String,
        /// IF EXISTS: a missing one is no error.
        if_exists: bool,
        /// FORCE: even while committed loads are not visible yet.
        force: bool,
    },
    /// CREATE TABLE.
    CreateTable {
        /// Database.
        db: String,
        /// Name.
        name: String,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// Definition.
        spec: Box<TableSpec>,
        /// Its first partitions, in range order; one without a range for an unpartitioned table.
        /// `buckets` 0 means automatic.
        partitions: Vec<PartitionSpec>,
    },
    /// DROP TABLE.
    DropTable {
        /// Database.
        db: String,
        /// Name.
        name: String,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// TRUNCATE TABLE: new empty tablets take the place of the old ones.
    TruncateTable {
        /// Database.
        db: String,
        /// Name.
        name: String,
        /// Only these partitions; empty means all.
        partitions: Vec<String>,
    },
    /// ALTER TABLE .. SET, MODIFY PARTITION .. SET.
    AlterProperty {
        /// Database.
        db: String,
        /// Name.
        name: String,
        /// Partitions to change; empty means the table (and with it the one partition of an unpartitioned table).
        partitions: Vec<String>,
        /// The new value.
        property: Property,
    },
    /// ALTER TABLE .. ADD PARTITION.
    AddPartitions {
        /// Database.
        db: String,
        /// Table.
        name: String,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// The new partitions; `buckets` 0 means as the table says.
        partitions: Vec<PartitionSpec>,
    },
    /// ALTER TABLE .. DROP PARTITION.
    DropPartition {
        /// Database.
        db: String,
        /// Table.
        name: String,
        /// Partition.
        partition: String,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// ALTER SYSTEM ADD BACKEND.
    AddBackends(Vec<(String, u16)>),
    /// ALTER SYSTEM MODIFY BACKEND HOST: a backend listens elsewhere, and stays who it is.
    MoveBackend {
        /// Host and port that it is known by.
        from: (String, u16),
        /// Where it is now.
        to: (String, u16),
    },
    /// ALTER SYSTEM DROP BACKEND.
    DropBackends {
        /// The backends by address.
        backends: Vec<(String, u16)>,
        /// FORCE: even if one holds the last copy of a tablet that can be read.
        force: bool,
    },
    /// ADMIN SET FRONTEND CONFIG; takes effect at once, and is journaled when `persistent`.
    SetConfig {
        /// Key or alias.
        key: String,
        /// Value.
        value: String,
        /// WITH PERSISTENT.
        persistent: bool,
    },
    /// CREATE USER.
    CreateUser {
        /// Name.
        name: String,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// Password hashes.
        password: Verifier,
    },
    /// SET PASSWORD, ALTER USER.
    SetPassword {
        /// Name.
        name: String,
        /// Password hashes.
        password: Verifier,
    },
    /// DROP USER.
    DropUser {
        /// Name.
        name: String,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// A coordinator begins a load.
    BeginLoad(BeginLoad),
    /// A coordinator reports that every replica has answered, one way or the other.
    CommitLoad(CommitLoad),
    /// A coordinator reports the same, and leaves the commit to a second call.
    PrepareLoad {
        /// What was written.
        commit: CommitLoad,
        /// Milliseconds until the load is aborted without that call; 0 means the setting.
        timeout_ms: u64,
    },
    /// The second call commits the load.
    CommitPrepared {
        /// Transaction.
        txn: TxnId,
    },
    /// A coordinator, or the second call, gives up.
    AbortLoad {
        /// Transaction.
        txn: TxnId,
        /// Why.
        reason: String,
    },
    /// Repair, balance or content.
    Heal(HealRequest),
    /// Versions that are not known, or data that is lost.
    Recovery(RecoveryRequest),
}

/// A wish about repair, balance or content.
#[derive(Debug, Clone, PartialEq)]
pub enum HealRequest {
    /// ALTER SYSTEM DECOMMISSION BACKEND, or its CANCEL.
    Decommission {
        /// The backends by address.
        backends: Vec<(String, u16)>,
        /// They are to be emptied; `false` takes that back.
        on: bool,
    },
    /// ADMIN REPAIR TABLE, or its CANCEL: tablets of these partitions come first.
    RepairTable {
        /// Database.
        db: String,
        /// Table.
        table: String,
        /// Partitions; empty means all.
        partitions: Vec<String>,
        /// They come first; `false` takes that back.
        on: bool,
    },
    /// ADMIN REPAIR TABLET, `POST /shard-repair/repair`, or their cancels: content of tablets is compared and repaired.
    RepairTablets {
        /// Tablets: all of them, or none if one does not exist.
        tablets: Vec<TabletId>,
        /// Queue them; `false` takes those off the queue that are not being worked on.
        on: bool,
    },
    /// ADMIN SET REPLICA STATUS.
    SetReplicaStatus {
        /// Tablet.
        tablet: TabletId,
        /// Where the replica is.
        backend: BackendId,
        /// It is bad; `false` means that it is not.
        bad: bool,
        /// FORCE: even if nobody could read the tablet then.
        force: bool,
    },
    /// ADMIN CHECK TABLET .. PROPERTIES ("type" = "consistency").
    CheckTablets(Vec<TabletId>),
    /// ADMIN CHECK TABLET SEGMENTS.
    CheckSegments {
        /// Backends; empty means all that live.
        backends: Vec<BackendId>,
        /// Mark what is found as bad, except what nobody else has.
        repair: bool,
    },
    /// ADMIN CLEAN TABLET SCHEDULER QUEUE.
    CleanQueue,
    /// A backend asks which tablets could be read without its replica.
    Spare {
        /// Who asks.
        backend: BackendId,
        /// Its tablets, each with the replica that is meant.
        tablets: Vec<(TabletId, ReplicaId)>,
    },
}

/// A property that ALTER TABLE sets.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// `write_quorum`.
    WriteQuorum(WriteQuorum),
    /// `replication_num`.
    ReplicationNum(u16),
    /// `default.replication_num`: of partitions to come.
    DefaultReplicationNum(u16),
    /// `storage_medium`.
    StorageMedium(Medium),
    /// `bucket_size`.
    BucketSize(u64),
}

/// The beginning of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct BeginLoad {
    /// Database.
    pub db: String,
    /// Table.
    pub table: String,
    /// Unique in the database for as long as labels are kept; makes the load idempotent.
    pub label: String,
    /// Milliseconds until the load is aborted; 0 means the setting.
    pub timeout_ms: u64,
    /// Who coordinates, for SHOW PROC '/transactions' (`BE: host`, `FE: host`).
    pub coordinator: String,
    /// The process that coordinates, where it is a backend's: when it ends, the load does.
    pub process: Option<Process>,
    /// What kind of load it is (`BACKEND_STREAMING`, `INSERT_STREAMING`).
    pub source: &'static str,
    /// Partitions that rows may go to; empty means all.
    pub partitions: Vec<String>,
}

/// The end of a load's writing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CommitLoad {
    /// Transaction.
    pub txn: TxnId,
    /// Which backends hold the pending rowset of each tablet that got rows, durable. Tablets that got no rows are
    /// not listed and need no quorum.
    pub written: Vec<TabletWritten>,
    /// Rows loaded, for the answer and SHOW PROC '/transactions'.
    pub rows: u64,
    /// Bytes loaded.
    pub bytes: u64,
}

/// Where the pending rowset of a tablet is durable.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TabletWritten {
    /// Tablet.
    pub tablet: TabletId,
    /// Backends that acknowledged.
    pub backends: Vec<BackendId>,
    /// Backends that did not, each with why.
    pub failed: Vec<(BackendId, String)>,
    /// Rows of this tablet in the load.
    pub rows: u64,
}

/// What the leader answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Done; nothing to say.
    Done,
    /// Done, with a number and a sentence for SHOW WARNINGS (IF EXISTS on a missing one).
    Note(u16, String),
    /// The load has begun.
    Begun(Arc<LoadPlan>),
    /// The load is durable, and waits for the call that commits it.
    Prepared,
    /// The load is visible.
    Visible {
        /// Versions given, by table and partition, for the log.
        versions: Vec<(TableId, Version)>,
    },
    /// What was found of each backend's files, or why it has not told.
    Segments(Vec<(BackendId, Result<SegmentsAnswer, String>)>),
    /// What was found of what is in doubt or lost.
    Recovery(Vec<Finding>),
    /// Tablets that could be read without the asking backend.
    Spared(Vec<TabletId>),
    /// The load is committed and will be seen later: the publish could not reach its quorum within the load's time.
    Committed,
}
impl Reply {
    /// A sentence about what was not there, or was there before.
    pub fn noted(what: &(impl Coded + std::fmt::Display)) -> Reply {
        Reply::Note(what.code().mysql, what.to_string())
    }
}
