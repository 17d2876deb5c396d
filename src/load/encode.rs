//! Rows to Parquet segments, within a budget of memory.
//!
//! Rows are gathered first, and then encoded tablet by tablet, on several threads: what a file works with (a hash table a
//! column) is in the processor's caches only while that one file is written, so all rows of a tablet at once cost a
//! half of what a few at a time do. A load that is small enough is encoded at its end, and each of its files takes
//! memory only while it is made.
//!
//! Of a larger load the first tablets have an open file each. An open file costs much before it holds anything, so where
//! there are many tablets the rows of the others wait as they are and are encoded when they must go. A segment is sealed
//! when it is large enough to be worth sending while the rest is still read, or when memory is short. Rows keep their
//! order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::thread;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parking_lot::Mutex;

pub use self::file::Segment;
use self::file::{Done, Form, Job, OpenFile};
use crate::load::error::Error;
use crate::load::route::Routed;
use crate::load::threads;

mod file;

/// Bytes of one segment after which it is sealed.
const SEGMENT_BYTES: usize = 32 << 20;

/// Bytes that the rows and open files of one load may take together.
const BUDGET_BYTES: usize = 256 << 20;

/// Bytes of rows that are gathered for each tablet, on average, before they are encoded: some thousand rows. Where there
/// are few tablets, encoding begins soon and goes on beside the reading.
const GATHER_BYTES: usize = 1 << 20;

/// Most bytes of rows that are gathered for all tablets.
const GATHER_MAX: usize = 64 << 20;

/// Bytes that an open file takes for each column before it holds a row.
const COLUMN_BYTES: usize = 64 << 10;

/// The open segments of a load.
pub struct Encoder {
    form: Form,
    files: BTreeMap<usize, Box<OpenFile>>,
    waiting: BTreeMap<usize, Vec<RecordBatch>>,
    ordinals: BTreeMap<usize, u32>,
    /// Bytes of the open files.
    files_held: usize,
    /// Bytes of the blocks that waiting rows are part of.
    waiting_held: usize,
    /// Those of them that came since rows were encoded last.
    gathered: usize,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    gather: usize,
    segment: usize,
    budget: usize,
    column: usize,
}

impl Encoder {
    /// An encoder of rows with this schema.
    pub fn new(schema: SchemaRef) -> Encoder {
        Encoder {
            form: Form::new(schema),
            files: BTreeMap::new(),
            waiting: BTreeMap::new(),
            ordinals: BTreeMap::new(),
            files_held: 0,
            waiting_held: 0,
            gathered: 0,
            limits: Limits {
                gather: GATHER_BYTES,
                segment: SEGMENT_BYTES,
                budget: BUDGET_BYTES,
                column: COLUMN_BYTES,
            },
        }
    }

    /// Adds rows, and hands each segment that is full to `sealed`.
    pub fn write<E: From<Error>>(
        &mut self,
        routed: Routed,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let schema = self.form.schema().clone();
        let all = RecordBatch::try_new(schema, routed.columns).map_err(Error::from)?;
        let bytes = all.get_array_memory_size();
        for (slot, rows) in routed.slots {
            let batch = all.slice(rows.start, rows.len());
            self.waiting.entry(slot).or_default().push(batch);
        }
        self.waiting_held += bytes;
        self.gathered += bytes;
        let enough = (self.waiting.len() * self.limits.gather).min(GATHER_MAX);
        if self.gathered > enough || self.held() > self.limits.budget {
            self.encode(&mut sealed)?;
        }
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

    /// Encodes the waiting rows of the slots that have a file, or can have one: half the budget is for files.
    fn encode<E: From<Error>>(
        &mut self,
        sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let cost = self.form.schema().fields().len() * self.limits.column;
        let mut files = self.files.len();
        let mut jobs = Vec::new();
        let slots: Vec<usize> = self.waiting.keys().copied().collect();
        for slot in slots {
            if !self.files.contains_key(&slot) {
                if (files + 1) * cost > self.limits.budget / 2 {
                    continue;
                }
                files += 1;
            }
            jobs.push(self.job(slot, false));
        }
        self.gathered = 0;
        if self.waiting.is_empty() {
            self.waiting_held = 0;
        }
        self.run(jobs, sealed)
    }

    /// Seals until memory is within the budget.
    fn relieve<E: From<Error>>(
        &mut self,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.held() > self.limits.budget {
            if self.waiting_held > self.limits.budget / 2 {
                // Blocks are shared between tablets: memory is free only when all of them have gone.
                self.seal(self.waiting.keys().copied().collect(), &mut sealed)?;
                (self.waiting_held, self.gathered) = (0, 0);
                continue;
            }
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
                    loop {
                        let Some(job) = jobs.lock().next() else {
                            return;
                        };
                        // Nobody listens after an error.
                        if done.send(form.work(job, segment)).is_err() {
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
