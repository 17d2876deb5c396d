//! Who a storage path is, and whom it belongs to.

use serde::{Deserialize, Serialize};

use crate::backend::api::Leadership;
use crate::ids::{BackendId, NodeId};

/// Who a path is and belongs to; kept in its metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Names the path for good, wherever it is mounted.
    pub path: i64,
    /// The cluster; none before the first heartbeat.
    pub cluster: Option<u64>,
    /// The highest leadership that was heard of.
    pub epoch: u64,
    /// `host:port` of its frontend's HTTP listener, and the id by which it knows this backend.
    #[serde(default)]
    pub frontend: Option<(String, BackendId)>,
    /// The node that the path belongs to: all paths of a backend have the same.
    #[serde(default)]
    pub node: Option<NodeId>,
    /// The frontend that is obeyed.
    #[serde(default)]
    pub obeys: Option<Leadership>,
}

impl Identity {
    /// A path that was never used.
    pub(super) fn fresh() -> Identity {
        Identity {
            // Not negative: `-1` means "not known" in replica columns.
            path: (rand::random::<u64>() >> 1).cast_signed(),
            ..Identity::default()
        }
    }
}
