//! A backend: storage paths and its listener, with the coordinator of stream loads and the calls that it passes on to
//! the frontend beside it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{self, Options, Running, Settings, StoragePath};
use crate::config::file;
use crate::http::coordinating::Coordinating;
use crate::http::reply;
use crate::http::shard_repair_backend::{self, ShardRepair};
use crate::http::stream_load::{self, Known, StreamLoad};
use crate::load::coordinator::Coordinator;
use crate::load::send::Patience;
use crate::memory::Account;
use crate::server::{Advertised, Error, advertised};

/// How long calls that run may take after the stop was asked for.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Of that, what is left for all others once coordinated loads have had their time.
const STOP_WAIT_MIN: Duration = Duration::from_secs(1);

/// What a backend is started with.
#[derive(Debug, Clone)]
pub struct BackendOptions {
    /// Where tablets are kept; at least one.
    pub paths: Vec<StoragePath>,
    /// Address of the listener; port 0 takes a free one.
    pub http_addr: SocketAddr,
    /// The address that is given to others, where it is not that of the listener.
    pub advertise: Option<Advertised>,
    /// The cluster token.
    pub token: String,
    /// What the process holds, as far as it is counted.
    pub memory: Account,
    /// How the background work behaves.
    pub settings: Settings,
}

/// A backend that serves.
pub struct Backend {
    /// Where it is reached.
    pub address: SocketAddr,
    coordinating: Coordinating,
    running: Running,
}

/// Starts a backend. When this returns, it answers.
///
/// # Errors
/// A storage path is in use, damaged or unreadable; the address is taken.
pub async fn backend(options: BackendOptions) -> Result<Backend, Error> {
    let Some(first) = options.paths.first() else {
        return Err(Error::System("a backend needs a storage path".to_owned()));
    };
    let spool_dir = first.dir.join("spool");
    let (host, _) = advertised::own(options.advertise.as_ref(), options.http_addr)?;
    let start = Options {
        paths: options.paths,
        http_addr: options.http_addr,
        token: options.token,
        memory: options.memory,
        settings: options.settings,
    };
    let coordinating = Coordinating::default();
    let loads = coordinating.clone();
    let idle = start.settings.stream_load_idle;
    let running = backend::start(start, move |state, guard| {
        let coordinator = Coordinator {
            client: state.copying().client.clone(),
            clock: Arc::new(state.clone()),
            patience: Patience::default(),
        };
        let asks = ShardRepair {
            client: coordinator.client.clone(),
            frontend: Box::new({
                let state = state.clone();
                move || Some((state.frontend()?, state.backend_id()?))
            }),
        };
        let known = move || {
            Some(Known {
                address: state.frontend()?,
                process: state.process()?,
                heard: state.has_heard(),
            })
        };
        let node = StreamLoad {
            coordinator,
            frontend: Box::new(known),
            coordinating: loads,
            host,
            spool_dir,
            idle,
        };
        let routes =
            stream_load::routes(node, guard).merge(shard_repair_backend::routes(asks, guard));
        reply::with_refusals(routes)
    })
    .await?;
    Ok(Backend {
        address: running.addr,
        coordinating,
        running,
    })
}

impl Backend {
    /// Stops in order: new loads go elsewhere at once, those that it coordinates get some time to end, then the listener closes.
    pub async fn stop(self) {
        let began = Instant::now();
        if !self.coordinating.end(STOP_WAIT).await {
            tracing::warn!("loads that this backend coordinates have not ended, and are cut off");
        }
        let left = STOP_WAIT.saturating_sub(began.elapsed());
        self.running.stop_within(left.max(STOP_WAIT_MIN)).await;
    }
}

/// The settings of a backend: those that the file names, and the defaults of all others.
pub fn settings(path: &Path) -> Result<Settings, file::Error> {
    let mut settings = Settings::default();
    file::apply(path, &file::entries(path)?, |key, value| {
        set(&mut settings, key, value)
    })?;
    Ok(settings)
}

fn set(settings: &mut Settings, key: &str, value: &str) -> Result<&'static str, String> {
    let number = || {
        value
            .parse::<u64>()
            .map_err(|_| format!("'{key}' takes a whole number, not '{value}'"))
    };
    let count = || number().and_then(|n| usize::try_from(n).map_err(|e| e.to_string()));
    match key {
        "compaction_threads" => settings.compaction_threads = count()?,
        "compaction_rowsets_min" => settings.compaction_rowsets_min = count()?,
        "compaction_rowsets_max" => settings.compaction_rowsets_max = count()?,
        "compaction_bytes_max" => settings.compaction_bytes_max = number()?,
        "clean_interval_second" => settings.clean_interval = Duration::from_secs(number()?.max(1)),
        "recover_interval_second" => {
            settings.recover_interval = Duration::from_secs(number()?.max(1));
        }
        "trash_file_expire_time_sec" => settings.trash_expire = Duration::from_secs(number()?),
        "scans_max" => settings.scans_max = count()?,
        "loads_max" => settings.loads_max = count()?,
        "clones_max" => settings.clones_max = count()?,
        "clone_small_bytes" => settings.clone_small_bytes = number()?,
        "digests_max" => settings.digests_max = count()?,
        "scrub_interval_second" => settings.scrub_interval = Duration::from_secs(number()?),
        "scrub_bytes_per_second" => settings.scrub_bytes_per_second = number()?,
        "stream_load_idle_timeout_second" => {
            settings.stream_load_idle = Duration::from_secs(number()?.max(1));
        }
        "http_connections_max" => settings.http.connections = count()?,
        "http_connections_by_peer_max" => settings.http.by_peer = count()?,
        "http_head_timeout_second" => settings.http.head = Duration::from_secs(number()?),
        "http_body_idle_timeout_second" => {
            settings.body_idle = Duration::from_secs(number()?.max(1));
        }
        _ => {
            return Err(format!(
                "a backend has no setting '{key}'; it has: {}",
                KEYS.join(", ")
            ));
        }
    }
    KEYS.iter()
        .copied()
        .find(|k| *k == key)
        .ok_or_else(|| format!("'{key}' is not listed"))
}

/// Every key of a backend's config file.
const KEYS: [&str; 19] = [
    "compaction_threads",
    "compaction_rowsets_min",
    "compaction_rowsets_max",
    "compaction_bytes_max",
    "clean_interval_second",
    "recover_interval_second",
    "trash_file_expire_time_sec",
    "scans_max",
    "loads_max",
    "clones_max",
    "clone_small_bytes",
    "digests_max",
    "scrub_interval_second",
    "scrub_bytes_per_second",
    "stream_load_idle_timeout_second",
    "http_connections_max",
    "http_connections_by_peer_max",
    "http_head_timeout_second",
    "http_body_idle_timeout_second",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_taken_and_no_other() {
        let mut settings = Settings::default();
        for key in KEYS {
            assert_eq!(set(&mut settings, key, "7"), Ok(key));
        }
        assert_eq!(
            (settings.scans_max, settings.clean_interval),
            (7, Duration::from_secs(7))
        );
        assert!(
            set(&mut settings, "no_such", "7")
                .unwrap_err()
                .contains("scans_max")
        );
        assert!(set(&mut settings, "scans_max", "many").is_err());
    }
}
