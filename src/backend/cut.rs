//! Versions that nobody was told of: a replica loses what it holds above a version, by the order of a frontend that has
//! recovered its partition below them.

use crate::backend::api::{CutTablets, TabletErrors};
use crate::backend::contents::Draft;
use crate::backend::error::Error;
use crate::backend::state::State;
use crate::ids::{ReplicaId, TabletId, Version};

/// Takes away what replicas hold above versions. May be repeated.
pub async fn cut(state: &State, request: CutTablets) -> TabletErrors {
    let mut answer = TabletErrors::default();
    let (paths, gone) = state.by_path(request.tablets, |(tablet, ..)| *tablet);
    for (tablet, ..) in gone {
        let error = Error::UnknownTablet(tablet);
        answer.failed.push((tablet, error.to_string()));
    }
    for (path, tablets) in paths {
        let ids: Vec<TabletId> = tablets.iter().map(|(tablet, ..)| *tablet).collect();
        let cut = path.change(move |draft| {
            let failed = |(tablet, replica, version)| {
                let error = cut_one(draft, tablet, replica, version).err()?;
                Some((tablet, error.to_string()))
            };
            Ok(tablets.into_iter().filter_map(failed).collect::<Vec<_>>())
        });
        match cut.await {
            Ok(failed) => answer.failed.extend(failed),
            Err(e) => answer
                .failed
                .extend(ids.iter().map(|id| (*id, e.to_string()))),
        }
    }
    answer.failed.sort();
    answer
}

fn cut_one(
    draft: &mut Draft,
    id: TabletId,
    replica: ReplicaId,
    version: Version,
) -> Result<(), Error> {
    let tablet = draft.tablet(id)?;
    if tablet.spec.replica != replica {
        return Err(Error::Stale(format!(
            "tablet {id} is here as replica {}, not as replica {replica}",
            tablet.spec.replica
        )));
    }
    let across = tablet
        .rowsets
        .iter()
        .find(|r| r.start <= version && r.end > version && r.rows_at(version) != Some(r.rows()));
    if let Some(across) = across {
        return Err(Error::Stale(format!(
            "tablet {id} holds versions {} to {} in one piece, so it can't be cut above {version}",
            across.start, across.end
        )));
    }
    draft.cut(&tablet, version);
    Ok(())
}
