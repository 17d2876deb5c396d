//! Versions that nobody was told of, which go; and replicas that go on with what is left of them.

use serde::{Deserialize, Serialize};

use crate::backend::api::TabletReport;
use crate::ids::{ReplicaId, TabletId, Version};

/// `POST /api/internal/cut_tablets`: takes away what replicas hold above versions; the answer is
/// [`TabletErrors`](super::TabletErrors). A replica that holds no more is as good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutTablets {
    /// Tablet, the replica that is meant, and the last version that stays.
    pub tablets: Vec<(TabletId, ReplicaId, Version)>,
}

/// `POST /api/internal/salvage_tablets`: goes on with what is left of replicas; the answer is [`Salvaged`]. Versions of which a file
/// is lost or wrong, and those that are missing, are empty from then on, up to the version that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvageTablets {
    /// Tablet, the replica that is meant, and the version that it has to reach.
    pub tablets: Vec<(TabletId, ReplicaId, Version)>,
    /// Only say what would be lost.
    pub dry_run: bool,
}

/// Answer to [`SalvageTablets`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Salvaged {
    /// What is lost of each replica.
    pub tablets: Vec<SalvagedTablet>,
    /// Tablets of which no replica is here, on whichever storage path.
    pub absent: Vec<TabletId>,
    /// Tablets of which another replica is here or that can't be read at the moment, and why that is so.
    pub failed: Vec<(TabletId, String)>,
}

/// What is lost of a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvagedTablet {
    /// The replica as it is, or was before a dry run.
    pub tablet: TabletReport,
    /// The versions that are lost, as closed ranges, ascending.
    pub lost: Vec<(Version, Version)>,
    /// Rows that are known to be among them: those of damaged files.
    pub lost_rows: u64,
    /// Bytes of damaged files.
    pub lost_bytes: u64,
    /// Versions among them that the replica never held, so that nobody knows their rows here.
    pub missing: bool,
    /// Rows that are left.
    pub rows: u64,
}
