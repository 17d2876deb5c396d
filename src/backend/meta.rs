//! The metadata store of one storage path: records in redb, and what a commit's failure means.
//!
//! Owns the file and its format. Does not know what the records say: `contents` writes them, `open` reads them. A store is
//! checked whole before it is used (`check`), because what it does not name is deleted as rubbish; each record is sealed
//! by a checksum (`seal`), and is compared with it whenever it is read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::error::Error;
use crate::backend::shelf::sync_dir;
use crate::durable;
use crate::fault;

mod check;
mod seal;

pub use self::check::fenced;

/// Name of the store in its storage path.
pub const FILE: &str = "meta.redb";

/// Bytes of pages that one store keeps in memory; everything is read once, at the start.
const CACHE_BYTES: usize = 16 << 20;

/// Where the number of the format is; a store without one is of programs that did not seal records.
const FORMAT_KEY: [u8; 16] = *b"format..........";

/// The format that this program writes.
const FORMAT: u64 = 2;

/// Where the number of the last commit is.
const COMMIT_KEY: [u8; 16] = *b"commit..........";

/// Where the identity of the path is.
pub const IDENTITY_KEY: [u8; 16] = *b"identity........";

/// Where the last moment is that was noted of this backend's time.
pub const TIME_KEY: [u8; 16] = *b"time............";

/// A table of the store. Keys are two numbers, big end first; values are MessagePack with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    commits: u64,
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
    /// Opens the store of the storage path `dir`, or makes it with `first` as its first records.
    ///
    /// # Errors
    /// The store can't be read, or is not what was written; it is left as it is then.
    pub fn open(dir: &Path, first: &[Op]) -> Result<Meta, Error> {
        let file = dir.join(FILE);
        if !file.exists() {
            Meta::make(dir, &file, first)?;
        }
        // A process that was killed may have written changes that it never flushed: they are read, and relied on.
        fs::File::open(&file)
            .and_then(|file| file.sync_all())
            .map_err(|e| Error::io("flushing", &file, dir, &e))?;
        let sealed = check::whole(dir, &file)?;
        let db = open_file(dir, &file)?;
        let mut meta = Meta {
            db: Some(db),
            dir: dir.to_owned(),
            commits: 0,
        };
        if !sealed {
            meta.seal_all().map_err(|e| meta.error(&e))?;
        }
        meta.commits = meta
            .get(Table::Info, COMMIT_KEY)?
            .ok_or_else(|| damaged(dir, "its metadata has no beginning"))?;
        Ok(meta)
    }

    /// The store is made under another name, so that it is either not there or whole.
    fn make(dir: &Path, file: &Path, first: &[Op]) -> Result<(), Error> {
        let temp = dir.join("meta.redb.new");
        let io = |e: std::io::Error| Error::io("making", file, dir, &e);
        match fs::remove_file(&temp) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
            _ => {}
        }
        let mut meta = Meta {
            db: Some(open_file(dir, &temp)?),
            dir: dir.to_owned(),
            commits: 0,
        };
        let mut all = first.to_vec();
        all.push(Op::put(Table::Info, FORMAT_KEY, &FORMAT)?);
        meta.write(&all).map_err(|e| meta.error(&e))?;
        drop(meta);
        fault::hit("backend::before_meta_rename").map_err(io)?;
        fs::rename(&temp, file).map_err(io)?;
        sync_dir(dir).map_err(io)
    }

    /// The record of that key.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn get<T: DeserializeOwned>(
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

    /// Calls `each` with every record of a table, by key.
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
            let record = self.decode(table, key.value(), value.value())?;
            each(unpair(key.value()), record)?;
        }
        Ok(())
    }

    /// Makes changes durable, all or none.
    ///
    /// # Errors
    /// What failed, and whether the changes are known not to be there.
    pub fn commit(&mut self, ops: &[Op]) -> Result<(), Failed> {
        let dir = self.dir.clone();
        let written = check::fenced(&dir, || self.write(ops).map_err(|e| self.error(&e)));
        let Err(error) = written else {
            return Ok(());
        };
        // Only a full disk is known to leave what was durable readable; after other failures of a flush, what is
        // read back may be in memory only.
        if !matches!(error, Error::Full { .. }) {
            return Err(Failed::Unknown(error));
        }
        match self.reopen() {
            Ok(commits) if commits == self.commits => Err(Failed::Undone(error)),
            Ok(commits) => {
                self.commits = commits;
                Ok(())
            }
            Err(error) => Err(Failed::Unknown(error)),
        }
    }

    /// A store that met an I/O error must be opened anew. Returns the number of its last commit.
    fn reopen(&mut self) -> Result<u64, Error> {
        drop(self.db.take());
        self.db = Some(open_file(&self.dir, &self.dir.join(FILE))?);
        self.get(Table::Info, COMMIT_KEY)?
            .ok_or_else(|| damaged(&self.dir, "its metadata has no beginning"))
    }

    fn write(&mut self, ops: &[Op]) -> Result<(), redb::Error> {
        let next = self.commits + 1;
        let mut txn = self.db()?.begin_write()?;
        // So that a start after a crash need not walk the whole file.
        txn.set_quick_repair(true);
        for table in Table::ALL {
            let idle = table != Table::Info && !ops.iter().any(|op| op.table == table);
            if idle && self.commits > 0 {
                continue;
            }
            let mut open = txn.open_table(table.definition())?;
            for op in ops.iter().filter(|op| op.table == table) {
                match &op.value {
                    Some(value) => {
                        let sealed = seal::sealed(table, &op.key, value);
                        open.insert(op.key.as_slice(), sealed.as_slice())?;
                    }
                    None => drop(open.remove(op.key.as_slice())?),
                }
            }
            if table == Table::Info {
                let value = rmp_serde::to_vec(&next).unwrap_or_default();
                let sealed = seal::sealed(table, &COMMIT_KEY, &value);
                open.insert(COMMIT_KEY.as_slice(), sealed.as_slice())?;
            }
        }
        fault::hit("backend::before_meta_commit").map_err(redb::Error::Io)?;
        txn.commit()?;
        fault::hit("backend::after_meta_commit").map_err(redb::Error::Io)?;
        self.commits = next;
        Ok(())
    }

    fn db(&self) -> Result<&Database, redb::Error> {
        self.db.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    /// Seals the records of a store that is older than seals, in one change.
    fn seal_all(&mut self) -> Result<(), redb::Error> {
        let mut txn = self.db()?.begin_write()?;
        txn.set_quick_repair(true);
        for table in Table::ALL {
            let mut open = txn.open_table(table.definition())?;
            let mut records = Vec::new();
            for entry in open.iter()? {
                let (key, value) = entry?;
                records.push((key.value().to_vec(), value.value().to_vec()));
            }
            if table == Table::Info {
                let value = rmp_serde::to_vec(&FORMAT).unwrap_or_default();
                records.push((FORMAT_KEY.to_vec(), value));
            }
            for (key, value) in records {
                let sealed = seal::sealed(table, &key, &value);
                open.insert(key.as_slice(), sealed.as_slice())?;
            }
        }
        txn.commit()?;
        Ok(())
    }

    fn decode<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
        stored: &[u8],
    ) -> Result<T, Error> {
        let value = seal::opened(table, key, stored)
            .ok_or_else(|| damaged(&self.dir, &seal::broken(table, key)))?;
        rmp_serde::from_slice(value)
            .map_err(|e| damaged(&self.dir, &format!("a record of its metadata: {e}")))
    }

    fn error(&self, error: &redb::Error) -> Error {
        describe(&self.dir, &self.dir.join(FILE), error)
    }
}

fn open_file(dir: &Path, file: &Path) -> Result<Database, Error> {
    let io = |e: std::io::Error| Error::io("opening", file, dir, &e);
    let open = durable::private().create(true).truncate(false).open(file);
    let open = open.map_err(io)?;
    // Older programs left it for everybody to read.
    open.set_permissions(fs::Permissions::from_mode(0o600))
        .map_err(io)?;
    check::fenced(dir, || {
        builder()
            .create_file(open)
            .map_err(|e| describe(dir, file, &e.into()))
    })
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
