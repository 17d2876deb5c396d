//! Asking a node who it is.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;

/// `POST /api/internal/identify`: which node is there? Alters nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identify {}

/// Answer to [`Identify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    /// The node's own id.
    pub node: NodeId,
}
