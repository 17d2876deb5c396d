//! Where tablets lie: putting the tablets of a partition in, and taking them out.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Tablets;
use super::chunk::{Chunk, REPLICAS_FULL, Run, TABLETS_MAX};
use crate::catalog::change::NewPartition;
use crate::ids::{BackendId, DbId, FIRST_VERSION, PartitionId, ReplicaId, TabletId, Version};

/// What neighbouring new tablets have in common.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog) struct NewStretch {
    /// The partition.
    pub partition: PartitionId,
    /// Its database.
    pub db: DbId,
    /// What readers see of it.
    pub visible: Version,
    /// Replicas that each should have.
    pub wanted: u16,
    /// Bucket of the first.
    pub first_bucket: u32,
}

impl Tablets {
    /// Puts in the tablets of a new partition. Their ids are not in use.
    pub(in crate::catalog) fn add_partition(&mut self, db: DbId, partition: &NewPartition) {
        let stretch = NewStretch {
            partition: partition.id,
            db,
            visible: FIRST_VERSION,
            wanted: partition.spec.replication_num,
            first_bucket: 0,
        };
        let tablets = partition
            .tablets()
            .map(|(id, replicas)| (id, replicas.iter()));
        self.add(partition.first_tablet, stretch, tablets);
    }

    /// Puts in tablets of one partition, ascending, in the gap that begins at `first`.
    pub(in crate::catalog) fn add<R: Iterator<Item = (ReplicaId, BackendId)>>(
        &mut self,
        first: TabletId,
        stretch: NewStretch,
        tablets: impl Iterator<Item = (TabletId, R)>,
    ) {
        self.split_at(first);
        let (mut key, mut chunk) = self.chunk_before(first);
        for (bucket, (tablet, replicas)) in (stretch.first_bucket..).zip(tablets) {
            if chunk.full() {
                self.put(key, std::mem::take(&mut chunk));
                key = tablet;
            }
            let run = Run {
                partition: stretch.partition,
                db: stretch.db,
                visible: stretch.visible,
                first_bucket: bucket,
                start: 0,
                wanted: stretch.wanted,
            };
            self.push(&mut chunk, run, tablet, replicas);
        }
        self.put(key, chunk);
    }

    /// Takes out tablets with neighbouring ids, all of one partition.
    pub(in crate::catalog) fn remove(&mut self, ids: RangeInclusive<TabletId>) {
        for key in self.keys_over(&ids) {
            let Some(mut chunk) = self.chunks.remove(&key) else {
                continue;
            };
            let below = |bound: u64| chunk.placed.tablets.partition_point(|id| *id < bound);
            let gone = below(ids.start().0)..below(ids.end().0.saturating_add(1));
            self.uncount(&chunk, gone.clone());
            chunk.cut(gone);
            match self.chunks.get_prev_mut(&key) {
                _ if chunk.len() == 0 => {}
                Some((_, left)) if fits(left, &chunk) => left.append(&chunk),
                _ => self.put(key, chunk),
            }
        }
    }

    /// Keys of the chunks that hold some of `ids`.
    pub(super) fn keys_over(&self, ids: &RangeInclusive<TabletId>) -> Vec<TabletId> {
        let first = self
            .chunks
            .get_prev(ids.start())
            .map_or(*ids.start(), |(key, _)| *key);
        self.chunks
            .range(first..=*ids.end())
            .map(|(key, _)| *key)
            .collect()
    }

    /// Makes sure that no chunk holds tablets on both sides of `id`.
    pub(super) fn split_at(&mut self, id: TabletId) {
        let Some((_, chunk)) = self.chunks.get_prev_mut(&id) else {
            return;
        };
        let place = chunk
            .placed
            .tablets
            .partition_point(|tablet| *tablet < id.0);
        if let Some(first) = chunk.placed.tablets.get(place).copied() {
            let right = chunk.split_off(place);
            self.put(TabletId(first), right);
        }
    }

    /// The chunk that new tablets from `id` on are added to, taken out.
    fn chunk_before(&mut self, id: TabletId) -> (TabletId, Chunk) {
        let before = self.chunks.get_prev(&id).filter(|(_, chunk)| !chunk.full());
        match before.map(|(key, _)| *key) {
            Some(key) => (key, self.chunks.remove(&key).unwrap_or_default()),
            None => (id, Chunk::default()),
        }
    }

    fn put(&mut self, key: TabletId, mut chunk: Chunk) {
        if chunk.len() == 0 {
            return;
        }
        chunk.check();
        if chunk.full() {
            chunk.shrink();
        }
        assert!(
            chunk.placed.tablets[0] >= key.0,
            "the key of a chunk is not above its tablets"
        );
        self.chunks.insert(key, chunk);
    }

    fn push(
        &mut self,
        chunk: &mut Chunk,
        run: Run,
        tablet: TabletId,
        replicas: impl Iterator<Item = (ReplicaId, BackendId)>,
    ) {
        let start = chunk.len() as u16;
        let runs = Arc::make_mut(&mut chunk.runs);
        if runs
            .last()
            .is_none_or(|last: &Run| last.partition != run.partition)
        {
            runs.push(Run { start, ..run });
        }
        let placed = Arc::make_mut(&mut chunk.placed);
        let sizes = Arc::make_mut(&mut chunk.sizes);
        let names = Arc::make_mut(&mut self.names);
        let ascends = placed.tablets.last().is_none_or(|last| *last < tablet.0);
        assert!(ascends, "tablet {tablet} is in use or out of order");
        placed.tablets.push(tablet.0);
        for (replica, backend) in replicas {
            let number = names.number(backend);
            names.count(number, 1);
            placed.replicas.push(replica.0);
            placed.backends.push(number);
            placed.flags.push(0);
            sizes.push();
            self.replicas += 1;
        }
        placed.starts.push(placed.replicas.len() as u16);
        self.len += 1;
    }

    fn uncount(&mut self, chunk: &Chunk, gone: std::ops::Range<usize>) {
        let names = Arc::make_mut(&mut self.names);
        for place in gone {
            self.len -= 1;
            for replica in chunk.replicas_of(place) {
                names.count(chunk.placed.backends[replica], -1);
                self.replicas -= 1;
            }
        }
    }

    /// The stretch of ids of a partition's tablets, if it has any.
    pub(in crate::catalog) fn span(tablets: &[TabletId]) -> Option<RangeInclusive<TabletId>> {
        Some(*tablets.first()?..=*tablets.last()?)
    }

    /// What always holds; for tests and audits.
    pub fn check(&self, partitions: impl Fn(PartitionId) -> bool) {
        let mut last = None;
        let (mut tablets, mut replicas) = (0, 0);
        for (key, chunk) in &self.chunks {
            chunk.check();
            assert!(chunk.len() <= TABLETS_MAX);
            assert!(last < Some(*key));
            for id in &chunk.placed.tablets {
                assert!(*id >= key.0 && last < Some(TabletId(*id)));
                last = Some(TabletId(*id));
            }
            assert!(chunk.runs.iter().all(|run| partitions(run.partition)));
            tablets += chunk.len() as u64;
            replicas += chunk.placed.replicas.len() as u64;
        }
        assert_eq!((tablets, replicas), (self.len, self.replicas));
    }
}

fn fits(left: &Chunk, right: &Chunk) -> bool {
    left.len() + right.len() <= TABLETS_MAX
        && left.placed.replicas.len() + right.placed.replicas.len() <= REPLICAS_FULL
}
