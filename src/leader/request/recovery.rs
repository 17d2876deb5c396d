//! What is asked about versions that the catalog does not know and data that is lost, and what is answered.

use crate::ids::{BackendId, PartitionId, TabletId, Version};

/// A wish about versions that the catalog does not know, or data that is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryRequest {
    /// ADMIN RECOVER: partitions in doubt go on from the newest version that backends hold.
    Recover {
        /// Only this table; none means all.
        parts: Option<Parts>,
        /// ACCEPT DATA LOSS: though backends that were not heard may hold more.
        accept: bool,
        /// How it is done.
        terms: Terms,
    },
    /// ADMIN DROP UNKNOWN TABLETS: replicas that the catalog does not know are not kept any more.
    DropUnknown {
        /// How it is done.
        terms: Terms,
    },
    /// ADMIN SET TABLE .. PARTITION VERSION: a partition in doubt goes on from this version.
    SetPartitionVersion {
        /// The table.
        parts: Parts,
        /// Its partition.
        partition: PartitionId,
        /// The version.
        version: Version,
        /// ACCEPT DATA LOSS: though more is held, or may be.
        accept: bool,
        /// How it is done.
        terms: Terms,
    },
    /// ADMIN SET REPLICA VERSION.
    SetReplicaVersion {
        /// What is claimed of the replica.
        wanted: ReplicaVersion,
        /// How it is done.
        terms: Terms,
    },
    /// ADMIN REPAIR TABLE .. ACCEPT DATA LOSS: tablets of which no whole copy is left go on with what is left.
    AcceptLoss {
        /// The table, or some of its partitions.
        parts: Parts,
        /// How it is done.
        terms: Terms,
    },
}

/// What is claimed of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaVersion {
    /// Its tablet.
    pub tablet: TabletId,
    /// Where it is.
    pub backend: BackendId,
    /// It holds everything up to here.
    pub version: Option<Version>,
    /// It holds this one.
    pub success: Option<Version>,
    /// It has missed this one; -1 for none.
    pub failed: Option<Version>,
}

/// A table, or some of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Database.
    pub db: String,
    /// Table.
    pub table: String,
    /// Only these partitions; empty means all.
    pub partitions: Vec<String>,
}

/// How a statement of recovery is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Only list what would be done.
    pub dry_run: bool,
    /// Why; it goes to the journal and to the log.
    pub reason: String,
}

/// A line of what was found, or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `db.table`; none for what the catalog does not know.
    pub table: Option<String>,
    /// Partition.
    pub partition: Option<String>,
    /// Tablet, where the line is about one.
    pub tablet: Option<TabletId>,
    /// Backend, where the line is about its replica.
    pub backend: Option<BackendId>,
    /// The version that is known.
    pub known: Option<Version>,
    /// The version that takes its place.
    pub version: Option<Version>,
    /// Rows that come, or go where it is negative.
    pub rows: Option<i64>,
    /// Bytes on disk.
    pub bytes: Option<u64>,
    /// What becomes of it.
    pub state: FindingState,
    /// In words.
    pub message: String,
}

/// What becomes of something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingState {
    /// It will be done when the statement runs without DRY RUN.
    Can,
    /// It would be done with ACCEPT DATA LOSS.
    NeedsAcceptance,
    /// Something else has to come first.
    Blocked,
    /// It was done.
    Done,
    /// Nothing can be done about it.
    Unknown,
}

impl FindingState {
    /// The word that is printed.
    pub fn word(self) -> &'static str {
        match self {
            FindingState::Can => "CAN",
            FindingState::NeedsAcceptance => "NEEDS ACCEPT DATA LOSS",
            FindingState::Blocked => "BLOCKED",
            FindingState::Done => "DONE",
            FindingState::Unknown => "UNKNOWN",
        }
    }
}

impl RecoveryRequest {
    /// The statement in short.
    pub fn title(&self) -> String {
        match self {
            RecoveryRequest::Recover {
                parts,
                accept,
                terms,
            } => {
                let table = match parts {
                    Some(Parts { db, table, .. }) => format!(" TABLE {db}.{table}"),
                    None => String::new(),
                };
                let accept = if *accept { " ACCEPT DATA LOSS" } else { "" };
                format!("ADMIN RECOVER{table}{accept}{}", terms.title())
            }
            RecoveryRequest::DropUnknown { terms } => {
                format!("ADMIN DROP UNKNOWN TABLETS{}", terms.title())
            }
            RecoveryRequest::SetPartitionVersion {
                parts: Parts { db, table, .. },
                partition,
                version,
                accept,
                terms,
            } => {
                let accept = if *accept { " ACCEPT DATA LOSS" } else { "" };
                format!(
                    "ADMIN SET TABLE {db}.{table} PARTITION VERSION of {partition} to {version}{accept}{}",
                    terms.title()
                )
            }
            RecoveryRequest::SetReplicaVersion { wanted, terms } => format!(
                "ADMIN SET REPLICA VERSION of tablet {} on backend {}{}",
                wanted.tablet,
                wanted.backend,
                terms.title()
            ),
            RecoveryRequest::AcceptLoss {
                parts: Parts { db, table, .. },
                terms,
            } => format!(
                "ADMIN REPAIR TABLE {db}.{table} ACCEPT DATA LOSS{}",
                terms.title()
            ),
        }
    }

    /// How it is done.
    pub fn terms(&self) -> &Terms {
        match self {
            RecoveryRequest::Recover { terms, .. }
            | RecoveryRequest::DropUnknown { terms }
            | RecoveryRequest::SetPartitionVersion { terms, .. }
            | RecoveryRequest::SetReplicaVersion { terms, .. }
            | RecoveryRequest::AcceptLoss { terms, .. } => terms,
        }
    }
}

impl Terms {
    fn title(&self) -> String {
        match (self.dry_run, self.reason.as_str()) {
            (true, _) => " DRY RUN".to_owned(),
            (false, "") => String::new(),
            (false, reason) => format!(", because: {reason}"),
        }
    }
}
