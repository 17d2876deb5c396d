//! Checks that run and checks that wait: replicas are asked for their digests, a few at once on each backend, and the
//! answers judged.
//!
//! What happens to the replicas meanwhile makes a check begin again, with those that there are then: one was replaced,
//! its backend died, it does not hold the version any more. After some attempts, or at the time limit, it has timed out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use imbl::OrdSet;

use super::super::{Core, Purpose};
use crate::backend::api::{DigestTablets, TabletDigest};
use crate::catalog::check::{Check, Verdict};
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId, Version};
use crate::leader::action::{BackendReply, BackendRequest};
use crate::tablet::consistency::{Digest, Voter, judge, majority, stands, time_limit_ms, voters};

/// Checks at once (StarRocks).
const RUNNING_MAX: usize = 100;
/// Digests at once on one backend.
const DIGESTS_MAX: usize = 4;
/// Waiting checks that are looked at for whether they can begin, at one go.
const LOOKED_AT_MAX: usize = 200;
/// Milliseconds before a check that could not be finished begins again: time for a dead backend to be noticed.
const PAUSE_MS: u64 = 5_000;
/// Attempts at one check.
const ATTEMPTS_MAX: u32 = 6;

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

impl Core {
    /// Begins checks that wait, as far as there is room: first those that begin again.
    pub(in super::super) fn start_checks(&mut self) {
        let resting = self.content.checks.running.iter();
        let due = resting.filter(|(_, run)| run.again.is_some_and(|again| again <= self.now));
        let due: Vec<TabletId> = due.map(|(tablet, _)| *tablet).collect();
        for tablet in due {
            self.ask_voters(tablet);
        }
        let looked_at = self.content.checks.waiting.len().min(LOOKED_AT_MAX);
        for _ in 0..looked_at {
            if self.content.checks.running.len() >= RUNNING_MAX {
                return;
            }
            let Some(tablet) = self.content.checks.waiting.pop_front() else {
                return;
            };
            let Some(view) = self.head.tablets.view(tablet) else {
                self.content.checks.queued.remove(&tablet);
                continue;
            };
            let voters = voters(&self.head, &view);
            if !self.content.checks.has_room(&voters) {
                self.content.checks.waiting.push_back(tablet);
                continue;
            }
            self.content.checks.queued.remove(&tablet);
            let bytes = voters.iter().map(|voter| voter.bytes).max().unwrap_or(0);
            let until = self.now.plus_ms(time_limit_ms(&self.config, bytes));
            let run = Run {
                attempt: 0,
                tries: 0,
                version: view.visible(),
                until,
                asked: BTreeMap::new(),
                again: Some(self.now),
            };
            self.content.checks.running.insert(tablet, run);
            self.content.checks.shown.insert(tablet);
            self.ask_voters(tablet);
        }
    }

    /// Begins an attempt, unless a backend has no room for it yet.
    fn ask_voters(&mut self, tablet: TabletId) {
        let Some(view) = self.head.tablets.view(tablet) else {
            self.content.checks.end(tablet);
            return;
        };
        let (version, wanted) = (view.visible(), view.wanted());
        let voters = voters(&self.head, &view);
        if !self.content.checks.has_room(&voters) {
            return;
        }
        self.content.checks.attempts += 1;
        let attempt = self.content.checks.attempts;
        let Some(run) = self.content.checks.running.get_mut(&tablet) else {
            return;
        };
        run.attempt = attempt;
        run.tries += 1;
        run.version = version;
        run.again = None;
        run.asked.clear();
        if voters.len() < majority(wanted) {
            return self.attempt_failed(tablet);
        }
        let timeout_ms = run.until.since_ms(self.now);
        for voter in voters {
            let Voter {
                replica, backend, ..
            } = voter;
            let request = BackendRequest::Digest(DigestTablets {
                tablets: vec![(tablet, replica, version)],
            });
            let purpose = Purpose::Digest {
                tablet,
                attempt,
                backend,
            };
            // A living backend exists; one that does not is noticed at the next tick.
            if self.call(backend, timeout_ms, purpose, request).is_some() {
                *self.content.checks.busy.entry(backend).or_default() += 1;
            }
            let asked = Asked {
                backend,
                answer: None,
            };
            if let Some(run) = self.content.checks.running.get_mut(&tablet) {
                run.asked.insert(replica, asked);
            }
        }
    }

    /// A backend has told what the rows of its replica amount to, or why it does not.
    pub(in super::super) fn digest_answered(
        &mut self,
        tablet: TabletId,
        attempt: u64,
        backend: BackendId,
        result: Result<BackendReply, String>,
    ) {
        let checks = &mut self.content.checks;
        if let Some(busy) = checks.busy.get_mut(&backend) {
            *busy -= 1;
            if *busy == 0 {
                checks.busy.remove(&backend);
            }
        }
        let digest = match result {
            Ok(BackendReply::Digests(all)) => {
                all.digests.into_iter().find(|of| of.tablet == tablet)
            }
            Ok(_) | Err(_) => None,
        };
        // What is damaged is damaged, whoever still waits for the answer.
        let bad = digest.as_ref().filter(|of| of.bad).map(|of| of.replica);
        if let Some(replica) = bad {
            self.take_for_bad(tablet, replica, backend);
        }
        let Some(run) = self.content.checks.running.get_mut(&tablet) else {
            return;
        };
        if run.attempt != attempt {
            return;
        }
        match digest {
            Some(TabletDigest {
                replica,
                version,
                result: Ok(content),
                ..
            }) if version == run.version && run.asked.contains_key(&replica) => {
                if let Some(asked) = run.asked.get_mut(&replica) {
                    asked.answer = Some(content);
                }
            }
            Some(TabletDigest {
                replica, bad: true, ..
            }) => drop(run.asked.remove(&replica)),
            _ => return self.attempt_failed(tablet),
        }
        self.judge_if_answered(tablet);
        self.start_checks();
    }

    /// Its files are lost or wrong: it is repaired like any other bad replica.
    fn take_for_bad(&mut self, tablet: TabletId, replica: ReplicaId, backend: BackendId) {
        let view = self.head.tablets.view(tablet);
        let held = view.and_then(|view| view.on(backend));
        if held.is_some_and(|held| held.id == replica)
            && self.head.observe_loss(tablet, backend, true)
        {
            self.census.look_at(&self.head, &[tablet]);
        }
    }

    fn judge_if_answered(&mut self, tablet: TabletId) {
        let Some(run) = self.content.checks.running.get(&tablet) else {
            return;
        };
        let Some(view) = self.head.tablets.view(tablet) else {
            self.content.checks.end(tablet);
            return;
        };
        if !run.answered() {
            return;
        }
        let stand = run.asked.keys().all(|id| {
            let mut replicas = view.replicas();
            replicas.any(|replica| replica.id == *id && stands(&replica))
        });
        if stand && run.asked.len() >= majority(view.wanted()) {
            self.end_check(tablet);
        } else {
            self.attempt_failed(tablet);
        }
    }

    /// The check begins again after a pause; after too many attempts it has timed out.
    fn attempt_failed(&mut self, tablet: TabletId) {
        let again = self.now.plus_ms(PAUSE_MS);
        let Some(run) = self.content.checks.running.get_mut(&tablet) else {
            return;
        };
        if run.tries >= ATTEMPTS_MAX || again >= run.until {
            return self.end_check(tablet);
        }
        run.attempt = 0;
        run.again = Some(again);
    }

    /// The check ends with the answers that there are.
    fn end_check(&mut self, tablet: TabletId) {
        let Some(run) = self.content.checks.end(tablet) else {
            return;
        };
        let Some(view) = self.head.tablets.view(tablet) else {
            return;
        };
        let digests = run.digests();
        let verdict = match run.asked.is_empty() {
            true => Verdict::TimedOut,
            false => judge(view.wanted(), run.asked.len(), &digests),
        };
        let check = Check {
            at: self.now,
            version: run.version,
            verdict,
            digests,
        };
        self.content.checks.ended.push((tablet, check));
    }

    /// Ends checks whose time is over or whose tablet is gone, and begins those again whose replicas are not what they
    /// were.
    pub(super) fn end_checks(&mut self) {
        let mut late = Vec::new();
        let mut lost = Vec::new();
        for (tablet, run) in &self.content.checks.running {
            let Some(view) = self.head.tablets.view(*tablet) else {
                late.push(*tablet);
                continue;
            };
            let waits = |(id, asked): (&ReplicaId, &Asked)| {
                let held = view.on(asked.backend).filter(|held| held.id == *id);
                let answers = held.is_some_and(|held| stands(&held));
                asked.answer.is_some() || (answers && self.head.alive(asked.backend))
            };
            if run.until <= self.now {
                late.push(*tablet);
            } else if run.again.is_none() && !run.asked.iter().all(waits) {
                lost.push(*tablet);
            }
        }
        for tablet in late {
            self.end_check(tablet);
        }
        for tablet in lost {
            self.attempt_failed(tablet);
        }
    }
}
