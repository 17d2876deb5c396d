//! A task of the scheduler: one tablet that is to be repaired or moved, from the queue to the history.
//!
//! Owns what is known of a task, and what the seed's columns of `/cluster_balance/pending_tablets` need. Does not own when
//! a task is made or carried out: [`schedule`](crate::tablet::schedule) does.

use std::cmp::Reverse;

use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, PartitionId, ReplicaId, TableId, TabletId, TxnId, Version};
use crate::tablet::health::{Health, Priority, TabletStatus};
use crate::tablet::reason::Reason;

/// A tablet that is being repaired or moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Tablet; there is at most one task of it that has not ended.
    pub tablet: TabletId,
    /// Database.
    pub db: DbId,
    /// Table.
    pub table: TableId,
    /// Partition.
    pub partition: PartitionId,
    /// What for.
    pub kind: Kind,
    /// What was the matter with the tablet when it was last looked at.
    pub status: TabletStatus,
    /// Where the task is.
    pub state: State,
    /// Priority that the task was made with, or that a hint gave it.
    pub original: Priority,
    /// Priority now.
    pub dynamic: Priority,
    /// The medium whose load a move evens out, and that new replicas prefer.
    pub medium: Medium,
    /// Where it copies from.
    pub source: Option<Spot>,
    /// Where it copies to.
    pub destination: Option<Spot>,
    /// Milliseconds that the copying may take; 0 before it begins.
    pub timeout_ms: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last tried to carry it out.
    pub scheduled: Option<Timestamp>,
    /// When it was last tried, or its copying ended.
    pub visited: Option<Timestamp>,
    /// When its copying ended well; what follows is that the copied replica goes, where it is a move.
    pub copied: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// When its priority was first looked at again (seed: LstAdjPrio).
    pub adjusted: Option<Timestamp>,
    /// Bytes copied.
    pub bytes: u64,
    /// Milliseconds that this took.
    pub millis: u64,
    /// Whether everything was copied and not only what was missing; known at the end.
    pub full: Option<bool>,
    /// Failures to carry it out, since the last step down in priority.
    pub failed_scheduling: u32,
    /// Copies that failed.
    pub failed_running: u32,
    /// Where the last of them was to go: others are tried first.
    pub failed_on: Option<BackendId>,
    /// What readers saw when it was last looked at.
    pub visible: Version,
    /// The last version given out by then.
    pub committed: Version,
    /// The replica that is to be removed, and the transaction before which loads may still write to it.
    pub retiring: Option<(ReplicaId, TxnId)>,
    /// Why it waits, failed or ended.
    pub reason: Option<Reason>,
}

/// A replica on a storage path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Backend.
    pub backend: BackendId,
    /// Storage path; `-1` where the backend chooses.
    pub path: i64,
    /// The replica; a new one gets its id when copying begins.
    pub replica: Option<ReplicaId>,
}

/// What a task is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something is the matter with the tablet.
    Repair,
    /// It is moved from a backend with much load to one with little.
    Balance,
}

/// Where a task is (seed: PENDING, RUNNING, FINISHED, CANCELLED, TIMEOUT, UNEXPECTED).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// In the queue.
    Pending,
    /// Copying.
    Running,
    /// Ended well.
    Finished,
    /// Given up.
    Cancelled,
    /// Its copying took too long.
    Timeout,
    /// Something that can't be has happened.
    Unexpected,
}

impl Kind {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Repair => "REPAIR",
            Kind::Balance => "BALANCE",
        }
    }
}

impl State {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            State::Pending => "PENDING",
            State::Running => "RUNNING",
            State::Finished => "FINISHED",
            State::Cancelled => "CANCELLED",
            State::Timeout => "TIMEOUT",
            State::Unexpected => "UNEXPECTED",
        }
    }

    /// Whether it has ended.
    pub fn ended(self) -> bool {
        !matches!(self, State::Pending | State::Running)
    }
}

impl Task {
    /// A task that has just been made. Table, versions and medium are filled by the caller.
    pub fn new(
        tablet: TabletId,
        (db, partition): (DbId, PartitionId),
        kind: Kind,
        status: TabletStatus,
        priority: Priority,
        now: Timestamp,
    ) -> Task {
        Task {
            tablet,
            db,
            table: TableId::default(),
            partition,
            kind,
            status,
            state: State::Pending,
            original: priority,
            dynamic: priority,
            medium: Medium::Hdd,
            source: None,
            destination: None,
            timeout_ms: 0,
            created: now,
            scheduled: None,
            visited: None,
            finished: None,
            copied: None,
            adjusted: None,
            bytes: 0,
            millis: 0,
            full: None,
            failed_scheduling: 0,
            failed_running: 0,
            failed_on: None,
            visible: 0,
            committed: 0,
            retiring: None,
            reason: None,
        }
    }

    /// Takes in what is the matter with its tablet now. A move of a tablet with which something is the matter becomes its repair.
    pub fn look(&mut self, health: Health, now: Timestamp) {
        self.status = health.status;
        if self.kind == Kind::Balance && health.status.unhealthy() && self.retiring.is_none() {
            self.kind = Kind::Repair;
            self.promote(health.priority);
            (self.scheduled, self.source) = (Some(now), None);
        }
    }

    /// Gives the task another priority of its own: what it went through before does not count any more.
    pub fn promote(&mut self, priority: Priority) {
        (self.original, self.dynamic) = (priority, priority);
        self.failed_scheduling = 0;
        (self.scheduled, self.adjusted) = (None, None);
    }

    /// Where it stands in the queue: the highest priority first, and of those the one that was left alone the longest.
    pub fn place(&self) -> (Reverse<Priority>, Timestamp, TabletId) {
        let since = self.visited.unwrap_or(self.created);
        (Reverse(self.dynamic), since, self.tablet)
    }

    /// Bytes copied in a second; `None` before anything was.
    pub fn rate(&self) -> Option<u64> {
        (self.millis > 0 && self.bytes > 0).then(|| self.bytes.saturating_mul(1000) / self.millis)
    }
}
