//! The end of a load on a backend: its rows get their version, or are forgotten.

use std::sync::Arc;

use crate::backend::api::{Abort, Publish, PublishTablet, TabletErrors};
use crate::backend::contents::Draft;
use crate::backend::error::Error;
use crate::backend::rowset::Rowset;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;
use crate::clock::Timestamp;
use crate::fault;
use crate::ids::{TabletId, TxnId};

/// Gives the pending rows of a load their versions. May be repeated.
///
/// # Errors
/// Only a fault point's; what fails for a tablet is in the answer.
pub async fn publish(state: &State, request: Publish) -> Result<TabletErrors, Error> {
    // Rows that arrive after the versions are given are not wanted: their coordinator has counted them as failed.
    state.end(request.txn);
    let txn = request.txn;
    let mut answer = TabletErrors::default();
    let (paths, unknown) = state.by_path(request.tablets, |t| t.tablet);
    for tablet in unknown {
        let error = Error::UnknownTablet(tablet.tablet);
        answer.failed.push((tablet.tablet, error.to_string()));
    }
    let changes = paths.into_iter().map(|(path, tablets)| async move {
        let ids: Vec<_> = tablets.iter().map(|t| t.tablet).collect();
        let now = state.now();
        let published = path.change(move |draft| {
            let failed = |tablet: PublishTablet| {
                let error = publish_one(draft, txn, tablet, now).err()?;
                Some((tablet.tablet, error))
            };
            Ok(tablets.into_iter().filter_map(failed).collect::<Vec<_>>())
        });
        let failed: Vec<_> = match published.await {
            Ok(failed) => failed,
            Err(e) => ids.iter().map(|id| (*id, e.to_string())).collect(),
        };
        offer(state, &path.shared.contents().tablets, &ids);
        failed
    });
    for failed in futures::future::join_all(changes).await {
        answer.failed.extend(failed);
    }
    answer.failed.sort();
    fault::hit("backend::before_publish_answer").map_err(interrupted)?;
    Ok(answer)
}

/// Forgets the pending rows of a load and deletes their files. May be repeated.
///
/// # Errors
/// Metadata could not be changed.
pub async fn abort(state: &State, request: Abort) -> Result<TabletErrors, Error> {
    // First, so that rows that are on their way are refused when they arrive.
    state.end(request.txn);
    for path in state.paths() {
        if path.shared.online().is_err() {
            continue;
        }
        path.change(move |draft| {
            for tablet in pending_of(draft.contents.pending.range(range(request.txn))) {
                draft.forget_pending(request.txn, tablet);
            }
            Ok(())
        })
        .await?;
    }
    Ok(TabletErrors::default())
}

fn publish_one(
    draft: &mut Draft,
    txn: TxnId,
    wanted: PublishTablet,
    now: Timestamp,
) -> Result<(), String> {
    let PublishTablet {
        tablet: id,
        replica,
        version,
        rows,
    } = wanted;
    let tablet = draft.tablet(id).map_err(|e| e.to_string())?;
    if tablet.spec.replica != replica {
        return Err(format!(
            "tablet {id} is here as replica {}, not as replica {replica}",
            tablet.spec.replica
        ));
    }
    if version < 1 {
        return Err(format!("tablet {id} can't get version {version}"));
    }
    if let Some(held) = tablet.holding(version) {
        check_same(held, txn, wanted)?;
        draft.forget_pending(txn, id);
        return Ok(());
    }
    if !rows {
        draft.forget_pending(txn, id);
        draft.replace(&tablet, without_rows(&tablet, wanted, now));
        return Ok(());
    }
    let Some(pending) = draft.take_pending(txn, id) else {
        return Err(format!(
            "tablet {id} holds no rows of transaction {txn} on this backend"
        ));
    };
    let segments = pending.segments.clone();
    draft.replace(&tablet, Rowset::loaded(version, txn, segments, now));
    Ok(())
}

/// Whether what is held at a version can be what this publish gives it.
fn check_same(held: &Rowset, txn: TxnId, wanted: PublishTablet) -> Result<(), String> {
    let PublishTablet {
        tablet, version, ..
    } = wanted;
    if let Some(other) = held.txn.filter(|other| *other != txn) {
        return Err(format!(
            "version {version} of tablet {tablet} holds transaction {other}, not {txn}"
        ));
    }
    let known = version >= held.exact_from;
    let has_rows = held.txn == Some(txn) || held.marks.iter().any(|(v, _)| *v == version);
    if known && wanted.rows && !has_rows {
        return Err(format!(
            "version {version} of tablet {tablet} was published without rows, transaction {txn} has some"
        ));
    }
    Ok(())
}

/// An empty version; next to an empty rowset it joins that one.
fn without_rows(tablet: &Arc<Tablet>, wanted: PublishTablet, now: Timestamp) -> Rowset {
    let before = tablet
        .rowsets
        .iter()
        .find(|r| r.end + 1 == wanted.version)
        .filter(|r| r.segments.is_empty());
    let start = before.map_or(wanted.version, |r| r.start);
    Rowset::empty(start, wanted.version, now)
}

fn offer(state: &State, tablets: &imbl::OrdMap<TabletId, Arc<Tablet>>, ids: &[TabletId]) {
    let least = state.settings().compaction_rowsets_min;
    let many = ids
        .iter()
        .filter(|id| tablets.get(*id).is_some_and(|t| t.rowsets.len() >= least));
    state.compaction().offer(many.copied());
}

fn range(txn: TxnId) -> std::ops::RangeInclusive<(TxnId, TabletId)> {
    (txn, TabletId(0))..=(txn, TabletId(u64::MAX))
}

fn pending_of<'a, P: 'a>(range: impl Iterator<Item = (&'a (TxnId, TabletId), P)>) -> Vec<TabletId> {
    range.map(|((_, tablet), _)| *tablet).collect()
}

/// The error of a fault point outside any file.
pub fn interrupted(cause: std::io::Error) -> Error {
    Error::Io {
        doing: "answering",
        path: "a call".into(),
        cause: cause.to_string(),
    }
}
