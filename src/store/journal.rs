//! The journal port: what a place must offer that keeps the truth.
//!
//! Calls block, so they are made from a thread of their own (`leader::run::writer`). Records have sequence numbers from 1
//! without gaps. A checkpoint that covers records up to some sequence number takes their place.

use std::path::Path;

use crate::store::error::Error;

/// The largest chunk of a checkpoint in bytes; a write of one holds up an append for a few milliseconds at most.
pub const CHUNK_BYTES: usize = 250_000;

/// One record: what one decision changed, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place: 1 for the first of a cluster, then one more each.
    pub seq: u64,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What [`Journal::load`] reads, in order: first the chunks of the checkpoint, then the records after it.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The next chunk of the checkpoint.
    Chunk(&'a [u8]),
    /// The next record.
    Record(u64, &'a [u8]),
}

/// How far a journal reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// The last record that the checkpoint covers; 0 without one.
    pub checkpoint: u64,
    /// The last record; 0 in an empty journal.
    pub last: u64,
}

/// A durable, ordered list of records with checkpoints. One process writes it.
pub trait Journal: Send + 'static {
    /// Where it is, for errors.
    fn place(&self) -> &Path;

    /// How far it reaches.
    fn extent(&self) -> Extent;

    /// Adds records in order, all or none. They are durable when this returns `Ok`. After an error the journal takes
    /// no more writes until [`reopen`](Journal::reopen) succeeds.
    fn append(&mut self, records: &[Record]) -> Result<(), Error>;

    /// Adds chunk `index` (from 0) of the checkpoint that will cover records up to `seq`. It has no effect on
    /// [`load`](Journal::load) before [`finish_checkpoint`](Journal::finish_checkpoint).
    fn write_chunk(&mut self, seq: u64, index: u32, chunk: &[u8]) -> Result<(), Error>;

    /// Puts the checkpoint in force in one step: it has chunks 0 to `chunks - 1`.
    fn finish_checkpoint(&mut self, seq: u64, chunks: u32) -> Result<(), Error>;

    /// Removes at most `limit` records and chunks that the checkpoint in force replaces; says whether more are left.
    /// Must not run while a checkpoint is being written.
    fn trim(&mut self, limit: usize) -> Result<bool, Error>;

    /// Reads everything in force in order and checks it: checksums, no gap, no missing end.
    fn load(&self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error>;

    /// Opens it anew after an error, so that it holds exactly what is durable. Refused where that can't be known.
    fn reopen(&mut self) -> Result<(), Error>;
}
