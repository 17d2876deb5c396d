//! When the model frontend asks its backends for reports: as `leader/heartbeat/reports.rs` does.

use std::collections::BTreeMap;

use quorate::backend::api::ReportAnswer;
use quorate::clock::Timestamp;
use quorate::ids::{BackendId, ReplicaId, Version};

use crate::net::{Due, Message, Place};
use crate::world::World;

/// How long a report may take.
const TIMEOUT_MS: u64 = 10_000;
/// Model time between two reports of all tablets.
pub const FULL_MS: u64 = 5_000;

/// What was heard of each backend in this life of the frontend.
#[derive(Debug, Default)]
pub struct Reports {
    asked: BTreeMap<BackendId, Timestamp>,
    heard: BTreeMap<BackendId, (Timestamp, u64)>,
    full_ms: BTreeMap<BackendId, u64>,
    /// Tablets in the last report of everything, of each backend.
    shown: BTreeMap<BackendId, u64>,
    /// Up to where each replica holds everything, as its backend said last.
    versions: BTreeMap<ReplicaId, Version>,
    /// Heartbeats in a row that each backend has missed.
    missed: BTreeMap<BackendId, u64>,
    /// The last record that the frontend wrote, be it durable or not.
    pub appended: u64,
    /// When this life began, by the frontend's clock.
    since: Timestamp,
    /// The latest that this clock has shown in this life.
    latest: Timestamp,
}

impl Reports {
    /// Nothing was heard since the frontend's start.
    pub fn since(now: Timestamp) -> Reports {
        Reports {
            since: now,
            latest: now,
            ..Reports::default()
        }
    }

    /// What was known of backends by a core whose journal failed: who does not answer is no news to the next one.
    pub fn adopt(&mut self, before: Reports) {
        self.missed = before.missed;
    }

    /// The frontend's clock goes on.
    pub fn goes_on(&mut self, now: Timestamp) {
        self.latest = self.latest.max(now);
    }

    /// Milliseconds of this life, as the core counts them.
    pub fn lived_ms(&self) -> u64 {
        self.latest.since_ms(self.since)
    }

    /// Whether a backend has reported everything.
    pub fn whole(&self, backend: BackendId) -> bool {
        self.shown.contains_key(&backend)
    }

    /// A heartbeat has ended.
    pub fn beat(&mut self, backend: BackendId, good: bool) {
        let missed = self.missed.entry(backend).or_default();
        *missed = if good { 0 } else { *missed + 1 };
    }

    /// How many heartbeats in a row a backend has missed.
    pub fn missed(&self, backend: BackendId) -> u64 {
        self.missed.get(&backend).copied().unwrap_or_default()
    }

    /// Whether a backend has said that its replica holds everything up to `version`.
    pub fn reached(&self, replica: ReplicaId, version: Version) -> bool {
        self.versions.get(&replica).is_some_and(|of| *of >= version)
    }

    /// Tablets that were reported.
    pub fn shown(&self) -> u64 {
        self.shown.values().sum()
    }

    /// Whether this is the report that is waited for.
    pub fn outstanding(&self, backend: BackendId, asked: Timestamp) -> bool {
        self.asked.get(&backend) == Some(&asked)
    }

    /// A report has arrived.
    pub fn arrived(
        &mut self,
        now_ms: u64,
        backend: BackendId,
        started: Timestamp,
        report: &ReportAnswer,
    ) {
        self.asked.remove(&backend);
        self.heard.insert(backend, (started, report.seq));
        let versions = report.tablets.iter().map(|of| (of.replica, of.version));
        self.versions.extend(versions);
        if report.full {
            self.full_ms.insert(backend, now_ms);
            self.shown.insert(backend, report.tablets.len() as u64);
        }
    }

    /// From where to ask; `None` when nothing is new, or a report is on its way.
    fn due(&self, now_ms: u64, backend: BackendId, started: Timestamp, seq: u64) -> Option<u64> {
        if self.asked.contains_key(&backend) {
            return None;
        }
        let (Some((process, heard)), Some(full_ms)) =
            (self.heard.get(&backend), self.full_ms.get(&backend))
        else {
            return Some(0);
        };
        if *process != started || now_ms - full_ms >= FULL_MS {
            return Some(0);
        }
        (*heard != seq).then_some(*heard)
    }
}

impl World {
    /// A heartbeat was good: asks for a report if there is anything to ask for.
    pub fn ask_for_report(&mut self, backend: BackendId, started: Timestamp, seq: u64) {
        let Some(at) = self.machine(backend).filter(|_| self.core.is_some()) else {
            return;
        };
        let Some(since) = self.reports.due(self.now_ms, backend, started, seq) else {
            return;
        };
        let (life, asked) = (self.life, self.clock());
        self.reports.asked.insert(backend, asked);
        let due = Due::ReportTimeout {
            life,
            backend,
            asked,
        };
        self.net.at(self.now_ms + TIMEOUT_MS, due);
        let report = Message::Report {
            life,
            asked,
            backend,
            since,
        };
        self.send(Place::Frontend, Place::Backend(at), report);
    }

    /// A report has not come.
    pub fn not_reported(&mut self, backend: BackendId, asked: Timestamp) {
        if self.reports.outstanding(backend, asked) {
            self.reports.asked.remove(&backend);
        }
    }
}
