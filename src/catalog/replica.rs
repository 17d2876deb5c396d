//! A replica as readers see it: one value put together from the columns in which replicas are kept.

use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, Version};

/// One copy of a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica {
    /// Identity; never given twice.
    pub id: ReplicaId,
    /// Where it lives.
    pub backend: BackendId,
    /// The highest version up to which it holds every load without a gap.
    pub version: Version,
    /// The newest version whose load it missed; `-1` when it missed none (seed: LastFailedVersion).
    pub last_failed_version: Version,
    /// The newest version whose load it holds, even behind a gap; `-1` when unknown (seed: LastSuccessVersion).
    pub last_success_version: Version,
    /// When `last_failed_version` was last raised.
    pub last_failed_time: Option<Timestamp>,
    /// Set when its files are lost or wrong, or by ADMIN SET REPLICA STATUS.
    pub bad: bool,
    /// `bad` was set by an operator and is cleared only by one.
    pub set_bad_force: bool,
    /// What it is being used for.
    pub state: ReplicaState,
    /// Bytes on disk, as last reported.
    pub data_size: u64,
    /// Rows, as last reported.
    pub row_count: u64,
    /// Number of rowsets, as last reported.
    pub version_count: u32,
    /// The storage path that holds it; `-1` until its backend has reported it.
    pub path_hash: i64,
}

/// What a replica is being used for (StarRocks: Replica.ReplicaState).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplicaState {
    /// Reads and loads.
    Normal,
    /// Being filled by a clone.
    Clone,
    /// About to be removed.
    Decommission,
}

impl Replica {
    /// Whether it lacks something that readers see at `visible`.
    pub fn behind(&self, visible: Version) -> bool {
        self.version < visible || self.last_failed_version > 0
    }

    /// Whether it could serve a read at `visible` if its backend lives: it is good, it has been filled, and it lacks nothing.
    /// What is about to be removed can be read until it is, and is not removed while it is needed.
    pub fn whole(&self, visible: Version) -> bool {
        !self.bad && self.state != ReplicaState::Clone && !self.behind(visible)
    }
}

impl ReplicaState {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            ReplicaState::Normal => "NORMAL",
            ReplicaState::Clone => "CLONE",
            ReplicaState::Decommission => "DECOMMISSION",
        }
    }
}
