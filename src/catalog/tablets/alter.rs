//! Replicas that come and go, one at a time: what repair and balance change.

use std::sync::Arc;

use super::Tablets;
use super::chunk::{BAD, BAD_BY_ORDER, CLONE, Chunk, DECOMMISSION, REPLICAS_FULL};
use super::write::place_of;
use crate::catalog::versions::Versions;
use crate::clock::Timestamp;
use crate::ids::{BackendId, NO_VERSION, ReplicaId, TabletId, Version};

/// Replicas of a chunk at which it is cut in two.
const REPLICAS_MAX: usize = 4 * REPLICAS_FULL;

/// A mark that a replica carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Mark {
    /// An operator said that it is bad.
    BadByOrder,
    /// It is being filled.
    Clone,
    /// It is about to be removed.
    Decommission,
}

impl Mark {
    fn bit(self) -> u8 {
        match self {
            Mark::BadByOrder => BAD_BY_ORDER,
            Mark::Clone => CLONE,
            Mark::Decommission => DECOMMISSION,
        }
    }
}

impl Tablets {
    /// Adds a replica that holds nothing yet and is to be filled by a clone; `committed` is what it misses. Says whether
    /// there is such a tablet.
    pub(in crate::catalog) fn add_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        backend: BackendId,
        committed: Version,
        at: Timestamp,
    ) -> bool {
        let names = Arc::make_mut(&mut self.names);
        let number = names.number(backend);
        let Some((_, chunk)) = self.chunks.get_prev_mut(&tablet) else {
            return false;
        };
        let Some(place) = chunk.find(tablet.0) else {
            return false;
        };
        let mut versions = Versions::in_step(NO_VERSION);
        versions.fail(committed, at);
        chunk.insert(place, replica, number, (CLONE, versions));
        let middle = (chunk.placed.replicas.len() > REPLICAS_MAX && chunk.len() > 1)
            .then(|| TabletId(chunk.placed.tablets[chunk.len() / 2]));
        names.count(number, 1);
        self.replicas += 1;
        if let Some(middle) = middle {
            self.split_at(middle);
        }
        true
    }

    /// Removes a replica; says where it was.
    pub(in crate::catalog) fn remove_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
    ) -> Option<BackendId> {
        let (_, chunk) = self.chunks.get_prev_mut(&tablet)?;
        let place = place_of(chunk, tablet, replica)?;
        let number = chunk.placed.backends[place];
        let of = chunk.find(tablet.0)?;
        chunk.remove(of, place);
        let names = Arc::make_mut(&mut self.names);
        names.count(number, -1);
        self.replicas -= 1;
        Some(names.backend(number))
    }

    /// Puts down that a replica lives on another backend. Says whether there is such a replica.
    pub(in crate::catalog) fn move_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        backend: BackendId,
    ) -> bool {
        let names = Arc::make_mut(&mut self.names);
        let number = names.number(backend);
        let Some((_, chunk)) = self.chunks.get_prev_mut(&tablet) else {
            return false;
        };
        let Some(place) = place_of(chunk, tablet, replica) else {
            return false;
        };
        let at = &mut Arc::make_mut(&mut chunk.placed).backends[place];
        names.count(*at, -1);
        names.count(number, 1);
        *at = number;
        true
    }

    /// A clone has filled a replica up to `version`. Says whether there is such a replica.
    pub(in crate::catalog) fn finish_clone(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        (version, renewed): (Version, bool),
        at: Timestamp,
    ) -> bool {
        let Some((place, visible)) = self.place(tablet, replica) else {
            return false;
        };
        let Some((_, chunk)) = self.chunks.get_prev_mut(&tablet) else {
            return false;
        };
        let mut versions = chunk.versions(place, visible);
        let version = version.min(visible);
        // What a new one was given meanwhile came behind what it was filled with.
        if renewed && chunk.placed.flags[place] & CLONE == 0 {
            versions = Versions::in_step(version);
            versions.fail(visible, at);
        }
        versions.reach(version, version, at);
        // What it lacks beyond what readers see counts when that can be seen: until then the replica is complete.
        if version >= visible {
            versions = Versions::in_step(visible);
        }
        let placed = Arc::make_mut(&mut chunk.placed);
        placed.flags[place] &= !(CLONE | BAD);
        let lags = versions != Versions::in_step(visible);
        placed.set_laggard(place, lags.then_some(versions));
        true
    }

    /// Puts a mark on a replica, or takes it off. Says whether there is such a replica.
    pub(in crate::catalog) fn mark(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        mark: Mark,
        on: bool,
    ) -> bool {
        let Some((place, _)) = self.place(tablet, replica) else {
            return false;
        };
        let Some((_, chunk)) = self.chunks.get_prev_mut(&tablet) else {
            return false;
        };
        let flags = &mut Arc::make_mut(&mut chunk.placed).flags[place];
        match on {
            true => *flags |= mark.bit(),
            false => *flags &= !mark.bit(),
        }
        true
    }

    /// Place of a replica in its chunk, and what readers see of its partition.
    fn place(&self, tablet: TabletId, replica: ReplicaId) -> Option<(usize, Version)> {
        let (_, chunk) = self.chunks.get_prev(&tablet)?;
        let place = place_of(chunk, tablet, replica)?;
        let run = chunk.run_of(chunk.find(tablet.0)?);
        Some((place, chunk.runs[run].visible))
    }
}

impl Chunk {
    /// Adds a replica to the tablet at `place`, after those that it has.
    fn insert(
        &mut self,
        place: usize,
        replica: ReplicaId,
        backend: u32,
        (flags, versions): (u8, Versions),
    ) {
        let placed = Arc::make_mut(&mut self.placed);
        let at = usize::from(placed.starts[place + 1]);
        placed.replicas.insert(at, replica.0);
        placed.backends.insert(at, backend);
        placed.flags.insert(at, flags);
        for start in &mut placed.starts[place + 1..] {
            *start += 1;
        }
        for (later, _) in &mut placed.laggards {
            if usize::from(*later) >= at {
                *later += 1;
            }
        }
        placed.set_laggard(at, Some(versions));
        Arc::make_mut(&mut self.sizes).insert(at);
        self.check();
    }

    /// Removes the replica at `at`, which belongs to the tablet at `place`.
    fn remove(&mut self, place: usize, at: usize) {
        let placed = Arc::make_mut(&mut self.placed);
        placed.set_laggard(at, None);
        placed.replicas.remove(at);
        placed.backends.remove(at);
        placed.flags.remove(at);
        for start in &mut placed.starts[place + 1..] {
            *start -= 1;
        }
        for (later, _) in &mut placed.laggards {
            if usize::from(*later) > at {
                *later -= 1;
            }
        }
        Arc::make_mut(&mut self.sizes).remove(at);
        self.check();
    }
}
