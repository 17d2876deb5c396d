//! Reading tablets: by id, by partition, by backend, and in stretches for audits.

use std::ops::{Range, RangeInclusive};

use super::Tablets;
use super::chunk::{BAD, BAD_BY_ORDER, CLONE, Chunk, DECOMMISSION, Run};
use super::names::Names;
use crate::catalog::partition::Partition;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::ids::{BackendId, DbId, PartitionId, ReplicaId, TabletId, Version};

/// A tablet, put together for a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabletRef {
    /// Identity.
    pub id: TabletId,
    /// The partition it is a bucket of.
    pub partition: PartitionId,
    /// Which bucket, from 0.
    pub bucket: u32,
    /// Its replicas, in the order in which they were made.
    pub replicas: Vec<Replica>,
}

/// A tablet where it lies; costs no memory.
#[derive(Debug, Clone, Copy)]
pub struct TabletView<'a> {
    names: &'a Names,
    chunk: &'a Chunk,
    place: usize,
    run: usize,
}

/// Neighbouring tablets of whatever partitions as columns: what lies together in memory.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    tablets: &'a Tablets,
    chunk: &'a Chunk,
    /// By tablet: place of its first replica in `backends` and `flags`, from 0; one more at the end.
    pub starts: &'a [u16],
    /// By replica: the number of its backend, an index into [`Tablets::backend_numbers`].
    pub backends: &'a [u32],
    /// By replica: 0 when it is in step, good and in normal use.
    pub flags: &'a [u8],
}

/// Neighbouring tablets of one partition as columns, for those who read millions of them.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    names: &'a Names,
    chunk: &'a Chunk,
    run: usize,
    /// Database.
    pub db: DbId,
    /// Partition.
    pub partition: PartitionId,
    /// Replicas that each tablet should have.
    pub wanted: u16,
    /// By tablet: place of its first replica in `backends` and `flags`; one more at the end.
    pub starts: &'a [u16],
    /// By replica: the number of its backend, an index into [`Tablets::backend_numbers`].
    pub backends: &'a [u32],
    /// By replica: 0 when it is in step, good and in normal use.
    pub flags: &'a [u8],
}

impl Tablets {
    /// The tablet with that id.
    pub fn get(&self, id: TabletId) -> Option<TabletRef> {
        self.view(id).map(|view| view.to_ref())
    }

    /// The tablet with that id, where it lies.
    pub fn view(&self, id: TabletId) -> Option<TabletView<'_>> {
        let (_, chunk) = self.chunks.get_prev(&id)?;
        let place = chunk.find(id.0)?;
        let run = chunk.run_of(place);
        let names = &*self.names;
        Some(TabletView {
            names,
            chunk,
            place,
            run,
        })
    }

    /// All tablets, ascending.
    pub fn iter(&self) -> impl Iterator<Item = TabletView<'_>> {
        self.chunks.values().flat_map(|chunk| self.views(chunk))
    }

    /// The tablets of a partition in bucket order.
    pub fn of_partition<'a>(
        &'a self,
        partition: &'a Partition,
    ) -> impl Iterator<Item = TabletView<'a>> {
        partition.tablets.iter().filter_map(|id| self.view(*id))
    }

    /// The tablets of a backend, ascending. Reads the column of backends from one end to the other, which costs a
    /// third of a nanosecond a replica.
    pub fn on_backend(&self, backend: BackendId) -> Vec<TabletId> {
        let Some(number) = self.names.known(backend) else {
            return Vec::new();
        };
        let mut found = Vec::with_capacity(self.names.replicas(backend) as usize);
        for chunk in self.chunks.values() {
            let placed = &*chunk.placed;
            let mut place = 0;
            for (replica, at) in placed.backends.iter().enumerate() {
                if *at == number {
                    while usize::from(placed.starts[place + 1]) <= replica {
                        place += 1;
                    }
                    found.push(TabletId(placed.tablets[place]));
                }
            }
        }
        found
    }

    /// The backend of each number that a [`Stretch`] uses.
    pub fn backend_numbers(&self) -> &[BackendId] {
        self.names.backends()
    }

    /// All tablets in blocks, ascending.
    pub fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        self.chunks.values().map(move |chunk| Block {
            tablets: self,
            chunk,
            starts: &chunk.placed.starts,
            backends: &chunk.placed.backends,
            flags: &chunk.placed.flags,
        })
    }

    /// The stretches in which the tablets with these ids lie, ascending; at both ends they may hold others as well.
    pub fn stretches_over(
        &self,
        ids: RangeInclusive<TabletId>,
    ) -> impl Iterator<Item = Stretch<'_>> {
        let first = self.chunks.get_prev(ids.start());
        let first = first.map_or(*ids.start(), |(key, _)| *key);
        let chunks = self.chunks.range(first..=(*ids.end()).max(first));
        chunks.flat_map(move |(_, chunk)| {
            (0..chunk.runs.len()).map(move |run| self.stretch(chunk, run))
        })
    }

    /// The id of the tablet that stands at a place in the order of ids. Counts along the chunks.
    pub fn at(&self, place: u64) -> Option<TabletId> {
        let mut left = usize::try_from(place).ok()?;
        for chunk in self.chunks.values() {
            match chunk.placed.tablets.get(left) {
                Some(id) => return Some(TabletId(*id)),
                None => left -= chunk.len(),
            }
        }
        None
    }

    fn stretch<'a>(&'a self, chunk: &'a Chunk, run: usize) -> Stretch<'a> {
        let tablets = chunk.tablets_of(run);
        let Run {
            db,
            partition,
            wanted,
            ..
        } = chunk.runs[run];
        Stretch {
            names: &self.names,
            chunk,
            run,
            db,
            partition,
            wanted,
            starts: &chunk.placed.starts[tablets.start..=tablets.end],
            backends: &chunk.placed.backends,
            flags: &chunk.placed.flags,
        }
    }

    fn views<'a>(&'a self, chunk: &'a Chunk) -> impl Iterator<Item = TabletView<'a>> {
        let names = &*self.names;
        (0..chunk.runs.len()).flat_map(move |run| {
            chunk.tablets_of(run).map(move |place| TabletView {
                names,
                chunk,
                place,
                run,
            })
        })
    }
}

impl<'a> Block<'a> {
    /// Replicas that each of its tablets should have, where that is one number.
    pub fn wanted(&self) -> Option<u16> {
        let wanted = self.chunk.runs.first()?.wanted;
        let alike = self.chunk.runs.iter().all(|run| run.wanted == wanted);
        alike.then_some(wanted)
    }

    /// Its tablets in stretches, ascending.
    pub fn stretches(self) -> impl Iterator<Item = Stretch<'a>> {
        (0..self.chunk.runs.len()).map(move |run| self.tablets.stretch(self.chunk, run))
    }
}

impl<'a> Stretch<'a> {
    /// How many tablets it has.
    pub fn tablets(&self) -> u64 {
        self.starts.len() as u64 - 1
    }

    /// How many replicas they have.
    pub fn replicas(&self) -> u64 {
        u64::from(self.starts[self.starts.len() - 1] - self.starts[0])
    }

    /// Places of its tablets with these ids, counted from 0.
    pub fn places(&self, ids: &RangeInclusive<TabletId>) -> Range<usize> {
        let tablets = &self.chunk.placed.tablets[self.chunk.tablets_of(self.run)];
        let first = tablets.partition_point(|id| *id < ids.start().0);
        let end = tablets.partition_point(|id| *id <= ids.end().0);
        first..end.max(first)
    }

    /// One of its tablets, counted from 0.
    pub fn view(&self, index: usize) -> TabletView<'a> {
        TabletView {
            names: self.names,
            chunk: self.chunk,
            place: self.chunk.tablets_of(self.run).start + index,
            run: self.run,
        }
    }
}

impl<'a> TabletView<'a> {
    /// Identity.
    pub fn id(&self) -> TabletId {
        TabletId(self.chunk.placed.tablets[self.place])
    }

    /// The partition it is a bucket of.
    pub fn partition(&self) -> PartitionId {
        self.run().partition
    }

    /// The database it belongs to.
    pub fn db(&self) -> DbId {
        self.run().db
    }

    /// The version that readers see.
    pub fn visible(&self) -> Version {
        self.run().visible
    }

    /// Replicas that it should have.
    pub fn wanted(&self) -> u16 {
        self.run().wanted
    }

    /// Which bucket, from 0.
    pub fn bucket(&self) -> u32 {
        let before = self.place - usize::from(self.run().start);
        self.run().first_bucket + before as u32
    }

    /// Its replicas, in the order in which they were made.
    pub fn replicas(&self) -> impl ExactSizeIterator<Item = Replica> + use<'a> {
        let view = *self;
        view.chunk
            .replicas_of(view.place)
            .map(move |replica| view.replica(replica))
    }

    /// Its replicas, each with the number of its backend.
    pub fn numbered(&self) -> impl ExactSizeIterator<Item = (u32, Replica)> + use<'a> {
        let view = *self;
        let places = view.chunk.replicas_of(view.place);
        places.map(move |place| (view.chunk.placed.backends[place], view.replica(place)))
    }

    /// Its replica on a backend.
    pub fn on(&self, backend: BackendId) -> Option<Replica> {
        let number = self.names.known(backend)?;
        let mut places = self.chunk.replicas_of(self.place);
        let place = places.find(|place| self.chunk.placed.backends[*place] == number)?;
        Some(self.replica(place))
    }

    /// The value that can be kept.
    pub fn to_ref(&self) -> TabletRef {
        TabletRef {
            id: self.id(),
            partition: self.partition(),
            bucket: self.bucket(),
            replicas: self.replicas().collect(),
        }
    }

    fn run(&self) -> &'a Run {
        &self.chunk.runs[self.run]
    }

    fn replica(&self, place: usize) -> Replica {
        let (placed, sizes) = (&self.chunk.placed, &self.chunk.sizes);
        let versions = self.chunk.versions(place, self.visible());
        let flags = placed.flags[place];
        Replica {
            id: ReplicaId(placed.replicas[place]),
            backend: self.names.backend(placed.backends[place]),
            version: versions.version,
            last_failed_version: versions.last_failed,
            last_success_version: versions.last_success,
            last_failed_time: versions.last_failed_time,
            bad: flags & (BAD | BAD_BY_ORDER) != 0,
            set_bad_force: flags & BAD_BY_ORDER != 0,
            state: state(flags),
            data_size: sizes.bytes[place],
            row_count: sizes.rows[place],
            version_count: sizes.rowsets[place],
            path_hash: self.names.path(sizes.paths[place]),
        }
    }
}

fn state(flags: u8) -> ReplicaState {
    match (flags & CLONE != 0, flags & DECOMMISSION != 0) {
        (true, _) => ReplicaState::Clone,
        (false, true) => ReplicaState::Decommission,
        (false, false) => ReplicaState::Normal,
    }
}
