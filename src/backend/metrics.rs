//! What a backend counts, in the Prometheus text form.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::backend::api::{CloneAnswer, LoadAnswer};
use crate::backend::error::Error;
use crate::backend::state::State;

/// The counters of one backend.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    loads: Counter,
    load_rows: Counter,
    load_failed_tablets: Counter,
    load_seconds: Histogram,
    publish_seconds: Histogram,
    scans: Counter,
    scan_bytes: Counter,
    scan_failures: Counter,
    /// Rowsets that compaction took away.
    pub compacted_rowsets: Counter,
    /// Compactions that failed.
    pub compaction_failures: Counter,
    swept_files: Counter,
    clones: Counter,
    clone_bytes: Counter,
    clone_failures: Counter,
    scrub_bytes: Counter,
    scrub_failures: Counter,
    tablets: Gauge<u64, AtomicU64>,
    bad_tablets: Gauge<u64, AtomicU64>,
    rowsets: Gauge<u64, AtomicU64>,
    pending: Gauge<u64, AtomicU64>,
    trash: Gauge<u64, AtomicU64>,
    trash_bytes: Gauge<u64, AtomicU64>,
    used_bytes: Gauge<u64, AtomicU64>,
    available_bytes: Gauge<u64, AtomicU64>,
    paths_online: Gauge<u64, AtomicU64>,
    running_scans: Gauge<u64, AtomicU64>,
    running_clones: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::default(),
            loads: Counter::default(),
            load_rows: Counter::default(),
            load_failed_tablets: Counter::default(),
            load_seconds: latencies(),
            publish_seconds: latencies(),
            scans: Counter::default(),
            scan_bytes: Counter::default(),
            scan_failures: Counter::default(),
            compacted_rowsets: Counter::default(),
            compaction_failures: Counter::default(),
            swept_files: Counter::default(),
            clones: Counter::default(),
            clone_bytes: Counter::default(),
            clone_failures: Counter::default(),
            scrub_bytes: Counter::default(),
            scrub_failures: Counter::default(),
            tablets: Gauge::default(),
            bad_tablets: Gauge::default(),
            rowsets: Gauge::default(),
            pending: Gauge::default(),
            trash: Gauge::default(),
            trash_bytes: Gauge::default(),
            used_bytes: Gauge::default(),
            available_bytes: Gauge::default(),
            paths_online: Gauge::default(),
            running_scans: Gauge::default(),
            running_clones: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = self.registry.sub_registry_with_prefix("quorate_backend");
        let counters = [
            ("loads", "Load calls answered", &self.loads),
            ("load_rows", "Rows made durable", &self.load_rows),
            (
                "load_failed_tablets",
                "Tablets that failed in load calls",
                &self.load_failed_tablets,
            ),
            ("scans", "Scans begun", &self.scans),
            ("scan_bytes", "Bytes sent by scans", &self.scan_bytes),
            ("scan_failures", "Scans that failed", &self.scan_failures),
            (
                "compacted_rowsets",
                "Rowsets that compaction took away",
                &self.compacted_rowsets,
            ),
            (
                "compaction_failures",
                "Compactions that failed",
                &self.compaction_failures,
            ),
            (
                "swept_files",
                "Files deleted because no metadata named them",
                &self.swept_files,
            ),
            ("clones", "Replicas cloned", &self.clones),
            (
                "clone_bytes",
                "Bytes that clones fetched",
                &self.clone_bytes,
            ),
            ("clone_failures", "Clones that failed", &self.clone_failures),
            ("scrub_bytes", "Bytes that were scrubbed", &self.scrub_bytes),
            (
                "scrub_failures",
                "Files that a scrub found lost, wrong or unreadable",
                &self.scrub_failures,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let histograms = [
            ("load", "Time of load calls", &self.load_seconds),
            ("publish", "Time of publish calls", &self.publish_seconds),
        ];
        for (name, help, histogram) in histograms {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
        self.register_gauges();
    }

    fn register_gauges(&mut self) {
        let registry = self.registry.sub_registry_with_prefix("quorate_backend");
        let gauges = [
            ("tablets", "Replicas in use", &self.tablets),
            (
                "bad_tablets",
                "Replicas with lost or wrong files",
                &self.bad_tablets,
            ),
            ("rowsets", "Rowsets of replicas in use", &self.rowsets),
            (
                "pending",
                "Tablets of loads without a version",
                &self.pending,
            ),
            ("trash", "Dropped replicas", &self.trash),
            (
                "trash_bytes",
                "Bytes of dropped replicas",
                &self.trash_bytes,
            ),
            (
                "used_bytes",
                "Bytes of data files, without those of dropped replicas",
                &self.used_bytes,
            ),
            (
                "available_bytes",
                "Bytes that may be written",
                &self.available_bytes,
            ),
            (
                "paths_online",
                "Storage paths that work",
                &self.paths_online,
            ),
            ("running_scans", "Scans that run", &self.running_scans),
            ("running_clones", "Clones that run", &self.running_clones),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
    }

    /// Counts a load call.
    pub fn loaded(&self, answer: &LoadAnswer, took: Duration) {
        self.loads.inc();
        self.load_rows
            .inc_by(answer.written.iter().map(|(_, rows)| rows).sum());
        self.load_failed_tablets.inc_by(answer.failed.len() as u64);
        self.load_seconds.observe(took.as_secs_f64());
    }

    /// Counts a publish call.
    pub fn published(&self, took: Duration) {
        self.publish_seconds.observe(took.as_secs_f64());
    }

    /// Counts a scan.
    pub fn scan_began(&self) {
        self.scans.inc();
    }

    /// Counts bytes that a scan sent.
    pub fn scan_sent(&self, bytes: usize) {
        self.scan_bytes.inc_by(bytes as u64);
    }

    /// Counts a scan that failed.
    pub fn scan_failed(&self) {
        self.scan_failures.inc();
    }

    /// Counts files of a clean-up.
    pub fn swept(&self, files: u64) {
        self.swept_files.inc_by(files);
    }

    /// Counts a clone that ended.
    pub fn cloned(&self, result: &Result<CloneAnswer, Error>) {
        match result {
            Ok(_) => self.clones.inc(),
            Err(_) => self.clone_failures.inc(),
        };
    }

    /// Counts bytes that a clone fetched.
    pub fn clone_fetched(&self, bytes: u64) {
        self.clone_bytes.inc_by(bytes);
    }

    /// Counts a file that was scrubbed.
    pub fn scrubbed(&self, bytes: u64, result: &Result<(), Error>) {
        match result {
            Ok(()) => self.scrub_bytes.inc_by(bytes),
            Err(_) => self.scrub_failures.inc(),
        };
    }

    /// The Prometheus text, with the present sizes.
    pub fn text(&self, state: &State) -> String {
        let mut sums = [0_u64; 9];
        for path in state.paths() {
            let contents = path.shared.contents();
            let of_path = path.state();
            let tablets = || contents.tablets.values();
            let bad = tablets().filter(|t| t.damage.is_some()).count();
            let rowsets: usize = tablets().map(|t| t.rowsets.len()).sum();
            let own = [
                contents.tablets.len() as u64,
                bad as u64,
                rowsets as u64,
                contents.pending.len() as u64,
                contents.trash.len() as u64,
                of_path.trash_used,
                of_path.data_used,
                of_path.available,
                u64::from(of_path.online),
            ];
            sums.iter_mut().zip(own).for_each(|(sum, one)| *sum += one);
        }
        let gauges = [
            &self.tablets,
            &self.bad_tablets,
            &self.rowsets,
            &self.pending,
            &self.trash,
            &self.trash_bytes,
            &self.used_bytes,
            &self.available_bytes,
            &self.paths_online,
        ];
        for (gauge, sum) in gauges.into_iter().zip(sums) {
            gauge.set(sum);
        }
        self.running_scans.set(state.running_scans());
        let clones = state.copying().running.progress().len() as u64;
        self.running_clones.set(clones);
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 18))
}
