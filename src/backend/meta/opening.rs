//! Opens the store of a storage path, or makes it. What is refused is not touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use redb::{Database, ReadableTable};

use crate::backend::error::Error;
use crate::backend::meta::check::{self, Whole, fenced};
use crate::backend::meta::waiting::{self, Waiting};
use crate::backend::meta::{
    FILE, FORMAT, FORMAT_KEY, FORMAT_WITHOUT_REDO, Meta, Op, REDO_FILE, Table, builder, damaged,
    describe, seal, write,
};
use crate::backend::shelf::sync_dir;
use crate::durable;
use crate::fault;
use crate::redo::{Change, Redo, Wrong};

impl Meta {
    /// Opens the store of the storage path `dir`, or makes it with `first` as its first records.
    ///
    /// # Errors
    /// The store can't be read, or is not what was written; it is left as it is then.
    pub fn open(dir: &Path, first: &[Op]) -> Result<Meta, Error> {
        let file = dir.join(FILE);
        if !file.exists() {
            make(dir, &file, first)?;
        }
        // A process that was killed may have written changes that it never flushed: they are read, and relied on.
        fs::File::open(&file)
            .and_then(|file| file.sync_all())
            .map_err(|e| Error::io("flushing", &file, dir, &e))?;
        let mut whole = check::whole(dir, &file)?;
        let db = match whole.format {
            Some(FORMAT) => None,
            _ => Some(renew(dir, &file, &mut whole)?),
        };
        let (redo, changes) = redo_log(dir, whole.commits)?;
        let waiting = decoded(dir, &changes)?;
        let db = match db {
            Some(db) => db,
            None => open_file(dir, &file)?,
        };
        let mut meta = Meta {
            db: Some(db),
            dir: dir.to_owned(),
            commits: changes.last().map_or(whole.commits, |(number, _)| *number),
            redo,
            waiting,
        };
        meta.settle()?;
        Ok(meta)
    }
}

fn redo_log(dir: &Path, commits: u64) -> Result<(Redo, Vec<Change>), Error> {
    let path = dir.join(REDO_FILE);
    Redo::open(&path, commits).map_err(|wrong| match wrong {
        Wrong::Damaged(what) => damaged(dir, &format!("{}: {what}", path.display())),
        Wrong::Io(e) if e.kind() == std::io::ErrorKind::NotFound => damaged(
            dir,
            &format!("{} is gone, and may hold the last changes", path.display()),
        ),
        Wrong::Io(e) => Error::io("reading", &path, dir, &e),
    })
}

fn decoded(dir: &Path, changes: &[Change]) -> Result<Waiting, Error> {
    let mut waiting = Waiting::default();
    for (number, change) in changes {
        let ops = waiting::decode(change).ok_or_else(|| {
            damaged(
                dir,
                &format!("change {number} of {REDO_FILE} can't be read"),
            )
        })?;
        waiting.add(ops);
    }
    Ok(waiting)
}

/// The store is made under another name, so that it is either not there or whole. Its redo log is there before.
fn make(dir: &Path, file: &Path, first: &[Op]) -> Result<(), Error> {
    let temp = dir.join("meta.redb.new");
    let io = |e: std::io::Error| Error::io("making", file, dir, &e);
    match fs::remove_file(&temp) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
        _ => {}
    }
    Redo::create(&dir.join(REDO_FILE)).map_err(io)?;
    let db = open_file(dir, &temp)?;
    let mut all = first.to_vec();
    all.push(Op::put(Table::Info, FORMAT_KEY, &FORMAT)?);
    write(&db, &all, 1).map_err(|e| describe(dir, &temp, &e))?;
    drop(db);
    fault::hit("backend::before_meta_rename").map_err(io)?;
    fs::rename(&temp, file).map_err(io)?;
    sync_dir(dir).map_err(io)
}

/// Gives a store of an older program what the present format has: sealed records and a redo log.
fn renew(dir: &Path, file: &Path, whole: &mut Whole) -> Result<Database, Error> {
    let path = dir.join(REDO_FILE);
    Redo::create(&path).map_err(|e| Error::io("making", &path, dir, &e))?;
    let db = open_file(dir, file)?;
    let renewed = || -> Result<u64, redb::Error> {
        if whole.format.is_none() {
            seal_all(&db)?;
        }
        let format = Op {
            table: Table::Info,
            key: FORMAT_KEY,
            value: rmp_serde::to_vec(&FORMAT).ok(),
        };
        write(&db, &[format], whole.commits + 1)?;
        Ok(whole.commits + 1)
    };
    whole.commits = renewed().map_err(|e| describe(dir, file, &e))?;
    Ok(db)
}

/// Seals the records of a store that is older than seals, in one change.
fn seal_all(db: &Database) -> Result<(), redb::Error> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    for table in Table::ALL {
        let mut open = txn.open_table(table.definition())?;
        let mut records = Vec::new();
        for entry in open.iter()? {
            let (key, value) = entry?;
            records.push((key.value().to_vec(), value.value().to_vec()));
        }
        if table == Table::Info {
            let value = rmp_serde::to_vec(&FORMAT_WITHOUT_REDO).unwrap_or_default();
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

/// Opens the file of a store, or makes one.
pub(super) fn open_file(dir: &Path, file: &Path) -> Result<Database, Error> {
    let io = |e: std::io::Error| Error::io("opening", file, dir, &e);
    let open = durable::private().create(true).truncate(false).open(file);
    let open = open.map_err(io)?;
    // Older programs left it for everybody to read.
    open.set_permissions(fs::Permissions::from_mode(0o600))
        .map_err(io)?;
    fenced(dir, || {
        builder()
            .create_file(open)
            .map_err(|e| describe(dir, file, &e.into()))
    })
}
