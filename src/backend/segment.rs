//! One Parquet file of a rowset, held by everyone who needs it: the last holder of an unwanted file deletes it.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::backend::error::Error;
use crate::backend::shelf::Shelf;
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
}

/// A whole file on the disk. Metadata, a scan and a compaction may hold it at once.
#[derive(Debug)]
pub struct Segment {
    shelf: Arc<Shelf>,
    tablet: TabletId,
    /// What it is.
    pub record: SegmentRecord,
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

    /// Opens it, and checks that it has its whole length.
    ///
    /// # Errors
    /// [`Error::Lost`] when the file is not there or has another length.
    pub fn open(&self) -> Result<File, Error> {
        let path = self.path();
        let file = File::open(&path).map_err(|e| self.lost(e))?;
        let found = file.metadata().map_err(|e| self.lost(e))?.len();
        if found == self.record.bytes {
            Ok(file)
        } else {
            Err(Error::Lost {
                file: path,
                what: format!("{found} bytes, {} were written", self.record.bytes),
            })
        }
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
