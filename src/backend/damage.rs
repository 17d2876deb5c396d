//! Tells lost and wrong files from other troubles, and marks the replica that has them.

use std::path::PathBuf;

use crate::backend::check;
use crate::backend::error::Error;
use crate::backend::segment::Segment;
use crate::backend::state::State;
use crate::backend::tablet::Damage;
use crate::ids::TabletId;

/// A disk that fails to read is not a wrong file: it may read well again. What becomes of it, the scrub decides.
pub fn of_io(segment: &Segment, cause: &std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => Error::Corrupt {
            file: segment.path(),
            what: cause.to_string(),
        },
        _ => Error::Unreadable {
            file: segment.path(),
            cause: cause.to_string(),
        },
    }
}

/// Marks a tablet bad if `error` says that one of the files that it has now is lost or wrong. Once there is a frontend to be
/// asked, not if nobody could do without the replica; the caller does not wait for that.
pub async fn note(state: &State, tablet: TabletId, error: &Error) {
    let (file, damage) = match error {
        Error::Lost { file, .. } => (file.clone(), Damage::Lost(error.to_string())),
        Error::Corrupt { file, .. } => (file.clone(), Damage::Corrupt(error.to_string())),
        _ => return,
    };
    if state.has_heard() {
        if let Ok((_, held)) = state.find(tablet)
            && held.damage.is_none()
            && !state.doubts().is_fresh(tablet)
        {
            let (state, error) = (state.clone(), error.clone());
            tokio::spawn(async move { check::give_up(&state, held, file, &error).await });
        }
        return;
    }
    match mark(state, tablet, file, damage).await {
        Ok(true) => tracing::error!(tablet = tablet.0, %error, "a replica is bad"),
        Ok(false) => {}
        Err(failed) => {
            tracing::error!(tablet = tablet.0, %error, %failed, "a bad replica could not be marked");
        }
    }
}

/// Marks a tablet bad, if `file` is still one of its files. Whether it is marked now.
///
/// # Errors
/// The tablet is not here, or the mark could not be made durable.
pub async fn mark(
    state: &State,
    tablet: TabletId,
    file: PathBuf,
    damage: Damage,
) -> Result<bool, Error> {
    let (path, _) = state.find(tablet)?;
    path.change(move |draft| {
        let now = draft.tablet(tablet)?;
        let mut segments = now.rowsets.iter().flat_map(|r| &r.segments);
        if !segments.any(|s| s.path() == file) {
            return Ok(false);
        }
        if now.damage.is_none() {
            draft.mark_bad(&now, damage);
        }
        Ok(true)
    })
    .await
}
