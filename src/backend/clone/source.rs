//! The side that is copied from: what a replica consists of, and the bytes of its files.
//!
//! A replica that was described is held for the copier, so that compaction does not take its files away. The hold ends when
//! the copier says so, or was silent for a minute; a copier that comes later asks again.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::Stream;
use parking_lot::Mutex;

use crate::backend::api::{DescribeReplica, ReadSegment, ReplicaRowsets};
use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::pace::Pace;
use crate::backend::segment::Segment;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;
use crate::backend::verify;
use crate::fault;
use crate::ids::{ReplicaId, TabletId};

/// How long a copier may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Bytes that are read and sent at once.
const CHUNK_BYTES: u64 = 512 << 10;

/// The replicas that others are copying.
#[derive(Debug, Default)]
pub struct Holds {
    by_copier: Mutex<BTreeMap<u64, (Arc<Tablet>, Instant)>>,
}

impl Holds {
    /// Keeps a replica's files for a copier, in the place of what was kept for it before.
    fn hold(&self, copier: u64, tablet: Arc<Tablet>) {
        let old = self
            .by_copier
            .lock()
            .insert(copier, (tablet, Instant::now()));
        // Files may be deleted here; not under the lock.
        drop(old);
        self.expire();
    }

    /// What is kept for a copier, which has just been heard of.
    fn of(&self, copier: u64) -> Option<Arc<Tablet>> {
        let mut held = self.by_copier.lock();
        let (tablet, heard) = held.get_mut(&copier)?;
        *heard = Instant::now();
        Some(tablet.clone())
    }

    /// Lets go of what is kept for a copier.
    pub fn release(&self, copier: u64) {
        let old = self.by_copier.lock().remove(&copier);
        drop(old);
    }

    /// Lets go of everything, as a restart would.
    #[cfg(test)]
    pub fn release_all(&self) {
        let old = std::mem::take(&mut *self.by_copier.lock());
        drop(old);
    }

    /// Lets go of what is kept for copiers that have fallen silent.
    pub fn expire(&self) {
        let old: Vec<_> = {
            let mut held = self.by_copier.lock();
            held.extract_if(.., |_, (_, heard)| heard.elapsed() > SILENCE_MAX)
                .collect()
        };
        drop(old);
    }
}

/// What a replica consists of.
///
/// # Errors
/// It is not here, or can't be copied.
pub async fn describe(state: &State, request: DescribeReplica) -> Result<ReplicaRowsets, Error> {
    let tablet = sound(state, request.tablet, request.replica)?;
    let small = small(&tablet, request.small_bytes).await;
    let mut rowsets: Vec<_> = tablet.rowsets.iter().map(|r| r.record()).collect();
    // The copier takes its own sums of what it writes, once that is found to be the whole file.
    let segments = rowsets.iter_mut().flat_map(|r| &mut r.segments);
    segments.for_each(|s| s.sums.clear());
    let answer = ReplicaRowsets {
        version: tablet.version,
        rowsets,
        small,
    };
    if answer.small.is_none() {
        state.copying().holds.hold(request.copier, tablet);
    }
    Ok(answer)
}

/// All files of a replica, where they have no more bytes together and can be read; what is wrong with one is found when
/// it is asked for alone.
async fn small(tablet: &Arc<Tablet>, bytes_max: u64) -> Option<BTreeMap<String, String>> {
    let segments = || tablet.rowsets.iter().flat_map(|r| &r.segments);
    let bytes: u64 = segments().map(|s| s.record.bytes).sum();
    if bytes == 0 || bytes > bytes_max {
        return None;
    }
    let segments: Vec<Arc<Segment>> = segments().cloned().collect();
    let read = tokio::task::spawn_blocking(move || {
        let whole = |segment: Arc<Segment>| {
            let bytes = chunk(&segment, &segment.open().ok()?, 0).ok()?;
            let right = crc32fast::hash(&bytes) == segment.record.crc;
            right.then(|| (segment.record.file.clone(), STANDARD.encode(bytes)))
        };
        segments.into_iter().map(whole).collect()
    });
    read.await.ok()?
}

/// The bytes of a file from the asked offset on, and how many they are.
///
/// # Errors
/// The replica can't be copied, or the file is not there.
pub async fn read(
    state: &State,
    request: ReadSegment,
) -> Result<
    (
        u64,
        impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
    ),
    Error,
> {
    let now = sound(state, request.tablet, request.replica)?;
    let held = state.copying().holds.of(request.copier);
    let held =
        held.filter(|h| h.spec.tablet == request.tablet && h.spec.replica == request.replica);
    let named = |tablet: &Tablet| {
        let mut segments = tablet.rowsets.iter().flat_map(|r| &r.segments);
        segments.find(|s| s.record.file == request.file).cloned()
    };
    let gone = || Error::Gone {
        tablet: request.tablet,
        file: request.file.clone(),
    };
    let in_use = named(&now);
    let segment = in_use
        .clone()
        .or_else(|| held.as_deref().and_then(named))
        .ok_or_else(gone)?;
    match open(&segment, request.verify).await {
        Ok(file) => {
            let left = segment.record.bytes.saturating_sub(request.offset);
            let sent = chunks(state, segment, file, request.copier, request.offset);
            Ok((left, sent))
        }
        Err(error) if in_use.is_none() && error.is_damage() => Err(gone()),
        Err(error) => {
            damage::note(state, request.tablet, &error).await;
            Err(error)
        }
    }
}

/// The replica, if it can be read.
fn sound(state: &State, id: TabletId, replica: ReplicaId) -> Result<Arc<Tablet>, Error> {
    let (path, tablet) = state.find(id)?;
    path.shared.online()?;
    if tablet.spec.replica != replica {
        return Err(Error::Stale(format!(
            "tablet {id} is here as replica {}, not as replica {replica}",
            tablet.spec.replica
        )));
    }
    match &tablet.damage {
        None => Ok(tablet),
        Some(damage) => Err(Error::Bad {
            tablet: id,
            why: damage.text().to_owned(),
        }),
    }
}

async fn open(segment: &Arc<Segment>, verify: bool) -> Result<File, Error> {
    if verify {
        verify::whole(segment, &Pace::new(0)).await?;
    }
    let segment = segment.clone();
    let opened = tokio::task::spawn_blocking(move || segment.open());
    opened.await.map_err(|_| Error::Stopping)?
}

fn chunks(
    state: &State,
    segment: Arc<Segment>,
    file: File,
    copier: u64,
    offset: u64,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
    let state = state.clone();
    let start = (Arc::new(file), offset);
    futures::stream::try_unfold(start, move |(file, at)| {
        let (state, segment) = (state.clone(), segment.clone());
        async move {
            let left = segment.record.bytes.saturating_sub(at);
            if left == 0 {
                return Ok(None);
            }
            // A copier that takes bytes is not silent.
            let _ = state.copying().holds.of(copier);
            let reading = file.clone();
            let read = tokio::task::spawn_blocking(move || chunk(&segment, &reading, at));
            let bytes = read.await.map_err(|_| Error::Stopping)??;
            let next = at + bytes.len() as u64;
            Ok(Some((bytes, (file, next))))
        }
    })
}

fn chunk(segment: &Segment, file: &File, at: u64) -> Result<Bytes, Error> {
    fault::hit("backend::before_clone_chunk").map_err(|e| damage::of_io(segment, &e))?;
    let length = segment.record.bytes.saturating_sub(at).min(CHUNK_BYTES);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, at)
        .map_err(|e| damage::of_io(segment, &e))?;
    Ok(bytes.into())
}
