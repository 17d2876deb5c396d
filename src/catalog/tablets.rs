//! Tablets and their replicas, in columns that snapshots share.
//!
//! A replica that is in step with its partition stores no version, so a load that every replica got writes one number
//! for each stretch of tablets. Owns the layout; callers see [`TabletView`]s, and [`TabletRef`] and [`Replica`] values.
//! A clone costs two reference counts; a write copies the columns of one chunk.

mod alter;
mod chunk;
mod names;
mod place;
mod read;
mod write;

use std::sync::Arc;

use imbl::OrdMap;

pub(in crate::catalog) use self::alter::Mark;
use self::chunk::Chunk;
use self::names::Names;
pub(in crate::catalog) use self::place::NewStretch;
pub use self::read::{Block, Stretch, TabletRef, TabletView};
pub use self::write::{Belief, Reported};
use crate::ids::{BackendId, TabletId};

/// All tablets.
#[derive(Debug, Clone, Default)]
pub struct Tablets {
    /// By a bound that is not above the first id of the chunk and above every id before it.
    chunks: OrdMap<TabletId, Chunk>,
    names: Arc<Names>,
    len: u64,
    replicas: u64,
}

impl Tablets {
    /// Number of tablets.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of replicas.
    pub fn replicas(&self) -> u64 {
        self.replicas
    }

    /// Number of replicas on a backend.
    pub fn replicas_on(&self, backend: BackendId) -> u64 {
        self.names.replicas(backend)
    }
}

#[cfg(test)]
mod tests;
