//! Every refusal of the leader: what was wrong, where, and what to do. Each has one code.

use crate::catalog::apply::Misfit;
use crate::catalog::txn::TxnState;
use crate::code::{Code, Coded};
use crate::config;
use crate::ids::{BackendId, TabletId, TxnId, Version};

/// Why the leader refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the texts say what the variants mean
pub enum Error {
    #[error("Can't create database '{0}'; database exists")]
    DatabaseExists(String),
    #[error("Can't drop database '{0}'; database doesn't exist")]
    DropUnknownDatabase(String),
    #[error("Unknown database '{0}'")]
    UnknownDatabase(String),
    #[error(
        "database '{db}' has loads that are committed and not visible yet, the first is transaction {txn}; wait for them, or use DROP DATABASE .. FORCE"
    )]
    DatabaseBusy { db: String, txn: TxnId },
    #[error("Table '{0}' already exists")]
    TableExists(String),
    #[error("Unknown table '{0}'")]
    UnknownTable(String),
    #[error("Table '{0}' was dropped while this ran")]
    TableDropped(String),
    #[error("Partition '{partition}' does not exist in table '{table}'")]
    UnknownPartition { table: String, partition: String },
    #[error(
        "Partition '{partition}' of table '{table}' was dropped or truncated while the load ran; load again"
    )]
    PartitionDropped { table: String, partition: String },
    #[error("Partition '{0}' already exists")]
    PartitionExists(String),
    #[error("the range of partition '{new}' overlaps that of partition '{old}'")]
    RangeOverlaps { new: String, old: String },
    #[error(
        "table '{0}' is not partitioned by range, so partitions can't be added to it or dropped"
    )]
    NotPartitioned(String),
    #[error(
        "partition '{partition}' would have {tablets} tablets of {replicas} replicas; one statement can make {max} replicas, so use fewer BUCKETS or partitions"
    )]
    TooManyTablets {
        partition: String,
        tablets: u64,
        replicas: u64,
        max: u64,
    },
    #[error("Replication num should be between 1 and 32767, not {0}")]
    ReplicationNum(u16),
    #[error(
        "replication_num is {wanted}, and only {available} backends are alive and can take replicas{listed}; add backends, or set the property \"replication_num\" to at most {available}"
    )]
    TooFewBackends {
        wanted: u16,
        available: usize,
        listed: String,
    },
    #[error(
        "table '{0}' is partitioned by range: set \"default.replication_num\" for partitions to come, or use MODIFY PARTITION for existing ones"
    )]
    ReplicationOfRanges(String),
    #[error(
        "Setting bucket size is not allowed: table '{0}' is not DISTRIBUTED BY RANDOM with automatic buckets"
    )]
    BucketSize(String),
    #[error("property \"{0}\" belongs to a table, not to a partition")]
    TableProperty(&'static str),
    #[error("backend {backend} could not make its tablets, so nothing was created: {why}")]
    MakeTablets { backend: String, why: String },
    #[error(
        "backend {0} was dropped while its tablets were made, so nothing was created; run the statement again"
    )]
    LeftMeanwhile(BackendId),
    #[error("Backend already exists with same host {host} and port {port}")]
    BackendExists { host: String, port: u16 },
    #[error("backend does not exist[{host}:{port}]")]
    UnknownBackend { host: String, port: u16 },
    #[error("tablet {0} does not exist")]
    UnknownTablet(TabletId),
    #[error(
        "tablet {tablet} has no replica on backend {backend}; SHOW TABLET {tablet} leads to its replicas"
    )]
    UnknownReplica {
        tablet: TabletId,
        backend: BackendId,
    },
    #[error(
        "insufficient BE number: {staying} backends would stay, and partition '{partition}' of table '{table}' has replication_num {wanted}; add backends, or lower it first"
    )]
    TooFewStay {
        staying: usize,
        table: String,
        partition: String,
        wanted: u16,
    },
    #[error(
        "insufficient disk space would result: {needed} bytes have to move, and the backends that stay have {available} bytes free; add backends or space first"
    )]
    NoRoomToLeave { needed: u64, available: u64 },
    #[error("host is empty; a backend is named 'host:port'")]
    EmptyHost,
    #[error("Port is out of range: {0}")]
    Port(u16),
    #[error(
        "the last whole {copies} of {count} {tablets} that can be read would go, the first is tablet {tablet} of table {table}; {start}use DECOMMISSION, which copies first, or lose {them} with FORCE",
        copies = if *.count == 1 { "copy" } else { "copies" },
        tablets = if *.count == 1 { "tablet" } else { "tablets" },
        them = if *.count == 1 { "it" } else { "them" },
        start = start(.other.as_deref())
    )]
    LastCopies {
        count: u64,
        tablet: TabletId,
        table: String,
        other: Option<String>,
    },
    #[error(
        "the replica on backend {backend} is the last copy of tablet {tablet} of table {table} that can be read; {start}repair another one first (ADMIN SHOW REPLICA STATUS FROM {table}), or write FORCE behind the properties",
        start = start(.other.as_deref())
    )]
    LastCopy {
        tablet: TabletId,
        table: String,
        backend: BackendId,
        other: Option<String>,
    },
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error("Operation CREATE USER failed for '{0}': the user exists already")]
    UserExists(String),
    #[error("Operation DROP USER failed for '{0}': there is no such user")]
    DropUnknownUser(String),
    #[error(
        "table '{table}' takes no loads into partition '{partition}' until it is recovered: this frontend took over with a journal that may end too early, and {}; reads go on at version {known}; ADMIN RECOVER TABLE {table} DRY RUN lists what there is, and ADMIN RECOVER TABLE {table} goes on from it",
        beyond(*.known, *.newest)
    )]
    InDoubt {
        table: String,
        partition: String,
        known: Version,
        newest: Option<Version>,
    },
    #[error(
        "partition '{partition}' of table '{table}' is not in doubt: the journal and its backends agree on version {visible}; what is lost for good is accepted by ADMIN REPAIR TABLE {table} ACCEPT DATA LOSS"
    )]
    VersionIsSettled {
        table: String,
        partition: String,
        visible: Version,
    },
    #[error(
        "backend {backend} says that its replica of tablet {tablet} holds everything up to version {held} only, so rows up to {asked} would be missing unseen; it is filled from another replica by itself, and where no other is left, ADMIN REPAIR TABLE {table} ACCEPT DATA LOSS goes on without them"
    )]
    VersionNotHeld {
        tablet: TabletId,
        backend: BackendId,
        held: Version,
        asked: Version,
        table: String,
    },
    #[error(
        "backend {backend} says that its replica of tablet {tablet} holds everything up to version {held}, and the next report would say so again; to have it filled anew, use ADMIN SET REPLICA STATUS with \"status\" = \"bad\""
    )]
    VersionIsHeld {
        tablet: TabletId,
        backend: BackendId,
        held: Version,
    },
    #[error("say why with REASON '..'; it goes to the journal and to the log; DRY RUN needs none")]
    NoReason,
    #[error(
        "{doubted} partitions are in doubt, and tablets that are not known may be needed for them; ADMIN RECOVER DRY RUN lists them"
    )]
    StillInDoubt { doubted: u64 },
    #[error("there is no user '{0}'")]
    UnknownUser(String),
    #[error("Operation DROP USER failed for 'root': a cluster must have it")]
    DropRoot,
    #[error("Label [{label}] has already been used by transaction {txn}, which is {}; use another label, or take that load's result", .state.word())]
    LabelExists {
        label: String,
        txn: TxnId,
        state: TxnState,
    },
    #[error("label '{0}' is not valid: 1 to 128 letters, digits, '-', '_', '.' or ':'")]
    Label(String),
    #[error("{running} loads run already, which is the most; load again when some have ended")]
    TooManyLoads { running: usize },
    #[error(
        "Tablet lost replicas. Check if any backend is down or not. tablet_id: {tablet}, replicas: {replicas}. Check quorum number failed: {got} can be written, quorum: {needed}. EXPLAIN TABLET {tablet} names the statement that helps"
    )]
    LostReplicas {
        tablet: TabletId,
        replicas: String,
        got: usize,
        needed: u16,
    },
    #[error(
        "Commit failed. txn: {txn} table: {table} tablet: {tablet} quorum: {got}<{needed} errorReplicas: {errors}"
    )]
    Quorum {
        txn: TxnId,
        table: String,
        tablet: TabletId,
        got: usize,
        needed: u16,
        errors: String,
    },
    #[error("transaction {0} does not exist; it may have been ended by a restart of the frontend")]
    UnknownTxn(TxnId),
    #[error("transaction {txn} is {}{}", .state.word(), reason(.why))]
    TxnEnded {
        txn: TxnId,
        state: TxnState,
        why: String,
    },
    #[error("transaction {txn} is {}: its rows are not durable yet, so it can't be committed", .state.word())]
    NotPrepared { txn: TxnId, state: TxnState },
    #[error(
        "no replica of tablet {tablet} that can be read holds the rows of transaction {txn}, which stays PREPARED: commit it again when one can; EXPLAIN TABLET {tablet} says what is the matter"
    )]
    HoldersAway { txn: TxnId, tablet: TabletId },
    #[error("tablet {tablet} does not belong to the load of transaction {txn}")]
    ForeignTablet { txn: TxnId, tablet: TabletId },
    #[error("tablet {tablet} is listed twice in the commit of transaction {txn}")]
    TabletTwice { txn: TxnId, tablet: TabletId },
    #[error("{}", unknown_tablets(.0))]
    UnknownTablets(Vec<TabletId>),
    #[error("{max} checks wait already, which is the most; check again when some have ended")]
    TooManyChecks { max: usize },
    #[error("something else changed meanwhile: {0}; look again and retry")]
    Conflict(#[from] Misfit),
}

/// Ids that an error lists; beyond that it only says how many there are.
const LISTED_MAX: usize = 10;

fn unknown_tablets(ids: &[TabletId]) -> String {
    let listed: Vec<String> = ids
        .iter()
        .take(LISTED_MAX)
        .map(|id| id.to_string())
        .collect();
    let more = ids.len() - listed.len();
    let listed = listed.join(", ");
    match (ids.len(), more) {
        (1, _) => format!("tablet {listed} does not exist"),
        (_, 0) => format!("tablets {listed} do not exist"),
        _ => format!("tablets {listed} and {more} others do not exist"),
    }
}

fn beyond(known: Version, newest: Option<Version>) -> String {
    match newest {
        Some(newest) => format!("backends hold versions up to {newest} where it knows {known}"),
        None => "not every backend has shown yet that it holds no more".to_owned(),
    }
}

/// What brings another copy back, if a backend that is away has one.
fn start(other: Option<&str>) -> String {
    match other {
        Some(other) => format!("start backend {other}, which holds another one, or "),
        None => String::new(),
    }
}

fn reason(why: &str) -> String {
    match why {
        "" => String::new(),
        why => format!(": {why}"),
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::DatabaseExists(_) => Code::DB_CREATE_EXISTS,
            Error::DropUnknownDatabase(_) => Code::DB_DROP_EXISTS,
            Error::UnknownDatabase(_) => Code::BAD_DB,
            Error::TableExists(_) => Code::TABLE_EXISTS,
            Error::UnknownTable(_) | Error::TableDropped(_) => Code::NO_SUCH_TABLE,
            Error::UnknownPartition { .. } | Error::PartitionDropped { .. } => {
                Code::UNKNOWN_PARTITION
            }
            Error::PartitionExists(_) => Code::SAME_PARTITION,
            Error::RangeOverlaps { .. } => Code::RANGE_NOT_INCREASING,
            Error::DatabaseBusy { .. }
            | Error::NotPartitioned(_)
            | Error::TooManyTablets { .. }
            | Error::ReplicationNum(_)
            | Error::TooFewBackends { .. }
            | Error::ReplicationOfRanges(_)
            | Error::BucketSize(_)
            | Error::TableProperty(_)
            | Error::BackendExists { .. }
            | Error::UnknownBackend { .. }
            | Error::EmptyHost
            | Error::Port(_)
            | Error::UnknownTablet(_)
            | Error::UnknownReplica { .. }
            | Error::TooFewStay { .. }
            | Error::NoRoomToLeave { .. }
            | Error::UnknownTablets(_)
            | Error::LastCopies { .. }
            | Error::NoReason
            | Error::VersionIsSettled { .. }
            | Error::VersionNotHeld { .. }
            | Error::VersionIsHeld { .. }
            | Error::StillInDoubt { .. }
            | Error::LastCopy { .. } => Code::ANALYSIS,
            Error::MakeTablets { .. } | Error::LeftMeanwhile(_) => Code::BACKEND,
            Error::Config(error) => error.code(),
            Error::UserExists(_) | Error::DropUnknownUser(_) | Error::DropRoot => Code::CANNOT_USER,
            Error::UnknownUser(_) => Code::PASSWORD_NO_MATCH,
            Error::LabelExists { .. } => Code::LABEL_EXISTS,
            Error::Label(_) => Code::WRONG_ARGUMENTS,
            Error::LostReplicas { .. }
            | Error::Quorum { .. }
            | Error::HoldersAway { .. }
            | Error::InDoubt { .. } => Code::QUORUM,
            Error::TooManyLoads { .. } | Error::TooManyChecks { .. } | Error::Conflict(_) => {
                Code::NOT_READY
            }
            Error::UnknownTxn(_)
            | Error::TxnEnded { .. }
            | Error::NotPrepared { .. }
            | Error::ForeignTablet { .. }
            | Error::TabletTwice { .. } => Code::TXN,
        }
    }
}
