//! Why the scheduler does, or does not do, something: one typed reason, and everything that is said of it.
//!
//! ErrMsg, EXPLAIN TABLET and the log print these. Texts follow StarRocks' where it has one.

use std::fmt;
use std::sync::Arc;

use crate::ids::{BackendId, ReplicaId, TxnId, Version};

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No replica can be copied: none is whole on a living backend.
    NoSource,
    /// No backend can take another replica.
    NoDestination,
    /// No replica is behind, so none can be brought forward.
    NoReplicaBehind,
    /// No replica can be removed without a loss.
    NoneRedundant,
    /// Every slot of the paths that could be copied from is taken.
    SourceBusy,
    /// Every slot of the paths that could be copied to is taken.
    DestinationBusy,
    /// The backend's heartbeats fail.
    Dead(BackendId),
    /// The backend was dropped.
    Gone(BackendId),
    /// The backend is being emptied.
    Leaving(BackendId),
    /// The backend has a replica of the tablet already.
    HasReplica(BackendId),
    /// Another replica of the tablet is on the same host.
    SameHost(BackendId),
    /// The backend has no replica of the tablet.
    HasNoReplica(BackendId),
    /// The replica is bad: its files are lost or wrong, as its backend says, or an operator said so.
    Bad(ReplicaId, Option<Arc<str>>),
    /// The replica lacks versions that readers see.
    Behind {
        /// The replica.
        replica: ReplicaId,
        /// Where it is.
        version: Version,
        /// What readers see.
        visible: Version,
    },
    /// The replica holds everything that readers see: there is nothing to copy to it.
    InStep(ReplicaId),
    /// The replica is being filled itself.
    BeingFilled(ReplicaId),
    /// The replica is about to be removed.
    BeingRemoved(ReplicaId),
    /// The replica's storage path is not known: its backend has not reported it.
    NoPath(BackendId),
    /// No storage path that works.
    NoPathOnline(BackendId),
    /// No storage path of the medium that is wanted.
    NoMedium(BackendId),
    /// No storage path has room for the tablet.
    Full(BackendId),
    /// The storage path of the backend's replica is full, and no other of its paths has room for the tablet.
    PathFull(BackendId),
    /// All slots of its storage paths are taken.
    Busy(BackendId),
    /// It can be copied from, or to.
    Fits(BackendId),
    /// Nothing is the matter with the tablet.
    Healthy,
    /// The tablet does not exist any more.
    TabletGone,
    /// It waits in case the backend comes back.
    Delayed {
        /// Seconds left.
        seconds: u64,
    },
    /// Too few backends have reported since the start.
    SafeMode,
    /// Backends may hold versions of its partition that are not known here.
    InDoubt,
    /// A replica was marked; loads that began earlier may still write to it.
    WaitsForLoads(TxnId),
    /// The replica that was too many has been removed.
    RedundantRemoved(ReplicaId),
    /// A replica that was about to be removed stays after all: it is needed again.
    Kept(ReplicaId),
    /// The copy is there.
    Cloned,
    /// The backend reported that copying failed.
    CloneFailed(String),
    /// The backend had no room for the copy, as it reported.
    NoRoom(String),
    /// Copying took longer than its time.
    TimedOut {
        /// Its time, in seconds.
        seconds: u64,
    },
    /// What was copied does not hold what readers see by now.
    Stale {
        /// What was copied.
        version: Version,
        /// What readers saw when the task began.
        visible: Version,
    },
    /// The queue is full.
    QueueFull,
    /// Nothing to even out: all backends have about the same load.
    Balanced,
    /// Balancing is switched off.
    BalanceDisabled,
    /// Every backend with little load is unavailable.
    LowUnavailable,
    /// No replica is on a backend with much load.
    NoneOnHigh,
    /// No backend with little load would make the cluster more balanced.
    NoBetterBackend,
    /// The backend, or the storage path, has not much load.
    NotHigh(BackendId),
    /// The backend, or each of its storage paths, has not little load.
    NotLow(BackendId),
    /// A move within the hour brought the tablet to the backend, or away from it.
    MovedLately(BackendId),
    /// The backend that was copied to, or from, died or was dropped.
    BackendLost(BackendId),
}

/// What a reason means for what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// It can be done.
    Yes,
    /// It can't, until something else changes.
    No,
    /// It can, as soon as there is room.
    Throttle,
    /// It can, after some time.
    Wait,
}

impl Ruling {
    /// The word that EXPLAIN prints.
    pub fn word(self) -> &'static str {
        match self {
            Ruling::Yes => "YES",
            Ruling::No => "NO",
            Ruling::Throttle => "THROTTLE",
            Ruling::Wait => "WAIT",
        }
    }
}

impl Reason {
    /// What it means for what was asked.
    pub fn ruling(&self) -> Ruling {
        match self {
            Reason::Fits(_) | Reason::Cloned | Reason::Kept(_) | Reason::RedundantRemoved(_) => {
                Ruling::Yes
            }
            Reason::SourceBusy | Reason::DestinationBusy | Reason::Busy(_) | Reason::QueueFull => {
                Ruling::Throttle
            }
            Reason::Delayed { .. }
            | Reason::SafeMode
            | Reason::InDoubt
            | Reason::WaitsForLoads(_)
            | Reason::MovedLately(_) => Ruling::Wait,
            _ => Ruling::No,
        }
    }

    /// A stable word for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::NoSource => "NO_SOURCE",
            Reason::NoDestination => "NO_DESTINATION",
            Reason::NoReplicaBehind => "NO_REPLICA_BEHIND",
            Reason::NoneRedundant => "NONE_REDUNDANT",
            Reason::SourceBusy => "SOURCE_BUSY",
            Reason::DestinationBusy => "DESTINATION_BUSY",
            Reason::Dead(_) => "BACKEND_DEAD",
            Reason::Gone(_) => "BACKEND_GONE",
            Reason::Leaving(_) => "BACKEND_LEAVING",
            Reason::HasReplica(_) => "HAS_REPLICA",
            Reason::SameHost(_) => "SAME_HOST",
            Reason::HasNoReplica(_) => "HAS_NO_REPLICA",
            Reason::Bad(..) => "REPLICA_BAD",
            Reason::Behind { .. } => "REPLICA_BEHIND",
            Reason::InStep(_) => "IN_STEP",
            Reason::BeingFilled(_) => "REPLICA_BEING_FILLED",
            Reason::BeingRemoved(_) => "REPLICA_BEING_REMOVED",
            Reason::NoPath(_) => "PATH_UNKNOWN",
            Reason::NoPathOnline(_) => "NO_PATH_ONLINE",
            Reason::NoMedium(_) => "NO_MEDIUM",
            Reason::Full(_) => "DISK_FULL",
            Reason::PathFull(_) => "PATH_FULL",
            Reason::Busy(_) => "SLOTS_TAKEN",
            Reason::Fits(_) => "FITS",
            Reason::Healthy => "HEALTHY",
            Reason::TabletGone => "TABLET_GONE",
            Reason::Delayed { .. } => "DELAYED",
            Reason::SafeMode => "SAFE_MODE",
            Reason::InDoubt => "IN_DOUBT",
            Reason::WaitsForLoads(_) => "WAITS_FOR_LOADS",
            Reason::RedundantRemoved(_) => "REDUNDANT_REMOVED",
            Reason::Kept(_) => "KEPT",
            Reason::Cloned => "CLONED",
            Reason::CloneFailed(_) => "CLONE_FAILED",
            Reason::NoRoom(_) => "NO_ROOM",
            Reason::TimedOut { .. } => "TIMED_OUT",
            Reason::Stale { .. } => "STALE",
            Reason::QueueFull => "QUEUE_FULL",
            Reason::Balanced => "BALANCED",
            Reason::BalanceDisabled => "BALANCE_DISABLED",
            Reason::LowUnavailable => "LOW_UNAVAILABLE",
            Reason::NoneOnHigh => "NONE_ON_HIGH",
            Reason::NoBetterBackend => "NO_BETTER_BACKEND",
            Reason::NotHigh(_) => "LOAD_NOT_HIGH",
            Reason::NotLow(_) => "LOAD_NOT_LOW",
            Reason::MovedLately(_) => "MOVED_LATELY",
            Reason::BackendLost(_) => "BACKEND_LOST",
        }
    }

    /// The setting that has to do with it.
    pub fn setting(&self) -> Option<&'static str> {
        match self {
            Reason::SourceBusy | Reason::DestinationBusy | Reason::Busy(_) => {
                Some("tablet_sched_slot_num_per_path")
            }
            Reason::Dead(_) => Some("heartbeat_retry_times"),
            Reason::Full(_) => Some("storage_usage_soft_limit_percent"),
            Reason::PathFull(_) => Some("storage_usage_hard_limit_percent"),
            Reason::Delayed { .. } => Some("tablet_sched_repair_delay_factor_second"),
            Reason::SafeMode => Some("safe_mode_replica_percent"),
            Reason::TimedOut { .. } => Some("tablet_sched_max_clone_task_timeout_sec"),
            Reason::QueueFull => Some("tablet_sched_max_scheduling_tablets"),
            Reason::BalanceDisabled => Some("tablet_sched_disable_balance"),
            Reason::Balanced
            | Reason::NoneOnHigh
            | Reason::NoBetterBackend
            | Reason::NotHigh(_)
            | Reason::NotLow(_) => Some("tablet_sched_balance_load_score_threshold"),
            _ => None,
        }
    }

    /// What is said where nothing has to be filled in.
    fn fixed(&self) -> &'static str {
        match self {
            Reason::NoSource => "unable to find source replica",
            Reason::NoDestination => "unable to find dest path for new replica",
            Reason::NoneRedundant => "unable to delete any redundant replicas",
            Reason::SourceBusy => "path busy, wait for next round: source",
            Reason::DestinationBusy => "path busy, wait for next round: destination",
            Reason::Healthy => "tablet is healthy",
            Reason::TabletGone => "tablet does not exist any more",
            Reason::SafeMode => "too few backends have reported since the start",
            Reason::InDoubt => {
                "backends may hold versions that this frontend does not know, since it took over"
            }
            Reason::RedundantRemoved(_) => "redundant replica is deleted",
            Reason::QueueFull => "the queue is full",
            Reason::Balanced => "cluster is balance",
            Reason::BalanceDisabled => "balance is disabled",
            Reason::LowUnavailable => "all low load backends is unavailable",
            Reason::NoneOnHigh => "no replica on high load backend",
            Reason::NoBetterBackend => "unable to find low backend",
            Reason::NoReplicaBehind => "unable to choose dest replica(maybe no incomplete replica)",
            Reason::Cloned => "",
            _ => self.code(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Dead(id) => write!(f, "backend {id} is dead: its heartbeats fail"),
            Reason::Gone(id) => write!(f, "backend is dropped: {id}"),
            Reason::Leaving(id) => write!(f, "backend {id} is being decommissioned"),
            Reason::HasReplica(id) => write!(f, "backend {id} has a replica already"),
            Reason::SameHost(id) => write!(f, "another replica is on the host of backend {id}"),
            Reason::HasNoReplica(id) => write!(f, "backend {id} has no replica"),
            Reason::Bad(id, None) => write!(f, "replica {id} is bad"),
            Reason::Bad(id, Some(cause)) => write!(f, "replica {id} is bad: {cause}"),
            Reason::Behind {
                replica,
                version,
                visible,
            } => write!(
                f,
                "replica {replica} is at version {version}, readers see {visible}"
            ),
            Reason::InStep(id) => write!(f, "replica {id} holds everything that readers see"),
            Reason::BeingFilled(id) => write!(f, "replica {id} is being filled by a clone"),
            Reason::BeingRemoved(id) => write!(f, "replica {id} is about to be removed"),
            Reason::NoPath(id) => {
                write!(f, "path hash is not set: backend {id} has not reported it")
            }
            Reason::NoPathOnline(id) => write!(f, "backend {id} has no storage path that works"),
            Reason::NoMedium(id) => write!(f, "backend {id} has no storage path of the medium"),
            Reason::Full(id) => {
                write!(f, "no storage path of backend {id} has room for the tablet")
            }
            Reason::PathFull(id) => write!(
                f,
                "the storage path of the replica on backend {id} is full, and no other path of it has room"
            ),
            Reason::Busy(id) => write!(f, "all slots of backend {id} are taken"),
            Reason::Fits(id) => write!(f, "backend {id} can be used"),
            Reason::Delayed { seconds } => {
                write!(
                    f,
                    "repair begins in {seconds} s, in case the backend comes back"
                )
            }
            Reason::WaitsForLoads(txn) => write!(f, "wait txn before {txn} to be finished"),
            Reason::Kept(id) => write!(f, "replica {id} stays: it is needed again"),
            Reason::CloneFailed(why) | Reason::NoRoom(why) => f.write_str(why),
            Reason::TimedOut { seconds: s } => write!(f, "timeout: copying took more than {s} s"),
            Reason::Stale { version, visible } => write!(
                f,
                "the clone replica's version is stale. {version}, task visible version: {visible}"
            ),
            Reason::NotHigh(id) => write!(f, "backend {id} has no high load"),
            Reason::NotLow(id) => write!(f, "backend {id} has no low load"),
            Reason::MovedLately(id) => write!(f, "moved from or to backend {id} within the hour"),
            Reason::BackendLost(id) => write!(f, "backend {id} was lost while it was needed"),
            fixed => f.write_str(fixed.fixed()),
        }
    }
}
