//! The bytes of a segment's file as readers get them: each block is compared with its checksum before any byte of it is
//! believed, whether it holds pages, their headers or the footer.
//!
//! Owns which bytes are read from the disk. Does not know what they mean.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::segment::Segment;
use crate::backend::sums::BLOCK;

/// Most blocks that a reader remembers.
const BLOCKS_MAX: usize = 64;

/// A file of which only right bytes are given. Clones share what they have read.
#[derive(Debug, Clone)]
pub struct Checked(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    segment: Arc<Segment>,
    file: File,
    /// The blocks that were read last. Columns are read in turn, and each goes on within the block where it stopped.
    recent: Mutex<VecDeque<(u64, Bytes)>>,
    recent_max: usize,
    /// What failed first.
    fault: Mutex<Option<Error>>,
}

/// Reads on from a place in the file.
#[derive(Debug)]
pub struct Reading {
    of: Checked,
    next: u64,
    left: Bytes,
}

impl Checked {
    /// Opens a file, of which so many columns will be read in turn. Blocks.
    ///
    /// # Errors
    /// The file is lost, or wrong as a whole where that is all that is known of it.
    pub fn open(segment: &Arc<Segment>, columns: usize) -> Result<Checked, Error> {
        let file = segment.open()?;
        segment.know_sums(&file)?;
        Ok(Checked(Arc::new(Inner {
            segment: segment.clone(),
            file,
            recent: Mutex::default(),
            recent_max: columns.saturating_add(2).min(BLOCKS_MAX),
            fault: Mutex::default(),
        })))
    }

    /// Why reading failed: what was found first of the file, else what its reader says of right bytes.
    pub fn explain(&self, error: &dyn std::fmt::Display) -> Error {
        let found = self.0.fault.lock().clone();
        found.unwrap_or_else(|| Error::Corrupt {
            file: self.0.segment.path(),
            what: error.to_string(),
        })
    }

    fn bytes(&self, start: u64, length: u64) -> Result<Bytes, Error> {
        let size = self.len();
        let end = start.checked_add(length).filter(|end| *end <= size);
        let Some(end) = end else {
            return Err(Error::Corrupt {
                file: self.0.segment.path(),
                what: format!("{length} bytes are looked for at {start}, and it ends at {size}"),
            });
        };
        if length == 0 {
            return Ok(Bytes::new());
        }
        let (first, last) = (start / BLOCK, (end - 1) / BLOCK);
        let from = first * BLOCK;
        let within = position(start - from)..position(end - from);
        if first == last {
            return Ok(self.block(first)?.slice(within));
        }
        let mut all = vec![0; position(size.min((last + 1) * BLOCK) - from)];
        let known = self.recent(first).unwrap_or_default();
        let (begin, rest) = all.split_at_mut(known.len());
        begin.copy_from_slice(&known);
        self.read(from + known.len() as u64, rest)?;
        let all = Bytes::from(all);
        let end = all.slice(position(last * BLOCK - from)..);
        // Copied, so that a block does not keep a whole page.
        self.remember(last, Bytes::copy_from_slice(&end));
        Ok(all.slice(within))
    }

    /// One block, right.
    fn block(&self, number: u64) -> Result<Bytes, Error> {
        if let Some(known) = self.recent(number) {
            return Ok(known);
        }
        let from = number * BLOCK;
        let mut bytes = vec![0; position(self.len().saturating_sub(from).min(BLOCK))];
        self.read(from, &mut bytes)?;
        let bytes = Bytes::from(bytes);
        self.remember(number, bytes.clone());
        Ok(bytes)
    }

    /// Reads blocks from the disk, and compares each.
    fn read(&self, from: u64, out: &mut [u8]) -> Result<(), Error> {
        let segment = &self.0.segment;
        let read = self.0.file.read_exact_at(out, from);
        read.map_err(|e| damage::of_io(segment, &e))?;
        let first = position(from / BLOCK);
        for (at, block) in out.chunks(position(BLOCK)).enumerate() {
            let found = crc32fast::hash(block);
            let written = segment.sums().get(first + at).copied();
            if written != Some(found) {
                let start = from + at as u64 * BLOCK;
                let end = start + block.len() as u64 - 1;
                return Err(Error::Corrupt {
                    file: segment.path(),
                    what: format!(
                        "the CRC-32 of bytes {start} to {end} is {found:08x}, {:08x} was written",
                        written.unwrap_or_default()
                    ),
                });
            }
        }
        Ok(())
    }

    fn recent(&self, number: u64) -> Option<Bytes> {
        let recent = self.0.recent.lock();
        let found = recent.iter().find(|(known, _)| *known == number);
        found.map(|(_, bytes)| bytes.clone())
    }

    fn remember(&self, number: u64, bytes: Bytes) {
        let mut recent = self.0.recent.lock();
        recent.retain(|(known, _)| *known != number);
        recent.push_back((number, bytes));
        if recent.len() > self.0.recent_max {
            recent.pop_front();
        }
    }

    fn failed(&self, error: Error) -> ParquetError {
        let text = error.to_string();
        self.0.fault.lock().get_or_insert(error);
        ParquetError::General(text)
    }
}

impl Length for Checked {
    fn len(&self) -> u64 {
        self.0.segment.record.bytes
    }
}

impl ChunkReader for Checked {
    type T = Reading;

    fn get_read(&self, start: u64) -> Result<Reading, ParquetError> {
        Ok(Reading {
            of: self.clone(),
            next: start,
            left: Bytes::new(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.bytes(start, length as u64);
        bytes.map_err(|error| self.failed(error))
    }
}

impl Read for Reading {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() && self.next < self.of.len() {
            let block = self.of.block(self.next / BLOCK);
            let mut block = block.map_err(|error| io::Error::other(self.of.failed(error)))?;
            block.advance(position(self.next % BLOCK));
            self.next += block.len() as u64;
            self.left = block;
        }
        let count = self.left.len().min(out.len());
        self.left.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

/// A number of bytes within a file that is read.
fn position(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
