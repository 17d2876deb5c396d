//! The journal in one redb file: the default of a frontend.
//!
//! Every commit leaves the file so that it opens at once after a kill. A file is checked as a whole before it is opened
//! for writing, over a view that keeps the file as it is: a damaged one is refused and never touched. redb panics on
//! some damage, so its calls are fenced.

mod storage;
mod tables;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, WriteTransaction};

use self::storage::{FirstFailure, Storage};
use self::tables::{CHUNKS, FORMAT, META, Meta, RECORDS, read_all, refused, sealed};
use crate::overlay::Overlay;
use crate::store::error::Error;
use crate::store::files;
use crate::store::journal::{Extent, Item, Journal, Record};

/// Bytes of the file that redb may keep in memory.
const CACHE_BYTES: usize = 64 << 20;

/// A journal in a redb file.
pub struct RedbJournal {
    path: PathBuf,
    /// `None` after a failed [`Journal::reopen`].
    db: Option<Database>,
    meta: Meta,
    failure: FirstFailure,
    /// Why no more writes are taken.
    broken: Option<Error>,
}

impl RedbJournal {
    /// Makes an empty journal; a file of that name must not exist.
    pub fn create(path: &Path) -> Result<RedbJournal, Error> {
        let new = path.with_extension("new");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            // It holds password hashes.
            .mode(0o600)
            .open(&new)
            .map_err(|e| Error::io("creating", &new, &e))?;
        let made = fenced(&new, || {
            let storage =
                Storage::new(file, FirstFailure::default()).map_err(|e| refused(&new, e))?;
            let db = builder()
                .create_with_backend(storage)
                .map_err(|e| refused(&new, e))?;
            let meta = Meta::default();
            commit(&db, &new, |txn| write_meta(txn, meta, Some(FORMAT)))
        });
        made?;
        files::put_in_place(&new, path)?;
        RedbJournal::open(path, 0)
    }

    /// Opens a journal that is known to have reached record `reached`, and checks all of it. A damaged file gives an
    /// error and is left as it is.
    pub fn open(path: &Path, reached: u64) -> Result<RedbJournal, Error> {
        check(path, reached)?;
        let failure = FirstFailure::default();
        let told = failure.clone();
        let opened = fenced(path, || {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .map_err(|e| Error::io("opening", path, &e))?;
            // A process that was killed may have written records that it never flushed: they are read, and relied on.
            file.sync_all()
                .map_err(|e| Error::io("flushing", path, &e))?;
            let storage = Storage::new(file, told).map_err(|e| refused(path, e))?;
            let db = builder()
                .create_with_backend(storage)
                .map_err(|e| refused(path, e))?;
            let meta = Meta::read(&db, path)?;
            Ok((db, meta))
        });
        let (db, meta) = opened.map_err(|e| failure.error(path).unwrap_or(e))?;
        Ok(RedbJournal {
            path: path.to_owned(),
            db: Some(db),
            meta,
            failure,
            broken: None,
        })
    }

    /// Runs one write transaction; after a failure no other is accepted.
    fn write(
        &mut self,
        meta: Meta,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), Error> {
        let path = &self.path;
        let done = match (&self.broken, &self.db) {
            (Some(broken), _) => return Err(broken.clone()),
            (None, None) => return Err(Error::damaged(path, "it is closed")),
            (None, Some(db)) => fenced(path, || {
                commit(db, path, |txn| {
                    change(txn)?;
                    write_meta(txn, meta, None)
                })
            }),
        };
        match done {
            Ok(()) => {
                self.meta = meta;
                Ok(())
            }
            Err(error) => {
                let error = self.failure.error(path).unwrap_or(error);
                self.broken = Some(error.clone());
                Err(error)
            }
        }
    }

    fn db(&self) -> Result<&Database, Error> {
        self.db
            .as_ref()
            .ok_or_else(|| Error::damaged(&self.path, "it is closed"))
    }
}

impl Journal for RedbJournal {
    fn place(&self) -> &Path {
        &self.path
    }

    fn extent(&self) -> Extent {
        self.meta.extent
    }

    fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        let mut meta = self.meta;
        for record in records {
            let wanted = meta.extent.last.saturating_add(1);
            if record.seq != wanted {
                return Err(Error::Order {
                    wanted,
                    got: record.seq,
                });
            }
            meta.extent.last = wanted;
        }
        self.write(meta, |txn| {
            let mut table = txn.open_table(RECORDS)?;
            for record in records {
                let stored = sealed((record.seq, 0), &record.bytes);
                table.insert(record.seq, stored.as_slice())?;
            }
            Ok(())
        })
    }

    fn write_chunk(&mut self, seq: u64, index: u32, chunk: &[u8]) -> Result<(), Error> {
        let stored = sealed((seq, index), chunk);
        self.write(self.meta, |txn| {
            let mut table = txn.open_table(CHUNKS)?;
            table.insert((seq, index), stored.as_slice())?;
            Ok(())
        })
    }

    fn finish_checkpoint(&mut self, seq: u64, chunks: u32) -> Result<(), Error> {
        let mut meta = self.meta;
        if seq <= meta.extent.checkpoint || seq > meta.extent.last {
            return Err(Error::Order {
                wanted: meta.extent.last,
                got: seq,
            });
        }
        meta.extent.checkpoint = seq;
        meta.chunks = chunks;
        self.write(meta, |_| Ok(()))
    }

    fn trim(&mut self, limit: usize) -> Result<bool, Error> {
        let Meta { extent, chunks } = self.meta;
        let (old, stale) = fenced(&self.path, || {
            let failed = |e: redb::Error| refused(&self.path, e);
            old_keys(self.db()?, extent.checkpoint, chunks, limit).map_err(failed)
        })?;
        if old.is_empty() && stale.is_empty() {
            return Ok(false);
        }
        let more = old.len() == limit || stale.len() == limit;
        self.write(self.meta, |txn| {
            let mut records = txn.open_table(RECORDS)?;
            for seq in old {
                records.remove(seq)?;
            }
            let mut chunks = txn.open_table(CHUNKS)?;
            for key in stale {
                chunks.remove(key)?;
            }
            Ok(())
        })?;
        Ok(more)
    }

    fn load(&self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        fenced(&self.path, || {
            read_all(self.db()?, &self.path, self.meta, visit)
        })
    }

    fn reopen(&mut self) -> Result<(), Error> {
        if let Some(poisoned @ Error::Poisoned { .. }) = &self.broken {
            return Err(poisoned.clone());
        }
        self.db = None;
        *self = RedbJournal::open(&self.path, self.meta.extent.last)?;
        Ok(())
    }
}

/// Reads and checks the whole file without changing it.
fn check(path: &Path, reached: u64) -> Result<(), Error> {
    let file = File::open(path).map_err(|e| Error::io("opening", path, &e))?;
    fenced(path, || {
        let overlay = Overlay::new(file).map_err(|e| Error::io("reading", path, &e))?;
        if redb::StorageBackend::len(&overlay).is_ok_and(|len| len == 0) {
            return Err(Error::damaged(path, "it is empty"));
        }
        let mut db = builder()
            .create_with_backend(overlay)
            .map_err(|e| refused(path, e))?;
        if !db.check_integrity().map_err(|e| refused(path, e))? {
            return Err(Error::damaged(path, "a page's checksum is wrong"));
        }
        let meta = Meta::read(&db, path)?;
        let last = meta.extent.last;
        if last < reached {
            let what = format!("it ends at record {last} and had record {reached} before");
            return Err(Error::damaged(path, what));
        }
        read_all(&db, path, meta, &mut |_| Ok(()))
    })
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Runs calls of redb; a panic among them, which damage can cause, becomes an error.
fn fenced<T>(path: &Path, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("it can't be read");
        Err(Error::damaged(path, what))
    })
}

fn commit(
    db: &Database,
    path: &Path,
    change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), Error> {
    let run = || -> Result<(), redb::Error> {
        let mut txn = db.begin_write()?;
        txn.set_quick_repair(true);
        change(&txn)?;
        txn.commit()?;
        Ok(())
    };
    run().map_err(|e| refused(path, e))
}

fn write_meta(txn: &WriteTransaction, meta: Meta, format: Option<u64>) -> Result<(), redb::Error> {
    let mut table = txn.open_table(META)?;
    if let Some(format) = format {
        table.insert("format", format)?;
        txn.open_table(RECORDS)?;
        txn.open_table(CHUNKS)?;
    }
    table.insert("last", meta.extent.last)?;
    table.insert("checkpoint", meta.extent.checkpoint)?;
    table.insert("chunks", u64::from(meta.chunks))?;
    Ok(())
}

type OldKeys = (Vec<u64>, Vec<(u64, u32)>);

/// Records that the checkpoint covers, and chunks that are not the checkpoint's: at most `limit` of each.
fn old_keys(
    db: &Database,
    checkpoint: u64,
    chunks: u32,
    limit: usize,
) -> Result<OldKeys, redb::Error> {
    let txn = db.begin_read()?;
    let records = txn.open_table(RECORDS)?;
    let mut old = Vec::new();
    for entry in records.range(..=checkpoint)?.take(limit) {
        old.push(entry?.0.value());
    }
    let table = txn.open_table(CHUNKS)?;
    let mut stale = Vec::new();
    let before = table.range(..(checkpoint, 0))?;
    let behind = table.range((checkpoint, chunks)..)?;
    for entry in before.chain(behind).take(limit) {
        stale.push(entry?.0.value());
    }
    Ok((old, stale))
}
