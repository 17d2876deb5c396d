//! Compaction: runs of small neighbouring rowsets become one, with the same rows in the same order.
//!
//! Owns the queue and the switch in metadata. `pick` chooses the run, `merge` writes the file.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::rowset::Rowset;
use crate::backend::state::State;
use crate::clock::Timestamp;
use crate::ids::TabletId;

mod merge;
mod pick;

/// How long a tablet waits after a compaction that failed.
const PAUSE: Duration = Duration::from_secs(60);

/// How long a tablet rests after a compaction. Small loads that come one after the other are put together once, and not every
/// few of them with all that came before.
const REST: Duration = Duration::from_secs(1);

/// A tablet with so many rowsets does not rest: each costs its readers a file.
const RESTLESS: usize = 64;

/// The tablets that wait for compaction, and how it went last.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<BTreeSet<TabletId>>,
    /// Those that were compacted a moment ago. They are offered again when they have rested.
    resting: Mutex<BTreeSet<TabletId>>,
    wake: Notify,
    last: Mutex<HashMap<TabletId, Last>>,
}

/// The last compactions of a tablet since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last {
    /// When one succeeded.
    pub success: Option<Timestamp>,
    /// When one failed, and why.
    pub failure: Option<(Timestamp, String)>,
}

impl Queue {
    /// Adds tablets that may be worth a compaction.
    pub fn offer(&self, tablets: impl IntoIterator<Item = TabletId>) {
        self.waiting.lock().extend(tablets);
        self.wake.notify_one();
    }

    /// How it went last.
    pub fn last(&self, tablet: TabletId) -> Last {
        self.last.lock().get(&tablet).cloned().unwrap_or_default()
    }

    async fn next(&self) -> TabletId {
        loop {
            let first = self.waiting.lock().pop_first();
            match first {
                Some(tablet) => {
                    // There may be more than one waiter for what is left.
                    self.wake.notify_one();
                    return tablet;
                }
                None => self.wake.notified().await,
            }
        }
    }
}

/// Compacts what is offered, one tablet at a time, for ever.
pub async fn run(state: State) {
    loop {
        let tablet = state.compaction().next().await;
        if rests(&state, tablet) {
            continue;
        }
        let result = compact(&state, tablet).await;
        let now = state.now();
        match result {
            Ok(0) => {}
            Ok(rowsets) => {
                state.metrics().compacted_rowsets.inc_by(rowsets as u64);
                let mut last = state.compaction().last.lock();
                last.entry(tablet).or_default().success = Some(now);
                drop(last);
                rest(&state, tablet);
                state.compaction().offer([tablet]);
            }
            Err(error) => {
                tracing::warn!(tablet = tablet.0, %error, "a compaction failed");
                state.metrics().compaction_failures.inc();
                let mut last = state.compaction().last.lock();
                last.entry(tablet).or_default().failure = Some((now, error.to_string()));
                drop(last);
                let state = state.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(PAUSE).await;
                    state.compaction().offer([tablet]);
                });
            }
        }
    }
}

/// Whether a tablet is to be left alone for a moment.
fn rests(state: &State, tablet: TabletId) -> bool {
    let rowsets = state.find(tablet).map_or(0, |(_, t)| t.rowsets.len());
    rowsets < RESTLESS && state.compaction().resting.lock().contains(&tablet)
}

/// Lets a tablet rest, and has it looked at again afterwards.
fn rest(state: &State, tablet: TabletId) {
    if !state.compaction().resting.lock().insert(tablet) {
        // It was restless: who let it rest before offers it again.
        return;
    }
    let state = state.clone();
    tokio::spawn(async move {
        tokio::time::sleep(REST).await;
        state.compaction().resting.lock().remove(&tablet);
        state.compaction().offer([tablet]);
    });
}

/// Compacts one run of a tablet. Returns how many rowsets there are fewer of.
///
/// # Errors
/// The files could not be read or written; nothing is changed then.
pub async fn compact(state: &State, id: TabletId) -> Result<usize, Error> {
    let Ok((path, tablet)) = state.find(id) else {
        return Ok(0);
    };
    if tablet.damage.is_some() || path.shared.online().is_err() {
        return Ok(0);
    }
    let whole = tablet.rowsets.partition_point(|r| r.end <= tablet.version);
    let published = tablet.rowsets.get(..whole).unwrap_or_default();
    let sizes: Vec<u64> = published.iter().map(|r| r.bytes()).collect();
    let picked = pick::pick(&sizes, state.settings());
    let Some(run) = picked.and_then(|range| published.get(range)) else {
        return Ok(0);
    };
    let run: Vec<Arc<Rowset>> = run.to_vec();
    let shelf = path.shared.shelf.clone();
    let (source, input) = (tablet.clone(), run.clone());
    let merged = tokio::task::spawn_blocking(move || merge::merge(&shelf, &source, &input)).await;
    let segments = match merged.map_err(|_| Error::Stopping)? {
        Ok(segments) => segments,
        Err(error) => {
            damage::note(state, id, &error).await;
            return Err(error);
        }
    };
    let fewer = run.len() - 1;
    let created = state.now();
    path.change(move |draft| {
        let now = draft.tablet(id)?;
        let unchanged = now
            .rowsets
            .windows(run.len())
            .any(|w| w.iter().zip(&run).all(|(a, b)| Arc::ptr_eq(a, b)));
        if !unchanged || now.spec.replica != tablet.spec.replica {
            // Dropped, or read again, in the meantime: the new file is not wanted.
            return Ok(0);
        }
        draft.replace(&now, Rowset::merged(&run, segments, created));
        Ok(fewer)
    })
    .await
}
