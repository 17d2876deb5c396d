//! Brings files from a source: streamed to the disk, taken up again where a stream broke, and checked.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::backend::api::{CloneTablet, ReadSegment};
use crate::backend::client::{self, Call};
use crate::backend::clone::plan::{self, Span};
use crate::backend::clone::running::Progress;
use crate::backend::error::Error;
use crate::backend::incoming::{self, Incoming, Written};
use crate::backend::pace::Pace;
use crate::backend::path::Path;
use crate::backend::rowset::{Rowset, RowsetRecord};
use crate::backend::segment::{Segment, SegmentRecord};
use crate::backend::shelf::Shelf;
use crate::backend::state::State;
use crate::backend::tablet::Columns;
use crate::ids::TabletId;

/// How long a source may send nothing.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// Bytes of a file that a source is thought to look through in a second, at least, before it sends the first.
const LOOKED_AT_PER_SECOND: u64 = 5 << 20;
/// Files of one clone that are fetched at once: one is made durable while the next arrive.
const FILES_MAX: usize = 3;
/// Attempts in a row that may bring nothing.
const TRIES_MAX: u32 = 4;
/// Before the second of them; it doubles.
const PAUSE: Duration = Duration::from_millis(200);
/// Chunks that wait for the disk.
const CHUNKS_MAX: usize = 8;

/// A rowset of the source with its files on this backend, durable and without metadata.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// What the source says of it; its files have other names here.
    pub record: RowsetRecord,
    /// The files.
    pub segments: Vec<Arc<Segment>>,
}

impl Fetched {
    /// The rowset as it will be here.
    pub fn rowset(self) -> Rowset {
        Rowset {
            start: self.record.start,
            end: self.record.end,
            created: self.record.created,
            txn: self.record.txn,
            segments: self.segments,
            exact_from: self.record.exact_from,
            marks: self.record.marks,
        }
    }
}

/// The fetching of one clone.
pub struct Fetch {
    state: State,
    request: CloneTablet,
    /// Names this clone to the source.
    pub copier: u64,
    pace: Pace,
    progress: Arc<Progress>,
    /// What was fetched, by storage path and the source's name, so that nothing is fetched twice.
    files: Mutex<HashMap<(i64, String), Arc<Segment>>>,
}

/// Why a file did not come.
enum Failed {
    /// The source does not have it any more: it has to be asked anew what it has.
    Gone,
    /// Anything else.
    For(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed::For(error)
    }
}

impl Fetch {
    /// Nothing has been fetched.
    pub fn new(state: &State, request: &CloneTablet, progress: Arc<Progress>) -> Fetch {
        Fetch {
            state: state.clone(),
            request: request.clone(),
            copier: rand::random(),
            pace: Pace::new(request.bytes_per_second),
            progress,
            files: Mutex::default(),
        }
    }

    /// Fetches rowsets to `path`, and adds those that came whole to `have`. Not all of them did when the source does not
    /// have all of their files any more.
    ///
    /// # Errors
    /// Why the clone can't go on.
    pub async fn rowsets(
        &self,
        path: &Arc<Path>,
        columns: &Arc<Columns>,
        wanted: Vec<RowsetRecord>,
        have: &mut Vec<Fetched>,
    ) -> Result<(), Error> {
        let files: Vec<_> = wanted.iter().flat_map(|r| r.segments.clone()).collect();
        let stop = CancellationToken::new();
        let fetching = files
            .into_iter()
            .map(|of| self.segment(path, columns, of, &stop));
        let mut fetching = futures::stream::iter(fetching).buffer_unordered(FILES_MAX);
        let mut failed = None;
        while let Some(result) = fetching.next().await {
            if let Err(why) = result {
                // The others end as well, but are waited for: nothing of them is left when this returns.
                stop.cancel();
                failed.get_or_insert(why);
            }
        }
        drop(fetching);
        if let Some(Failed::For(error)) = failed {
            return Err(error);
        }
        self.gather(path, wanted, have);
        Ok(())
    }

    /// Makes durable the files that came with a description. Says false where one of those that are wanted is not among them,
    /// or is not what its record says: then they are to be asked for.
    ///
    /// # Errors
    /// The disk failed.
    pub async fn small(
        &self,
        path: &Arc<Path>,
        columns: &Arc<Columns>,
        wanted: &[RowsetRecord],
        mut small: BTreeMap<String, String>,
    ) -> Result<bool, Error> {
        let mut files = Vec::new();
        for of in wanted.iter().flat_map(|r| &r.segments) {
            let bytes = small
                .remove(&of.file)
                .and_then(|text| STANDARD.decode(text).ok());
            let Some(bytes) = bytes.filter(|bytes| crc32fast::hash(bytes) == of.crc) else {
                return Ok(false);
            };
            files.push((of.clone(), bytes));
        }
        let names: Vec<_> = files.iter().map(|(of, _)| of.file.clone()).collect();
        let bytes = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let (shelf, columns) = (path.shared.shelf.clone(), columns.clone());
        let tablet = self.request.spec.tablet;
        let written = tokio::task::spawn_blocking(move || {
            let put = |(of, bytes): (SegmentRecord, Vec<u8>)| {
                let mut file = Incoming::begin(&shelf, tablet, of.bytes)?;
                file.write_all(&bytes)
                    .map_err(|e| Error::io("writing", &shelf.tablet_dir(tablet), &shelf.dir, &e))?;
                file.end(of.rows, &columns.schema)
            };
            files
                .into_iter()
                .map(put)
                .collect::<Result<Vec<_>, Error>>()
        });
        let kept = incoming::keep(written.await.map_err(|_| Error::Stopping)??).await;
        self.progress.fetched(bytes);
        self.state.metrics().clone_fetched(bytes);
        let hash = path.identity().path;
        let mut files = self.files.lock();
        for (name, kept) in names.into_iter().zip(kept) {
            files.insert((hash, name), kept?);
        }
        Ok(true)
    }

    /// Adds those rowsets to `have` of which all files were fetched to `path`.
    pub fn gather(&self, path: &Arc<Path>, wanted: Vec<RowsetRecord>, have: &mut Vec<Fetched>) {
        let files = self.files.lock();
        let hash = path.identity().path;
        for record in wanted {
            let own = record
                .segments
                .iter()
                .map(|s| files.get(&(hash, s.file.clone())).cloned());
            if let Some(segments) = own.collect() {
                plan::insert(have, Fetched { record, segments }, |f| {
                    Span::from(&f.record)
                });
            }
        }
    }

    /// Fetches one file. When it came whole and does not fit its checksum, the source is to say whether it has the fault,
    /// and the file is sent again.
    async fn segment(
        &self,
        path: &Arc<Path>,
        columns: &Arc<Columns>,
        of: SegmentRecord,
        stop: &CancellationToken,
    ) -> Result<(), Failed> {
        let key = (path.identity().path, of.file.clone());
        if stop.is_cancelled() || self.files.lock().contains_key(&key) {
            return Ok(());
        }
        for verify in [false, true] {
            let streamed = self.stream(path, columns, &of, verify, stop);
            if let Some(segment) = streamed.await? {
                self.files.lock().insert(key, segment);
                return Ok(());
            }
        }
        Err(Failed::For(self.failed(&format!(
            "file {} was changed on its way, twice, although it is whole there",
            of.file
        ))))
    }

    /// Streams a file to the disk; none when it does not fit its checksum.
    async fn stream(
        &self,
        path: &Arc<Path>,
        columns: &Arc<Columns>,
        of: &SegmentRecord,
        verify: bool,
        stop: &CancellationToken,
    ) -> Result<Option<Arc<Segment>>, Failed> {
        let (chunks, queue) = mpsc::channel(CHUNKS_MAX);
        let (shelf, columns, record) = (path.shared.shelf.clone(), columns.clone(), of.clone());
        let tablet = self.request.spec.tablet;
        let disk =
            tokio::task::spawn_blocking(move || write(&shelf, tablet, &columns, &record, queue));
        let pulling = self.pull_all(of, verify, &chunks);
        let sent = stop.run_until_cancelled(pulling).await;
        // Why it was stopped is told by another file.
        let sent = sent.unwrap_or(Err(Failed::Gone));
        drop(chunks);
        // Also after a failure: nothing of the file is left when this returns.
        let written = disk.await.map_err(|_| Error::Stopping)?;
        match (sent, written) {
            (Err(failed), Ok(_)) => Err(failed),
            // A disk that failed is why the rest was not sent.
            (Err(_) | Ok(()), Err(Some(error))) => Err(Failed::For(error)),
            (Err(failed), Err(None)) => Err(failed),
            (Ok(()), Err(None)) => Err(Failed::For(Error::Stopping)),
            (Ok(()), Ok(None)) => Ok(None),
            (Ok(()), Ok(Some(written))) => {
                let mut kept = incoming::keep(vec![written]).await;
                Ok(Some(kept.pop().ok_or(Error::Stopping)??))
            }
        }
    }

    /// Pulls the whole file, over several streams if one breaks.
    async fn pull_all(
        &self,
        of: &SegmentRecord,
        verify: bool,
        chunks: &mpsc::Sender<Bytes>,
    ) -> Result<(), Failed> {
        let mut offset = 0;
        let mut tries = 0;
        let mut verify = verify;
        while offset < of.bytes {
            let before = offset;
            let broke = match self.pull(of, verify, &mut offset, chunks).await {
                Ok(()) if offset == of.bytes || chunks.is_closed() => return Ok(()),
                Ok(()) => "the stream ended early".to_owned(),
                Err(client::Error::Refused { status: 410, .. }) => return Err(Failed::Gone),
                Err(client::Error::Refused {
                    status, message, ..
                }) if status != 503 => {
                    return Err(Failed::For(self.failed(&message)));
                }
                Err(error) => error.to_string(),
            };
            if offset > before {
                tries = 0;
            }
            // The source has looked at its file once; the rest need not wait for that again.
            verify &= offset == 0;
            tries += 1;
            if tries >= TRIES_MAX {
                return Err(Failed::For(self.failed(&broke)));
            }
            tracing::debug!(file = %of.file, offset, %broke, "a stream is taken up again");
            tokio::time::sleep(PAUSE.saturating_mul(1 << (tries - 1))).await;
        }
        Ok(())
    }

    async fn pull(
        &self,
        of: &SegmentRecord,
        verify: bool,
        offset: &mut u64,
        chunks: &mpsc::Sender<Bytes>,
    ) -> Result<(), client::Error> {
        let request = ReadSegment {
            tablet: self.request.spec.tablet,
            replica: self.request.source_replica,
            copier: self.copier,
            file: of.file.clone(),
            offset: *offset,
            verify,
        };
        let silence = silence_max(of.bytes, verify);
        let call = Call::new(&self.request.source, "read_segment", silence);
        let client = &self.state.copying().client;
        let mut stream = client.open_stream(&call, &request).await?;
        while let Some(chunk) = stream.next().await {
            let mut chunk = chunk?;
            let left = usize::try_from(of.bytes - *offset).unwrap_or(usize::MAX);
            chunk.truncate(left);
            let bytes = chunk.len() as u64;
            self.pace.pass(bytes).await;
            if chunks.send(chunk).await.is_err() {
                return Ok(());
            }
            *offset += bytes;
            self.progress.fetched(bytes);
            self.state.metrics().clone_fetched(bytes);
        }
        Ok(())
    }

    fn failed(&self, why: &str) -> Error {
        Error::Copy {
            tablet: self.request.spec.tablet,
            source_address: self.request.source.clone(),
            why: why.to_owned(),
        }
    }
}

/// How long a source may send nothing of a file; longer where it looks through the file first.
fn silence_max(bytes: u64, verify: bool) -> Duration {
    let look = Duration::from_secs(bytes / LOOKED_AT_PER_SECOND);
    match verify {
        true => SILENCE_MAX.saturating_add(look),
        false => SILENCE_MAX,
    }
}

/// Writes a file as it arrives. None when it came whole and does not fit its checksum; the error is none when it did not
/// come whole. Blocks.
fn write(
    shelf: &Arc<Shelf>,
    tablet: TabletId,
    columns: &Columns,
    of: &SegmentRecord,
    mut queue: mpsc::Receiver<Bytes>,
) -> Result<Option<Written>, Option<Error>> {
    let mut file = Incoming::begin(shelf, tablet, of.bytes)?;
    let mut written = 0;
    while let Some(chunk) = queue.blocking_recv() {
        file.write_all(&chunk)
            .map_err(|e| Error::io("writing", &shelf.tablet_dir(tablet), &shelf.dir, &e))?;
        written += chunk.len() as u64;
    }
    if written != of.bytes {
        return Err(None);
    }
    if file.crc() != of.crc {
        return Ok(None);
    }
    Ok(Some(file.end(of.rows, &columns.schema)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_take_its_time_to_look_through_a_large_file() {
        let file = 2 << 30;
        assert!(silence_max(file, true) > Duration::from_secs(400));
        assert_eq!(silence_max(file, false), SILENCE_MAX);
    }
}
