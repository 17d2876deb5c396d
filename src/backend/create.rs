//! Creating tablets: which storage path, and what stands already. Metadata only; directories are made by loads.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::backend::api::{CreateTablets, TabletErrors, TabletSpec};
use crate::backend::contents::Draft;
use crate::backend::error::Error;
use crate::backend::open;
use crate::backend::path::Path;
use crate::backend::rowset::Rowset;
use crate::backend::state::State;
use crate::backend::tablet::{Columns, Tablet};
use crate::backend::whereabouts::Whereabouts;
use crate::catalog::backend::PathState;
use crate::clock::Timestamp;

/// Creates tablets; those that could not be are in the answer.
///
/// # Errors
/// The request does not make sense.
pub async fn create(state: &State, request: CreateTablets) -> Result<TabletErrors, Error> {
    if request.columns.is_empty() || request.key_columns > request.columns.len() {
        return Err(Error::Request(
            "tablets need columns, and no more key columns than those".to_owned(),
        ));
    }
    let columns = open::columns_of(request.columns.clone(), request.key_columns)?;
    let columns = Arc::new(columns);
    let mut answer = TabletErrors::default();
    for (path, tablets) in place(state, request.tablets, &mut answer) {
        let ids: BTreeSet<_> = tablets.iter().map(|t| t.tablet).collect();
        let columns = columns.clone();
        let now = state.now();
        let created = path.change(move |draft| {
            let made = |spec: TabletSpec| {
                let id = spec.tablet;
                let error = create_one(draft, spec, &columns, now).err()?;
                Some((id, error.to_string()))
            };
            Ok(tablets.into_iter().filter_map(made).collect::<Vec<_>>())
        });
        match created.await {
            Ok(failed) => answer.failed.extend(failed),
            Err(e) => answer
                .failed
                .extend(ids.iter().map(|id| (*id, e.to_string()))),
        }
        let mut creating = state.creating().lock();
        creating.retain(|id, _| !ids.contains(id));
    }
    Ok(answer)
}

/// A disk that is fuller than this, in percent, and has less than this left is used last. The frontend's limits are settings of its
/// own; it does not say to which path a new tablet goes.
const NEARLY_FULL: (u64, u64) = (95, 1 << 30);

fn nearly_full(path: &PathState) -> bool {
    let (percent, left) = NEARLY_FULL;
    let used = path.total.saturating_sub(path.available);
    u128::from(used) * 100 > u128::from(path.total) * u128::from(percent) && path.available < left
}

/// Chooses a path for each tablet: where it is already; else online, with room, of the wanted medium if any is, and with the
/// fewest tablets.
fn place(
    state: &State,
    tablets: Vec<TabletSpec>,
    answer: &mut TabletErrors,
) -> Vec<(Arc<Path>, Vec<TabletSpec>)> {
    let paths = state.paths();
    let states: Vec<_> = paths.iter().map(|p| p.state()).collect();
    let here = Whereabouts::now(paths);
    let mut counts: Vec<u64> = states.iter().map(|s| s.tablets).collect();
    let mut chosen: Vec<Vec<TabletSpec>> = paths.iter().map(|_| Vec::new()).collect();
    let mut creating = state.creating().lock();
    for spec in tablets {
        let here = here.of(spec.tablet).map(|(at, _)| at);
        let best = || {
            (0..paths.len())
                .filter(|at| states.get(*at).is_some_and(|s| s.online && s.available > 0))
                .min_by_key(|at| {
                    let state = states.get(*at);
                    let other = state.is_none_or(|s| s.medium != spec.medium);
                    let full = state.is_none_or(nearly_full);
                    (full, other, counts.get(*at).copied())
                })
        };
        let at = here
            .or_else(|| creating.get(&spec.tablet).copied())
            .or_else(best);
        match at.and_then(|at| Some((at, chosen.get_mut(at)?, counts.get_mut(at)?))) {
            Some((at, own, count)) => {
                *count += 1;
                creating.insert(spec.tablet, at);
                own.push(spec);
            }
            None => answer.failed.push((
                spec.tablet,
                "no storage path of this backend is online and has room".to_owned(),
            )),
        }
    }
    let placed = paths.iter().cloned().zip(chosen);
    placed.filter(|(_, own)| !own.is_empty()).collect()
}

fn create_one(
    draft: &mut Draft,
    spec: TabletSpec,
    columns: &Arc<Columns>,
    now: Timestamp,
) -> Result<(), Error> {
    if spec.version < 0 {
        return Err(Error::Request(format!(
            "tablet {} can't begin at version {}",
            spec.tablet, spec.version
        )));
    }
    let held = draft.tablet(spec.tablet).ok();
    if held
        .as_ref()
        .is_some_and(|h| h.spec.replica == spec.replica)
    {
        return Ok(());
    }
    if draft
        .contents
        .trash
        .contains_key(&(spec.tablet, spec.replica))
    {
        return Err(Error::Stale(format!(
            "replica {} of tablet {} was dropped; a new replica needs a new id",
            spec.replica, spec.tablet
        )));
    }
    if let Some(held) = held {
        if held.spec.epoch >= spec.epoch {
            return Err(Error::Stale(format!(
                "tablet {} is here as replica {} of epoch {}; replica {} of epoch {} is older",
                spec.tablet, held.spec.replica, held.spec.epoch, spec.replica, spec.epoch
            )));
        }
        draft.trash(&held, now);
    }
    let first = Arc::new(Rowset::empty(0, spec.version, now));
    let tablet = Tablet {
        spec,
        columns: columns.clone(),
        created: now,
        damage: None,
        rowsets: Vec::new(),
        version: 0,
    };
    draft.create(tablet.with_rowsets(vec![first]));
    Ok(())
}
