//! A stretch of neighbouring tablets as columns, and what changes in them.
//!
//! Each of the three parts is shared between snapshots and copied when it is written: which version a partition has
//! changes with every load, sizes with every report, placement hardly ever.

use std::ops::Range;
use std::sync::Arc;

use crate::catalog::versions::Versions;
use crate::ids::{DbId, PartitionId, Version};

/// Tablets of a chunk at most.
pub const TABLETS_MAX: usize = 256;
/// Replicas of a chunk at which no further tablet is added.
pub const REPLICAS_FULL: usize = 1024;

// Positions of replicas are kept in 16 bits, and one tablet has at most 32,767 replicas.
const _: () = assert!(REPLICAS_FULL + i16::MAX as usize <= u16::MAX as usize);

/// The versions of this replica differ from its partition's: they are in the list of laggards.
pub const LAGS: u8 = 1;
/// Its files are lost or wrong.
pub const BAD: u8 = 2;
/// An operator said that it is bad.
pub const BAD_BY_ORDER: u8 = 4;
/// It is being filled by a clone.
pub const CLONE: u8 = 8;
/// It is about to be removed.
pub const DECOMMISSION: u8 = 16;

/// Neighbouring tablets, ascending by id.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// Neighbouring tablets of one partition.
    pub runs: Arc<Vec<Run>>,
    /// What is where.
    pub placed: Arc<Placed>,
    /// What was last reported.
    pub sizes: Arc<Sizes>,
}

/// Tablets of one partition that follow each other in one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The partition.
    pub partition: PartitionId,
    /// Its database.
    pub db: DbId,
    /// What readers see of the partition, and so the version of every replica that is not a laggard.
    pub visible: Version,
    /// Bucket of the first tablet.
    pub first_bucket: u32,
    /// Place of the first tablet in the chunk.
    pub start: u16,
    /// Replicas that each tablet should have.
    pub wanted: u16,
}

/// Columns about placement.
#[derive(Debug, Clone)]
pub struct Placed {
    /// By tablet: id.
    pub tablets: Vec<u64>,
    /// By tablet: place of its first replica; one more at the end.
    pub starts: Vec<u16>,
    /// By replica: id.
    pub replicas: Vec<u64>,
    /// By replica: backend, as a number of [`Names`](super::names::Names).
    pub backends: Vec<u32>,
    /// By replica: the bits above.
    pub flags: Vec<u8>,
    /// Versions of the replicas that have [`LAGS`], ascending by place.
    pub laggards: Vec<(u16, Versions)>,
}

impl Default for Placed {
    fn default() -> Placed {
        Placed {
            tablets: Vec::new(),
            starts: vec![0],
            replicas: Vec::new(),
            backends: Vec::new(),
            flags: Vec::new(),
            laggards: Vec::new(),
        }
    }
}

/// Columns that reports fill, by replica.
#[derive(Debug, Clone, Default)]
pub struct Sizes {
    /// Bytes.
    pub bytes: Vec<u64>,
    /// Rows.
    pub rows: Vec<u64>,
    /// Rowsets.
    pub rowsets: Vec<u32>,
    /// Storage path, as a number of [`Names`](super::names::Names).
    pub paths: Vec<u32>,
}

impl Chunk {
    /// Number of tablets.
    pub fn len(&self) -> usize {
        self.placed.tablets.len()
    }

    /// Whether no further tablet should be added.
    pub fn full(&self) -> bool {
        self.len() >= TABLETS_MAX || self.placed.replicas.len() >= REPLICAS_FULL
    }

    /// Place of a tablet.
    pub fn find(&self, tablet: u64) -> Option<usize> {
        self.placed.tablets.binary_search(&tablet).ok()
    }

    /// The run that holds the tablet at `place`.
    pub fn run_of(&self, place: usize) -> usize {
        let after = self
            .runs
            .partition_point(|run| usize::from(run.start) <= place);
        after.saturating_sub(1)
    }

    /// The tablets of a run.
    pub fn tablets_of(&self, run: usize) -> Range<usize> {
        let start = usize::from(self.runs[run].start);
        let end = self
            .runs
            .get(run + 1)
            .map_or(self.len(), |next| usize::from(next.start));
        start..end
    }

    /// The replicas of a tablet.
    pub fn replicas_of(&self, place: usize) -> Range<usize> {
        self.placed.replicas_of(place)
    }

    /// The versions of a replica, given what its partition shows.
    pub fn versions(&self, replica: usize, visible: Version) -> Versions {
        if self.placed.flags[replica] & LAGS == 0 {
            return Versions::in_step(visible);
        }
        self.placed
            .laggard(replica)
            .unwrap_or_else(|| Versions::in_step(visible))
    }

    /// Cuts off everything from the tablet at `place` on.
    pub fn split_off(&mut self, place: usize) -> Chunk {
        let mut right = self.clone();
        right.cut(0..place);
        self.cut(place..self.len());
        right
    }

    /// Removes tablets.
    pub fn cut(&mut self, gone: Range<usize>) {
        if gone.is_empty() {
            return;
        }
        let placed = Arc::make_mut(&mut self.placed);
        let replicas = usize::from(placed.starts[gone.start])..usize::from(placed.starts[gone.end]);
        placed.cut(gone.clone(), replicas.clone());
        Arc::make_mut(&mut self.sizes).cut(replicas);
        let runs = Arc::make_mut(&mut self.runs);
        *runs = cut_runs(runs, gone, placed.tablets.len());
        self.check();
    }

    /// Appends the tablets of `right`, which follow.
    pub fn append(&mut self, right: &Chunk) {
        let shift = self.len() as u16;
        let placed = Arc::make_mut(&mut self.placed);
        placed.append(&right.placed);
        Arc::make_mut(&mut self.sizes).append(&right.sizes);
        let runs = Arc::make_mut(&mut self.runs);
        for run in right.runs.iter() {
            let follows = runs
                .last()
                .is_some_and(|last| last.partition == run.partition);
            if !follows {
                let start = run.start + shift;
                runs.push(Run { start, ..*run });
            }
        }
        self.check();
    }

    /// Gives back the room that columns keep for growth; a chunk that takes no further tablet has no use for it, and
    /// most chunks are such.
    pub fn shrink(&mut self) {
        Arc::make_mut(&mut self.runs).shrink_to_fit();
        Arc::make_mut(&mut self.placed).shrink();
        Arc::make_mut(&mut self.sizes).shrink();
    }

    /// What always holds of a chunk.
    pub fn check(&self) {
        let (placed, sizes) = (&self.placed, &self.sizes);
        assert_eq!(placed.starts.len(), placed.tablets.len() + 1);
        assert_eq!(
            placed.starts.last().map(|end| usize::from(*end)),
            Some(placed.replicas.len())
        );
        assert_eq!(placed.backends.len(), placed.replicas.len());
        assert_eq!(placed.flags.len(), placed.replicas.len());
        assert_eq!(sizes.bytes.len(), placed.replicas.len());
        assert_eq!(sizes.paths.len(), placed.replicas.len());
        assert_eq!(self.runs.is_empty(), placed.tablets.is_empty());
        assert!(self.runs.first().is_none_or(|run| run.start == 0));
    }
}

/// The runs that are left when the tablets `gone` are removed and `left` stay.
fn cut_runs(runs: &[Run], gone: Range<usize>, left: usize) -> Vec<Run> {
    let mut kept: Vec<Run> = Vec::with_capacity(runs.len());
    for (index, run) in runs.iter().enumerate() {
        let start = usize::from(run.start);
        let end = runs
            .get(index + 1)
            .map_or(left + gone.len(), |next| usize::from(next.start));
        let before = gone.start.clamp(start, end) - start;
        let after = end - gone.end.clamp(start, end);
        if before + after == 0 {
            continue;
        }
        // Where the first tablets of a run go, its first bucket moves up.
        let skipped = if before == 0 { end - after - start } else { 0 };
        let moved = if start < gone.end {
            start.min(gone.start)
        } else {
            start - gone.len()
        };
        kept.push(Run {
            first_bucket: run.first_bucket + skipped as u32,
            start: moved as u16,
            ..*run
        });
    }
    kept
}

impl Placed {
    /// The replicas of a tablet.
    pub fn replicas_of(&self, place: usize) -> Range<usize> {
        usize::from(self.starts[place])..usize::from(self.starts[place + 1])
    }

    /// The versions of a laggard.
    pub fn laggard(&self, replica: usize) -> Option<Versions> {
        let at = self
            .laggards
            .binary_search_by_key(&replica, |(place, _)| usize::from(*place));
        at.ok().map(|at| self.laggards[at].1)
    }

    /// Puts down the versions of a replica: `None` when they are its partition's.
    pub fn set_laggard(&mut self, replica: usize, versions: Option<Versions>) {
        let at = self
            .laggards
            .binary_search_by_key(&replica, |(place, _)| usize::from(*place));
        match (at, versions) {
            (Ok(at), Some(versions)) => self.laggards[at].1 = versions,
            (Ok(at), None) => {
                self.laggards.remove(at);
            }
            (Err(at), Some(versions)) => self.laggards.insert(at, (replica as u16, versions)),
            (Err(_), None) => {}
        }
        match versions {
            Some(_) => self.flags[replica] |= LAGS,
            None => self.flags[replica] &= !LAGS,
        }
    }

    fn shrink(&mut self) {
        self.tablets.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.replicas.shrink_to_fit();
        self.backends.shrink_to_fit();
        self.flags.shrink_to_fit();
        self.laggards.shrink_to_fit();
    }

    fn cut(&mut self, tablets: Range<usize>, replicas: Range<usize>) {
        let count = replicas.len() as u16;
        self.tablets.drain(tablets.clone());
        self.starts.drain(tablets.clone());
        for start in &mut self.starts[tablets.start..] {
            *start -= count;
        }
        self.replicas.drain(replicas.clone());
        self.backends.drain(replicas.clone());
        self.flags.drain(replicas.clone());
        self.laggards
            .retain(|(place, _)| !replicas.contains(&usize::from(*place)));
        for (place, _) in &mut self.laggards {
            if usize::from(*place) >= replicas.end {
                *place -= count;
            }
        }
    }

    fn append(&mut self, right: &Placed) {
        let shift = self.replicas.len() as u16;
        self.tablets.extend_from_slice(&right.tablets);
        self.starts.pop();
        self.starts
            .extend(right.starts.iter().map(|start| start + shift));
        self.replicas.extend_from_slice(&right.replicas);
        self.backends.extend_from_slice(&right.backends);
        self.flags.extend_from_slice(&right.flags);
        let laggards = right
            .laggards
            .iter()
            .map(|(place, of)| (place + shift, *of));
        self.laggards.extend(laggards);
    }
}

impl Sizes {
    /// Bytes, rows, rowsets and path of a replica.
    pub fn get(&self, place: usize) -> (u64, u64, u32, u32) {
        (
            self.bytes[place],
            self.rows[place],
            self.rowsets[place],
            self.paths[place],
        )
    }

    /// Puts them down.
    pub fn set(&mut self, place: usize, to: (u64, u64, u32, u32)) {
        (
            self.bytes[place],
            self.rows[place],
            self.rowsets[place],
            self.paths[place],
        ) = to;
    }

    /// Adds a replica that has not been reported.
    pub fn push(&mut self) {
        self.bytes.push(0);
        self.rows.push(0);
        self.rowsets.push(1);
        self.paths.push(0);
    }

    /// Makes room for a replica that has not been reported.
    pub fn insert(&mut self, at: usize) {
        self.bytes.insert(at, 0);
        self.rows.insert(at, 0);
        self.rowsets.insert(at, 0);
        self.paths.insert(at, 0);
    }

    /// Removes a replica.
    pub fn remove(&mut self, at: usize) {
        self.cut(at..at + 1);
    }

    fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.rows.shrink_to_fit();
        self.rowsets.shrink_to_fit();
        self.paths.shrink_to_fit();
    }

    fn cut(&mut self, replicas: Range<usize>) {
        self.bytes.drain(replicas.clone());
        self.rows.drain(replicas.clone());
        self.rowsets.drain(replicas.clone());
        self.paths.drain(replicas);
    }

    fn append(&mut self, right: &Sizes) {
        self.bytes.extend_from_slice(&right.bytes);
        self.rows.extend_from_slice(&right.rows);
        self.rowsets.extend_from_slice(&right.rowsets);
        self.paths.extend_from_slice(&right.paths);
    }
}
