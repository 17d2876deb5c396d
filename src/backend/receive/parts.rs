//! Writes the segments of a load as they arrive, and makes whole ones durable, many at once, while the next arrive.
//!
//! Runs on a thread that may block. Owns the files of one call until metadata names them.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::backend::api::SegmentHeader;
use crate::backend::error::Error;
use crate::backend::incoming::{self, Incoming, Written};
use crate::backend::path::Path;
use crate::backend::receive::frames::Piece;
use crate::backend::segment::Segment;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;
use crate::ids::{TabletId, TxnId};

/// Files of one load that are made durable one after the other; sooner, if they have that many bytes.
const BATCH_FILES: usize = 64;
const BATCH_BYTES: u64 = 64 << 20;

/// Batches of one load that are made durable meanwhile.
const BATCHES_MAX: usize = 2;

/// The segments of one tablet, by their order.
pub type Segments = BTreeMap<u32, Arc<Segment>>;

/// What arrived whole, and what did not.
#[derive(Debug, Default)]
pub struct Received {
    /// Durable files without metadata, with the path and the replica that they were written for.
    pub whole: BTreeMap<TabletId, (Arc<Path>, Arc<Tablet>, Segments)>,
    /// Tablets that failed, and why.
    pub failed: BTreeMap<TabletId, String>,
}

/// A segment's tablet, and its place in the rowset.
type Place = (TabletId, u32);

/// Segments that are being made durable, and what comes of each.
type Batch = (Vec<Place>, JoinHandle<Vec<Result<Arc<Segment>, Error>>>);

/// The writing of one load.
pub struct Parts {
    state: State,
    txn: TxnId,
    runtime: Handle,
    current: Option<(SegmentHeader, Option<Open>)>,
    /// Whole, and not durable.
    written: Vec<(Place, Written)>,
    batches: VecDeque<Batch>,
    received: Received,
}

struct Open {
    file: Incoming,
    tablet: Arc<Tablet>,
}

impl Parts {
    /// Nothing has arrived yet.
    pub fn new(state: State, txn: TxnId, runtime: Handle) -> Parts {
        Parts {
            state,
            txn,
            runtime,
            current: None,
            written: Vec::new(),
            batches: VecDeque::new(),
            received: Received::default(),
        }
    }

    /// Takes the next piece. What is wrong with one tablet fails that tablet only.
    pub fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Begin(header) => {
                let open = self.begin(&header);
                let open = self.or_fail(header.tablet, open);
                self.current = Some((header, open));
            }
            Piece::Data(data) => self.write(&data),
            Piece::End => {
                if let Some((header, Some(open))) = self.current.take() {
                    self.end(&header, open);
                }
            }
        }
    }

    /// Waits until everything that arrived is durable.
    pub fn done(mut self) -> Received {
        self.begin_batch();
        while !self.batches.is_empty() {
            self.settle();
        }
        let failed = &self.received.failed;
        self.received
            .whole
            .retain(|tablet, _| !failed.contains_key(tablet));
        self.received
    }

    fn begin(&mut self, header: &SegmentHeader) -> Result<Open, Error> {
        let id = header.tablet;
        if let Some(why) = self.received.failed.get(&id) {
            return Err(Error::Request(why.clone()));
        }
        if self.state.has_ended(self.txn) {
            return Err(Error::Ended(self.txn));
        }
        let (path, tablet) = match self.received.whole.get(&id) {
            Some((path, tablet, _)) => (path.clone(), tablet.clone()),
            None => self.state.find(id)?,
        };
        path.shared.online()?;
        let file = Incoming::begin(&path.shared.shelf, id, header.bytes)?;
        let entry = (path, tablet.clone(), Segments::new());
        self.received.whole.entry(id).or_insert(entry);
        Ok(Open { file, tablet })
    }

    fn write(&mut self, data: &Bytes) {
        let Some((header, open)) = &mut self.current else {
            return;
        };
        let id = header.tablet;
        let Some(writing) = open else {
            return;
        };
        if let Err(cause) = writing.file.write_all(data) {
            *open = None;
            let error = self.explain(id, &cause);
            self.fail(id, &error);
        }
    }

    fn explain(&self, id: TabletId, cause: &std::io::Error) -> Error {
        match self.received.whole.get(&id) {
            Some((path, ..)) => {
                let shelf = &path.shared.shelf;
                Error::io("writing", &shelf.tablet_dir(id), &shelf.dir, cause)
            }
            None => Error::Request(cause.to_string()),
        }
    }

    fn end(&mut self, header: &SegmentHeader, open: Open) {
        let id = header.tablet;
        let found = open.file.crc();
        if found != header.crc {
            let error = Error::Request(format!(
                "the segment of tablet {id} was changed on its way: CRC-32 {found:08x}, {:08x} was sent",
                header.crc
            ));
            return self.fail(id, &error);
        }
        let written = open.file.end(header.rows, &open.tablet.columns.schema);
        let Some(written) = self.or_fail(id, written) else {
            return;
        };
        self.written.push(((id, header.ordinal), written));
        let bytes: u64 = self.written.iter().map(|(_, w)| w.bytes()).sum();
        if self.written.len() >= BATCH_FILES || bytes >= BATCH_BYTES {
            self.begin_batch();
        }
    }

    /// Begins to make durable what is whole.
    fn begin_batch(&mut self) {
        let (places, written): (Vec<_>, Vec<_>) = self.written.drain(..).unzip();
        if places.is_empty() {
            return;
        }
        while self.batches.len() >= BATCHES_MAX {
            self.settle();
        }
        let task = self.runtime.spawn(incoming::keep(written));
        self.batches.push_back((places, task));
    }

    /// Waits for the oldest batch.
    fn settle(&mut self) {
        let Some((places, task)) = self.batches.pop_front() else {
            return;
        };
        let kept = self.runtime.block_on(task);
        let kept = kept.unwrap_or_else(|_| places.iter().map(|_| Err(Error::Stopping)).collect());
        for ((id, ordinal), kept) in places.into_iter().zip(kept) {
            if let Some(segment) = self.or_fail(id, kept) {
                self.add(id, ordinal, segment);
            }
        }
    }

    fn add(&mut self, id: TabletId, ordinal: u32, segment: Arc<Segment>) {
        let Some((_, _, segments)) = self.received.whole.get_mut(&id) else {
            return;
        };
        if segments.insert(ordinal, segment).is_some() {
            let error = Error::Request(format!("segment {ordinal} of tablet {id} came twice"));
            self.fail(id, &error);
        }
    }

    fn or_fail<T>(&mut self, id: TabletId, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(id, &error);
                None
            }
        }
    }

    fn fail(&mut self, id: TabletId, error: &Error) {
        let failed = &mut self.received.failed;
        failed.entry(id).or_insert_with(|| error.to_string());
    }
}
