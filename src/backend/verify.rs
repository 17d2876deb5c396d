//! Whether the file of a segment is what was written: its length, its footer, or all of its bytes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::backend::checked::Checked;
use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::pace::Pace;
use crate::backend::segment::Segment;
use crate::fault;

/// Bytes that are read at once.
const PIECE_BYTES: u64 = 1 << 20;

/// Opens the file and reads its footer. Blocks.
///
/// # Errors
/// The file is lost or wrong, or the disk does not read it.
pub fn footer(segment: &Arc<Segment>) -> Result<(), Error> {
    let file = Checked::open(segment, 0)?;
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
        .map_err(|e| file.explain(&e))?;
    let rows = found.metadata().file_metadata().num_rows();
    if u64::try_from(rows) == Ok(segment.record.rows) {
        return Ok(());
    }
    Err(Error::Corrupt {
        file: segment.path(),
        what: format!("it holds {rows} rows, {} were written", segment.record.rows),
    })
}

/// Reads the file whole, not faster than `pace`, and compares its checksum.
///
/// # Errors
/// The file is lost or wrong, or the disk does not read it.
pub async fn whole(segment: &Arc<Segment>, pace: &Pace) -> Result<(), Error> {
    let mut reading = Reading {
        segment: segment.clone(),
        file: None,
        at: 0,
        crc: crc32fast::Hasher::new(),
    };
    loop {
        // Piece by piece: a thread that waits for its pace would hold up the end of the process.
        let (next, result) = tokio::task::spawn_blocking(move || {
            let result = reading.step();
            (reading, result)
        })
        .await
        .map_err(|_| Error::Stopping)?;
        reading = next;
        match result? {
            0 => break,
            bytes => pace.pass(bytes).await,
        }
    }
    segment.compare(reading.crc.finalize())
}

struct Reading {
    segment: Arc<Segment>,
    file: Option<File>,
    at: u64,
    crc: crc32fast::Hasher,
}

impl Reading {
    /// Reads the next piece; how many bytes it has.
    fn step(&mut self) -> Result<u64, Error> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.segment.open()?,
        };
        let left = self.segment.record.bytes.saturating_sub(self.at);
        let bytes = left.min(PIECE_BYTES);
        let mut piece = vec![0; usize::try_from(bytes).unwrap_or(0)];
        fault::hit("backend::before_verify_read")
            .and_then(|()| file.read_exact_at(&mut piece, self.at))
            .map_err(|e| damage::of_io(&self.segment, &e))?;
        self.crc.update(&piece);
        self.at += bytes;
        self.file = Some(file);
        Ok(bytes)
    }
}
