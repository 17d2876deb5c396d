//! What a coordinator needs to route rows and to reach every replica: the frontend's answer to the begin of a load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::partition::Range;
use crate::catalog::table::TableSpec;
use crate::clock::Timestamp;
use crate::ids::{BackendId, PartitionId, TableId, TabletId, TxnId};

/// Where the rows of one load go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadPlan {
    /// Transaction.
    pub txn: TxnId,
    /// Label.
    pub label: String,
    /// Database name.
    pub db: String,
    /// Table name.
    pub table: String,
    /// Table identity.
    pub table_id: TableId,
    /// Columns, keys, partitioning, distribution, quorum.
    pub spec: TableSpec,
    /// Partitions that rows may go to, in range order.
    pub partitions: Vec<PartitionPlan>,
    /// `host:port` of every backend that the plan names.
    pub backends: BTreeMap<BackendId, String>,
    /// Milliseconds from the begin until the frontend aborts the load.
    pub left_ms: u64,
    /// When the load began, for CURRENT_TIMESTAMP.
    pub began: Timestamp,
    /// How long a backend is waited for that gives no sign of life once others suffice.
    pub silent_wait_ms: u64,
}

/// One partition of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionPlan {
    /// Identity.
    pub id: PartitionId,
    /// Name, for errors.
    pub name: String,
    /// Rows that belong here; `None` takes all.
    pub range: Option<Range>,
    /// Replicas that must acknowledge each tablet.
    pub quorum: u16,
    /// One a bucket, in bucket order.
    pub tablets: Vec<TabletPlan>,
}

/// One tablet of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TabletPlan {
    /// Identity.
    pub id: TabletId,
    /// Backends whose replica can be written, at least the quorum of them.
    pub backends: Vec<BackendId>,
}
