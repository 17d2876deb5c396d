//! Versions that nobody was told of, which go.

use serde::{Deserialize, Serialize};

use crate::ids::{ReplicaId, TabletId, Version};

/// `POST /api/internal/cut_tablets`: takes away what replicas hold above versions; the answer is
/// [`TabletErrors`](super::TabletErrors). A replica that holds no more is as good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutTablets {
    /// Tablet, the replica that is meant, and the last version that stays.
    pub tablets: Vec<(TabletId, ReplicaId, Version)>,
}
