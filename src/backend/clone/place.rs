//! Which storage path a cloned replica comes to.

use std::sync::Arc;

use crate::backend::api::CloneTablet;
use crate::backend::error::Error;
use crate::backend::path::Path;
use crate::backend::state::State;

/// The path that the request names; else the one that holds the tablet; else of the paths with room that of the wanted
/// medium with the fewest tablets.
///
/// # Errors
/// The path does not work, or has no room for `bytes`.
pub fn place(
    state: &State,
    request: &CloneTablet,
    bytes: u64,
    held: Option<&Arc<Path>>,
) -> Result<Arc<Path>, Error> {
    if request.path_hash != -1 {
        let named = |path: &&Arc<Path>| path.identity().path == request.path_hash;
        let path = state.paths().iter().find(named).ok_or_else(|| {
            Error::Request(format!(
                "this backend has no storage path {}; ask it for its paths again",
                request.path_hash
            ))
        })?;
        path.shared.online()?;
        return match has_room(path, bytes) {
            true => Ok(path.clone()),
            false => Err(Error::Full {
                dir: path.options.dir.clone(),
            }),
        };
    }
    let works = |path: &&Arc<Path>| path.shared.online().is_ok() && has_room(path, bytes);
    if let Some(path) = held.filter(works) {
        return Ok(path.clone());
    }
    let best = state.paths().iter().filter(works).min_by_key(|path| {
        let other = path.options.medium != request.spec.medium;
        (other, path.shared.contents().tablets.len())
    });
    best.cloned().ok_or_else(|| {
        Error::Busy(format!(
            "no storage path of this backend is online and has room for {bytes} bytes"
        ))
    })
}

fn has_room(path: &Path, bytes: u64) -> bool {
    path.state().available > bytes
}
