//! One Parquet file of a rowset, held by everyone who needs it: the last holder of an unwanted file deletes it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::shelf::Shelf;
use crate::backend::sums::{self, BLOCK, Summing};
use crate::ids::TabletId;

/// What metadata says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// Its name in the directory of its tablet.
    pub file: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// CRC-32 of the bytes.
    pub crc: u32,
    /// CRC-32 of each block ([`BLOCK`](crate::backend::sums::BLOCK)); none of a file that is one block, nor of files
    /// of older programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sums: Vec<u32>,
}

/// A whole file on the disk. Metadata, a scan and a compaction may hold it at once.
#[derive(Debug)]
pub struct Segment {
    shelf: Arc<Shelf>,
    tablet: TabletId,
    /// What it is.
    pub record: SegmentRecord,
    /// Sums of its blocks where the record has none, once the whole file was found right.
    found: OnceLock<Vec<u32>>,
    keep: AtomicBool,
}

impl Segment {
    /// A file that metadata names.
    pub fn kept(shelf: &Arc<Shelf>, tablet: TabletId, record: SegmentRecord) -> Arc<Segment> {
        shelf.hold(tablet, &record.file, record.bytes);
        Arc::new(Segment {
            shelf: shelf.clone(),
            tablet,
            record,
            found: OnceLock::new(),
            keep: AtomicBool::new(true),
        })
    }

    /// A file that no metadata names yet: dropping it deletes it. Its name and bytes are held already.
    pub(super) fn fresh(
        shelf: Arc<Shelf>,
        tablet: TabletId,
        record: SegmentRecord,
    ) -> Arc<Segment> {
        Arc::new(Segment {
            shelf,
            tablet,
            record,
            found: OnceLock::new(),
            keep: AtomicBool::new(false),
        })
    }

    /// Says whether the file stays when its last holder is gone: true while metadata names it or might. Returns what
    /// was said before.
    pub fn set_keep(&self, keep: bool) -> bool {
        self.keep.swap(keep, Ordering::SeqCst)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.shelf.file(self.tablet, &self.record.file)
    }

    /// Opens it, and checks that it has its whole length. What is read of it is to be compared with its checksums before it is
    /// believed, its footer too.
    ///
    /// # Errors
    /// [`Error::Lost`] when the file is not there or has another length.
    pub fn open(&self) -> Result<File, Error> {
        let path = self.path();
        let file = File::open(&path).map_err(|e| self.lost(e))?;
        let found = file.metadata().map_err(|e| self.lost(e))?.len();
        if found != self.record.bytes {
            return Err(Error::Lost {
                file: path,
                what: format!("{found} bytes, {} were written", self.record.bytes),
            });
        }
        Ok(file)
    }

    /// Checks that it is there with its whole length, without reading it.
    ///
    /// # Errors
    /// [`Error::Lost`] when it is not.
    pub fn check(&self) -> Result<(), Error> {
        let path = self.path();
        let found = fs::metadata(&path).map_err(|e| self.lost(e))?.len();
        if found == self.record.bytes {
            return Ok(());
        }
        Err(Error::Lost {
            file: path,
            what: format!("{found} bytes, {} were written", self.record.bytes),
        })
    }

    /// CRC-32 of each block, if they are known.
    pub fn sums(&self) -> &[u32] {
        let count = sums::blocks(self.record.bytes);
        if self.record.sums.len() == count {
            &self.record.sums
        } else if count == 1 {
            std::slice::from_ref(&self.record.crc)
        } else {
            self.found.get().map_or(&[], Vec::as_slice)
        }
    }

    /// Sees to it that the sums of blocks are known: where only that of the whole file is, the file is read whole, once.
    /// Blocks.
    ///
    /// # Errors
    /// The file is wrong, or can't be read.
    pub fn know_sums(&self, file: &File) -> Result<(), Error> {
        if !self.sums().is_empty() {
            return Ok(());
        }
        let mut summing = Summing::default();
        let mut piece = vec![0; usize::try_from(BLOCK).unwrap_or(0)];
        let mut at = 0;
        while at < self.record.bytes {
            let left = usize::try_from(self.record.bytes - at).unwrap_or(usize::MAX);
            let count = left.min(piece.len());
            let bytes = piece.get_mut(..count).unwrap_or_default();
            let read = file.read_exact_at(bytes, at);
            read.map_err(|e| damage::of_io(self, &e))?;
            summing.update(bytes);
            at += count as u64;
        }
        self.compare(summing.crc())?;
        self.found.get_or_init(|| summing.sums());
        Ok(())
    }

    /// Compares the CRC-32 that was found of the whole file with what was written.
    ///
    /// # Errors
    /// They differ.
    pub fn compare(&self, found: u32) -> Result<(), Error> {
        if found == self.record.crc {
            return Ok(());
        }
        Err(Error::Corrupt {
            file: self.path(),
            what: format!(
                "its CRC-32 is {found:08x}, {:08x} was written",
                self.record.crc
            ),
        })
    }

    fn lost(&self, cause: io::Error) -> Error {
        if cause.kind() == io::ErrorKind::NotFound {
            Error::Lost {
                file: self.path(),
                what: "there is no such file".to_owned(),
            }
        } else {
            Error::io("opening", &self.path(), &self.shelf.dir, &cause)
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let path = self.path();
        if !self.keep.load(Ordering::SeqCst)
            && let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            // The next clean-up tries again.
            tracing::warn!(file = %path.display(), %error, "an unwanted file could not be deleted");
        }
        self.shelf
            .release(self.tablet, &self.record.file, self.record.bytes);
    }
}
