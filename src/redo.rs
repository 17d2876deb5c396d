//! A file in front of a store that takes long to commit: a change is durable by one flush here, and gets into the store later,
//! with many others in one commit.
//!
//! Owns the file and what is believed of it. Does not know what a change is, nor when it gets into the store. The file has its
//! whole size from the beginning, so that a flush writes the change and nothing of the file system's own. Changes are numbered
//! without a gap; once all are in the store, the next ones are written over them.
//!
//! A change that is not whole was being written when the process or the machine ended, and nobody was told that it is durable.
//! That is so only of the last one: where a later one is there, or the head says that it was durable, the file is damaged.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::durable;

/// Bytes of a file.
pub const SIZE: u64 = 1 << 20;
/// Where the first change is. The head has its own page: what is written of the one can't spoil the other.
const FIRST: u64 = 4096;
/// Begins the head.
const MAGIC: [u8; 8] = *b"QuorRedo";
/// Bytes of the head: magic, salt, number, CRC-32.
const HEAD_BYTES: usize = 28;
/// Bytes before a change: their count, CRC-32, number.
const FRAME_BYTES: u64 = 16;
/// Changes begin at multiples of this.
const ALIGN: u64 = 8;

/// A change that was read: its number and its bytes.
pub type Change = (u64, Vec<u8>);

/// An open file.
#[derive(Debug)]
pub struct Redo {
    file: File,
    /// Goes into every checksum, so that nobody can make bytes that look like a change.
    salt: u64,
    /// Where the next change begins.
    end: u64,
}

/// Why a file can't be read.
#[derive(Debug)]
pub enum Wrong {
    /// The operating system says so.
    Io(io::Error),
    /// It is not what was written.
    Damaged(String),
}

/// Which step of a change failed.
#[derive(Debug)]
pub enum Failed {
    /// It was not written whole, so it is not there.
    Write(io::Error),
    /// Nobody knows whether it is durable.
    Flush(io::Error),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        Wrong::Io(error)
    }
}

impl Redo {
    /// Puts a file without changes in the place of what is there; durable when it returns. Blocks.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(path: &Path) -> io::Result<()> {
        let new = path.with_extension("log.new");
        let file = durable::private().create(true).truncate(true).open(&new)?;
        file.write_all_at(&vec![0; usize::try_from(SIZE).unwrap_or(0)], 0)?;
        file.write_all_at(&head(rand::random(), 0), 0)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), durable::flush_names)
    }

    /// Reads a file whose changes up to number `after` are in the store; gives those after it. The file is only read, and
    /// flushed: a process that was killed may have written what it never flushed. Blocks.
    ///
    /// # Errors
    /// It can't be read, or something in it is not what was written.
    pub fn open(path: &Path, after: u64) -> Result<(Redo, Vec<Change>), Wrong> {
        let file = File::options().read(true).write(true).open(path)?;
        file.sync_all()?;
        let length = file.metadata()?.len();
        if length != SIZE {
            let what = format!("it has {length} bytes, {SIZE} were written");
            return Err(Wrong::Damaged(what));
        }
        let mut bytes = vec![0; usize::try_from(SIZE).unwrap_or(0)];
        file.read_exact_at(&mut bytes, 0)?;
        let (salt, durable) =
            read_head(&bytes).ok_or_else(|| Wrong::Damaged("its head is wrong".to_owned()))?;
        let (changes, reached, end) = walk(&bytes, salt, after)?;
        if durable > reached {
            let what = format!("change {durable} was durable, and is not there or not whole");
            return Err(Wrong::Damaged(what));
        }
        if let Some(later) = later(&bytes, salt, (end, reached)) {
            let what = format!(
                "change {} is not whole, and change {later} is there",
                reached + 1
            );
            return Err(Wrong::Damaged(what));
        }
        Ok((Redo { file, salt, end }, changes))
    }

    /// Whether there is room for a change of so many bytes.
    pub fn fits(&self, bytes: usize) -> bool {
        self.end + framed(bytes as u64) <= SIZE
    }

    /// Makes a change durable. Its number follows that of the change before, and there is room for it. Blocks.
    ///
    /// # Errors
    /// Which step failed. After a failed flush the file must not be written any more, only opened again.
    pub fn append(
        &mut self,
        number: u64,
        change: &[u8],
        between: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), Failed> {
        let bytes = frame(self.salt, number, change);
        let written = self.file.write_all_at(&bytes, self.end);
        written.map_err(Failed::Write)?;
        between()
            .and_then(|()| self.file.sync_data())
            .map_err(Failed::Flush)?;
        self.end += bytes.len() as u64;
        // Not flushed before the next change is. It only helps to tell damage from what was never told to be durable.
        let _ = self.file.write_all_at(&head(self.salt, number), 0);
        Ok(())
    }

    /// Everything is in the store, durable: the next change is written over the first.
    pub fn restart(&mut self) {
        self.end = FIRST;
    }
}

/// The changes after number `after`, the number of the last one that is whole, and where it ends.
fn walk(bytes: &[u8], salt: u64, after: u64) -> Result<(Vec<Change>, u64, u64), Wrong> {
    let mut changes: Vec<Change> = Vec::new();
    let (mut at, mut last) = (FIRST, None);
    while let Some((number, change)) = read_frame(bytes, salt, at) {
        if last.is_some_and(|last| number != last + 1) {
            // It was written before those that end here.
            break;
        }
        if number > after {
            if changes.is_empty() && number != after + 1 {
                let what = format!("it begins with change {number}, the store ends with {after}");
                return Err(Wrong::Damaged(what));
            }
            changes.push((number, change.to_vec()));
        }
        at += framed(change.len() as u64);
        last = Some(number);
    }
    let reached = last.map_or(after, |last| last.max(after));
    // The next change must not be written behind some that are in the store already.
    let end = if changes.is_empty() { FIRST } else { at };
    Ok((changes, reached, end))
}

/// A whole change with a higher number than any should have, from `end` on.
fn later(bytes: &[u8], salt: u64, (end, reached): (u64, u64)) -> Option<u64> {
    let starts = (end..SIZE).step_by(ALIGN as usize);
    let mut found = starts.filter_map(|at| {
        let number = number_at(bytes, at)?;
        // Cheaper than a checksum, and true of few places.
        let near = number > reached && number <= reached + SIZE / FRAME_BYTES;
        near.then(|| read_frame(bytes, salt, at))?
    });
    found.next().map(|(number, _)| number)
}

fn framed(bytes: u64) -> u64 {
    (FRAME_BYTES + bytes).next_multiple_of(ALIGN)
}

fn frame(salt: u64, number: u64, change: &[u8]) -> Vec<u8> {
    let size = usize::try_from(framed(change.len() as u64)).unwrap_or(usize::MAX);
    let count = u32::try_from(change.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(size);
    bytes.extend(count.to_le_bytes());
    bytes.extend(checksum(salt, number, change).to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend(change);
    bytes.resize(size, 0);
    bytes
}

fn number_at(bytes: &[u8], at: u64) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let number = bytes.get(at + 8..at + 16)?.try_into().ok()?;
    Some(u64::from_le_bytes(number))
}

fn read_frame(bytes: &[u8], salt: u64, at: u64) -> Option<(u64, &[u8])> {
    let from = bytes.get(usize::try_from(at).ok()?..)?;
    let (count, rest) = from.split_first_chunk()?;
    let (crc, rest) = rest.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let number = u64::from_le_bytes(*number);
    let change = rest.get(..usize::try_from(u32::from_le_bytes(*count)).ok()?)?;
    let right = u32::from_le_bytes(*crc) == checksum(salt, number, change);
    (right && number > 0).then_some((number, change))
}

fn head(salt: u64, durable: u64) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    let (said, crc) = bytes.split_at_mut(HEAD_BYTES - 4);
    let parts = [MAGIC, salt.to_le_bytes(), durable.to_le_bytes()];
    said.copy_from_slice(parts.as_flattened());
    crc.copy_from_slice(&crc32fast::hash(said).to_le_bytes());
    bytes
}

/// The salt, and the number of the last change that is known to be durable.
fn read_head(bytes: &[u8]) -> Option<(u64, u64)> {
    let (salt, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
    let (durable, _) = rest.split_first_chunk()?;
    let (salt, durable) = (u64::from_le_bytes(*salt), u64::from_le_bytes(*durable));
    bytes
        .starts_with(&head(salt, durable))
        .then_some((salt, durable))
}

fn checksum(salt: u64, number: u64, change: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&salt.to_le_bytes());
    crc.update(&number.to_le_bytes());
    crc.update(&(change.len() as u64).to_le_bytes());
    crc.update(change);
    crc.finalize()
}

#[cfg(test)]
mod tests;
