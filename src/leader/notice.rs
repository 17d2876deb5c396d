//! What operators are told in the log: one line for each thing that has happened to the cluster.
//!
//! A notice is an action like any other: it leaves the core when what it speaks of is durable, and the simulator sees it too.
//! Nothing is said twice: each is about a change, not about a state.

mod recovery;

use std::fmt;

pub use self::recovery::OfRecovery;
use crate::ids::{BackendId, ReplicaId, TabletId};
use crate::tablet::health::TabletStatus;
use crate::tablet::reason::Reason;
use crate::tablet::task::Kind;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Something about a backend.
    Backend {
        /// The backend.
        id: BackendId,
        /// `host:port`.
        address: String,
        /// What.
        what: OfBackend,
    },
    /// Something about a storage path of a backend.
    Path {
        /// The backend.
        id: BackendId,
        /// `host:port`.
        address: String,
        /// Directory of the path.
        root: String,
        /// What.
        what: OfPath,
    },
    /// Replicas of a backend are lost or wrong.
    Bad {
        /// The backend.
        backend: BackendId,
        /// Their tablets.
        tablets: Vec<TabletId>,
    },
    /// A copy for repair or balance.
    Copy {
        /// The tablet.
        tablet: TabletId,
        /// What the copy is for.
        kind: Kind,
        /// What.
        what: OfCopy,
    },
    /// A replica that was too many, or on a backend that is left, was removed.
    Removed {
        /// The tablet.
        tablet: TabletId,
        /// The replica.
        replica: ReplicaId,
        /// Where it was.
        backend: BackendId,
    },
    /// A setting was changed.
    Setting {
        /// Its key.
        key: String,
        /// What it was.
        old: String,
        /// What it is.
        new: String,
        /// It stays so after a restart.
        persistent: bool,
    },
    /// Something about what is in doubt, or lost.
    Recovery(OfRecovery),
    /// Safe mode has ended.
    SafeModeEnds {
        /// Replicas that backends have shown.
        shown: u64,
        /// Replicas that there should be.
        expected: u64,
    },
}

/// What has happened to a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfBackend {
    /// It joined.
    Added,
    /// It was dropped.
    Dropped {
        /// By FORCE.
        force: bool,
    },
    /// It is to be emptied.
    Leaves,
    /// That was taken back.
    Stays,
    /// It was to be emptied, is empty, and was removed.
    Left,
    /// Its heartbeats arrive, for the first time or again.
    Alive,
    /// Its heartbeats fail.
    Dead {
        /// Why the last one failed.
        why: String,
    },
}

/// What has happened to a storage path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfPath {
    /// Nothing is copied to it until it has room.
    Full {
        /// Bytes that are left.
        available: u64,
    },
    /// It does not work.
    Offline,
    /// It works, or has room, again.
    Back,
}

/// What has become of a copy.
#[derive(Debug, Clone, PartialEq)]
pub enum OfCopy {
    /// It began.
    Begun {
        /// What was the matter with the tablet.
        status: TabletStatus,
        /// From which backend.
        from: BackendId,
        /// To which backend.
        to: BackendId,
    },
    /// It is there.
    Done {
        /// Bytes copied.
        bytes: u64,
        /// Milliseconds that this took.
        millis: u64,
    },
    /// It came to nothing.
    Failed(Reason),
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Somebody should look.
    Warning,
    /// It is worth a line.
    News,
    /// There are many of the kind, and nobody asks for them as long as all goes well.
    Detail,
}

impl Notice {
    /// How much it matters.
    pub fn weight(&self) -> Weight {
        match self {
            Notice::Backend {
                what: OfBackend::Dead { .. } | OfBackend::Dropped { force: true },
                ..
            }
            | Notice::Path {
                what: OfPath::Full { .. } | OfPath::Offline,
                ..
            }
            | Notice::Bad { .. }
            | Notice::Copy {
                what: OfCopy::Failed(_),
                ..
            } => Weight::Warning,
            Notice::Copy {
                kind: Kind::Balance,
                ..
            }
            | Notice::Removed { .. } => Weight::Detail,
            Notice::Recovery(of) => of.weight(),
            _ => Weight::News,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Backend { id, address, what } => write!(f, "backend {id} ({address}) {what}"),
            Notice::Path {
                id,
                address,
                root,
                what,
            } => write!(f, "storage path {root} of backend {id} ({address}) {what}"),
            Notice::Bad { backend, tablets } => {
                let first = tablets.iter().map(TabletId::to_string);
                let first: Vec<String> = first.take(5).collect();
                let more = match tablets.len() > first.len() {
                    true => ", ..",
                    false => "",
                };
                write!(
                    f,
                    "{} replicas on backend {backend} are lost or wrong: tablets {}{more}; EXPLAIN TABLET says what is done",
                    tablets.len(),
                    first.join(", ")
                )
            }
            Notice::Copy { tablet, kind, what } => {
                let word = match kind {
                    Kind::Repair => "repair",
                    Kind::Balance => "move",
                };
                write!(f, "{word} of tablet {tablet} {what}")
            }
            Notice::Removed {
                tablet,
                replica,
                backend,
            } => write!(
                f,
                "replica {replica} of tablet {tablet} was removed from backend {backend}"
            ),
            Notice::Setting {
                key,
                old,
                new,
                persistent,
            } => {
                let until = match persistent {
                    true => "",
                    false => ", until the restart",
                };
                write!(f, "setting {key} was '{old}' and is '{new}'{until}")
            }
            Notice::Recovery(of) => of.fmt(f),
            Notice::SafeModeEnds { shown, expected } => write!(
                f,
                "safe mode ends: backends have shown {shown} of {expected} replicas"
            ),
        }
    }
}

impl fmt::Display for OfBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfBackend::Added => f.write_str("was added"),
            OfBackend::Dropped { force: false } => f.write_str("was dropped"),
            OfBackend::Dropped { force: true } => f.write_str("was dropped by force"),
            OfBackend::Leaves => f.write_str("is to be emptied: decommission begins"),
            OfBackend::Stays => f.write_str("stays: its decommission was cancelled"),
            OfBackend::Left => f.write_str("is empty and was removed: its decommission ends"),
            OfBackend::Alive => f.write_str("is alive"),
            OfBackend::Dead { why } => write!(f, "is dead: {why}"),
        }
    }
}

impl fmt::Display for OfPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfPath::Full { available } => write!(
                f,
                "is full, {available} bytes are left: nothing is copied to it until it has room"
            ),
            OfPath::Offline => f.write_str("is offline"),
            OfPath::Back => f.write_str("works and has room again"),
        }
    }
}

impl fmt::Display for OfCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfCopy::Begun { status, from, to } => {
                write!(
                    f,
                    "({}) begins: backend {from} to backend {to}",
                    status.word()
                )
            }
            OfCopy::Done { bytes, millis } => write!(f, "is done: {bytes} bytes in {millis} ms"),
            OfCopy::Failed(reason) => write!(f, "has failed: {reason}"),
        }
    }
}
