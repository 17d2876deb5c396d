//! Whether the files of all replicas are there, with their lengths: looked at with each report of everything, so that a
//! directory or a file that somebody deletes is missed within minutes, not by the next scrub. No file is opened.

use std::sync::Arc;

use crate::backend::check;
use crate::backend::meta;
use crate::backend::path::Path;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;

/// Replicas that are looked at between two looks at whether their path still works.
const REPLICAS: usize = 256;

/// Looks at the files of all replicas, unless that is being done already. What is missed is marked bad, unless nobody could
/// do without it.
pub async fn look(state: State) {
    let Ok(_turn) = state.doubts().looking.try_lock() else {
        return;
    };
    let looks = state.paths().iter().map(|path| missed(path.clone()));
    let found = futures::future::join_all(looks).await.concat();
    for tablet in &found {
        tracing::warn!(tablet = tablet.id().0, "files of a replica are missed");
    }
    check::give_up_all(&state, found).await;
}

/// The replicas of a path with a file that is not there, or has another length.
async fn missed(path: Arc<Path>) -> Vec<Arc<Tablet>> {
    let all: Vec<_> = path.shared.contents().tablets.values().cloned().collect();
    let mut found = Vec::new();
    for some in all.chunks(REPLICAS) {
        let (path, some) = (path.clone(), some.to_vec());
        let looked = tokio::task::spawn_blocking(move || {
            let missed = some.into_iter().filter(|t| t.damage.is_none() && misses(t));
            let missed: Vec<_> = missed.collect();
            // Where the whole path is gone, that is what heartbeats notice.
            let whole = path.options.dir.join(meta::FILE).exists();
            (whole && path.shared.online().is_ok()).then_some(missed)
        });
        let Ok(Some(missed)) = looked.await else {
            return Vec::new();
        };
        found.extend(missed);
    }
    found
}

fn misses(tablet: &Tablet) -> bool {
    let mut segments = tablet.rowsets.iter().flat_map(|r| &r.segments);
    segments.any(|s| s.check().is_err_and(|e| e.is_damage()))
}
