//! Identity: one newtype per noun, so that a tablet's id is never taken for a backend's.
//!
//! Owns the names of things. Does not own how ids are given out: that is `catalog::apply`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    )+};
}

ids! {
    /// A database.
    DbId,
    /// A table.
    TableId,
    /// A partition of a table.
    PartitionId,
    /// A materialized index of a table; every table has its base index.
    IndexId,
    /// A tablet: one bucket of one partition.
    TabletId,
    /// One copy of a tablet on one backend.
    ReplicaId,
    /// A storage node.
    BackendId,
    /// The disks of a storage node: drawn once by the node itself and kept on them, wherever it listens.
    NodeId,
    /// A loading transaction.
    TxnId,
    /// A user account.
    UserId,
}

/// The version of a partition's data. A new partition is at [`FIRST_VERSION`] and each load adds one.
///
/// In replica columns `-1` means "none" (seed: `LastFailedVersion`).
pub type Version = i64;

/// The version of a partition that holds no load yet (StarRocks: `PARTITION_INIT_VERSION`).
pub const FIRST_VERSION: Version = 1;

/// What the seed prints for a version that does not exist.
pub const NO_VERSION: Version = -1;
