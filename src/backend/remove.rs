//! Dropping replicas: into the trash, and only the replica that is meant.

use crate::backend::api::{DropTablets, TabletErrors};
use crate::backend::contents::Draft;
use crate::backend::error::Error;
use crate::backend::state::State;
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId};

/// Moves replicas to the trash. One that is not here is gone already.
pub async fn drop_tablets(state: &State, request: DropTablets) -> TabletErrors {
    let mut answer = TabletErrors::default();
    for (tablet, replica, _) in &request.tablets {
        // Else it would come back after it was dropped.
        state.copying().running.give_up(*tablet, *replica);
    }
    let (paths, _gone) = state.by_path(request.tablets, |(tablet, _, _)| *tablet);
    for (path, tablets) in paths {
        let ids: Vec<_> = tablets.iter().map(|(tablet, _, _)| *tablet).collect();
        let now = state.now();
        let dropped = path.change(move |draft| {
            let failed = |(tablet, replica, epoch)| {
                let error = drop_one(draft, tablet, replica, epoch, now).err()?;
                Some((tablet, error.to_string()))
            };
            Ok(tablets.into_iter().filter_map(failed).collect::<Vec<_>>())
        });
        match dropped.await {
            Ok(failed) => answer.failed.extend(failed),
            Err(e) => answer
                .failed
                .extend(ids.iter().map(|id| (*id, e.to_string()))),
        }
    }
    answer
}

fn drop_one(
    draft: &mut Draft,
    tablet: TabletId,
    replica: ReplicaId,
    epoch: u64,
    now: Timestamp,
) -> Result<(), Error> {
    let Ok(held) = draft.tablet(tablet) else {
        return Ok(());
    };
    if held.spec.replica != replica || held.spec.epoch != epoch {
        return Err(Error::Stale(format!(
            "tablet {tablet} is here as replica {} of epoch {}, not as replica {replica} of epoch {epoch}",
            held.spec.replica, held.spec.epoch
        )));
    }
    draft.trash(&held, now);
    Ok(())
}
