//! Rows to Parquet segments, within a budget of memory.
//!
//! Rows are gathered first, and then encoded tablet by tablet, on several threads: what a file works with (a dictionary a
//! column) is in the processor's caches only while that one file is written. A load that is small enough is encoded at its
//! end, and each of its files takes memory only while it is made.
//!
//! Of a larger load each tablet has an open file, to which what was gathered is added as a row group. A segment is sealed when
//! it is large enough to be worth sending while the rest is still read, or when memory is short. Rows keep their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::thread;

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use parking_lot::Mutex;

use self::chunk::Chunks;
pub use self::file::Segment;
use self::file::{Done, Form, Job, OpenFile};
use self::part::Part;
use crate::load::error::Error;
use crate::load::route::Routed;
use crate::load::threads;

mod chunk;
mod file;
mod part;

/// Bytes of one segment after which it is sealed.
const SEGMENT_BYTES: usize = 32 << 20;

/// Bytes that the rows and open files of one load may take together.
const BUDGET_BYTES: usize = 256 << 20;

/// Bytes of rows that are gathered for each tablet, on average, before they are encoded: some ten thousand rows, which
/// become a row group. Where there are few tablets, encoding goes on beside the reading.
const GATHER_BYTES: usize = 4 << 20;

/// Most bytes of rows that are gathered for all tablets.
const GATHER_MAX: usize = 96 << 20;

/// The open segments of a load.
pub struct Encoder {
    form: Form,
    files: BTreeMap<usize, Box<OpenFile>>,
    waiting: BTreeMap<usize, Vec<Part>>,
    ordinals: BTreeMap<usize, u32>,
    /// Bytes of the open files.
    files_held: usize,
    /// Bytes of the blocks that waiting rows are part of.
    waiting_held: usize,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    gather: usize,
    segment: usize,
    budget: usize,
}

impl Encoder {
    /// An encoder of rows with this schema.
    ///
    /// # Errors
    /// Parquet knows no such rows.
    pub fn new(schema: SchemaRef) -> Result<Encoder, Error> {
        Ok(Encoder {
            form: Form::new(schema)?,
            files: BTreeMap::new(),
            waiting: BTreeMap::new(),
            ordinals: BTreeMap::new(),
            files_held: 0,
            waiting_held: 0,
            limits: Limits {
                gather: GATHER_BYTES,
                segment: SEGMENT_BYTES,
                budget: BUDGET_BYTES,
            },
        })
    }

    /// Adds rows, and hands each segment that is full to `sealed`.
    pub fn write<E: From<Error>>(
        &mut self,
        routed: Routed,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        self.form.check(&routed.columns)?;
        let columns = routed.columns.iter();
        self.waiting_held += columns.map(|c| c.get_array_memory_size()).sum::<usize>();
        let routed = Arc::new(routed);
        for (slot, rows) in &routed.slots {
            let part = Part::new(routed.clone(), rows.clone());
            self.waiting.entry(*slot).or_default().push(part);
        }
        let enough = (self.waiting.len() * self.limits.gather).min(GATHER_MAX);
        if self.waiting_held <= enough && self.held() <= self.limits.budget {
            return Ok(());
        }
        // Blocks are shared between tablets: memory is free only when all of them have gone.
        let slots: Vec<usize> = self.waiting.keys().copied().collect();
        let jobs = slots.into_iter().map(|slot| self.job(slot, false));
        let jobs = jobs.collect();
        self.waiting_held = 0;
        self.run(jobs, &mut sealed)?;
        self.relieve(sealed)
    }

    /// Seals what is open or waits, about in the order of the plan.
    pub fn finish<E: From<Error>>(
        mut self,
        sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let slots = self.files.keys().chain(self.waiting.keys()).copied();
        self.seal(slots.collect(), sealed)
    }

    /// Seals the largest files until half the budget is free for rows.
    fn relieve<E: From<Error>>(
        &mut self,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.files_held > self.limits.budget / 2 {
            let biggest = self.files.iter().max_by_key(|(_, file)| file.held);
            let Some(slot) = biggest.map(|(slot, _)| *slot) else {
                break;
            };
            self.seal(BTreeSet::from([slot]), &mut sealed)?;
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.files_held + self.waiting_held
    }

    fn seal<E: From<Error>>(
        &mut self,
        slots: BTreeSet<usize>,
        sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let jobs = slots.into_iter().map(|slot| self.job(slot, true));
        let jobs = jobs.collect();
        self.run(jobs, sealed)
    }

    /// Takes out what there is of a slot.
    fn job(&mut self, slot: usize, seal: bool) -> Job {
        let file = self.files.remove(&slot);
        let held = file.as_ref().map_or(0, |file| file.held);
        self.files_held = self.files_held.saturating_sub(held);
        Job {
            slot,
            file,
            rows: self.waiting.remove(&slot).unwrap_or_default(),
            seal,
        }
    }

    /// Does the jobs, which are of different slots, on several threads.
    fn run<E: From<Error>>(
        &mut self,
        jobs: Vec<Job>,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let threads = threads::most().min(jobs.len());
        let (form, segment) = (self.form.clone(), self.limits.segment);
        let jobs = Mutex::new(jobs.into_iter());
        thread::scope(|scope| {
            // What is done waits here no longer than the next pieces take.
            let (done, results) = mpsc::sync_channel(threads);
            for _ in 0..threads {
                let done = done.clone();
                scope.spawn(|| {
                    let done = done;
                    let mut chunks = Chunks::new();
                    loop {
                        let Some(job) = jobs.lock().next() else {
                            return;
                        };
                        // Nobody listens after an error.
                        if done.send(form.work(job, segment, &mut chunks)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            for result in results {
                match result? {
                    Done::Open(slot, file) => {
                        self.files_held += file.held;
                        self.files.insert(slot, file);
                    }
                    Done::Sealed(mut segment) => {
                        let next = self.ordinals.entry(segment.slot).or_default();
                        segment.ordinal = *next;
                        *next += 1;
                        sealed(segment)?;
                    }
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
