//! Where a backend tells more of a replica.

use crate::catalog::backend::Backend;
use crate::catalog::replica::Replica;
use crate::ids::TabletId;
use crate::view::View;

/// Where `backend` describes its replica of `tablet` (seed: MetaUrl).
pub fn meta_url(backend: &Backend, tablet: TabletId) -> String {
    format!("http://{}/api/meta/header/{tablet}", backend.address())
}

/// Where `backend` tells of the compaction of its replica (seed: CompactionStatus).
pub fn compaction_status(backend: &Backend, tablet: TabletId) -> String {
    format!(
        "http://{}/api/compaction/show?tablet_id={tablet}",
        backend.address()
    )
}

/// The directory of the storage path that holds `replica`, once its backend has reported it.
pub fn root_path(view: &View, replica: &Replica) -> Option<String> {
    let state = view.catalog.backend_states.get(&replica.backend)?;
    let path = state
        .paths
        .iter()
        .find(|path| path.hash == replica.path_hash)?;
    Some(path.root.clone())
}
