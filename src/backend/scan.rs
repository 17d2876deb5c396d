//! Scans: the rows of one tablet at one version, as a stream that keeps its files until it ends.
//!
//! Owns the stream. `cursor` reads the rows, `prune` leaves row groups out.

use std::sync::Arc;

use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use crate::backend::api::ScanRequest;
use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::scan::cursor::Cursor;
use crate::backend::state::State;
use crate::ids::TabletId;

pub mod cursor;
mod prune;

/// Encoded bytes that are sent at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks that wait for the connection.
const CHUNKS_MAX: usize = 2;

/// A scan under way, moved to and fro between the runtime and threads that may block.
struct Scan {
    cursor: Cursor,
    /// None after the end of the stream was written.
    writer: Option<StreamWriter<Vec<u8>>>,
}

/// The rows of a scan, encoded.
pub struct Rows {
    /// The first of them: all, where nothing follows.
    pub first: Bytes,
    /// What follows.
    pub rest: Option<ReceiverStream<Result<Bytes, Error>>>,
}

/// Begins a scan. The first rows have been read when it returns, so that what is wrong from the start is an error and
/// not a broken stream.
///
/// # Errors
/// The tablet can't be read at that version here.
pub async fn scan(state: &State, request: ScanRequest) -> Result<Rows, Error> {
    let id = request.tablet;
    let permit = state
        .scans()
        .clone()
        .try_acquire_owned()
        .map_err(|_| Error::Busy("as many scans run as this backend takes".to_owned()))?;
    let (path, tablet) = state.find(id)?;
    path.shared.online()?;
    let scan = Scan::begin(Cursor::new(&tablet, request)?)?;
    state.metrics().scan_began();
    let (scan, first) = step(state, id, scan).await;
    let first = first?.unwrap_or_default();
    // A small tablet is one answer of a known length: another task and another turn of a thread cost more than its rows.
    let rest = scan.filter(|scan| !scan.ended()).map(|scan| {
        let (chunks, rest) = mpsc::channel(CHUNKS_MAX);
        tokio::spawn(drive(state.clone(), id, Some(scan), chunks, permit));
        ReceiverStream::new(rest)
    });
    Ok(Rows { first, rest })
}

/// Reads on until the end, an error, or until nobody listens.
async fn drive(
    state: State,
    id: TabletId,
    mut scan: Option<Scan>,
    chunks: mpsc::Sender<Result<Bytes, Error>>,
    permit: OwnedSemaphorePermit,
) {
    while let Some(now) = scan.take() {
        let (next, chunk) = step(&state, id, now).await;
        let last = chunk.is_err();
        let Some(chunk) = chunk.transpose() else {
            break;
        };
        // Neither a reader that went away nor one that takes nothing keeps the files.
        let sent = chunks.send_timeout(chunk, state.settings().scan_idle).await;
        if sent.is_err() || last {
            break;
        }
        scan = next;
    }
    drop(permit);
}

async fn step(
    state: &State,
    id: TabletId,
    mut scan: Scan,
) -> (Option<Scan>, Result<Option<Bytes>, Error>) {
    let stepped = tokio::task::spawn_blocking(move || {
        let chunk = scan.next();
        (scan, chunk)
    });
    match stepped.await {
        Ok((scan, Ok(chunk))) => {
            let sent = chunk.as_ref().map_or(0, Bytes::len);
            state.metrics().scan_sent(sent);
            (Some(scan), Ok(chunk))
        }
        Ok((_, Err(error))) => {
            state.metrics().scan_failed();
            damage::note(state, id, &error).await;
            (None, Err(error))
        }
        Err(_) => (None, Err(Error::Stopping)),
    }
}

impl Scan {
    fn begin(cursor: Cursor) -> Result<Scan, Error> {
        let writer = StreamWriter::try_new(Vec::new(), &cursor.schema)
            .map_err(|e| Error::Request(e.to_string()))?;
        Ok(Scan {
            cursor,
            writer: Some(writer),
        })
    }

    /// Whether all has been given.
    fn ended(&self) -> bool {
        self.writer.is_none()
    }

    /// The next bytes; none after the last. Blocks.
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(writer) = &mut self.writer else {
            return Ok(None);
        };
        let encode = |e: arrow::error::ArrowError| Error::Request(format!("encoding rows: {e}"));
        while writer.get_ref().len() < CHUNK_BYTES {
            match self.cursor.next_batch()? {
                Some(batch) => writer.write(&batch).map_err(encode)?,
                None => {
                    writer.finish().map_err(encode)?;
                    let rest = std::mem::take(writer.get_mut());
                    self.writer = None;
                    return Ok(Some(rest.into()));
                }
            }
        }
        Ok(Some(std::mem::take(writer.get_mut()).into()))
    }
}

/// A file that is read, with its place in the tablet.
#[derive(Debug)]
struct Part {
    segment: Arc<crate::backend::segment::Segment>,
    /// Ordinal of its first row.
    first: u64,
    /// Ordinal after its last row that belongs to the version.
    end: u64,
}
