//! Repair and balance at work: the rounds of the checker and of the scheduler, and the tasks between them.
//!
//! Decides nothing itself: `tablet::checker` finds, `tablet::schedule` decides, the files below perform. Nothing here is
//! journaled but what becomes of replicas; after a restart the checker finds again what is to be done (seed: hints expire
//! when the leader is restarted).

mod carry_out;
mod copying;
mod decommission;
mod full;
mod leftovers;
mod steer;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Core;
use crate::clock::Timestamp;
use crate::ids::{BackendId, TabletId};
use crate::leader::action::CallId;
use crate::tablet::cluster::Cluster;
use crate::tablet::desk::{self, Desk, Order};
use crate::tablet::healing::{HISTORY_MAX, Healing};
use crate::tablet::health::{Priority, tablet_health};
use crate::tablet::priority;
use crate::tablet::reason::{Reason, Ruling};
use crate::tablet::schedule;
use crate::tablet::task::{Kind, State, Task};
use crate::tablet::{balance, checker};

/// Milliseconds between two rounds of the scheduler (StarRocks).
const ROUND_MS: u64 = 1_000;
/// Milliseconds between two rounds where a copy has ended and left room.
const HASTE_MS: u64 = 20;
/// Milliseconds before a task that could not be carried out is tried again.
const RETRY_MS: u64 = 5_000;
/// Milliseconds between two statistics of loads (seed: one minute).
const STATISTICS_MS: u64 = 60_000;
/// Milliseconds between two looks at all priorities (StarRocks).
const PRIORITIES_MS: u64 = 20_000;
/// Tasks that one round tries, at least (StarRocks of the seed's era).
const BATCH_MIN: usize = 50;

/// Where a task stands in the queue: by priority, then by who has waited longest since it was last tried.
type Place = (Reverse<Priority>, Timestamp, TabletId);

/// The state of repair and balance.
#[derive(Debug, Default)]
pub(super) struct Heal {
    /// What readers see.
    healing: Healing,
    /// Tasks that wait, those of a kind apart: each has slots of its own, and neither is looked through for the other.
    repairs: BTreeSet<Place>,
    moves: BTreeSet<Place>,
    /// Backends by load, the least first; worked out for each round.
    order: Order,
    /// The calls of copies that run.
    calls: BTreeMap<TabletId, CallId>,
    checked_at: Option<Timestamp>,
    scheduled_at: Option<Timestamp>,
    adjusted_at: Option<Timestamp>,
    picked_at: Option<Timestamp>,
    /// A copy has ended: there may be room.
    room: bool,
    /// The backends that the statistics of loads were made of.
    nodes: Arc<Cluster>,
}

impl Heal {
    pub(super) fn healing(&self) -> &Healing {
        &self.healing
    }

    /// Whether a tablet is being copied to a backend.
    pub(super) fn fills(&self, backend: BackendId, tablet: TabletId) -> bool {
        let task = self.healing.running.get(&tablet);
        let to = task.and_then(|task| task.destination);
        to.is_some_and(|to| to.backend == backend)
    }

    fn queue(&mut self, kind: Kind) -> &mut BTreeSet<Place> {
        match kind {
            Kind::Repair => &mut self.repairs,
            Kind::Balance => &mut self.moves,
        }
    }

    /// Puts a task in the queue, in the place of an earlier state of it.
    fn put(&mut self, task: Task) {
        self.take(task.tablet);
        self.queue(task.kind).insert(task.place());
        self.healing.pending.insert(task.tablet, Arc::new(task));
    }

    /// Takes a task out of the queue.
    fn take(&mut self, tablet: TabletId) -> Option<Task> {
        let task = self.healing.pending.remove(&tablet)?;
        self.queue(task.kind).remove(&task.place());
        Some(Arc::unwrap_or_clone(task))
    }

    /// Puts a task that has ended into the history.
    fn end(&mut self, mut task: Task, state: State, reason: Option<Reason>, now: Timestamp) {
        (task.state, task.reason, task.finished) = (state, reason, Some(now));
        let counters = &mut self.healing.counters;
        match state {
            State::Finished => counters.finished += 1,
            State::Timeout => counters.timed_out += 1,
            _ => counters.cancelled += 1,
        }
        self.healing.history.push_back(Arc::new(task));
        while self.healing.history.len() > HISTORY_MAX {
            self.healing.history.pop_front();
        }
    }
}

impl Core {
    /// Time has passed: rounds that are due.
    pub(super) fn heal(&mut self) {
        self.end_late_copies();
        let checks_ms = self
            .config
            .tablet_sched_checker_interval_seconds
            .max(1)
            .saturating_mul(1000);
        if due(self.heal.checked_at, self.now, checks_ms) {
            self.check_round();
        }
        self.schedule_if_due();
    }

    /// Looks at everything remarkable now, and not when its time comes.
    pub(super) fn check_soon(&mut self) {
        self.heal.checked_at = None;
    }

    fn check_round(&mut self) {
        self.heal.checked_at = Some(self.now);
        self.heal.healing.counters.checker_rounds += 1;
        self.tidy();
        self.drop_the_empty();
        let (now, safe_mode) = (self.now, self.safe_mode());
        self.news.forget(now);
        let remarkable = self.census.remarkable();
        let found = self.at_desk(|desk| checker::round(desk, &remarkable));
        let healing = &mut self.heal.healing;
        healing.counters.checked_tablets += found.checked;
        healing.counters.unhealthy_tablets += found.unhealthy;
        healing.seen = found.seen;
        if !safe_mode {
            let catalog = &self.head;
            healing.hints = std::mem::take(&mut healing.hints)
                .into_iter()
                .filter(|(id, hint)| {
                    let exists = catalog.partitions.contains_key(id);
                    exists && hint.until > now && found.hinted.contains(id)
                })
                .collect();
        }
        self.enqueue(found.tasks);
        let healing = &mut self.heal.healing;
        healing.noted = Some((now, healing.counters));
    }

    fn enqueue(&mut self, tasks: Vec<Task>) {
        self.heal.healing.counters.queued += tasks.len() as u64;
        self.heal.room |= !tasks.is_empty();
        for task in tasks {
            self.heal.put(task);
        }
    }

    /// Looks at one tablet whose task has just ended: what is still the matter gets a task at once.
    fn check_again(&mut self, tablet: TabletId) {
        let hints = &self.heal.healing.hints;
        let Some(view) = self.head.tablets.view(tablet) else {
            return;
        };
        let hinted = hints.contains_key(&view.partition());
        let task = self.at_desk(|desk| {
            let health = tablet_health(desk.cluster, &view);
            let healthy = health.status == crate::tablet::health::TabletStatus::Healthy;
            let waits = checker::delay_left_ms(desk, &view, health) > 0;
            let queued = desk.healing.task(tablet).is_some();
            match healthy || waits || queued {
                true => None,
                false => checker::task(desk, &view, health, hinted),
            }
        });
        self.enqueue(task.into_iter().collect());
    }

    fn schedule_if_due(&mut self) {
        let pause = match self.heal.room {
            true => HASTE_MS,
            false => ROUND_MS,
        };
        if due(self.heal.scheduled_at, self.now, pause) {
            self.schedule_round();
        }
    }

    fn schedule_round(&mut self) {
        self.heal.scheduled_at = Some(self.now);
        self.heal.room = false;
        if self.safe_mode() {
            return;
        }
        self.refresh();
        self.heal.order = desk::by_load(&self.head, &self.heal.healing);
        for tablet in self.batch() {
            self.attempt(tablet);
        }
    }

    /// Slots, statistics and priorities as time goes on.
    fn refresh(&mut self) {
        let now = self.now;
        let healing = &mut self.heal.healing;
        healing.counters.scheduler_rounds += 1;
        desk::slots(&self.head, &self.config, healing);
        if due(healing.load.at, now, STATISTICS_MS) || self.heal.nodes != *self.census.cluster() {
            self.heal.nodes = self.census.cluster().clone();
            let load = self.at_desk(balance::measure);
            self.heal.healing.load = Arc::new(load);
        }
        if due(self.heal.picked_at, now, ROUND_MS) {
            self.heal.picked_at = Some(now);
            let moves = self.at_desk(balance::pick);
            self.enqueue(moves);
        }
        if due(self.heal.adjusted_at, now, PRIORITIES_MS) {
            self.heal.adjusted_at = Some(now);
            let pending: Vec<Arc<Task>> = self.heal.healing.pending.values().cloned().collect();
            for task in pending {
                let mut task = Arc::unwrap_or_clone(task);
                let before = task.dynamic;
                if priority::adjust(&mut task, now) {
                    self.heal.healing.counters.promoted += u64::from(task.dynamic > before);
                    self.heal.put(task);
                }
            }
        }
    }

    /// The tasks that this round tries, in their order. Those that could not be carried out a moment ago have to wait.
    fn batch(&self) -> Vec<TabletId> {
        let most = |lane| {
            let slots = self.heal.healing.slots.values();
            let free = slots.map(|slots| u64::from(slots.free(lane)));
            let free = free.fold(0, u64::saturating_add);
            BATCH_MIN.max(usize::try_from(free).unwrap_or(usize::MAX))
        };
        let ready = |tablet: &TabletId| {
            let task = self.heal.healing.pending.get(tablet);
            task.is_some_and(|task| {
                let failed = task.reason.as_ref().map(Reason::ruling) == Some(Ruling::No);
                !failed || due(task.visited, self.now, RETRY_MS)
            })
        };
        let first = |queue: &BTreeSet<Place>, most: usize| {
            let ready = queue.iter().filter(|(_, _, tablet)| ready(tablet));
            ready.take(most).copied().collect::<Vec<_>>()
        };
        let mut chosen = first(&self.heal.repairs, most(Kind::Repair));
        chosen.extend(first(&self.heal.moves, most(Kind::Balance)));
        chosen.sort_unstable();
        chosen.into_iter().map(|(_, _, tablet)| tablet).collect()
    }

    /// Tries one task.
    fn attempt(&mut self, tablet: TabletId) {
        let Some(mut task) = self.heal.take(tablet) else {
            return;
        };
        (task.scheduled, task.visited) = (Some(self.now), Some(self.now));
        self.renew(&mut task);
        self.heal.healing.counters.tried(&task);
        let decision = self.at_desk(|desk| schedule::decide(desk, &task));
        self.carry_out(task, decision);
    }

    /// What a task knows of its tablet, as it is now.
    fn renew(&self, task: &mut Task) {
        let Some(view) = self.head.tablets.view(task.tablet) else {
            return;
        };
        let health = tablet_health(self.census.cluster(), &view);
        task.look(health, self.now);
        if let Some(partition) = self.head.partitions.get(&view.partition()) {
            task.visible = partition.visible_version;
            task.committed = partition.next_version - 1;
        }
    }

    /// Has something decided about everything as it is at this moment.
    fn at_desk<T>(&self, decide: impl FnOnce(&Desk<'_>) -> T) -> T {
        decide(&Desk {
            now: self.now,
            catalog: &self.head,
            cluster: self.census.cluster(),
            config: &self.config,
            healing: &self.heal.healing,
            order: &self.heal.order,
            safe_mode: self.safe_mode(),
        })
    }
}

/// Whether `ms` have passed since something was done last; it is due where it never was.
fn due(last: Option<Timestamp>, now: Timestamp, ms: u64) -> bool {
    last.is_none_or(|last| now.since_ms(last) >= ms)
}
