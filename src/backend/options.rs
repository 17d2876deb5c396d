//! What a backend is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::backend::error::Error;
use crate::catalog::table::Medium;
use crate::listener::Limits;
use crate::memory::Account;

/// Everything that a backend must be told at its start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where tablets are kept; at least one.
    pub paths: Vec<StoragePath>,
    /// Where to listen; port 0 takes a free one.
    pub http_addr: SocketAddr,
    /// The cluster's token; not empty.
    pub token: String,
    /// What the process holds.
    pub memory: Account,
    /// How the background work behaves.
    pub settings: Settings,
}

/// A directory for tablets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoragePath {
    /// The directory; made when it is missing.
    pub dir: PathBuf,
    /// The kind of disk under it.
    pub medium: Medium,
    /// Most bytes that tablets may take; `None`: the whole disk.
    pub capacity: Option<u64>,
}

/// How the background work of a backend behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Compactions that run at once; 0 turns compaction off.
    pub compaction_threads: usize,
    /// Fewest neighbouring rowsets that are worth a compaction.
    pub compaction_rowsets_min: usize,
    /// Most rowsets of one compaction.
    pub compaction_rowsets_max: usize,
    /// Most bytes that one compaction reads.
    pub compaction_bytes_max: u64,
    /// Time between two clean-ups (files that no metadata names, expired trash).
    pub clean_interval: Duration,
    /// Time between two attempts to bring back a path that went offline.
    pub recover_interval: Duration,
    /// How long dropped replicas rest in the trash, until a frontend says otherwise.
    pub trash_expire: Duration,
    /// How long a load may send nothing before it is given up.
    pub load_idle: Duration,
    /// How long the client of a load that is coordinated here may send nothing before its place goes to another.
    pub stream_load_idle: Duration,
    /// How long the body of any other call may stop growing.
    pub body_idle: Duration,
    /// What connections may cost.
    pub http: Limits,
    /// How long the reader of a scan may take nothing before the scan is given up.
    pub scan_idle: Duration,
    /// Scans that run at once.
    pub scans_max: usize,
    /// Loads that are received at once.
    pub loads_max: usize,
    /// Clones that come here at once. Large: how many there should be is the frontend's to say, by its slots.
    pub clones_max: usize,
    /// Most bytes of the files of a replica that its source sends with their description, so that a small one is copied by
    /// one call; 0 turns that off.
    pub clone_small_bytes: u64,
    /// Digests that are computed at once; further ones wait.
    pub digests_max: usize,
    /// Time between the beginnings of two looks at every file of a path; zero turns them off.
    pub scrub_interval: Duration,
    /// Most bytes that these looks read in a second on one path, and digests on all of them; 0 means no limit.
    pub scrub_bytes_per_second: u64,
    /// Bytes of a disk that loads leave free for metadata, whatever the capacity.
    pub disk_reserve: u64,
}

impl Options {
    /// Whether they describe a backend.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self) -> Result<(), Error> {
        if self.paths.is_empty() {
            return Err(Error::Options(
                "a backend needs at least one storage path; name it by --storage-path".to_owned(),
            ));
        }
        if self.token.is_empty() {
            return Err(Error::Options(
                "the cluster token is empty; give the frontend's by --cluster-token-file or QUORATE_CLUSTER_TOKEN".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            compaction_threads: 1,
            compaction_rowsets_min: 5,
            compaction_rowsets_max: 1000,
            compaction_bytes_max: 2 << 30,
            clean_interval: Duration::from_secs(300),
            recover_interval: Duration::from_secs(10),
            trash_expire: Duration::from_secs(86_400),
            load_idle: Duration::from_secs(120),
            stream_load_idle: Duration::from_secs(30),
            body_idle: Duration::from_secs(30),
            http: Limits::default(),
            scan_idle: Duration::from_secs(600),
            scans_max: 1024,
            loads_max: 64,
            clones_max: 64,
            clone_small_bytes: 64 << 10,
            digests_max: 2,
            scrub_interval: Duration::from_secs(86_400),
            scrub_bytes_per_second: 16 << 20,
            disk_reserve: 16 << 20,
        }
    }
}
