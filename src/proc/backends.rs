//! `/backends`: the storage nodes; SHOW BACKENDS is the same.
//!
//! A backend has one HTTP port, which fills every port column.

use crate::catalog::backend::{Backend, BackendState, PathState};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::BackendId;
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::tablet::room;

row! {
    /// A storage node.
    pub struct BackendRow {
        /// Identity.
        backend_id: BackendId => "BackendId" Int,
        /// Host as ALTER SYSTEM ADD BACKEND named it.
        ip: String => "IP" Text,
        /// Port of heartbeats.
        heartbeat_port: u16 => "HeartbeatPort" Int,
        /// Port of internal calls.
        be_port: u16 => "BePort" Int,
        /// Port of HTTP.
        http_port: u16 => "HttpPort" Int,
        /// Port of data streams.
        brpc_port: u16 => "BrpcPort" Int,
        /// When its process started.
        last_start_time: Option<Timestamp> => "LastStartTime" Time or "N/A",
        /// Last good heartbeat.
        last_heartbeat: Option<Timestamp> => "LastHeartbeat" Time or "N/A",
        /// Whether the last heartbeats arrived in time.
        alive: bool => "Alive" Bool,
        /// Whether DECOMMISSION was asked for.
        system_decommissioned: bool => "SystemDecommissioned" Bool,
        /// Always false: there is one cluster.
        cluster_decommissioned: bool => "ClusterDecommissioned" Bool,
        /// Replicas on it.
        tablet_num: u64 => "TabletNum" Int,
        /// Bytes of tablets' files; what rests in the trash is not among them.
        data_used: u64 => "DataUsedCapacity" Size,
        /// Bytes that may still be written.
        available: u64 => "AvailCapacity" Size,
        /// Bytes of all its storage paths.
        total: u64 => "TotalCapacity" Size,
        /// Percentage of the total that is used, by whatever.
        used_pct: f64 => "UsedPct" Percent,
        /// The same of its fullest storage path.
        max_disk_used_pct: f64 => "MaxDiskUsedPct" Percent,
        /// Why the last heartbeat failed, else which of its storage paths are full or do not work; empty where all is well.
        err_msg: String => "ErrMsg" Text,
        /// Version of its program.
        version: String => "Version" Text,
        /// JSON: when it last reported its tablets.
        status: String => "Status" Text,
        /// Bytes of tablets' files and those that may still be written.
        data_total: u64 => "DataTotalCapacity" Size,
        /// Percentage of `DataTotalCapacity` that tablets' files take.
        data_used_pct: f64 => "DataUsedPct" Percent,
        /// Logical processors; not known before the first heartbeat.
        cpu_cores: Option<u32> => "CpuCores" Int or "N/A",
        /// Memory of its machine.
        mem_limit: Option<u64> => "MemLimit" ShortSize or "N/A",
        /// Scans that run on it.
        num_running_queries: u32 => "NumRunningQueries" Int,
        /// Percentage of memory in use; backends do not measure it.
        mem_used_pct: Option<f64> => "MemUsedPct" Percent or "N/A",
        /// Percentage of processors in use; backends do not measure it.
        cpu_used_pct: Option<f64> => "CpuUsedPct" Percent or "N/A",
        /// There is no data cache.
        data_cache_metrics: Option<String> => "DataCacheMetrics" Text or "N/A",
        /// Location label; empty when it has none.
        location: String => "Location" Text,
        /// `OK`; `CONNECTING` before the first heartbeat; `DISCONNECTED`.
        status_code: &'static str => "StatusCode" Text,
    }
}

/// `/backends`.
pub struct Backends;

impl Node for Backends {
    const PATH: &'static str = "/backends";
    const TABLE: Option<&'static str> = Some("backends");
    type Row = BackendRow;

    fn rows(at: &Place<'_>) -> Result<Vec<BackendRow>, Error> {
        let catalog = &at.view.catalog;
        let mut backends: Vec<&Backend> = catalog.backends.values().map(|b| &**b).collect();
        backends.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
        let unknown = BackendState::default();
        let state = |id| catalog.backend_states.get(id).map_or(&unknown, |s| s);
        Ok(backends
            .iter()
            .map(|b| {
                let tablets = catalog.tablets.replicas_on(b.id);
                BackendRow::new(b, state(&b.id), tablets, &at.view.config)
            })
            .collect())
    }
}

impl BackendRow {
    fn new(
        backend: &Backend,
        state: &BackendState,
        tablet_num: u64,
        config: &Config,
    ) -> BackendRow {
        let online = || state.paths.iter().filter(|path| path.online);
        let sum = |of: fn(&PathState) -> u64| online().map(of).fold(0, u64::saturating_add);
        let data_used = sum(|path| path.data_used);
        let available = sum(|path| path.available);
        let total = sum(|path| path.total);
        let used = |available: u64, total: u64| share(total.saturating_sub(available), total);
        let known = state.last_heartbeat.is_some();
        BackendRow {
            backend_id: backend.id,
            ip: backend.host.clone(),
            heartbeat_port: backend.port,
            be_port: backend.port,
            http_port: backend.port,
            brpc_port: backend.port,
            last_start_time: state.started,
            last_heartbeat: state.last_heartbeat,
            alive: state.alive,
            system_decommissioned: backend.decommissioned,
            cluster_decommissioned: false,
            tablet_num,
            data_used,
            available,
            total,
            used_pct: used(available, total),
            max_disk_used_pct: online()
                .map(|path| used(path.available, path.total))
                .fold(0.0, f64::max),
            err_msg: match state.error.is_empty() {
                true => paths_in_trouble(state, config),
                false => state.error.clone(),
            },
            version: state.version.clone(),
            status: status(state),
            data_total: data_used.saturating_add(available),
            data_used_pct: share(data_used, data_used.saturating_add(available)),
            cpu_cores: Some(state.cpu_cores).filter(|cores| *cores > 0),
            mem_limit: Some(state.mem_bytes).filter(|bytes| *bytes > 0),
            num_running_queries: state.running_queries,
            mem_used_pct: None,
            cpu_used_pct: None,
            data_cache_metrics: None,
            location: String::new(),
            status_code: match (state.alive, known) {
                (true, _) => "OK",
                (false, false) => "CONNECTING",
                (false, true) => "DISCONNECTED",
            },
        }
    }
}

/// Which storage paths are full or do not work.
fn paths_in_trouble(state: &BackendState, config: &Config) -> String {
    let what = |path: &PathState| Some(format!("storage path {} {}", path.root, trouble(path, config)?));
    let all: Vec<String> = state.paths.iter().filter_map(what).collect();
    all.join("; ")
}

/// What is the matter with a storage path.
pub fn trouble(path: &PathState, config: &Config) -> Option<String> {
    match (path.online, &path.why, room::full(config, path)) {
        (false, Some(why), _) => Some(format!("is offline: {why}")),
        (false, None, _) => Some("is offline".to_owned()),
        (true, _, true) => Some("is full: nothing is copied to it until it has room".to_owned()),
        (true, _, false) => None,
    }
}

fn status(state: &BackendState) -> String {
    let reported = state
        .last_report
        .map_or_else(|| "N/A".to_owned(), |at| at.to_string());
    format!("{{\"lastSuccessReportTabletsTime\":\"{reported}\"}}")
}

/// `part` of `whole` as a percentage; 0 of nothing.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}
