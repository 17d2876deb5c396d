//! How much load each backend has, medium by medium (seed: ClusterLoadStatistics and its loadScore).
//!
//! Owns the score and the classes. Does not own what is moved because of them: [`balance`](crate::tablet::balance) does.

use std::collections::BTreeMap;

use crate::catalog::backend::PathState;
use crate::catalog::state::Catalog;
use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::BackendId;

/// Disk use up to which capacity and number of replicas count alike (seed).
const EVEN_UP_TO: f64 = 0.5;

/// What a sum of scores may differ by in its last digits; a move that gains less gains nothing.
const LEAST_GAIN: f64 = 1e-9;

/// Loads of all backends at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadStatistics {
    /// When they were made; `None` before the first time.
    pub at: Option<Timestamp>,
    /// By medium; one that no backend has is left out.
    pub mediums: BTreeMap<Medium, MediumLoad>,
}

/// Loads of the backends that have paths of one medium.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediumLoad {
    /// By backend.
    pub backends: BTreeMap<BackendId, BackendLoad>,
    /// Mean score.
    pub average: f64,
    /// Bytes of tablets on all of them over what they could hold.
    pub used: f64,
    /// Mean number of replicas.
    pub replicas: f64,
    /// `capacity_used_percent_high_water` when this was made.
    pub high_water: f64,
    /// `tablet_sched_balance_load_score_threshold` when this was made.
    pub threshold: f64,
}

/// Load of one backend on one medium.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BackendLoad {
    /// Alive, not being emptied, with a path of the medium that works.
    pub available: bool,
    /// Bytes of tablets.
    pub data_used: u64,
    /// Bytes of tablets, and bytes that may still be written.
    pub capacity: u64,
    /// Bytes of all disks, whoever uses them.
    pub total: u64,
    /// Replicas.
    pub replicas: u64,
    /// Weight of disk use in the score (seed: capacityCoefficient).
    pub capacity_coefficient: f64,
    /// Weight of the number of replicas (seed: replicaNumCoefficient).
    pub replica_coefficient: f64,
    /// The higher, the more load (seed: loadScore).
    pub score: f64,
    /// Against the mean of all.
    pub class: Class,
}

/// How a load stands against the mean of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Class {
    /// Not known yet.
    #[default]
    Init,
    /// Below.
    Low,
    /// About the same.
    Mid,
    /// Above.
    High,
}

impl Class {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            Class::Init => "INIT",
            Class::Low => "LOW",
            Class::Mid => "MID",
            Class::High => "HIGH",
        }
    }
}

impl LoadStatistics {
    /// The loads as the backends last told of them. Costs a look at each backend and path.
    pub fn of(catalog: &Catalog, config: &Config, now: Timestamp) -> LoadStatistics {
        let mut mediums: BTreeMap<Medium, MediumLoad> = BTreeMap::new();
        for backend in catalog.backends.values() {
            let Some(state) = catalog.backend_states.get(&backend.id) else {
                continue;
            };
            let stays = state.alive && !backend.decommissioned;
            for path in state.paths.iter().filter(|path| path.online) {
                let medium = mediums.entry(path.medium).or_default();
                let load = medium.backends.entry(backend.id).or_default();
                load.available |= stays;
                load.add(path);
            }
        }
        for medium in mediums.values_mut() {
            medium.high_water = config.capacity_used_percent_high_water;
            medium.threshold = config.tablet_sched_balance_load_score_threshold;
            medium.judge();
        }
        LoadStatistics {
            at: Some(now),
            mediums,
        }
    }

    /// The load of a backend on one medium.
    pub fn on(&self, backend: BackendId, medium: Medium) -> Option<&BackendLoad> {
        self.mediums.get(&medium)?.backends.get(&backend)
    }

    /// Mean score of a backend over the media that it has; the lower, the better it can take more.
    pub fn mixed_score(&self, backend: BackendId) -> f64 {
        let scores = self
            .mediums
            .values()
            .filter_map(|medium| Some(medium.backends.get(&backend)?.score));
        let (sum, count) =
            scores.fold((0.0, 0.0), |(sum, count), score| (sum + score, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

impl MediumLoad {
    /// Scores and classes of what has been added up.
    fn judge(&mut self) {
        let count = self.backends.len() as f64;
        let sum = |of: fn(&BackendLoad) -> u64| -> f64 {
            self.backends.values().map(|load| of(load) as f64).sum()
        };
        self.used = ratio(sum(|load| load.data_used), sum(|load| load.capacity));
        self.replicas = ratio(sum(|load| load.replicas), count);
        let (cluster_used, cluster_replicas) = (self.used, self.replicas);
        for load in self.backends.values_mut() {
            load.capacity_coefficient = capacity_coefficient(load.used(), self.high_water);
            load.replica_coefficient = 1.0 - load.capacity_coefficient;
            load.score = score(load, cluster_used, cluster_replicas, self.high_water);
        }
        let sum: f64 = self.backends.values().map(|load| load.score).sum();
        self.average = ratio(sum, count);
        let (average, threshold) = (self.average, self.threshold);
        for load in self.backends.values_mut() {
            load.class = class(load.score, average, threshold);
        }
    }

    /// How a backend stands by its score as it is now, moves that were decided included.
    pub fn class_now(&self, load: &BackendLoad) -> Class {
        class(load.score, self.average, self.threshold)
    }

    /// By how much both backends together would come nearer to the mean score if a tablet went from one to the other
    /// (StarRocks: isMoreBalanced). `None` where they would not.
    pub fn gain(&self, from: BackendId, to: BackendId, bytes: u64) -> Option<f64> {
        let (giver, taker) = (self.backends.get(&from)?, self.backends.get(&to)?);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let off = |score: f64| (score - self.average).abs();
        let before = off(giver.score) + off(taker.score);
        let after = off(self.score_with(giver, -bytes, -1)) + off(self.score_with(taker, bytes, 1));
        Some(before - after).filter(|gain| *gain > LEAST_GAIN)
    }

    /// The score that a backend would have with so much more or less, against the means as they are.
    pub fn score_with(&self, load: &BackendLoad, bytes: i64, replicas: i64) -> f64 {
        let changed = BackendLoad {
            data_used: load
                .data_used
                .saturating_add_signed(bytes)
                .min(load.capacity),
            replicas: load.replicas.saturating_add_signed(replicas),
            ..load.clone()
        };
        score(&changed, self.used, self.replicas, self.high_water)
    }

    /// Counts a move that has been decided, so that the next decision sees it. Classes stay until the next statistics.
    pub fn moved(&mut self, from: BackendId, to: BackendId, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.shift(from, -bytes, -1);
        self.shift(to, bytes, 1);
    }

    /// Counts what comes to a backend or leaves it before the backend tells of it. The mean score follows, as it will
    /// when the backend has told; classes stay.
    pub fn shift(&mut self, backend: BackendId, bytes: i64, replicas: i64) {
        let Some(load) = self.backends.get(&backend) else {
            return;
        };
        let score = self.score_with(load, bytes, replicas);
        self.average += (score - load.score) / self.backends.len() as f64;
        if let Some(load) = self.backends.get_mut(&backend) {
            load.data_used = load
                .data_used
                .saturating_add_signed(bytes)
                .min(load.capacity);
            load.replicas = load.replicas.saturating_add_signed(replicas);
            load.score = score;
        }
    }
}

impl BackendLoad {
    fn add(&mut self, path: &PathState) {
        // What a backend tells of its disks is not to be trusted with the leader's life.
        let capacity = path.data_used.saturating_add(path.available);
        self.data_used = self.data_used.saturating_add(path.data_used);
        self.capacity = self.capacity.saturating_add(capacity);
        self.total = self.total.saturating_add(path.total);
        self.replicas = self.replicas.saturating_add(path.tablets);
    }

    /// Disk use, between 0 and 1.
    pub fn used(&self) -> f64 {
        ratio(self.data_used as f64, self.capacity as f64)
    }
}

/// Weight of disk use (seed): 0.5 up to half full, 1 above the high water, twice the use less a half between.
pub fn capacity_coefficient(used: f64, high_water: f64) -> f64 {
    if used < EVEN_UP_TO {
        0.5
    } else if used > high_water {
        1.0
    } else {
        (2.0 * used - 0.5).min(1.0)
    }
}

/// How a score stands against the mean (StarRocks: more than the threshold's part of it above or below).
pub fn class(score: f64, average: f64, threshold: f64) -> Class {
    let off = ratio(score - average, average);
    // What differs by the threshold itself is no more than that, whatever its last binary digit says.
    let beyond = threshold + LEAST_GAIN;
    if off > beyond {
        Class::High
    } else if off < -beyond {
        Class::Low
    } else {
        Class::Mid
    }
}

fn score(load: &BackendLoad, cluster_used: f64, cluster_replicas: f64, high_water: f64) -> f64 {
    let weight = capacity_coefficient(load.used(), high_water);
    ratio(load.used(), cluster_used) * weight
        + ratio(load.replicas as f64, cluster_replicas) * (1.0 - weight)
}

/// `of / by`, and 0 where there is nothing to divide by.
fn ratio(of: f64, by: f64) -> f64 {
    if by > 0.0 { of / by } else { 0.0 }
}

#[cfg(test)]
mod tests;
