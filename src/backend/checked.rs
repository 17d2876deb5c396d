//! The bytes of a segment's file as readers get them: each block is compared with its checksum before any byte of it is
//! believed, whether it holds pages, their headers or the footer.
//!
//! Owns which bytes are read from the disk. Does not know what they mean.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
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
    /// Who reads moves its place.
    file: Mutex<File>,
    /// The blocks that were read last, each from some place on: from where its reader goes on, when it was read with others.
    /// Columns are read in turn, and each goes on within the block where it stopped.
    recent: Mutex<VecDeque<Recent>>,
    recent_max: usize,
    /// What failed first.
    fault: Mutex<Option<Error>>,
}

/// What is known of a block.
#[derive(Debug, Clone)]
struct Recent {
    number: u64,
    /// The first byte of the file that is known.
    from: u64,
    /// All of the block from there on.
    bytes: Bytes,
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
            file: Mutex::new(file),
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
        if first == last {
            return Ok(self.block(start)?.slice(..position(length)));
        }
        // From the first byte that is wanted where that is known, else from the beginning of its block.
        let known = self.recent(start);
        let from = known.as_ref().map_or(first * BLOCK, |_| start);
        let after = size.min((last + 1) * BLOCK);
        let mut all = Vec::with_capacity(position(after - from));
        all.extend_from_slice(&known.unwrap_or_default());
        self.read(from + all.len() as u64, after, &mut all)?;
        let all = Bytes::from(all);
        if end < after {
            // Copied, so that what is left of a block does not keep a whole page.
            let left = Bytes::copy_from_slice(&all[position(end - from)..]);
            self.remember(end, left);
        }
        Ok(all.slice(position(start - from)..position(end - from)))
    }

    /// The rest of a block from a place on, right.
    fn block(&self, start: u64) -> Result<Bytes, Error> {
        if let Some(known) = self.recent(start) {
            return Ok(known);
        }
        let from = start / BLOCK * BLOCK;
        let after = self.len().min(from + BLOCK);
        let mut bytes = Vec::with_capacity(position(after.saturating_sub(from)));
        self.read(from, after, &mut bytes)?;
        let bytes = Bytes::from(bytes);
        self.remember(from, bytes.clone());
        Ok(bytes.slice(position(start - from)..))
    }

    /// Appends blocks from the disk to `out`, and compares each. `from` is where one begins, `after` where one ends.
    fn read(&self, from: u64, after: u64, out: &mut Vec<u8>) -> Result<(), Error> {
        let segment = &self.0.segment;
        let before = out.len();
        let appended = self.append(from, after.saturating_sub(from), out);
        appended.map_err(|e| damage::of_io(segment, &e))?;
        let first = position(from / BLOCK);
        let read = out.get(before..).unwrap_or_default();
        for (at, block) in read.chunks(position(BLOCK)).enumerate() {
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

    /// Appends bytes of the disk to `out`, whose room need not be filled with zeros before.
    fn append(&self, from: u64, wanted: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let mut file = self.0.file.lock();
        file.seek(SeekFrom::Start(from))?;
        let read = (&*file).take(wanted).read_to_end(out)? as u64;
        match read == wanted {
            true => Ok(()),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The rest of a block from a place on, if that is known.
    fn recent(&self, start: u64) -> Option<Bytes> {
        let recent = self.0.recent.lock();
        let number = start / BLOCK;
        let found = recent
            .iter()
            .find(|of| of.number == number && of.from <= start);
        found.map(|of| of.bytes.slice(position(start - of.from)..))
    }

    /// Remembers a block from a place on.
    fn remember(&self, from: u64, bytes: Bytes) {
        let number = from / BLOCK;
        let mut recent = self.0.recent.lock();
        recent.retain(|known| known.number != number);
        recent.push_back(Recent {
            number,
            from,
            bytes,
        });
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
            let block = self.of.block(self.next);
            let block = block.map_err(|error| io::Error::other(self.of.failed(error)))?;
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
