//! What backends say to each other when one copies a replica of another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backend::rowset::RowsetRecord;
use crate::ids::{ReplicaId, TabletId, Version};

/// `POST /api/internal/describe_replica`: what a replica consists of at this moment; the answer is [`ReplicaRowsets`].
///
/// From then on its files stay readable for the copier, whatever is compacted, until it lets go of them or is silent for a
/// minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeReplica {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica; another one that is there instead is refused.
    pub replica: ReplicaId,
    /// Names the clone for which this is asked; a random number.
    pub copier: u64,
    /// Where all files have no more bytes than this together, they come with the answer.
    #[serde(default)]
    pub small_bytes: u64,
}

/// The rowsets of a replica whose files are whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaRowsets {
    /// Highest version without a gap below it.
    pub version: Version,
    /// Ascending, without overlap.
    pub rowsets: Vec<RowsetRecord>,
    /// All files by their names, in base 64, where they are small; then nothing is held for the copier.
    #[serde(default)]
    pub small: Option<BTreeMap<String, String>>,
}

/// `POST /api/internal/read_segment`: the bytes of one file from `offset` on, as they are. 410 when the file is there no
/// more: then the replica has to be described again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSegment {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica.
    pub replica: ReplicaId,
    /// The clone that asks.
    pub copier: u64,
    /// Name of the file.
    pub file: String,
    /// Bytes to leave out.
    pub offset: u64,
    /// Compare the file with its checksum first: what was sent before did not fit.
    pub verify: bool,
}

/// `POST /api/internal/release_replica`: the files of a description are not needed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseReplica {
    /// The clone that has ended.
    pub copier: u64,
}
