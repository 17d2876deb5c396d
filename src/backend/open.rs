//! Opens a storage path: lock, metadata, and whether the files that it names are there.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::backend::contents::Contents;
use crate::backend::error::Error;
use crate::backend::meta::{self, Meta, Table};
use crate::backend::rowset::{Rowset, RowsetRecord};
use crate::backend::segment::Segment;
use crate::backend::shelf::{Shelf, sync_dir};
use crate::backend::tablet::{
    Columns, ColumnsRecord, Damage, Pending, PendingRecord, Tablet, TabletRecord, Trash,
    TrashRecord,
};
use crate::catalog::schema::ColumnDef;
use crate::clock::Timestamp;
use crate::durable;
use crate::fault;
use crate::ids::{ReplicaId, TabletId, TxnId};
use crate::load::types;

/// Makes the directory when it is missing, and takes it for this process alone. The lock ends with the file.
///
/// # Errors
/// The directory can't be used, or another process uses it.
pub fn lock(dir: &Path) -> Result<File, Error> {
    let io = |e: io::Error| Error::io("opening", dir, dir, &e);
    durable::make_dir(dir, durable::PRIVATE_DIR).map_err(io)?;
    let file = durable::private()
        .create(true)
        .truncate(false)
        .open(dir.join("lock"))
        .map_err(io)?;
    match crate::lock::take(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(e)) => Err(io(e)),
    }
}

/// Writes, reads and deletes a small file, to see that the disk works. A full one does.
///
/// # Errors
/// What failed.
pub fn probe(dir: &Path) -> Result<(), Error> {
    let file = dir.join("probe");
    let written = || -> io::Result<Vec<u8>> {
        fault::hit("backend::before_probe")?;
        let mut out = durable::private().create(true).truncate(true).open(&file)?;
        out.write_all(b"probe")?;
        out.sync_all()?;
        drop(out);
        let read = fs::read(&file)?;
        fs::remove_file(&file)?;
        Ok(read)
    };
    let written = written();
    if written.is_err() {
        // What stays of it is written over by the next one.
        let _ = fs::remove_file(&file);
    }
    match written.map_err(|e| Error::io("probing", dir, dir, &e)) {
        Ok(read) if read == b"probe" => Ok(()),
        Ok(_) => Err(Error::Damaged {
            dir: dir.to_owned(),
            what: "it does not give back what was written".to_owned(),
        }),
        // A full disk still reads, and is how it gets room again: by drops.
        Err(error @ Error::Full { .. }) => {
            tracing::warn!(%error, "a storage path is full");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Makes the directory of data files, and what it names durable: a process that was killed may have made directories of
/// tablets that it never flushed, and the next one only finds that they are there. Files without metadata are never taken for rubbish: that would delete all data
/// of a path whose metadata was lost.
///
/// # Errors
/// There are data files and no metadata, or the directory can't be made.
pub fn prepare(dir: &Path, shelf: &Shelf) -> Result<(), Error> {
    let data = shelf.data_dir();
    let io = |e: io::Error| Error::io("making", data, dir, &e);
    fs::create_dir_all(data)
        .and_then(|()| {
            // Also where an older program made it for everybody to read; the files below are out of reach then, too.
            fs::set_permissions(data, fs::Permissions::from_mode(durable::PRIVATE_DIR))
        })
        .map_err(io)?;
    sync_dir(dir).map_err(io)?;
    sync_dir(data).map_err(io)?;
    let mut entries = fs::read_dir(data).map_err(io)?;
    if !dir.join(meta::FILE).exists() && entries.next().is_some() {
        return Err(Error::Damaged {
            dir: dir.to_owned(),
            what: format!(
                "it holds data files, and its metadata ({}) is gone",
                meta::FILE
            ),
        });
    }
    Ok(())
}

/// Reads what metadata says the path holds, and notes files that are not there.
///
/// # Errors
/// Metadata can't be read.
pub fn load(meta: &Meta, shelf: &Arc<Shelf>) -> Result<Contents, Error> {
    let mut contents = Contents::default();
    meta.scan(Table::Columns, |(key, _), record: ColumnsRecord| {
        contents.columns.insert(key, Arc::new(columns(record, key)));
        Ok(())
    })?;
    let mut rowsets = std::collections::BTreeMap::<TabletId, Vec<Arc<Rowset>>>::new();
    meta.scan(Table::Rowsets, |(id, _), record: RowsetRecord| {
        let tablet = TabletId(id);
        let rowset = Rowset::from_record(record, shelf, tablet);
        rowsets.entry(tablet).or_default().push(Arc::new(rowset));
        Ok(())
    })?;
    let known = contents.columns.clone();
    let build = |record: TabletRecord, rowsets: Vec<Arc<Rowset>>| {
        let columns = known
            .get(&record.columns)
            .cloned()
            .ok_or_else(|| Error::Damaged {
                dir: shelf.dir.clone(),
                what: format!("the columns of tablet {} are missing", record.spec.tablet),
            })?;
        Ok(revive(record, columns, rowsets))
    };
    meta.scan(Table::Tablets, |(id, _), record: TabletRecord| {
        let own = rowsets.remove(&TabletId(id)).unwrap_or_default();
        let tablet = build(record, own)?;
        contents.tablets.insert(TabletId(id), Arc::new(tablet));
        Ok(())
    })?;
    meta.scan(Table::Pending, |(txn, tablet), record: PendingRecord| {
        let tablet = TabletId(tablet);
        let segments = record
            .segments
            .into_iter()
            .map(|s| Segment::kept(shelf, tablet, s));
        let pending = Pending {
            created: record.created,
            segments: segments.collect(),
        };
        contents
            .pending
            .insert((TxnId(txn), tablet), Arc::new(pending));
        Ok(())
    })?;
    meta.scan(Table::Trash, |(id, replica), record: TrashRecord| {
        let rowsets = record
            .rowsets
            .into_iter()
            .map(|r| Arc::new(Rowset::from_record(r, shelf, TabletId(id))));
        let trash = Trash {
            dropped: record.dropped,
            tablet: Arc::new(build(record.tablet, rowsets.collect())?),
        };
        contents.put_trash((TabletId(id), ReplicaId(replica)), trash);
        Ok(())
    })?;
    Ok(contents)
}

/// The last moment that a path tells of.
///
/// # Errors
/// Metadata can't be read.
pub fn reached(meta: &Meta, contents: &Contents) -> Result<Option<Timestamp>, Error> {
    let noted = meta.get(Table::Info, meta::TIME_KEY)?;
    let dropped = contents.trash.values().map(|trash| trash.dropped).max();
    Ok(noted.max(dropped))
}

/// The columns of a table as a request names them. The same columns have the same key.
///
/// # Errors
/// Metadata can't hold them.
pub fn columns_of(columns: Vec<ColumnDef>, key_columns: usize) -> Result<Columns, Error> {
    let record = ColumnsRecord {
        columns,
        key_columns,
    };
    let bytes = meta::encode(&record)?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let key = digest
        .first_chunk::<8>()
        .map_or(0, |head| u64::from_be_bytes(*head));
    Ok(self::columns(record, key))
}

/// The columns of a table with what derives from them.
pub fn columns(record: ColumnsRecord, key: u64) -> Columns {
    Columns {
        schema: types::schema(&record.columns),
        columns: record.columns,
        key_columns: record.key_columns,
        key,
    }
}

fn revive(record: TabletRecord, columns: Arc<Columns>, rowsets: Vec<Arc<Rowset>>) -> Tablet {
    let lost = rowsets
        .iter()
        .flat_map(|r| r.segments.iter())
        .find_map(|s| s.check().err());
    let damage = match (record.damage, lost) {
        (Some(Damage::Corrupt(text)), _) => Some(Damage::Corrupt(text)),
        (_, Some(error)) => Some(Damage::Lost(error.to_string())),
        (_, None) => None,
    };
    Tablet {
        spec: record.spec,
        columns,
        created: record.created,
        damage,
        rowsets: Vec::new(),
        version: 0,
    }
    .with_rowsets(rowsets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::shelf::Limits;
    use crate::durable::tests::FLUSHED;

    #[test]
    fn directories_of_tablets_that_were_never_flushed_are_flushed_before_they_are_relied_on() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            capacity: None,
            reserve: 0,
        };
        // As a process leaves it that was killed in its first load.
        fs::create_dir_all(dir.path().join("data/1")).unwrap();
        fs::write(dir.path().join(meta::FILE), "").unwrap();
        let shelf = Shelf::new(dir.path(), limits);
        FLUSHED.take();
        prepare(dir.path(), &shelf).unwrap();
        assert!(FLUSHED.take().contains(&shelf.data_dir().to_owned()));
    }
}
