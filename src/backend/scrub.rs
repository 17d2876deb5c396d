//! Scrubbing: every file is read again now and then, so that what rots unread is found while other replicas are well.
//!
//! A replica with a lost or wrong file is marked bad, and the frontend hears of it. So is one with a file that the disk does
//! not read, twice in a row, if the frontend can do without it. Nothing is deleted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::check;
use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::pace::Pace;
use crate::backend::path::Path;
use crate::backend::segment::Segment;
use crate::backend::state::State;
use crate::backend::verify;

/// The first look is not later than this after the start, so that a backend that is often restarted is looked at as well.
const FIRST_MAX: Duration = Duration::from_secs(600);

/// Looks at every file of a path, again and again. Returns at once when that is turned off.
pub async fn run(state: State, path: Arc<Path>) {
    let interval = state.settings().scrub_interval;
    if interval.is_zero() {
        return;
    }
    let pace = Pace::new(state.settings().scrub_bytes_per_second);
    tokio::time::sleep(interval.min(FIRST_MAX)).await;
    loop {
        let began = Instant::now();
        let found = scrub(&state, &path, &pace).await;
        let dir = path.options.dir.display();
        tracing::info!(%dir, found, seconds = began.elapsed().as_secs(), "a storage path was scrubbed");
        tokio::time::sleep_until(began + interval).await;
    }
}

/// Looks at every file of a path once. How many are lost, wrong or unreadable.
pub async fn scrub(state: &State, path: &Path, pace: &Pace) -> usize {
    let ids: Vec<_> = path.shared.contents().tablets.keys().copied().collect();
    let mut found = 0;
    for id in ids {
        if path.shared.online().is_err() {
            break;
        }
        // As it is by now: what was compacted meanwhile need not be read.
        let tablet = path.shared.contents().tablets.get(&id).cloned();
        let Some(tablet) = tablet.filter(|t| t.damage.is_none()) else {
            continue;
        };
        for segment in tablet.rowsets.iter().flat_map(|r| &r.segments) {
            let result = twice(segment, pace).await;
            state.metrics().scrubbed(segment.record.bytes, &result);
            if let Err(error) = result {
                found += 1;
                tracing::warn!(tablet = id.0, %error, "a scrub found a file that is not well");
                match error {
                    Error::Unreadable { .. } if path.shared.online().is_ok() => {
                        check::give_up(state, tablet.clone(), segment.path(), &error).await;
                    }
                    _ => damage::note(state, id, &error).await,
                }
                break;
            }
        }
    }
    found
}

/// Reads a file; once more when the disk has not read it, for it may do so at the second attempt.
async fn twice(segment: &Arc<Segment>, pace: &Pace) -> Result<(), Error> {
    match verify::whole(segment, pace).await {
        Err(Error::Unreadable { .. }) => verify::whole(segment, pace).await,
        result => result,
    }
}
