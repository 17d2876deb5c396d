//! The metadata store of one storage path: records in redb, and what a commit's failure means.
//!
//! Owns the files and their format. Does not know what the records say: `contents` writes them, `open` reads them. A store is
//! checked whole before it is used (`check`), because what it does not name is deleted as rubbish; each record is sealed
//! by a checksum (`seal`), and is compared with it whenever it is read.
//!
//! A commit of redb costs two flushes and several pages, so small changes are made durable in a [redo log](crate::redo) and
//! wait (`waiting`) until it is full; then redb gets all of them at once. What is read is both.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::store::write;
use self::waiting::Waiting;
use crate::backend::error::Error;
use crate::fault;
use crate::redo::{self, Redo};

mod check;
mod opening;
mod seal;
mod store;
mod waiting;

pub use self::check::fenced;

/// Name of the store in its storage path.
pub const FILE: &str = "meta.redb";

/// Name of the redo log beside it.
const REDO_FILE: &str = "meta.log";

/// Bytes of pages that one store keeps in memory; everything is read once, at the start.
const CACHE_BYTES: usize = 16 << 20;

/// Where the number of the format is; a store without one is of programs that did not seal records.
const FORMAT_KEY: [u8; 16] = *b"format..........";

/// The format that this program writes: a store that has a redo log.
const FORMAT: u64 = 3;

/// The format of programs that sealed records and had no redo log.
const FORMAT_WITHOUT_REDO: u64 = 2;

/// Where the number of the last commit is.
const COMMIT_KEY: [u8; 16] = *b"commit..........";

/// Where the identity of the path is.
pub const IDENTITY_KEY: [u8; 16] = *b"identity........";

/// Where the last moment is that was noted of this backend's time.
pub const TIME_KEY: [u8; 16] = *b"time............";

/// A table of the store. Keys are two numbers, big end first; values are MessagePack with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The path itself.
    Info,
    /// Columns by key.
    Columns,
    /// Replicas by tablet.
    Tablets,
    /// Rowsets by tablet and first version.
    Rowsets,
    /// Rows without a version by transaction and tablet.
    Pending,
    /// Dropped replicas by tablet and replica.
    Trash,
}

/// One change of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: [u8; 16],
    /// The new value; `None` deletes.
    pub value: Option<Vec<u8>>,
}

/// What became of a commit that failed.
#[derive(Debug)]
pub enum Failed {
    /// Nothing of it is there, and the store works.
    Undone(Error),
    /// Nobody knows until the store is read again; the store does not work.
    Unknown(Error),
}

/// The open store.
#[derive(Debug)]
pub struct Meta {
    /// None while it is opened anew, or when that failed.
    db: Option<Database>,
    dir: PathBuf,
    /// The number of the last change that is durable.
    commits: u64,
    redo: Redo,
    /// What the redo log holds and redb does not.
    waiting: Waiting,
}

impl Table {
    const ALL: [Table; 6] = [
        Table::Info,
        Table::Columns,
        Table::Tablets,
        Table::Rowsets,
        Table::Pending,
        Table::Trash,
    ];

    fn name(self) -> &'static str {
        match self {
            Table::Info => "info",
            Table::Columns => "columns",
            Table::Tablets => "tablets",
            Table::Rowsets => "rowsets",
            Table::Pending => "pending",
            Table::Trash => "trash",
        }
    }

    fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.name())
    }
}

/// The key of two numbers.
pub fn pair(first: u64, second: u64) -> [u8; 16] {
    ((u128::from(first) << 64) | u128::from(second)).to_be_bytes()
}

/// The two numbers of a key.
pub fn unpair(key: &[u8]) -> (u64, u64) {
    let both = <[u8; 16]>::try_from(key).map_or(0, u128::from_be_bytes);
    ((both >> 64) as u64, both as u64)
}

impl Op {
    /// Writes a record.
    ///
    /// # Errors
    /// It can't be a record.
    pub fn put<T: Serialize>(table: Table, key: [u8; 16], record: &T) -> Result<Op, Error> {
        Ok(Op {
            table,
            key,
            value: Some(encode(record)?),
        })
    }
}

/// The bytes of a record, before they are sealed.
///
/// # Errors
/// It can't be a record.
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, Error> {
    rmp_serde::to_vec_named(record)
        .map_err(|e| Error::Request(format!("metadata can't hold what was asked for: {e}")))
}

impl Meta {
    /// The record of that key.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn get<T: DeserializeOwned>(
        &self,
        table: Table,
        key: [u8; 16],
    ) -> Result<Option<T>, Error> {
        if let Some(value) = self.waiting.of(table, &key) {
            return value.map(|value| self.record(value)).transpose();
        }
        self.get_stored(table, key)
    }

    /// The record of that key as redb has it.
    fn get_stored<T: DeserializeOwned>(
        &self,
        table: Table,
        key: [u8; 16],
    ) -> Result<Option<T>, Error> {
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let table = self.db()?.begin_read()?.open_table(table.definition())?;
            Ok(table.get(key.as_slice())?.map(|v| v.value().to_vec()))
        };
        match read().map_err(|e| self.error(&e))? {
            None => Ok(None),
            Some(value) => self.decode(table, &key, &value).map(Some),
        }
    }

    /// Calls `each` with every record of a table.
    ///
    /// # Errors
    /// The store can't be read, or what `each` returns.
    pub fn scan<T: DeserializeOwned>(
        &self,
        table: Table,
        mut each: impl FnMut((u64, u64), T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let open = || -> Result<_, redb::Error> {
            Ok(self.db()?.begin_read()?.open_table(table.definition())?)
        };
        let records = open().map_err(|e| self.error(&e))?;
        let range = records.iter().map_err(|e| self.error(&e.into()))?;
        for entry in range {
            let (key, value) = entry.map_err(|e| self.error(&e.into()))?;
            if self.waiting.of(table, key.value()).is_none() {
                let record = self.decode(table, key.value(), value.value())?;
                each(unpair(key.value()), record)?;
            }
        }
        for (key, value) in self.waiting.written(table) {
            each(unpair(key), self.record(value)?)?;
        }
        Ok(())
    }

    /// Makes changes durable, all or none.
    ///
    /// # Errors
    /// What failed, and whether the changes are known not to be there.
    pub fn commit(&mut self, ops: &[Op]) -> Result<(), Failed> {
        let change = waiting::encode(ops);
        match self.redo.fits(change.len()) {
            true => self.log(ops, &change),
            false => self.store(ops),
        }
    }

    /// Makes changes durable in the redo log.
    fn log(&mut self, ops: &[Op], change: &[u8]) -> Result<(), Failed> {
        fault::hit("backend::before_meta_commit").map_err(|e| self.unlogged(e))?;
        let next = self.commits + 1;
        match self.redo.append(next, change, || Ok(())) {
            Ok(()) => {}
            Err(redo::Failed::Write(error)) => return Err(self.unlogged(error)),
            Err(redo::Failed::Flush(error)) => {
                return Err(Failed::Unknown(self.error(&redb::Error::Io(error))));
            }
        }
        self.commits = next;
        self.waiting.add(ops.iter().cloned());
        match fault::hit("backend::after_meta_commit").map_err(|e| self.unlogged(e)) {
            // It is there.
            Ok(()) | Err(Failed::Undone(_)) => Ok(()),
            unknown => unknown,
        }
    }

    /// Why a change is not in the log; only a full disk is known to have left nothing else undone.
    fn unlogged(&self, error: std::io::Error) -> Failed {
        match self.error(&redb::Error::Io(error)) {
            full @ Error::Full { .. } => Failed::Undone(full),
            error => Failed::Unknown(error),
        }
    }

    /// Makes changes durable in redb, with all that wait.
    fn store(&mut self, ops: &[Op]) -> Result<(), Failed> {
        let (dir, next) = (self.dir.clone(), self.commits + 1);
        let mut all = std::mem::take(&mut self.waiting);
        let before = all.clone();
        all.add(ops.iter().cloned());
        let written = check::fenced(&dir, || {
            let written = self.write(&all.ops(), next);
            written.map_err(|e| self.error(&e))
        });
        self.waiting = before;
        if let Err(error) = written {
            // Only a full disk is known to leave what was durable readable; after other failures of a flush, what is
            // read back may be in memory only.
            if !matches!(error, Error::Full { .. }) {
                return Err(Failed::Unknown(error));
            }
            match self.reopen() {
                Ok(stored) if stored == next => {}
                Ok(_) => return Err(Failed::Undone(error)),
                Err(error) => return Err(Failed::Unknown(error)),
            }
        }
        self.commits = next;
        self.waiting.clear();
        self.redo.restart();
        Ok(())
    }

    /// Puts all that waits into redb: whoever opens the store next has less to do.
    ///
    /// # Errors
    /// What failed. Nothing is lost by it.
    pub fn settle(&mut self) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.store(&[]).map_err(|failed| match failed {
            Failed::Undone(error) | Failed::Unknown(error) => error,
        })
    }

    /// A store that met an I/O error must be opened anew. Returns the number of its last commit.
    fn reopen(&mut self) -> Result<u64, Error> {
        drop(self.db.take());
        self.db = Some(opening::open_file(&self.dir, &self.dir.join(FILE))?);
        self.get_stored(Table::Info, COMMIT_KEY)?
            .ok_or_else(|| damaged(&self.dir, "its metadata has no beginning"))
    }

    fn write(&self, ops: &[Op], number: u64) -> Result<(), redb::Error> {
        write(self.db()?, ops, number)
    }

    fn db(&self) -> Result<&Database, redb::Error> {
        self.db.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    fn decode<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
        stored: &[u8],
    ) -> Result<T, Error> {
        let value = seal::opened(table, key, stored)
            .ok_or_else(|| damaged(&self.dir, &seal::broken(table, key)))?;
        self.record(value)
    }

    fn record<T: DeserializeOwned>(&self, value: &[u8]) -> Result<T, Error> {
        rmp_serde::from_slice(value)
            .map_err(|e| damaged(&self.dir, &format!("a record of its metadata: {e}")))
    }

    fn error(&self, error: &redb::Error) -> Error {
        describe(&self.dir, &self.dir.join(FILE), error)
    }
}

fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn describe(dir: &Path, file: &Path, error: &redb::Error) -> Error {
    match error {
        redb::Error::Io(e) if e.kind() == std::io::ErrorKind::InvalidData => {
            damaged(dir, &format!("{}: {e}", file.display()))
        }
        redb::Error::Io(e) => Error::io("using", file, dir, e),
        redb::Error::Corrupted(what) => damaged(dir, &format!("{}: {what}", file.display())),
        redb::Error::DatabaseAlreadyOpen => Error::Locked {
            dir: dir.to_owned(),
        },
        other => Error::Io {
            doing: "using",
            path: file.to_owned(),
            cause: other.to_string(),
        },
    }
}

fn damaged(dir: &Path, what: &str) -> Error {
    Error::Damaged {
        dir: dir.to_owned(),
        what: what.to_owned(),
    }
}
