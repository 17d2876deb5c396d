//! The check for lost segments (seed: Check All Tablet Segment Lost): which replicas have files that are gone or wrong.
//!
//! With repair, what is found is marked bad, so that the frontend has it repaired; except a replica that nobody can do
//! without, of which the frontend is asked. Nothing is deleted.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::api::{BadSegment, CheckSegments, SegmentsAnswer, Spare, Spared};
use crate::backend::client::Call;
use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::pace::Pace;
use crate::backend::path::Path;
use crate::backend::state::State;
use crate::backend::tablet::{Damage, Tablet};
use crate::backend::verify;
use crate::backend::whereabouts::Whereabouts;
use crate::ids::{ReplicaId, TabletId};

/// How long the frontend may take to say what can be spared.
const SPARE_TIMEOUT: Duration = Duration::from_secs(10);
/// Tablets whose files are opened at once, one after the other.
const TABLETS: usize = 256;

/// A replica with a file that is lost or wrong.
struct Found {
    tablet: Arc<Tablet>,
    /// The file and what is the matter with it; none when the replica is marked already.
    fault: Option<(PathBuf, Damage)>,
}

/// Looks at all replicas; many that ask at once share a look.
pub async fn check(state: &State, request: CheckSegments) -> Arc<SegmentsAnswer> {
    let kind = (request.repair, request.checksum);
    state.checks().take(kind, look_at_all(state, request)).await
}

async fn look_at_all(state: &State, request: CheckSegments) -> SegmentsAnswer {
    let here = Whereabouts::now(state.paths());
    let looks = state.paths().iter().enumerate().map(|(at, path)| {
        let contents = path.shared.contents();
        let counts = |t: &&Arc<Tablet>| here.of(t.id()).is_some_and(|(best, _)| best == at);
        let own: Vec<_> = contents.tablets.values().filter(counts).cloned().collect();
        look(path.clone(), own, request.checksum)
    });
    let mut answer = SegmentsAnswer::default();
    let mut found = Vec::new();
    for (checked, bad) in futures::future::join_all(looks).await {
        answer.checked += checked;
        found.extend(bad);
    }
    found.sort_by_key(|f: &Found| f.tablet.id());
    answer.bad = if request.repair {
        repair(state, found).await
    } else {
        found.iter().map(|f| bad(f, false, None)).collect()
    };
    answer
}

/// Looks at replicas of one path. How many there are, and which have a fault.
async fn look(path: Arc<Path>, tablets: Vec<Arc<Tablet>>, checksum: bool) -> (u64, Vec<Found>) {
    let checked = tablets.len() as u64;
    let mut found = Vec::new();
    for some in tablets.chunks(TABLETS) {
        let some = some.to_vec();
        let opened = tokio::task::spawn_blocking(move || {
            let all = some.into_iter();
            all.map(|t| (first_fault(&t), t)).collect::<Vec<_>>()
        });
        let Ok(opened) = opened.await else {
            break;
        };
        for (fault, tablet) in opened {
            let fault = match fault {
                None if checksum && tablet.damage.is_none() => wrong_bytes(&tablet).await,
                fault => fault,
            };
            if fault.is_some() || tablet.damage.is_some() {
                let fault = fault.filter(|_| tablet.damage.is_none());
                found.push(Found { tablet, fault });
            }
        }
    }
    if let Err(error) = path.shared.online() {
        tracing::warn!(%error, "the segments of a storage path were checked although it does not work");
    }
    (checked, found)
}

/// Opens the files of a replica until one is lost or wrong. Blocks.
fn first_fault(tablet: &Tablet) -> Option<(PathBuf, Damage)> {
    let mut segments = tablet.rowsets.iter().flat_map(|r| &r.segments);
    segments.find_map(|segment| {
        let error = verify::footer(segment).err()?;
        Some((segment.path(), damage_of(&error)))
    })
}

/// Compares the files of a replica with their checksums until one differs.
async fn wrong_bytes(tablet: &Tablet) -> Option<(PathBuf, Damage)> {
    for segment in tablet.rowsets.iter().flat_map(|r| &r.segments) {
        if let Err(error) = verify::whole(segment, &Pace::new(0)).await {
            return Some((segment.path(), damage_of(&error)));
        }
    }
    None
}

/// A file that the disk does not give is as good as lost; the next start looks again.
fn damage_of(error: &Error) -> Damage {
    match error {
        Error::Corrupt { .. } => Damage::Corrupt(error.to_string()),
        _ => Damage::Lost(error.to_string()),
    }
}

/// Gives up a replica with a file that is lost, wrong, or not read by the disk, unless nobody can do without it: what can
/// be read of the last copy is still read.
pub async fn give_up(state: &State, tablet: Arc<Tablet>, file: PathBuf, error: &Error) {
    let fault = Some((file, damage_of(error)));
    give_up_found(state, vec![Found { tablet, fault }]).await;
}

/// The same for replicas of which files are missed.
pub async fn give_up_all(state: &State, tablets: Vec<Arc<Tablet>>) {
    let looked = tokio::task::spawn_blocking(move || {
        let all = tablets.into_iter();
        let found = all.filter_map(|tablet| {
            let mut segments = tablet.rowsets.iter().flat_map(|r| &r.segments);
            let lost = segments.find_map(|s| Some((s.path(), s.check().err()?)));
            let fault = lost.map(|(file, error)| (file, damage_of(&error)));
            fault.is_some().then_some(Found { tablet, fault })
        });
        found.collect::<Vec<_>>()
    });
    if let Ok(found) = looked.await {
        give_up_found(state, found).await;
    }
}

async fn give_up_found(state: &State, found: Vec<Found>) {
    for bad in repair(state, found).await {
        let tablet = bad.tablet.0;
        tracing::error!(
            tablet,
            bad.set_bad,
            bad.why,
            "a replica has lost or wrong files"
        );
    }
}

/// Marks what can be spared.
async fn repair(state: &State, found: Vec<Found>) -> Vec<BadSegment> {
    let fresh = found.iter().filter(|f| f.fault.is_some());
    let spared = spared(
        state,
        fresh
            .map(|f| (f.tablet.id(), f.tablet.spec.replica))
            .collect(),
    )
    .await;
    let spared = &spared;
    let marking = found.into_iter().map(|f| async move {
        let Some((file, damage)) = f.fault.clone() else {
            return Some(bad(&f, true, None));
        };
        let id = f.tablet.id();
        let kept = match spared {
            Err(why) => Some(why.as_str()),
            Ok(ids) if !ids.contains(&id) => {
                Some("no other replica of the tablet could serve a read")
            }
            Ok(_) => None,
        };
        if let Some(why) = kept {
            let kept = bad(&f, false, Some(why));
            state.doubts().note(id, &file, &kept.why, state.log());
            return Some(kept);
        }
        match damage::mark(state, id, file, damage).await {
            Ok(true) => Some(bad(&f, true, None)),
            // Dropped or cloned anew in the meantime.
            Ok(false) | Err(Error::UnknownTablet(_)) => None,
            Err(error) => Some(bad(&f, false, Some(&error.to_string()))),
        }
    });
    let marked = futures::future::join_all(marking).await;
    marked.into_iter().flatten().collect()
}

/// Which of these replicas the frontend can do without; the error says why nobody knows.
async fn spared(
    state: &State,
    tablets: Vec<(TabletId, ReplicaId)>,
) -> Result<BTreeSet<TabletId>, String> {
    if tablets.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (Some(frontend), Some(backend)) = (state.frontend(), state.backend_id()) else {
        return Err(
            "no frontend has been heard of that could say whether another replica serves reads"
                .to_owned(),
        );
    };
    let call = Call::new(&frontend, "spare", SPARE_TIMEOUT);
    let client = &state.copying().client;
    let answer: Result<Spared, _> = client.post_json(&call, &Spare { backend, tablets }).await;
    match answer {
        Ok(spared) => Ok(spared.tablets.into_iter().collect()),
        Err(error) => Err(format!(
            "the frontend could not be asked whether another replica serves reads: {error}"
        )),
    }
}

fn bad(found: &Found, set_bad: bool, kept: Option<&str>) -> BadSegment {
    let damage = found.fault.as_ref().map(|(_, damage)| damage);
    let what = damage
        .or(found.tablet.damage.as_ref())
        .map_or("", Damage::text);
    BadSegment {
        tablet: found.tablet.id(),
        replica: found.tablet.spec.replica,
        why: match kept {
            Some(why) => format!("{what}; kept as it is: {why}"),
            None => what.to_owned(),
        },
        set_bad,
        kept: kept.is_some(),
    }
}
