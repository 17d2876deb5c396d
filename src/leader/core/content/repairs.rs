//! The queue of content repairs: a queued tablet is checked unless it was since, the replicas outside the majority are
//! taken for bad, the scheduler makes them anew, and it is checked again. Agreement ends it.
//!
//! A tablet without a majority leaves the queue as it is, and stays shown as differing. So does one whose repair comes to
//! nothing some times over: whoever is not repaired starves nobody.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use imbl::OrdSet;

use super::super::Core;
use crate::catalog::change::Change;
use crate::catalog::check::{Check, Verdict};
use crate::catalog::tablets::TabletView;
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId};
use crate::tablet::cluster::Cluster;
use crate::tablet::consistency::remedy::{Remedy, remedy};
use crate::tablet::health::tablet_health;
use crate::tablet::unseen::can_spare;

/// Tablets that are checked for a repair at once.
const CHECKING_MAX: usize = 64;
/// Tablets that are repaired at once, those included whose replicas are being made anew.
const ACTIVE_MAX: usize = 1_000;
/// Milliseconds between two looks at the queue.
const LOOK_MS: u64 = 500;
/// Attempts that may come to nothing before a tablet leaves the queue.
const FAILURES_MAX: u32 = 3;
/// How often replicas of one tablet are made anew: when they differ again and again, something else is the matter.
const ROUNDS_MAX: u32 = 3;
/// Milliseconds before the next attempt.
const REST_MS: u64 = 30_000;
/// Milliseconds that the scheduler has for making replicas anew.
const REPLACE_MAX_MS: u64 = 4 * 3_600_000;

/// Repairs that are being worked on.
#[derive(Debug, Default)]
pub(in super::super) struct Repairs {
    active: BTreeMap<TabletId, Repair>,
    /// The last tablet that was taken up.
    cursor: TabletId,
    look_at: Timestamp,
    /// Those that can't be cancelled any more, for readers.
    shown: OrdSet<TabletId>,
}

#[derive(Debug, Clone, Copy)]
struct Repair {
    stage: Stage,
    /// When the stage began; an older check does not count.
    since: Timestamp,
    /// Nothing is done before.
    rest_until: Timestamp,
    failures: u32,
    /// How often replicas were made anew.
    rounds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its replicas are compared.
    Checking,
    /// The scheduler makes replicas anew.
    Replacing,
}

/// What a repair needs next.
enum Step {
    Wait,
    Check,
    Replace(Vec<ReplicaId>),
    /// An attempt came to nothing.
    Fail,
    /// The replicas are made anew: what they hold is compared again.
    Verify,
    Leave,
}

impl Repairs {
    /// Tablets whose repair can't be cancelled any more.
    pub(super) fn shown(&self) -> OrdSet<TabletId> {
        self.shown.clone()
    }
}

impl Core {
    /// Whether a repair of a tablet is being worked on: its replicas are being compared, or made anew.
    pub(super) fn in_repair(&self, tablet: TabletId) -> bool {
        let repair = self.content.repairs.active.get(&tablet);
        repair.is_some_and(|repair| {
            repair.stage == Stage::Replacing || self.content.checks.runs(tablet)
        })
    }

    /// Whether a difference can be repaired: most replicas hold the same.
    pub(super) fn repairable(&self, tablet: &TabletView<'_>, check: &Check) -> bool {
        check.verdict == Verdict::Differs
            && remedy(&self.head, tablet, check, |_| false) != Remedy::Undecided
    }

    /// A check that a repair may have waited for has ended.
    pub(super) fn repair_was_checked(&mut self, tablet: TabletId, verdict: Verdict) {
        let now = self.now;
        if let Some(repair) = self.content.repairs.active.get_mut(&tablet)
            && verdict == Verdict::TimedOut
        {
            repair.fail(now);
        }
    }

    /// Takes every repair that is worked on one step further, and takes up more.
    pub(super) fn work_on_repairs(&mut self) {
        if self.now < self.content.repairs.look_at || self.safe_mode() {
            return;
        }
        self.content.repairs.look_at = self.now.plus_ms(LOOK_MS);
        let queued = &self.head.repairs;
        let active = &mut self.content.repairs.active;
        active.retain(|tablet, _| queued.contains_key(tablet));
        self.take_up_repairs();
        if self.content.repairs.active.is_empty() {
            self.content.repairs.shown = OrdSet::new();
            return;
        }
        let cluster = self.census.cluster().clone();
        let active = self.content.repairs.active.iter();
        let steps: Vec<(TabletId, Step)> = active
            .map(|(tablet, repair)| (*tablet, self.next_step(*tablet, *repair, &cluster)))
            .collect();
        let mut changes = Vec::new();
        let mut over = Vec::new();
        for (tablet, step) in steps {
            match self.take_step(tablet, step) {
                Taken::Replaced(bad) => changes.extend(bad),
                Taken::Left => over.push(tablet),
                Taken::Nothing => {}
            }
        }
        if !over.is_empty() {
            changes.push(Change::QueueRepairs {
                tablets: over,
                on: false,
                at: self.now,
            });
        }
        if !changes.is_empty() {
            self.record_own(changes);
        }
        let worked_on = self.content.repairs.active.keys().copied();
        let shown: OrdSet<TabletId> = worked_on.filter(|id| self.in_repair(*id)).collect();
        self.content.repairs.shown = shown;
    }

    /// Takes up queued tablets in their order, beginning after the last one.
    fn take_up_repairs(&mut self) {
        let Repairs { active, cursor, .. } = &mut self.content.repairs;
        let from = *cursor;
        let checking = active
            .values()
            .filter(|repair| repair.stage == Stage::Checking)
            .count();
        let room = CHECKING_MAX
            .saturating_sub(checking)
            .min(ACTIVE_MAX.saturating_sub(active.len()));
        let queue = &self.head.repairs;
        let others = queue.len().saturating_sub(active.len());
        let after = queue.range((Excluded(from), Unbounded));
        let again = queue.range(..=from);
        let next = after
            .chain(again)
            .filter(|(tablet, _)| !active.contains_key(tablet));
        let next: Vec<(TabletId, Timestamp)> = next
            .take(room.min(others))
            .map(|(tablet, at)| (*tablet, *at))
            .collect();
        for (tablet, since) in next {
            *cursor = tablet;
            let repair = Repair {
                stage: Stage::Checking,
                since,
                rest_until: since,
                failures: 0,
                rounds: 0,
            };
            active.insert(tablet, repair);
        }
    }

    fn next_step(&self, tablet: TabletId, repair: Repair, cluster: &Cluster) -> Step {
        let Some(view) = self.head.tablets.view(tablet) else {
            return Step::Leave;
        };
        if self.now < repair.rest_until || self.content.checks.pending(tablet) {
            return Step::Wait;
        }
        if repair.stage == Stage::Replacing {
            let complete = tablet_health(cluster, &view).counts.complete;
            let whole = complete >= usize::from(view.wanted())
                && view.replicas().all(|replica| !replica.bad);
            return match self.now.since_ms(repair.since) < REPLACE_MAX_MS {
                _ if whole => Step::Verify,
                true => Step::Wait,
                false => Step::Leave,
            };
        }
        if repair.failures >= FAILURES_MAX {
            return Step::Leave;
        }
        let last = self.head.checks.get(&tablet);
        match last.filter(|check| check.at >= repair.since) {
            Some(check) if check.verdict == Verdict::Consistent => Step::Leave,
            Some(check) if check.verdict == Verdict::Differs => {
                let given = |id| self.content.given.contains(tablet, id);
                match remedy(&self.head, &view, check, given) {
                    Remedy::Undecided => Step::Leave,
                    Remedy::Unsafe => Step::Fail,
                    _ if repair.rounds >= ROUNDS_MAX => Step::Leave,
                    // Taken for bad before a restart, or by other hands.
                    Remedy::Outdated => Step::Replace(Vec::new()),
                    // What is bad is not copied from, and these hold rows that nobody else has yet.
                    Remedy::Replace(wrong) if !can_spare(&self.head, &view, &wrong) => Step::Wait,
                    Remedy::Replace(wrong) => Step::Replace(wrong),
                }
            }
            _ => Step::Check,
        }
    }

    fn take_step(&mut self, tablet: TabletId, step: Step) -> Taken {
        let now = self.now;
        let Some(repair) = self.content.repairs.active.get_mut(&tablet) else {
            return Taken::Nothing;
        };
        match step {
            Step::Wait => {}
            Step::Check => self.content.checks.want(tablet),
            Step::Fail => repair.fail(now),
            Step::Verify => repair.enter(Stage::Checking, now),
            Step::Replace(wrong) => {
                repair.enter(Stage::Replacing, now);
                repair.rounds += 1;
                let bad = wrong.into_iter().map(|replica| Change::SetReplicaBad {
                    tablet,
                    replica,
                    bad: true,
                });
                return Taken::Replaced(bad.collect());
            }
            Step::Leave => {
                self.content.repairs.active.remove(&tablet);
                return Taken::Left;
            }
        }
        Taken::Nothing
    }
}

/// What a step has brought about.
enum Taken {
    Nothing,
    Replaced(Vec<Change>),
    Left,
}

impl Repair {
    fn enter(&mut self, stage: Stage, now: Timestamp) {
        self.stage = stage;
        self.since = now;
        self.rest_until = now;
    }

    /// An attempt came to nothing; the next one looks anew.
    fn fail(&mut self, now: Timestamp) {
        self.failures += 1;
        self.since = now;
        self.rest_until = now.plus_ms(REST_MS);
    }
}
