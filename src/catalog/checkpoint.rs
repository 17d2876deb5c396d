//! A catalog in pieces, for the journal's checkpoint: written in order, read back in order, then the later records.
//!
//! Owns what a checkpoint holds and how a catalog comes out of it. Does not own its bytes, nor where they are.

mod cut;
mod restore;

use serde::{Deserialize, Serialize};

pub use self::cut::chunks;
pub use self::restore::{Error, Restorer};
use crate::catalog::change::{Change, Committed};
use crate::catalog::partition::PartitionSpec;
use crate::catalog::txn::Txn;
use crate::clock::Timestamp;
use crate::ids::{BackendId, PartitionId, ReplicaId, TableId, TabletId, Version};

/// Bytes of a chunk that are aimed at, by estimate; a single piece may be larger.
const CHUNK_BYTES: usize = 128_000;

/// Neighbouring pieces, about [`CHUNK_BYTES`] of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CheckpointChunk {
    /// The pieces.
    pub pieces: Vec<Piece>,
}

/// A piece of a catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// What a change made and no later one altered.
    Change(Change),
    /// A partition; its tablets follow.
    Partition(PartitionPiece),
    /// Neighbouring tablets of a partition.
    Tablets(TabletsPiece),
    /// A load that has ended.
    Txn(Txn),
    /// A load with something left to publish.
    Writes(Box<Committed>),
}

/// A partition without its tablets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionPiece {
    /// Identity.
    pub id: PartitionId,
    /// The table.
    pub table: TableId,
    /// Definition.
    pub spec: PartitionSpec,
    /// What readers see.
    pub visible_version: Version,
    /// Since when.
    pub visible_time: Timestamp,
    /// What the next load gets.
    pub next_version: Version,
}

/// Tablets of one partition that follow each other, as columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TabletsPiece {
    /// The partition.
    pub partition: PartitionId,
    /// By tablet: id.
    pub tablets: Vec<TabletId>,
    /// By tablet: number of replicas.
    pub counts: Vec<u16>,
    /// By replica: id.
    pub replicas: Vec<ReplicaId>,
    /// By replica: where it is.
    pub backends: Vec<BackendId>,
    /// Replicas whose versions are not their partition's.
    pub laggards: Vec<Laggard>,
    /// Replicas that carry marks.
    #[serde(default)]
    pub marked: Vec<Marked>,
}

/// A replica that is not in plain use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica.
    pub replica: ReplicaId,
    /// An operator said that it is bad.
    pub bad: bool,
    /// It is being filled by a clone.
    pub clone: bool,
    /// It is about to be removed.
    pub decommission: bool,
}

/// A replica whose versions are not its partition's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Laggard {
    /// Tablet.
    pub tablet: TabletId,
    /// Replica.
    pub replica: ReplicaId,
    /// Everything up to here is held.
    pub version: Version,
    /// The newest load that was missed; `-1` for none.
    pub last_failed: Version,
    /// The newest load that is held.
    pub last_success: Version,
    /// When it missed that one.
    pub last_failed_time: Option<Timestamp>,
}
