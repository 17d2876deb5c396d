//! Going on with what is left of a replica whose files are lost or wrong, or that lacks versions which nobody has any more: by the
//! order of a frontend that was told to accept the loss.
//!
//! What can't be read is made an empty version, and so is what is missing; what is left stays as it is. Nothing is done before all
//! files have been read, so that what a dry run says is what is lost.

use std::sync::Arc;

use crate::backend::api::{SalvageTablets, Salvaged, SalvagedTablet};
use crate::backend::error::Error;
use crate::backend::pace::Pace;
use crate::backend::path::Path;
use crate::backend::rowset::Rowset;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;
use crate::backend::verify;
use crate::ids::{ReplicaId, TabletId, Version};

/// What can't be read of a replica.
struct Damaged {
    /// The ranges of versions that go.
    lost: Vec<(Version, Version)>,
    rows: u64,
    bytes: u64,
}

/// Goes on with what is left of replicas, or says what that would be.
pub async fn salvage(state: &State, request: SalvageTablets) -> Salvaged {
    let mut answer = Salvaged::default();
    for (tablet, replica, version) in request.tablets {
        match salvage_one(state, (tablet, replica, version), request.dry_run).await {
            Ok(of) => answer.tablets.push(of),
            Err(Error::UnknownTablet(_)) if all_online(state) => answer.absent.push(tablet),
            Err(error) => answer.failed.push((tablet, error.to_string())),
        }
    }
    answer
}

/// Whether nothing can be on a storage path that does not work now.
fn all_online(state: &State) -> bool {
    state
        .paths()
        .iter()
        .all(|path| path.shared.online().is_ok())
}

async fn salvage_one(
    state: &State,
    (id, replica, version): (TabletId, ReplicaId, Version),
    dry_run: bool,
) -> Result<SalvagedTablet, Error> {
    let (path, tablet) = state.find(id)?;
    path.shared.online()?;
    if tablet.spec.replica != replica {
        return Err(Error::Stale(format!(
            "tablet {id} is here as replica {}, not as replica {replica}",
            tablet.spec.replica
        )));
    }
    let damaged = read_all(&tablet).await;
    let missing = gaps(&tablet, version);
    let mut lost = damaged.lost.clone();
    lost.extend(&missing);
    lost.sort_unstable();
    let mut answer = SalvagedTablet {
        tablet: tablet.report(path.identity().path),
        lost,
        lost_rows: damaged.rows,
        lost_bytes: damaged.bytes,
        missing: !missing.is_empty(),
        rows: 0,
    };
    let all: u64 = tablet.rowsets.iter().map(|r| r.rows()).sum();
    answer.rows = all.saturating_sub(damaged.rows);
    if !dry_run {
        answer.tablet = go_on(state, &path, tablet, &answer.lost).await?;
    }
    Ok(answer)
}

/// Reads every file of a replica.
async fn read_all(tablet: &Tablet) -> Damaged {
    let mut damaged = Damaged {
        lost: Vec::new(),
        rows: 0,
        bytes: 0,
    };
    for rowset in &tablet.rowsets {
        let mut whole = true;
        for segment in &rowset.segments {
            let opened = segment.clone();
            let footer = tokio::task::spawn_blocking(move || verify::footer(&opened)).await;
            let good = matches!(footer, Ok(Ok(())));
            whole &= good && verify::whole(segment, &Pace::new(0)).await.is_ok();
        }
        if !whole {
            damaged.lost.push((rowset.start, rowset.end));
            damaged.rows += rowset.rows();
            damaged.bytes += rowset.bytes();
        }
    }
    damaged
}

/// The versions up to `version` that no rowset holds.
fn gaps(tablet: &Tablet, version: Version) -> Vec<(Version, Version)> {
    let mut next = 0;
    let mut gaps = Vec::new();
    for rowset in tablet.rowsets.iter().take_while(|r| r.start <= version) {
        if rowset.start > next {
            gaps.push((next, rowset.start - 1));
        }
        next = rowset.end + 1;
    }
    if next <= version {
        gaps.push((next, version));
    }
    gaps
}

/// Puts empty versions in the place of what is lost, if the replica is as it was when it was read.
async fn go_on(
    state: &State,
    path: &Arc<Path>,
    read: Arc<Tablet>,
    lost: &[(Version, Version)],
) -> Result<crate::backend::api::TabletReport, Error> {
    let (id, hash, now) = (read.id(), path.identity().path, state.now());
    let lost = lost.to_vec();
    path.change(move |draft| {
        if !Arc::ptr_eq(&draft.tablet(id)?, &read) {
            return Err(Error::Stale(format!(
                "tablet {id} has changed while it was read; run the statement again"
            )));
        }
        draft.heal(&read);
        for (start, end) in lost {
            let tablet = draft.tablet(id)?;
            draft.replace(&tablet, Rowset::empty(start, end, now));
        }
        Ok(draft.tablet(id)?.report(hash))
    })
    .await
}
