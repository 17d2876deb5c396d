//! What readers see of repair and balance: the queue, what runs, what has ended, hints, slots and loads.
//!
//! A value in maps that share structure; a clone costs a few reference counts.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};

use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, PartitionId, TableId, TabletId};
use crate::tablet::health::TabletStatus;
use crate::tablet::load::LoadStatistics;
use crate::tablet::room::Refusals;
use crate::tablet::task::{Kind, Task};

/// Ended tasks that are remembered (StarRocks).
pub const HISTORY_MAX: usize = 1000;

/// The state of repair and balance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Healing {
    /// Tasks in the queue.
    pub pending: OrdMap<TabletId, Arc<Task>>,
    /// Tasks whose copying runs.
    pub running: OrdMap<TabletId, Arc<Task>>,
    /// Tasks that have ended, the oldest first; at most [`HISTORY_MAX`].
    pub history: Vector<Arc<Task>>,
    /// Partitions that are to be repaired first.
    pub hints: OrdMap<PartitionId, Hint>,
    /// Room for copying, by backend and storage path.
    pub slots: OrdMap<(BackendId, i64), Slots>,
    /// Loads of the backends, made anew every minute (seed).
    pub load: Arc<LoadStatistics>,
    /// Tablets that miss a replica whose backend may come back, since when: the delay before repair counts from here.
    pub seen: OrdMap<TabletId, Timestamp>,
    /// Copies that were refused for want of room; each is forgotten when its path has more, or in time.
    pub refused: Refusals,
    /// Tablets whose content is being compared.
    pub checking: OrdSet<TabletId>,
    /// Tablets whose content is being repaired; they stand in the queue of repairs as well.
    pub repairing: OrdSet<TabletId>,
    /// Counted since the start.
    pub counters: Counters,
    /// The counters as they were after the last round of the checker, and when that was.
    pub noted: Option<(Timestamp, Counters)>,
}

/// ADMIN REPAIR TABLE: tablets of a partition come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Database.
    pub db: DbId,
    /// Table.
    pub table: TableId,
    /// Until when.
    pub until: Timestamp,
}

/// Room for copying on a storage path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slots {
    /// Copies for repair at once.
    pub repair_total: u32,
    /// Of those, in use.
    pub repair_used: u32,
    /// Copies for balance at once.
    pub balance_total: u32,
    /// Of those, in use.
    pub balance_used: u32,
    /// Bytes copied from and to the path, as far as copies have ended.
    pub bytes: u64,
    /// Milliseconds that this took.
    pub millis: u64,
}

impl Slots {
    /// Copies that may begin now.
    pub fn free(&self, lane: Kind) -> u32 {
        let (total, used) = match lane {
            Kind::Repair => (self.repair_total, self.repair_used),
            Kind::Balance => (self.balance_total, self.balance_used),
        };
        total.saturating_sub(used)
    }

    /// Whether nothing is copied.
    pub fn idle(&self) -> bool {
        self.repair_used == 0 && self.balance_used == 0
    }

    /// Takes a slot (1), or gives one back (-1).
    pub fn take(&mut self, lane: Kind, by: i32) {
        let used = match lane {
            Kind::Repair => &mut self.repair_used,
            Kind::Balance => &mut self.balance_used,
        };
        *used = used
            .checked_add_signed(by)
            .expect("a slot is given back once");
    }
}

/// What the checker, the scheduler and the balancer have done since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Rounds of the checker.
    pub checker_rounds: u64,
    /// Tablets that the checker looked at.
    pub checked_tablets: u64,
    /// Of those, not healthy.
    pub unhealthy_tablets: u64,
    /// Tasks that were queued.
    pub queued: u64,
    /// Rounds of the scheduler.
    pub scheduler_rounds: u64,
    /// Attempts to carry out a task.
    pub scheduled: u64,
    /// Of those, carried out: a copy was begun, a replica marked or removed, or nothing was left to do.
    pub carried_out: u64,
    /// Of those, failed.
    pub failed_scheduling: u64,
    /// Of those, given up: nothing that could be done is wanted any more.
    pub discarded: u64,
    /// Priorities that were raised while their tasks waited.
    pub promoted: u64,
    /// Copies that were begun.
    pub clones_begun: u64,
    /// Of those, failed.
    pub clones_failed: u64,
    /// Milliseconds that finished copies took, all together.
    pub clone_millis: u64,
    /// Attempts for tablets that have too few replicas.
    pub replica_missing: u64,
    /// Attempts for tablets with a replica that lacks versions.
    pub version_missing: u64,
    /// Attempts for tablets whose replicas have to leave their backends.
    pub relocating: u64,
    /// Attempts for tablets that have a replica too many.
    pub redundant: u64,
    /// Attempts at moves for balance.
    pub balance_scheduled: u64,
    /// Tasks that ended well.
    pub finished: u64,
    /// Tasks that were given up, by whatever reason.
    pub cancelled: u64,
    /// Tasks whose copying took too long.
    pub timed_out: u64,
    /// Copies of everything.
    pub full_clones: u64,
    /// Copies of what was missing.
    pub incremental_clones: u64,
    /// Bytes copied.
    pub cloned_bytes: u64,
    /// Replicas removed.
    pub removed_replicas: u64,
    /// Moves that the balancer asked for.
    pub moves: u64,
}

impl Counters {
    /// A task is tried, for what is the matter with its tablet now.
    pub fn tried(&mut self, task: &Task) {
        self.scheduled += 1;
        match (task.kind, task.status) {
            (Kind::Balance, _) => self.balance_scheduled += 1,
            (_, TabletStatus::ReplicaMissing) => self.replica_missing += 1,
            (_, TabletStatus::VersionIncomplete) => self.version_missing += 1,
            (_, TabletStatus::ReplicaRelocating) => self.relocating += 1,
            (_, TabletStatus::Redundant | TabletStatus::ForceRedundant) => self.redundant += 1,
            (_, TabletStatus::Healthy) => {}
        }
    }
}

impl Healing {
    /// The task of a tablet that has not ended.
    pub fn task(&self, tablet: TabletId) -> Option<&Arc<Task>> {
        self.running
            .get(&tablet)
            .or_else(|| self.pending.get(&tablet))
    }

    /// The last task of a tablet that has ended, if it is remembered.
    pub fn last(&self, tablet: TabletId) -> Option<&Arc<Task>> {
        self.history.iter().rev().find(|task| task.tablet == tablet)
    }
}
