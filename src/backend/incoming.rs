//! A segment file that is being written: nothing of it stays unless it is finished.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::backend::error::Error;
use crate::backend::segment::{Segment, SegmentRecord};
use crate::backend::shelf::{Shelf, TEMP_ENDING};
use crate::fault;
use crate::ids::TabletId;

/// A file on its way to become a [`Segment`]. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Incoming {
    shelf: Arc<Shelf>,
    tablet: TabletId,
    name: String,
    file: File,
    crc: crc32fast::Hasher,
    bytes: u64,
    /// Bytes that the shelf counts for it.
    counted: u64,
    done: bool,
}

impl Incoming {
    /// Begins a file of a tablet that will take about `bytes`.
    ///
    /// # Errors
    /// There is no room, or the file can't be made.
    pub fn begin(shelf: &Arc<Shelf>, tablet: TabletId, bytes: u64) -> Result<Incoming, Error> {
        let name = shelf.fresh_name();
        let temp = shelf.file(tablet, &format!("{name}{TEMP_ENDING}"));
        shelf.reserve(tablet, &name, bytes)?;
        let open = || {
            fault::hit("backend::before_create")?;
            File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&temp)
        };
        let opened = match open() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                shelf.make_tablet_dir(tablet).and_then(|()| open())
            }
            other => other,
        };
        match opened {
            Ok(file) => Ok(Incoming {
                shelf: shelf.clone(),
                tablet,
                name,
                file,
                crc: crc32fast::Hasher::new(),
                bytes: 0,
                counted: bytes,
                done: false,
            }),
            Err(e) => {
                shelf.release(tablet, &name, bytes);
                Err(Error::io("making", &temp, &shelf.dir, &e))
            }
        }
    }

    /// CRC-32 of what was written so far.
    pub fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Makes the file durable under its own name, and checks that it is Parquet with `rows` rows of `schema`.
    ///
    /// # Errors
    /// The file is not that, or the disk failed; then nothing of it stays.
    pub fn finish(mut self, rows: u64, schema: &Schema) -> Result<Arc<Segment>, Error> {
        self.check_footer(rows, schema)?;
        // Renamed before its bytes are durable: until metadata names it, it is as unwanted under the one name as under the
        // other, and its name reaches the disk together with it instead of by a second write.
        let durable = fault::hit("backend::before_rename")
            .and_then(|()| fs::rename(self.temp(), self.path()))
            .and_then(|()| fault::hit("backend::after_rename"))
            .and_then(|()| fault::hit("backend::before_fsync"))
            .and_then(|()| self.file.sync_all())
            .and_then(|()| self.shelf.sync_names(self.tablet));
        durable.map_err(|e| Error::io("writing", &self.path(), &self.shelf.dir, &e))?;
        self.done = true;
        self.shelf.recount(self.counted, self.bytes);
        Ok(Segment::fresh(
            self.shelf.clone(),
            self.tablet,
            SegmentRecord {
                file: std::mem::take(&mut self.name),
                rows,
                bytes: self.bytes,
                crc: self.crc(),
            },
        ))
    }

    fn check_footer(&self, rows: u64, schema: &Schema) -> Result<(), Error> {
        let refuse =
            |what: String| Error::Request(format!("the segment of tablet {} {what}", self.tablet));
        let found = ArrowReaderMetadata::load(&self.file, ArrowReaderOptions::new())
            .map_err(|e| refuse(format!("is not a Parquet file: {e}")))?;
        let found_rows = found.metadata().file_metadata().num_rows();
        if u64::try_from(found_rows) != Ok(rows) {
            return Err(refuse(format!("holds {found_rows} rows, not {rows}")));
        }
        let fields = found.schema().fields();
        let same = fields.len() == schema.fields().len()
            && fields
                .iter()
                .zip(schema.fields())
                .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type());
        if same {
            Ok(())
        } else {
            Err(refuse("has other columns than its table".to_owned()))
        }
    }

    fn path(&self) -> PathBuf {
        self.shelf.file(self.tablet, &self.name)
    }

    fn temp(&self) -> PathBuf {
        self.shelf
            .file(self.tablet, &format!("{}{TEMP_ENDING}", self.name))
    }
}

impl Write for Incoming {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        fault::hit("backend::before_write")?;
        let count = self.file.write(data)?;
        self.crc.update(data.get(..count).unwrap_or(data));
        self.bytes += count as u64;
        if self.bytes > self.counted {
            self.shelf.recount(self.counted, self.bytes);
            self.counted = self.bytes;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        for path in [self.temp(), self.path()] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(file = %path.display(), %error, "an unfinished file could not be deleted");
            }
        }
        self.shelf.release(self.tablet, &self.name, self.counted);
    }
}
