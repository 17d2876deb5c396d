//! Loads: a stream of segments becomes durable pending rows, or leaves nothing.
//!
//! Memory is bounded whatever the size: a few chunks wait between the connection and the disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::backend::api::LoadAnswer;
use crate::backend::error::Error;
use crate::backend::path::Path;
use crate::backend::publish::interrupted;
use crate::backend::receive::frames::Frames;
use crate::backend::receive::parts::{Parts, Received, Segments};
use crate::backend::state::State;
use crate::backend::tablet::{Pending, Tablet};
use crate::fault;
use crate::ids::{TabletId, TxnId};

mod frames;
mod parts;

/// Chunks that wait for the disk.
const CHUNKS_MAX: usize = 16;
/// How often a silent load is looked at.
const LOOK_UP: Duration = Duration::from_secs(1);

/// Receives the rows of a load.
///
/// # Errors
/// The whole call failed, and nothing of it stays. What fails for a tablet only is in the answer.
pub async fn receive<S, E>(state: &State, txn: TxnId, body: S) -> Result<LoadAnswer, Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    if state.has_ended(txn) {
        return Err(Error::Ended(txn));
    }
    let _room = state
        .loads()
        .clone()
        .try_acquire_owned()
        .map_err(|_| Error::Busy("as many loads run as this backend takes".to_owned()))?;
    let began = Instant::now();
    let received = write(state, txn, body).await?;
    let answer = keep(state, txn, received).await;
    state.metrics().loaded(&answer, began.elapsed());
    fault::hit("backend::before_load_answer").map_err(interrupted)?;
    Ok(answer)
}

/// Writes the files while the body arrives.
async fn write<S, E>(state: &State, txn: TxnId, mut body: S) -> Result<Received, Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let (chunks, queue) = mpsc::channel(CHUNKS_MAX);
    let parts = Parts::new(state.clone(), txn, Handle::current());
    let disk = tokio::task::spawn_blocking(move || drain(parts, queue));
    loop {
        let chunk = next_chunk(state, txn, &mut body).await;
        let stop = !matches!(chunk, Ok(Some(_)));
        // The disk's side is gone only when it has refused the body; its answer says why.
        if chunks.send(chunk).await.is_err() || stop {
            break;
        }
    }
    disk.await.map_err(|_| Error::Stopping)?
}

/// The next chunk; none at the end. Looks up now and then, so that a load whose transaction was aborted does not keep
/// its files until its coordinator says something.
async fn next_chunk<S, E>(state: &State, txn: TxnId, body: &mut S) -> Result<Option<Bytes>, Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let idle = state.settings().load_idle;
    let began = Instant::now();
    loop {
        match tokio::time::timeout(LOOK_UP, body.next()).await {
            Ok(Some(Ok(chunk))) => return Ok(Some(chunk)),
            Ok(Some(Err(e))) => return Err(Error::Request(format!("the load broke off: {e}"))),
            Ok(None) => return Ok(None),
            Err(_) if state.has_ended(txn) => return Err(Error::Ended(txn)),
            Err(_) if began.elapsed() >= idle => {
                let silent = format!("the load sent nothing for {} seconds", idle.as_secs());
                return Err(Error::Request(silent));
            }
            Err(_) => {}
        }
    }
}

fn drain(
    mut parts: Parts,
    mut queue: mpsc::Receiver<Result<Option<Bytes>, Error>>,
) -> Result<Received, Error> {
    let mut frames = Frames::default();
    loop {
        match queue.blocking_recv() {
            // The call was dropped: its client went away.
            None => return Err(Error::Request("the load broke off".to_owned())),
            Some(Err(error)) => return Err(error),
            Some(Ok(Some(chunk))) => {
                for piece in frames.feed(chunk)? {
                    parts.take(piece);
                }
            }
            Some(Ok(None)) if frames.is_between() => return Ok(parts.done()),
            Some(Ok(None)) => {
                return Err(Error::Request(
                    "the load ended in the middle of a segment".to_owned(),
                ));
            }
        }
    }
}

/// Lets metadata name the files: one change a path.
async fn keep(state: &State, txn: TxnId, received: Received) -> LoadAnswer {
    let mut failed = received.failed;
    let mut written = Vec::new();
    let whole = received.whole.into_iter().collect();
    let (paths, gone) = state.by_path(whole, |(tablet, _): &(TabletId, _)| *tablet);
    for (tablet, _) in gone {
        failed.insert(tablet, Error::UnknownTablet(tablet).to_string());
    }
    let changes = paths.into_iter().map(|(path, tablets)| async move {
        let ids: Vec<_> = tablets.iter().map(|(id, _)| *id).collect();
        let kept = keep_on(state, txn, &path, tablets).await;
        kept.unwrap_or_else(|e| ids.iter().map(|id| (*id, Err(e.to_string()))).collect())
    });
    for (tablet, result) in futures::future::join_all(changes).await.concat() {
        match result {
            Ok(rows) => written.push((tablet, rows)),
            Err(why) => drop(failed.insert(tablet, why)),
        }
    }
    written.sort();
    LoadAnswer {
        written,
        failed: failed.into_iter().collect(),
    }
}

type Kept = Vec<(TabletId, Result<u64, String>)>;

/// What arrived for one tablet, and where it belongs.
type Arrived = (TabletId, (Arc<Path>, Arc<Tablet>, Segments));

async fn keep_on(
    state: &State,
    txn: TxnId,
    path: &Path,
    tablets: Vec<Arrived>,
) -> Result<Kept, Error> {
    let state = state.clone();
    let created = state.now();
    fault::hit("backend::before_pending").map_err(interrupted)?;
    path.change(move |draft| {
        if state.has_ended(txn) {
            return Err(Error::Ended(txn));
        }
        let keep = |(id, (_, tablet, segments)): (TabletId, (_, Arc<Tablet>, Segments))| {
            let same = |now: &Arc<Tablet>| now.spec.replica == tablet.spec.replica;
            if !draft.tablet(id).is_ok_and(|now| same(&now)) {
                return (id, Err(Error::UnknownTablet(id).to_string()));
            }
            let segments: Vec<_> = segments.into_values().collect();
            let rows = segments.iter().map(|s| s.record.rows).sum();
            draft.put_pending(txn, id, Pending { created, segments });
            (id, Ok(rows))
        };
        Ok(tablets.into_iter().map(keep).collect())
    })
    .await
}
