//! The storage paths of a model backend, and how a heartbeat tells of them.

use quorate::backend::api::{CloneProgress, HeartbeatAnswer};
use quorate::catalog::backend::PathState;
use quorate::catalog::table::Medium;
use quorate::clock::Timestamp;

use super::ModelBackend;
use crate::world::BEGIN_MS;

/// A storage path.
#[derive(Debug, Clone)]
pub struct ModelPath {
    /// Names it for good.
    pub hash: i64,
    /// The kind of disk.
    pub medium: Medium,
    /// Bytes that fit.
    pub total: u64,
    /// Files can be read and written.
    pub online: bool,
}

impl ModelPath {
    /// An empty path that works.
    pub fn new(hash: i64, medium: Medium, total: u64) -> ModelPath {
        ModelPath {
            hash,
            medium,
            total,
            online: true,
        }
    }
}

impl ModelBackend {
    /// Bytes of the replicas on a path.
    pub fn used(&self, path: usize) -> u64 {
        let here = self.replicas.values().filter(|held| held.path == path);
        here.map(|held| held.size()).sum()
    }

    /// The path of that name.
    pub fn path_of(&self, hash: i64) -> Option<usize> {
        self.paths.iter().position(|path| path.hash == hash)
    }

    /// The answer to a heartbeat.
    pub fn heart(&self, now_ms: u64) -> HeartbeatAnswer {
        let full = now_ms < self.full_until_ms && !self.full_unsaid;
        let state = |(at, path): (usize, &ModelPath)| {
            let used = self.used(at).min(path.total);
            let left = path.total - used;
            let on_it = self.replicas.values().filter(|held| held.path == at);
            PathState {
                root: format!("/model/{at}"),
                hash: path.hash,
                medium: path.medium,
                online: path.online,
                why: None,
                data_used: used,
                other_used: if full { left } else { 0 },
                available: if full { 0 } else { left },
                total: path.total,
                tablets: on_it.count() as u64,
                trash_used: 0,
            }
        };
        let progress = self.clones.iter().map(|(tablet, job)| CloneProgress {
            tablet: *tablet,
            bytes: job.bytes,
            millis: now_ms - job.began_ms,
        });
        HeartbeatAnswer {
            started: Timestamp::of(
                self.started as i64,
                BEGIN_MS + self.started as i64 + self.skew_ms,
            ),
            version: "model".to_owned(),
            paths: self.paths.iter().enumerate().map(state).collect(),
            cpu_cores: 1,
            mem_bytes: 1,
            running_queries: 0,
            report_seq: self.seq(),
            clones: progress.collect(),
            node: Some(self.node),
        }
    }
}
