//! A segment file that is being written: nothing of it stays unless it is finished.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::backend::error::Error;
use crate::backend::segment::{Segment, SegmentRecord};
use crate::backend::shelf::Shelf;
use crate::backend::sums::Summing;
use crate::durable;
use crate::fault;
use crate::ids::TabletId;

pub mod keeper;

use self::keeper::Kept;

/// Where the files of one storage path need so many flushes one by one, they are made durable together: a file needs two, and
/// one more where its directory is new.
const MANY: usize = 8;

/// Files of together so many bytes wait for nobody else's flush.
const BIG: u64 = 1 << 20;

/// Bytes of a file that the disk begins to write before it must; several smaller ones are written at once for less.
const LARGE: u64 = 32 << 10;

/// A file on its way to become a [`Segment`]. Dropped before its end, it leaves nothing. It has its own name from the
/// start: until metadata names it, it is unwanted.
#[derive(Debug)]
pub struct Incoming {
    shelf: Arc<Shelf>,
    tablet: TabletId,
    name: String,
    file: File,
    /// Its place among the files of the path, by when they were opened.
    opened: u64,
    sums: Summing,
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
        let path = shelf.file(tablet, &name);
        shelf.reserve(tablet, &name, bytes)?;
        let open = || {
            fault::hit("backend::before_create")?;
            durable::private().create_new(true).open(&path)
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
                // After it was opened and before anything is written to it: what any later one writes, it hears of.
                opened: shelf.number(),
                sums: Summing::default(),
                bytes: 0,
                counted: bytes,
                done: false,
            }),
            Err(e) => {
                shelf.release(tablet, &name, bytes);
                Err(Error::io("making", &path, &shelf.dir, &e))
            }
        }
    }

    /// CRC-32 of what was written so far.
    pub fn crc(&self) -> u32 {
        self.sums.crc()
    }

    /// Checks that the file is Parquet with `rows` rows of `schema`, and has the disk begin to write it if it is large.
    ///
    /// # Errors
    /// The file is not that; then nothing of it stays.
    pub fn end(self, rows: u64, schema: &Schema) -> Result<Written, Error> {
        self.check_footer(rows, schema)?;
        if self.bytes >= LARGE {
            durable::begin_write(&self.file);
        }
        Ok(Written { file: self, rows })
    }

    /// Makes the file durable at once: [`end`](Incoming::end) and [`keep`](Written::keep).
    ///
    /// # Errors
    /// See there.
    pub fn finish(self, rows: u64, schema: &Schema) -> Result<Arc<Segment>, Error> {
        self.end(rows, schema)?.keep()
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
}

/// A whole file, not durable yet. Where there are several, all are better written before the first is kept: the file
/// system then writes what it knows of them once, not for each. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Written {
    file: Incoming,
    rows: u64,
}

impl Written {
    /// Its bytes.
    pub fn bytes(&self) -> u64 {
        self.file.bytes
    }

    /// Makes the file and its name durable. Blocks.
    ///
    /// # Errors
    /// The disk failed; then nothing of it stays.
    pub fn keep(self) -> Result<Arc<Segment>, Error> {
        let file = &self.file;
        let durable = fault::hit("backend::before_fsync")
            .and_then(|()| file.file.sync_all())
            .and_then(|()| file.shelf.sync_names(file.tablet));
        durable.map_err(|e| Error::io("writing", &file.path(), &file.shelf.dir, &e))?;
        Ok(self.kept())
    }

    /// It is durable.
    fn kept(self) -> Arc<Segment> {
        let Written { mut file, rows } = self;
        file.done = true;
        file.shelf.recount(file.counted, file.bytes);
        let crc = file.crc();
        let mut sums = std::mem::take(&mut file.sums).sums();
        if sums.len() == 1 {
            // The sum of the whole file says it.
            sums.clear();
        }
        Segment::fresh(
            file.shelf.clone(),
            file.tablet,
            SegmentRecord {
                file: std::mem::take(&mut file.name),
                rows,
                bytes: file.bytes,
                crc,
                sums,
            },
        )
    }
}

/// Makes files durable, and tells of each. Small ones share a flush with those of others.
pub async fn keep(files: Vec<Written>) -> Vec<Kept> {
    let count = files.len();
    if files.iter().map(Written::bytes).sum::<u64>() >= BIG {
        let kept = tokio::task::spawn_blocking(|| keep_all(files)).await;
        return kept.unwrap_or_else(|_| (0..count).map(|_| Err(Error::Stopping)).collect());
    }
    let mut shelves: BTreeMap<PathBuf, (Vec<usize>, Vec<Written>)> = BTreeMap::new();
    for (at, written) in files.into_iter().enumerate() {
        let shelf = shelves.entry(written.file.shelf.dir.clone()).or_default();
        shelf.0.push(at);
        shelf.1.push(written);
    }
    let flushes = shelves.into_values().map(|(places, files)| async move {
        let shelf = files.first().map(|written| written.file.shelf.clone());
        let kept = match shelf {
            Some(shelf) => shelf.keeper.keep(files).await,
            None => Vec::new(),
        };
        places.into_iter().zip(kept).collect::<Vec<_>>()
    });
    let kept = futures::future::join_all(flushes).await;
    let mut kept: Vec<_> = kept.into_iter().flatten().collect();
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, kept)| kept).collect()
}

/// Makes files durable, and tells of each. Blocks.
pub fn keep_all(files: Vec<Written>) -> Vec<Kept> {
    let mut shelves: BTreeMap<PathBuf, Vec<&Written>> = BTreeMap::new();
    for written in &files {
        let shelf = shelves.entry(written.file.shelf.dir.clone()).or_default();
        shelf.push(written);
    }
    // An error is of one file, which says so when it is asked itself.
    let at_once = |files: &[&Written]| {
        let first = &files.iter().min_by_key(|w| w.file.opened)?.file;
        let new_dirs = files
            .iter()
            .filter(|w| w.file.shelf.is_fresh(w.file.tablet));
        let flushes = 2 * files.len() + new_dirs.count();
        (flushes >= MANY && first.shelf.sync_all(&first.file).ok()?).then_some(())
    };
    shelves.retain(|_, files| at_once(files).is_some());
    let durable: BTreeSet<PathBuf> = shelves.into_keys().collect();
    let keep = |written: Written| match durable.contains(&written.file.shelf.dir) {
        true => Ok(written.kept()),
        false => written.keep(),
    };
    files.into_iter().map(keep).collect()
}

impl Write for Incoming {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        fault::hit("backend::before_write")?;
        let count = self.file.write(data)?;
        self.sums.update(data.get(..count).unwrap_or(data));
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
        let path = self.path();
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %path.display(), %error, "an unfinished file could not be deleted");
        }
        self.shelf.release(self.tablet, &self.name, self.counted);
    }
}
