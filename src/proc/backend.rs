//! `/backends/<id>`: the storage paths of a storage node.

use crate::catalog::backend::PathState;
use crate::config::Config;
use crate::ids::BackendId;
use crate::proc::backends::{share, trouble};
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::view::View;

row! {
    /// A storage path.
    pub struct PathRow {
        /// The directory.
        root_path: String => "RootPath" Text,
        /// Bytes of tablets' files.
        data_used: u64 => "DataUsedCapacity" Size,
        /// Bytes of everything else on the disk, and of the trash.
        other_used: u64 => "OtherUsedCapacity" Size,
        /// Bytes that may still be written.
        available: u64 => "AvailCapacity" Size,
        /// Size of the disk, or the capacity that was set.
        total: u64 => "TotalCapacity" Size,
        /// Percentage of the total that is used, by whatever.
        total_used_pct: f64 => "TotalUsedPct" Percent,
        /// `ONLINE` or `OFFLINE`.
        state: &'static str => "State" Text,
        /// Names the path in other results.
        path_hash: i64 => "PathHash" Int,
        /// `HDD` or `SSD`.
        storage_medium: &'static str => "StorageMedium" Text,
        /// Tablets on it.
        tablet_num: u64 => "TabletNum" Int,
        /// Bytes of tablets' files and those that may still be written.
        data_total: u64 => "DataTotalCapacity" Size,
        /// Percentage of `DataTotalCapacity` that tablets' files take.
        data_used_pct: f64 => "DataUsedPct" Percent,
        /// What is the matter with it: why it is offline, or that it is full.
        err_msg: Option<String> => "ErrMsg" Text or "N/A",
        /// Bytes of dropped replicas that rest in its trash (Doris: TrashUsedCapacity).
        trash_used: u64 => "TrashUsedCapacity" Size,
    }
}

/// `/backends/{backend}`.
pub struct Paths;

impl Node for Paths {
    const PATH: &'static str = "/backends/{backend}";
    const TABLE: Option<&'static str> = Some("backend_paths");
    type Row = PathRow;

    fn rows(at: &Place<'_>) -> Result<Vec<PathRow>, Error> {
        let backend = at.backend()?.id;
        Ok(rows_of(at.view, paths(at.view, backend).iter()))
    }
}

/// The storage paths of a backend, as it last reported them.
pub fn paths(view: &View, backend: BackendId) -> &[PathState] {
    let state = view.catalog.backend_states.get(&backend);
    state.map(|s| s.paths.as_slice()).unwrap_or_default()
}

/// The lines of some storage paths.
pub fn rows_of<'a>(view: &View, paths: impl Iterator<Item = &'a PathState>) -> Vec<PathRow> {
    paths.map(|path| PathRow::of(path, &view.config)).collect()
}

impl PathRow {
    fn of(path: &PathState, config: &Config) -> PathRow {
        let data_total = path.data_used.saturating_add(path.available);
        PathRow {
            root_path: path.root.clone(),
            data_used: path.data_used,
            other_used: path.other_used,
            available: path.available,
            total: path.total,
            total_used_pct: share(path.total.saturating_sub(path.available), path.total),
            state: if path.online { "ONLINE" } else { "OFFLINE" },
            path_hash: path.hash,
            storage_medium: path.medium.word(),
            tablet_num: path.tablets,
            data_total,
            data_used_pct: share(path.data_used, data_total),
            err_msg: trouble(path, config),
            trash_used: path.trash_used,
        }
    }
}
