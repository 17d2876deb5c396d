//! Replicas that the catalog has taken back, and their new ids.

use serde::{Deserialize, Serialize};

use crate::backend::api::TabletReport;
use crate::ids::{ReplicaId, TabletId};

/// `POST /api/internal/adopt_tablets`: replicas that the catalog has taken back go on under new ids, higher than those that
/// they have, so that an order to drop them which is still under way means nobody. The answer is [`Adopted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptTablets {
    /// Tablet, the replica that is held, and its new id.
    pub tablets: Vec<(TabletId, ReplicaId, ReplicaId)>,
}

/// Answer to [`AdoptTablets`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Adopted {
    /// The replicas that have their new ids, as they are.
    pub tablets: Vec<TabletReport>,
    /// Tablets of which another replica or none is here, and why that is so.
    pub failed: Vec<(TabletId, String)>,
}
