//! Which node this backend is: an id that it draws once and keeps on each of its storage paths, so that it is known by its
//! disks and not by its address.

use std::sync::Arc;

use crate::backend::error::Error;
use crate::backend::path::Path;
use crate::backend::state::State;
use crate::ids::NodeId;

/// The node that the storage paths belong to; a new one where none of them has been used.
///
/// # Errors
/// They belong to different nodes, or one is a copy of another.
pub(super) fn of(paths: &[Path]) -> Result<NodeId, Error> {
    let works: Vec<&Path> = paths.iter().filter(|p| p.shared.online().is_ok()).collect();
    for (at, path) in works.iter().enumerate() {
        let hash = path.identity().path;
        if let Some(twin) = works[..at].iter().find(|p| p.identity().path == hash) {
            return Err(Error::Options(format!(
                "storage paths {} and {} are copies of one another (both are path {hash}); start with the one that was used last, and without the other",
                twin.options.dir.display(),
                path.options.dir.display()
            )));
        }
    }
    let known = works.iter().filter_map(|p| Some((p, p.identity().node?)));
    let known: Vec<_> = known.collect();
    let Some((first, node)) = known.first() else {
        return Ok(NodeId(rand::random::<u64>().max(1)));
    };
    match known.iter().find(|(_, other)| other != node) {
        None => Ok(*node),
        Some((path, other)) => Err(Error::Options(format!(
            "the storage paths belong to different backends: {} to node {node}, {} to node {other}; start each node with its own paths",
            first.options.dir.display(),
            path.options.dir.display()
        ))),
    }
}

impl State {
    /// Which node this is.
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// The storage paths that work.
    pub(super) fn works(&self) -> impl Iterator<Item = &Arc<Path>> {
        self.paths().iter().filter(|p| p.shared.online().is_ok())
    }

    /// Notes on every storage path which node it belongs to. While one can't be read, a new id is not noted: that one may
    /// know another.
    ///
    /// # Errors
    /// It could not be made durable.
    pub async fn mark_paths(&self) -> Result<(), Error> {
        let new = self.works().all(|path| path.identity().node.is_none());
        if new && self.works().count() < self.paths().len() {
            return Ok(());
        }
        for path in self.works() {
            path.remember(|identity| identity.node = Some(self.node()))
                .await?;
        }
        Ok(())
    }
}
