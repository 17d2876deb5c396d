//! Whether a store is wholly what was written: every page, and every record by its own checksum. The file is only read.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{ReadableDatabase, ReadableTable};

use crate::backend::error::Error;
use crate::backend::meta::{
    COMMIT_KEY, FORMAT, FORMAT_KEY, FORMAT_WITHOUT_REDO, Table, builder, damaged, describe, seal,
};
use crate::overlay::Overlay;

/// What is known of a store that is whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its format. None: its records are not sealed, as programs left them that knew of no formats.
    pub format: Option<u64>,
    /// The number of its last commit.
    pub commits: u64,
}

/// Reads all of a store without changing it.
///
/// # Errors
/// Something in it is not what was written, or it is of a newer program.
pub fn whole(dir: &Path, file: &Path) -> Result<Whole, Error> {
    let io = |e: std::io::Error| Error::io("reading", file, dir, &e);
    let failed = |e: redb::Error| match (&e, describe(dir, file, &e)) {
        // Whatever the store can't make sense of, it did not write so.
        (redb::Error::Io(_) | redb::Error::DatabaseAlreadyOpen, error) => error,
        (_, Error::Io { cause, .. }) => damaged(dir, &format!("{}: {cause}", file.display())),
        (_, error) => error,
    };
    let overlay = File::open(file).and_then(Overlay::new).map_err(io)?;
    if redb::StorageBackend::len(&overlay).map_err(io)? == 0 {
        return Err(damaged(dir, &format!("{} is empty", file.display())));
    }
    fenced(dir, || {
        let mut db = builder()
            .create_with_backend(overlay)
            .map_err(|e| failed(e.into()))?;
        if !db.check_integrity().map_err(|e| failed(e.into()))? {
            let what = format!("the checksum of a page of {} is wrong", file.display());
            return Err(damaged(dir, &what));
        }
        let format = format(dir, &db, &failed)?;
        for table in Table::ALL {
            records(dir, &db, table, format.is_some(), &failed)?;
        }
        let commits = info(&db, COMMIT_KEY).map_err(failed)?.and_then(|stored| {
            let content = match format {
                Some(_) => seal::opened(Table::Info, &COMMIT_KEY, &stored)?,
                None => &stored,
            };
            rmp_serde::from_slice(content).ok()
        });
        let commits = commits.ok_or_else(|| damaged(dir, "its metadata has no beginning"))?;
        Ok(Whole { format, commits })
    })
}

/// What is stored of the path itself by that key.
fn info(db: &redb::Database, key: [u8; 16]) -> Result<Option<Vec<u8>>, redb::Error> {
    let info = db.begin_read()?.open_table(Table::Info.definition())?;
    Ok(info.get(key.as_slice())?.map(|v| v.value().to_vec()))
}

fn format(
    dir: &Path,
    db: &redb::Database,
    failed: &dyn Fn(redb::Error) -> Error,
) -> Result<Option<u64>, Error> {
    let Some(stored) = info(db, FORMAT_KEY).map_err(failed)? else {
        return Ok(None);
    };
    let content = seal::opened(Table::Info, &FORMAT_KEY, &stored)
        .ok_or_else(|| damaged(dir, &seal::broken(Table::Info, &FORMAT_KEY)))?;
    match rmp_serde::from_slice::<u64>(content) {
        Ok(known @ (FORMAT_WITHOUT_REDO | FORMAT)) => Ok(Some(known)),
        found => Err(damaged(
            dir,
            &format!(
                "its metadata has format {}, this program reads up to {FORMAT}; use the program that wrote it",
                found.unwrap_or_default()
            ),
        )),
    }
}

fn records(
    dir: &Path,
    db: &redb::Database,
    table: Table,
    sealed: bool,
    failed: &dyn Fn(redb::Error) -> Error,
) -> Result<(), Error> {
    let open =
        || -> Result<_, redb::Error> { Ok(db.begin_read()?.open_table(table.definition())?) };
    let records = open().map_err(failed)?;
    for entry in records.iter().map_err(|e| failed(e.into()))? {
        let (key, value) = entry.map_err(|e| failed(e.into()))?;
        let (key, value) = (key.value(), value.value());
        if key.len() != 16 || (sealed && seal::opened(table, key, value).is_none()) {
            return Err(damaged(dir, &seal::broken(table, key)));
        }
    }
    Ok(())
}

/// Runs calls of the store. A damaged file can make it panic; that becomes an error, and does not end other storage paths.
pub fn fenced<T>(dir: &Path, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(damaged(dir, "its metadata can't be read")))
}

#[cfg(test)]
mod tests {
    use redb::Database;

    use super::*;
    use crate::backend::meta::{COMMIT_KEY, FILE, Meta, pair};

    fn put(db: &Database, table: Table, key: &[u8], stored: &[u8]) {
        let txn = db.begin_write().unwrap();
        for table in Table::ALL {
            txn.open_table(table.definition()).unwrap();
        }
        let mut open = txn.open_table(table.definition()).unwrap();
        open.insert(key, stored).unwrap();
        drop(open);
        txn.commit().unwrap();
    }

    #[test]
    fn a_store_of_an_older_program_is_sealed_when_it_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        let format_of = |file: &Path| whole(dir.path(), file).map(|whole| whole.format);
        let key = pair(7, 0);
        let text = rmp_serde::to_vec("columns").unwrap();
        let db = Database::create(&file).unwrap();
        put(
            &db,
            Table::Info,
            &COMMIT_KEY,
            &rmp_serde::to_vec(&3_u64).unwrap(),
        );
        put(&db, Table::Tablets, &key, &text);
        drop(db);
        assert_eq!(format_of(&file), Ok(None));
        for _ in 0..2 {
            let meta = Meta::open(dir.path(), &[]).unwrap();
            let found: Option<String> = meta.get(Table::Tablets, key).unwrap();
            assert_eq!(found.as_deref(), Some("columns"));
            drop(meta);
            assert_eq!(format_of(&file), Ok(Some(FORMAT)));
        }
        // A record that belongs elsewhere, in a page with a right checksum.
        let sealed = seal::sealed(Table::Tablets, &pair(8, 0), &text);
        let db = Database::create(&file).unwrap();
        put(&db, Table::Tablets, &key, &sealed);
        drop(db);
        let error = Meta::open(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("the checksum of record (7, 0)"), "{error}");
        assert!(error.contains("it was left as it is"), "{error}");
    }
}
