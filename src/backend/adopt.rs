//! Replicas that the catalog has taken back: they go on under new ids.

use std::collections::BTreeMap;

use crate::backend::api::{AdoptTablets, Adopted};
use crate::backend::contents::Draft;
use crate::backend::error::Error;
use crate::backend::state::State;
use crate::ids::{ReplicaId, TabletId};

/// Gives replicas new ids. One that has its new id already is as good.
pub async fn adopt_tablets(state: &State, request: AdoptTablets) -> Adopted {
    let mut answer = Adopted::default();
    let (paths, gone) = state.by_path(request.tablets, |(tablet, ..)| *tablet);
    let missing = gone.into_iter().map(|(tablet, ..)| {
        let error = Error::UnknownTablet(tablet);
        (tablet, error.to_string())
    });
    answer.failed.extend(missing);
    for (path, tablets) in paths {
        let ids: Vec<TabletId> = tablets.iter().map(|(tablet, ..)| *tablet).collect();
        let renamed = path.change(move |draft| {
            let failed = |(tablet, held, new)| {
                let error = adopt_one(draft, tablet, held, new).err()?;
                Some((tablet, error.to_string()))
            };
            Ok(tablets
                .into_iter()
                .filter_map(failed)
                .collect::<BTreeMap<_, _>>())
        });
        let failed = match renamed.await {
            Ok(failed) => failed,
            Err(e) => ids.iter().map(|id| (*id, e.to_string())).collect(),
        };
        let contents = path.shared.contents();
        let hash = path.identity().path;
        let good = ids.iter().filter(|id| !failed.contains_key(id));
        let good = good.filter_map(|id| contents.tablets.get(id));
        answer
            .tablets
            .extend(good.map(|tablet| tablet.report(hash)));
        answer.failed.extend(failed);
    }
    answer
}

fn adopt_one(
    draft: &mut Draft,
    tablet: TabletId,
    held: ReplicaId,
    new: ReplicaId,
) -> Result<(), Error> {
    let here = draft.tablet(tablet)?;
    let replica = here.spec.replica;
    if replica == new {
        return Ok(());
    }
    if replica != held || new < held {
        return Err(Error::Stale(format!(
            "tablet {tablet} is here as replica {replica}, which does not become replica {new} in the place of {held}"
        )));
    }
    draft.rename(&here, new);
    Ok(())
}
