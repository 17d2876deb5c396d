//! How a journal lies in its file: tables, checksums, and reading it all back.

use std::io::ErrorKind;
use std::path::Path;

use redb::{Database, ReadableDatabase, TableDefinition};

use crate::store::error::Error;
use crate::store::journal::{Extent, Item};

/// The format that this program writes.
pub const FORMAT: u64 = 1;

/// Numbers about the whole: `format`, `last`, `checkpoint`, `chunks`.
pub const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
/// Records by sequence number, each behind its checksum.
pub const RECORDS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("records");
/// Chunks of checkpoints by the record they cover up to, and index; each behind its checksum.
pub const CHUNKS: TableDefinition<'static, (u64, u32), &[u8]> = TableDefinition::new("chunks");

/// The numbers of [`META`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meta {
    /// How far the journal reaches.
    pub extent: Extent,
    /// Chunks of the checkpoint in force.
    pub chunks: u32,
}

impl Meta {
    /// Reads the numbers; refuses a format from the future.
    pub fn read(db: &Database, path: &Path) -> Result<Meta, Error> {
        let table = db
            .begin_read()
            .map_err(|e| refused(path, e))?
            .open_table(META)
            .map_err(|e| refused(path, e))?;
        let number = |key: &str| -> Result<u64, Error> {
            table
                .get(key)
                .map_err(|e| refused(path, e))?
                .map(|value| value.value())
                .ok_or_else(|| Error::damaged(path, format!("'{key}' is missing")))
        };
        let found = number("format")?;
        if found > FORMAT {
            return Err(Error::Format {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
        let chunks = number("chunks")?;
        Ok(Meta {
            extent: Extent {
                checkpoint: number("checkpoint")?,
                last: number("last")?,
            },
            chunks: u32::try_from(chunks)
                .map_err(|_| Error::damaged(path, format!("it claims {chunks} chunks")))?,
        })
    }
}

/// The bytes that are stored: a CRC-32 of key and content, then the content.
pub fn sealed(key: (u64, u32), content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 4);
    bytes.extend_from_slice(&checksum(key, content).to_be_bytes());
    bytes.extend_from_slice(content);
    bytes
}

fn opened(key: (u64, u32), stored: &[u8]) -> Option<&[u8]> {
    let (crc, content) = stored.split_first_chunk::<4>()?;
    (u32::from_be_bytes(*crc) == checksum(key, content)).then_some(content)
}

fn checksum((seq, index): (u64, u32), content: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&seq.to_be_bytes());
    crc.update(&index.to_be_bytes());
    crc.update(content);
    crc.finalize()
}

/// Reads everything in force in order, checking checksums, gaps and the end.
pub fn read_all(
    db: &Database,
    path: &Path,
    meta: Meta,
    visit: &mut dyn FnMut(Item<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Extent { checkpoint, last } = meta.extent;
    let txn = db.begin_read().map_err(|e| refused(path, e))?;
    let chunks = txn.open_table(CHUNKS).map_err(|e| refused(path, e))?;
    for index in 0..meta.chunks {
        let key = (checkpoint, index);
        let stored = chunks.get(key).map_err(|e| refused(path, e))?;
        let stored = stored
            .ok_or_else(|| Error::damaged(path, format!("checkpoint chunk {index} is missing")))?;
        let content = opened(key, stored.value()).ok_or_else(|| {
            Error::damaged(
                path,
                format!("the checksum of checkpoint chunk {index} is wrong"),
            )
        })?;
        visit(Item::Chunk(content))?;
    }
    let records = txn.open_table(RECORDS).map_err(|e| refused(path, e))?;
    let mut wanted = checkpoint.saturating_add(1);
    for entry in records.range(wanted..).map_err(|e| refused(path, e))? {
        let (seq, stored) = entry.map_err(|e| refused(path, e))?;
        let seq = seq.value();
        if seq != wanted {
            return Err(Error::damaged(path, format!("record {wanted} is missing")));
        }
        let content = opened((seq, 0), stored.value()).ok_or_else(|| {
            Error::damaged(path, format!("the checksum of record {seq} is wrong"))
        })?;
        visit(Item::Record(seq, content))?;
        wanted = seq.saturating_add(1);
    }
    if wanted != last.saturating_add(1) {
        return Err(Error::damaged(
            path,
            format!("record {wanted} is missing; {last} is the last that was written"),
        ));
    }
    Ok(())
}

/// The error of a file that redb can't read.
pub fn refused(path: &Path, cause: impl Into<redb::Error>) -> Error {
    match cause.into() {
        redb::Error::Io(cause)
            if !matches!(
                cause.kind(),
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof
            ) =>
        {
            Error::io("reading", path, &cause)
        }
        redb::Error::DatabaseAlreadyOpen => Error::Locked {
            dir: path.to_owned(),
            pid: None,
        },
        cause => Error::damaged(path, cause.to_string()),
    }
}
