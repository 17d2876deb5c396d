//! A storage node: what is wanted of it, and what it last said of itself.

use serde::{Deserialize, Serialize};

use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::ids::{BackendId, NodeId};

/// A storage node that ALTER SYSTEM ADD BACKEND named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backend {
    /// Identity; never given twice.
    pub id: BackendId,
    /// Host as ADD BACKEND named it.
    pub host: String,
    /// Its one HTTP port; it fills every port column.
    pub port: u16,
    /// DECOMMISSION was asked for and is not done.
    pub decommissioned: bool,
    /// The node that it is, once it has been heard of.
    #[serde(default)]
    pub node: Option<NodeId>,
}

impl Backend {
    /// `host:port`, with brackets around an IPv6 address.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// What is known of a backend from its last answers. Kept in memory only, rebuilt after a start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BackendState {
    /// The last heartbeat arrived in time.
    pub alive: bool,
    /// When its process started, as it says.
    pub started: Option<Timestamp>,
    /// Last good heartbeat.
    pub last_heartbeat: Option<Timestamp>,
    /// Last full tablet report.
    pub last_report: Option<Timestamp>,
    /// Heartbeats missed since the last good one.
    pub missed: u32,
    /// It gave no answer where others did, and was not heard since.
    pub doubted: bool,
    /// Why the last heartbeat failed; empty when it did not.
    pub error: String,
    /// Who answered the last heartbeat is another backend, or holds a copy of another one's storage path.
    pub stranger: bool,
    /// Version of its program.
    pub version: String,
    /// Its storage paths.
    pub paths: Vec<PathState>,
    /// Logical processors; 0 when unknown.
    pub cpu_cores: u32,
    /// Memory of its machine in bytes; 0 when unknown.
    pub mem_bytes: u64,
    /// Queries it is reading for.
    pub running_queries: u32,
}

/// A storage path as its backend reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathState {
    /// The directory.
    pub root: String,
    /// Names the path in PROC results, for good: drawn when the path was first used, and kept on it.
    pub hash: i64,
    /// The kind of disk.
    pub medium: Medium,
    /// Whether files can be written and read.
    pub online: bool,
    /// Why not, if they can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Bytes of tablets' files.
    pub data_used: u64,
    /// Bytes of everything else on the disk.
    pub other_used: u64,
    /// Bytes that may still be written.
    pub available: u64,
    /// Size of the disk, or the capacity that was set.
    pub total: u64,
    /// Tablets on it.
    pub tablets: u64,
    /// Bytes of dropped replicas that rest in its trash; they are in `other_used`, not in `data_used`.
    #[serde(default)]
    pub trash_used: u64,
}
