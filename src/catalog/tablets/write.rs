//! What changes of tablets that exist: versions as loads become visible, and what backends report.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Tablets;
use super::chunk::{BAD, Chunk, LAGS};
use crate::catalog::versions::Versions;
use crate::clock::Timestamp;
use crate::ids::{BackendId, PartitionId, ReplicaId, TabletId, Version};

/// What a backend says of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Which replica it holds.
    pub replica: ReplicaId,
    /// Everything up to here is held.
    pub version: Version,
    /// The newest version that is held.
    pub newest: Version,
    /// How far that is believed where it is not what is known.
    pub belief: Belief,
    /// Files are lost or wrong.
    pub bad: bool,
    /// Bytes on disk.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Rowsets.
    pub rowsets: u32,
    /// Hash of the storage path.
    pub path: i64,
}

/// How far a report of a replica is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// It was asked for after everything that is known: what it does not show is lost.
    All,
    /// Something has come since it was asked for: what it does not show may be that.
    Gains,
    /// Since it was asked for, something else has taken the place of what the replica held: only that it is bad counts.
    Nothing,
}

impl Tablets {
    /// Makes `version` what readers see of a partition with these tablets. Replicas that are not `missed` hold it.
    pub(in crate::catalog) fn publish(
        &mut self,
        partition: PartitionId,
        tablets: &[TabletId],
        version: Version,
        missed: &BTreeSet<(TabletId, ReplicaId)>,
        at: Timestamp,
    ) {
        let Some(ids) = Tablets::span(tablets) else {
            return;
        };
        for key in self.keys_over(&ids) {
            if let Some(chunk) = self.chunks.get_mut(&key)
                && let Some(run) = chunk.runs.iter().position(|run| run.partition == partition)
            {
                publish_run(chunk, run, version, missed, at);
            }
        }
    }

    /// Puts down how many replicas the tablets of a partition should have.
    pub(in crate::catalog) fn want(
        &mut self,
        partition: PartitionId,
        tablets: &[TabletId],
        wanted: u16,
    ) {
        let Some(ids) = Tablets::span(tablets) else {
            return;
        };
        for key in self.keys_over(&ids) {
            if let Some(chunk) = self.chunks.get_mut(&key) {
                for run in Arc::make_mut(&mut chunk.runs) {
                    if run.partition == partition {
                        run.wanted = wanted;
                    }
                }
            }
        }
    }

    /// Takes in what `backend` says of its replica of `tablet`. Says whether its health may have changed; `None` when
    /// there is no such replica.
    pub(in crate::catalog) fn report(
        &mut self,
        tablet: TabletId,
        backend: BackendId,
        of: &Reported,
        at: Timestamp,
    ) -> Option<bool> {
        let path = match self.names.known_path(of.path) {
            Some(number) => number,
            None => Arc::make_mut(&mut self.names).path_number(of.path),
        };
        let (place, visible) = self.find(tablet, backend, of.replica)?;
        let (_, chunk) = self.chunks.get_prev(&tablet)?;
        let (placed, sizes) = (&chunk.placed, &chunk.sizes);
        let before = chunk.versions(place, visible);
        let was_bad = placed.flags[place] & BAD;
        let (after, bad) = match of.belief {
            Belief::Nothing => (before, was_bad | bad_flag(of)),
            // One that was bad and is not has been filled anew, whatever it held before.
            Belief::Gains if was_bad == 0 => (reached(before, visible, of, at), bad_flag(of)),
            Belief::All | Belief::Gains => (believed(before, visible, of, at), bad_flag(of)),
        };
        let health = before != after || placed.flags[place] & BAD != bad;
        let size = (of.bytes, of.rows, of.rowsets, path);
        let resized = sizes.get(place) != size;
        if !health && !resized {
            return Some(false);
        }
        let (_, chunk) = self.chunks.get_prev_mut(&tablet)?;
        if resized {
            Arc::make_mut(&mut chunk.sizes).set(place, size);
        }
        if health {
            let placed = Arc::make_mut(&mut chunk.placed);
            placed.flags[place] = (placed.flags[place] & !BAD) | bad;
            let lags = after != Versions::in_step(visible);
            placed.set_laggard(place, lags.then_some(after));
        }
        Some(health)
    }

    /// Takes a replica for lost, or for found again. Says whether that is news.
    pub(in crate::catalog) fn set_bad(
        &mut self,
        tablet: TabletId,
        backend: BackendId,
        bad: bool,
    ) -> bool {
        let Some(replica) = self.view(tablet).and_then(|view| view.on(backend)) else {
            return false;
        };
        let Some((place, _)) = self.find(tablet, backend, replica.id) else {
            return false;
        };
        let Some((_, chunk)) = self.chunks.get_prev_mut(&tablet) else {
            return false;
        };
        let flag = if bad { BAD } else { 0 };
        if chunk.placed.flags[place] & BAD == flag {
            return false;
        }
        let flags = &mut Arc::make_mut(&mut chunk.placed).flags[place];
        *flags = (*flags & !BAD) | flag;
        true
    }

    /// Puts back the versions of a replica, when a checkpoint is read.
    pub(in crate::catalog) fn restore(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        versions: Versions,
    ) -> bool {
        let Some((_, chunk)) = self.chunks.get_prev_mut(&tablet) else {
            return false;
        };
        let Some(place) = place_of(chunk, tablet, replica) else {
            return false;
        };
        Arc::make_mut(&mut chunk.placed).set_laggard(place, Some(versions));
        true
    }

    /// Replicas whose versions are not their partition's, with these versions.
    pub fn laggards(&self) -> impl Iterator<Item = (TabletId, ReplicaId, Versions)> {
        self.chunks.values().flat_map(laggards)
    }

    /// The same of neighbouring tablets.
    pub fn laggards_of(
        &self,
        tablets: &[TabletId],
    ) -> impl Iterator<Item = (TabletId, ReplicaId, Versions)> {
        let ids = Tablets::span(tablets);
        let keys = ids
            .iter()
            .flat_map(|ids| self.keys_over(ids))
            .collect::<Vec<_>>();
        let chunks = keys.into_iter().filter_map(|key| self.chunks.get(&key));
        chunks
            .flat_map(laggards)
            .filter(move |(tablet, _, _)| ids.as_ref().is_some_and(|ids| ids.contains(tablet)))
    }

    /// Place of a replica in its chunk, and what readers see of its partition.
    fn find(
        &self,
        tablet: TabletId,
        backend: BackendId,
        replica: ReplicaId,
    ) -> Option<(usize, Version)> {
        let (_, chunk) = self.chunks.get_prev(&tablet)?;
        let place = place_of(chunk, tablet, replica)?;
        if self.names.backend(chunk.placed.backends[place]) != backend {
            return None;
        }
        let run = chunk.run_of(chunk.find(tablet.0)?);
        Some((place, chunk.runs[run].visible))
    }
}

fn laggards(chunk: &Chunk) -> impl Iterator<Item = (TabletId, ReplicaId, Versions)> + '_ {
    let placed = &chunk.placed;
    placed.laggards.iter().map(|(place, versions)| {
        let after = placed.starts.partition_point(|start| start <= place);
        let tablet = TabletId(placed.tablets[after - 1]);
        (
            tablet,
            ReplicaId(placed.replicas[usize::from(*place)]),
            *versions,
        )
    })
}

pub(super) fn place_of(chunk: &Chunk, tablet: TabletId, replica: ReplicaId) -> Option<usize> {
    let mut places = chunk.replicas_of(chunk.find(tablet.0)?);
    places.find(|place| chunk.placed.replicas[*place] == replica.0)
}

fn publish_run(
    chunk: &mut Chunk,
    run: usize,
    version: Version,
    missed: &BTreeSet<(TabletId, ReplicaId)>,
    at: Timestamp,
) {
    let tablets = chunk.tablets_of(run);
    let placed = &chunk.placed;
    let before = chunk.runs[run].visible;
    let replicas = placed.starts[tablets.start]..placed.starts[tablets.end];
    let lagging = placed
        .laggards
        .iter()
        .filter(|(place, _)| replicas.contains(place));
    let mut touched: BTreeSet<usize> = lagging.map(|(place, _)| usize::from(*place)).collect();
    let mut failed = BTreeSet::new();
    let first = (TabletId(placed.tablets[tablets.start]), ReplicaId(0));
    let last = (
        TabletId(placed.tablets[tablets.end - 1]),
        ReplicaId(u64::MAX),
    );
    for (tablet, replica) in missed.range(first..=last) {
        failed.extend(place_of(chunk, *tablet, *replica));
    }
    touched.extend(&failed);
    Arc::make_mut(&mut chunk.runs)[run].visible = version;
    if touched.is_empty() {
        return;
    }
    let placed = Arc::make_mut(&mut chunk.placed);
    for place in touched {
        let laggard = (placed.flags[place] & LAGS != 0)
            .then(|| placed.laggard(place))
            .flatten();
        let mut versions = laggard.unwrap_or(Versions::in_step(before));
        if failed.contains(&place) {
            versions.fail(version, at);
        } else {
            versions.succeed(version, at);
        }
        assert!(
            !versions.complete(version),
            "a laggard catches up by a report, not by a load"
        );
        placed.set_laggard(place, Some(versions));
    }
}

fn bad_flag(of: &Reported) -> u8 {
    if of.bad { BAD } else { 0 }
}

/// What a report shows that readers see: up to where everything is held, and the newest that is. Versions that readers do
/// not see yet count when they do.
fn shown(visible: Version, of: &Reported) -> (Version, Version) {
    let version = of.version.min(visible);
    // One that readers do not see yet says nothing of those below it.
    match of.newest <= visible {
        true => (version, of.newest.max(version)),
        false => (version, version),
    }
}

/// The versions of a replica after a report of which only what it has more is believed.
fn reached(before: Versions, visible: Version, of: &Reported, at: Timestamp) -> Versions {
    let (version, newest) = shown(visible, of);
    let mut reached = before;
    reached.reach(version, newest, at);
    reached
}

/// The versions of a replica after a report that is believed.
fn believed(before: Versions, visible: Version, of: &Reported, at: Timestamp) -> Versions {
    let (version, newest) = shown(visible, of);
    let reached = reached(before, visible, of, at);
    // A gap that seemed closed and is not: what was held behind it has gone.
    if version >= before.version && reached.version == version {
        return reached;
    }
    // Something that it held is gone: it is behind, up to where it was.
    let mut after = Versions::in_step(version);
    after.fail(reached.version.max(reached.last_failed), at);
    after.succeed(newest, at);
    after
}
