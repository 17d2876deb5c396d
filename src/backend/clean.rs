//! The clean-up of a storage path: files that no metadata names, empty directories, and trash whose time is over.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::backend::contents::Contents;
use crate::backend::error::Error;
use crate::backend::path::{self, Shared};
use crate::backend::shelf::ENDING;
use crate::clock::Timestamp;
use crate::ids::TabletId;

/// What a clean-up found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Files deleted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Deletes the files that no metadata names and nobody holds. Blocks.
///
/// # Errors
/// The directories can't be read.
pub fn sweep(shared: &Shared) -> Result<Swept, Error> {
    // Until metadata has been read again, nobody knows what it names.
    shared.online()?;
    let mut swept = Swept::default();
    let data = shared.shelf.data_dir();
    let failed = |path: &Path, e: &io::Error| Error::io("cleaning", path, &shared.dir, e);
    for entry in fs::read_dir(data).map_err(|e| failed(data, &e))? {
        let dir = entry.map_err(|e| failed(data, &e))?.path();
        let name = dir.file_name().and_then(|n| n.to_str());
        let Some(tablet) = name.and_then(|n| n.parse().ok()).map(TabletId) else {
            // Not ours; whoever put it there knows why.
            tracing::warn!(path = %dir.display(), "an unknown entry among the data files is left alone");
            continue;
        };
        sweep_tablet(shared, tablet, &dir, &mut swept).map_err(|e| failed(&dir, &e))?;
    }
    if swept.files > 0 {
        tracing::info!(dir = %shared.dir.display(), files = swept.files, bytes = swept.bytes, "deleted files that no metadata named");
    }
    Ok(swept)
}

fn sweep_tablet(
    shared: &Shared,
    tablet: TabletId,
    dir: &Path,
    swept: &mut Swept,
) -> io::Result<()> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        found.push(entry?);
    }
    // Names are never given twice, and a name is held from before its file is made until metadata names it. So a file
    // that is found first, and then is neither held nor named, will not be wanted any more.
    let mut unwanted = Vec::new();
    for entry in found
        .iter()
        .filter_map(|e| Some((e, e.file_name().into_string().ok()?)))
    {
        let (entry, file) = entry;
        if file.ends_with(ENDING) && !shared.shelf.is_held(tablet, &file) {
            unwanted.push((entry.path(), file, entry.metadata()?.len()));
        }
    }
    // A path that went offline has let go of files that metadata may name.
    if shared.online().is_err() {
        return Ok(());
    }
    if !unwanted.is_empty() {
        let named = named(&shared.contents(), tablet);
        for (path, file, bytes) in unwanted {
            if !named.contains(&file) {
                fs::remove_file(&path)?;
                swept.files += 1;
                swept.bytes += bytes;
            }
        }
    }
    if found.is_empty() && !shared.contents().tablets.contains_key(&tablet) {
        // A load that begins this instant makes the directory again; one that was faster keeps it.
        match fs::remove_dir(dir) {
            Err(e) if e.kind() != io::ErrorKind::DirectoryNotEmpty => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// The files that metadata names for a tablet.
fn named(contents: &Contents, tablet: TabletId) -> HashSet<String> {
    let tablets = contents.tablets.get(&tablet).into_iter();
    let trash = contents
        .trash
        .iter()
        .filter(|((id, _), _)| *id == tablet)
        .map(|(_, t)| &t.tablet);
    let rowsets = tablets
        .chain(trash)
        .flat_map(|t| t.rowsets.iter())
        .flat_map(|r| r.segments.iter());
    let pending = contents
        .pending
        .iter()
        .filter(|((_, id), _)| *id == tablet)
        .flat_map(|(_, p)| p.segments.iter());
    rowsets
        .chain(pending)
        .map(|s| s.record.file.clone())
        .collect()
}

/// Deletes dropped replicas that have rested for `expire`.
///
/// # Errors
/// Metadata could not be changed.
pub async fn empty_trash(
    path: &path::Path,
    now: Timestamp,
    expire: Duration,
) -> Result<usize, Error> {
    let expire_ms = u64::try_from(expire.as_millis()).unwrap_or(u64::MAX);
    let over: Vec<_> = path
        .shared
        .contents()
        .trash
        .iter()
        .filter(|(_, trash)| now.since_ms(trash.dropped) >= expire_ms)
        .map(|(key, _)| *key)
        .collect();
    if over.is_empty() {
        return Ok(0);
    }
    path.change(move |draft| {
        for (tablet, replica) in &over {
            draft.purge(*tablet, *replica);
        }
        Ok(over.len())
    })
    .await
}
