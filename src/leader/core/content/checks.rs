//! Checks that run and checks that wait. [`ask`] asks replicas for their digests, a few at once on each backend,
//! [`answers`] judges.
//!
//! What happens to the replicas meanwhile makes a check begin again, with those that there are then: one was replaced,
//! its backend died, it does not hold the version any more. After some attempts, or at the time limit, it has timed out.

mod answers;
mod ask;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use imbl::OrdSet;

use crate::catalog::check::Check;
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId, Version};
use crate::tablet::consistency::{Digest, Voter};

/// Checks at once (StarRocks).
const RUNNING_MAX: usize = 100;
/// Digests at once on one backend.
const DIGESTS_MAX: usize = 4;

/// The checks.
#[derive(Debug, Default)]
pub(in super::super) struct Checks {
    /// Attempts so far, so that a late answer is not taken for one of the attempt that runs.
    attempts: u64,
    running: BTreeMap<TabletId, Run>,
    /// The same as `queued`, in the order in which they are to begin.
    waiting: VecDeque<TabletId>,
    queued: BTreeSet<TabletId>,
    /// Digests that each backend computes now.
    busy: BTreeMap<BackendId, usize>,
    /// Checks that have ended and are not recorded.
    ended: Vec<(TabletId, Check)>,
    /// The running ones, for readers.
    shown: OrdSet<TabletId>,
}

/// A check that runs.
#[derive(Debug)]
struct Run {
    /// Number of the attempt.
    attempt: u64,
    /// Attempts so far.
    tries: u32,
    /// Rows up to here are compared.
    version: Version,
    /// When it has timed out.
    until: Timestamp,
    /// The replicas of this attempt.
    asked: BTreeMap<ReplicaId, Asked>,
    /// When it begins again, while nobody is asked.
    again: Option<Timestamp>,
}

/// A replica that was asked.
#[derive(Debug)]
struct Asked {
    backend: BackendId,
    /// Digest and number of rows.
    answer: Option<(u64, u64)>,
}

impl Run {
    fn digests(&self) -> Vec<Digest> {
        let answered = self
            .asked
            .iter()
            .filter_map(|(id, asked)| Some((*id, asked.answer?)));
        answered
            .map(|(id, (digest, rows))| (id, digest, rows))
            .collect()
    }

    fn answered(&self) -> bool {
        self.again.is_none() && self.asked.values().all(|asked| asked.answer.is_some())
    }
}

impl Checks {
    /// Checks that have not begun.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Puts a check into the queue, unless it waits or runs already.
    pub(super) fn want(&mut self, tablet: TabletId) {
        if !self.running.contains_key(&tablet) && self.queued.insert(tablet) {
            self.waiting.push_back(tablet);
        }
    }

    /// Whether a check of a tablet runs.
    pub(super) fn runs(&self, tablet: TabletId) -> bool {
        self.running.contains_key(&tablet)
    }

    /// Whether a check of a tablet waits, runs, or has not been recorded.
    pub(super) fn pending(&self, tablet: TabletId) -> bool {
        self.runs(tablet)
            || self.queued.contains(&tablet)
            || self.ended.iter().any(|(ended, _)| *ended == tablet)
    }

    /// The tablets whose checks run.
    pub(super) fn shown(&self) -> OrdSet<TabletId> {
        self.shown.clone()
    }

    /// Whether more checks can be taken in without a wait.
    pub(super) fn idle(&self) -> bool {
        self.waiting.is_empty() && self.running.len() < RUNNING_MAX
    }

    /// What has ended since it was last asked.
    pub(super) fn take_ended(&mut self) -> Vec<(TabletId, Check)> {
        std::mem::take(&mut self.ended)
    }

    fn has_room(&self, voters: &[Voter]) -> bool {
        let busy = |voter: &Voter| self.busy.get(&voter.backend).copied().unwrap_or(0);
        voters.iter().all(|voter| busy(voter) < DIGESTS_MAX)
    }

    fn end(&mut self, tablet: TabletId) -> Option<Run> {
        self.shown.remove(&tablet);
        self.running.remove(&tablet)
    }
}
