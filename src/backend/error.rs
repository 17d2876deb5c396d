//! What can go wrong on a backend. Each text says what failed, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backend::api::Leadership;
use crate::code::{Code, Coded};
use crate::ids::{TabletId, TxnId, Version};

/// Why a backend could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{doing} {} failed: {cause}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The operating system's words.
        cause: String,
    },
    /// No space is left, on the disk or within the set capacity.
    #[error("storage path {} is full; free some space or add a storage path", dir.display())]
    Full {
        /// The storage path.
        dir: PathBuf,
    },
    /// The directory can't be used with the rights of this process.
    #[error("storage path {} can't be used: {cause}; give the user of this process the rights to read and write it", dir.display())]
    Denied {
        /// The storage path.
        dir: PathBuf,
        /// What is not allowed.
        cause: String,
    },
    /// Another process uses the storage path.
    #[error("storage path {} is in use by another process; stop it, or choose another directory", dir.display())]
    Locked {
        /// The storage path.
        dir: PathBuf,
    },
    /// What is on the disk is not what was written.
    #[error("storage path {} is damaged: {what}; it was left as it is: bring it back from a copy, or start with an empty directory and let the replicas be repaired", dir.display())]
    Damaged {
        /// The storage path.
        dir: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The storage path does not work at present.
    #[error("storage path {} is offline: {why}", dir.display())]
    Offline {
        /// The storage path.
        dir: PathBuf,
        /// Since what happened.
        why: String,
    },
    /// The options do not describe a backend.
    #[error("{0}")]
    Options(String),
    /// The address can't be listened on.
    #[error("can't listen on {addr}: {cause}; choose another address by --http-addr")]
    Bind {
        /// The address.
        addr: String,
        /// The operating system's words.
        cause: String,
    },
    /// The caller belongs to another cluster.
    #[error(
        "this backend belongs to cluster {own}, not to cluster {asked}; use an empty storage path to join another"
    )]
    Cluster {
        /// The cluster of the backend.
        own: u64,
        /// The cluster of the caller.
        asked: u64,
    },
    /// The caller's epoch or replica is not the one in force.
    #[error("{0}")]
    Stale(String),
    /// The call is made for a frontend that is not obeyed: another one of the same cluster is.
    #[error("{}", fenced(.refused, .obeyed, *.heard))]
    Fenced {
        /// The frontend that the call is made for.
        refused: Box<Leadership>,
        /// The one that is obeyed.
        obeyed: Box<Leadership>,
        /// How long ago that one was heard; none when it was not since the start.
        heard: Option<Duration>,
    },
    /// No such tablet here.
    #[error("tablet {0} is not on this backend")]
    UnknownTablet(TabletId),
    /// The replica does not hold the version that a reader wants.
    #[error("tablet {tablet} can't be read at version {asked}: this replica is at version {held}")]
    NotHeld {
        /// The tablet.
        tablet: TabletId,
        /// The version asked for.
        asked: Version,
        /// The version held without a gap.
        held: Version,
    },
    /// The replica's files are lost or wrong.
    #[error("tablet {tablet}: this replica is bad: {why}")]
    Bad {
        /// The tablet.
        tablet: TabletId,
        /// What is lost or wrong.
        why: String,
    },
    /// A file that metadata names is not there or too short.
    #[error("file {} is lost: {what}", file.display())]
    Lost {
        /// The file.
        file: PathBuf,
        /// What was found in its place.
        what: String,
    },
    /// A file's bytes are not what was written.
    #[error("file {} is corrupt: {what}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The disk does not give a file's bytes.
    #[error("file {} can't be read: {cause}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The operating system's words.
        cause: String,
    },
    /// A replica could not be copied from its source.
    #[error("copying tablet {tablet} from {source_address} failed: {why}")]
    Copy {
        /// The tablet.
        tablet: TabletId,
        /// `host:port` of the source.
        source_address: String,
        /// What the source or the network said.
        why: String,
    },
    /// A file that was described to a copier is there no more.
    #[error("tablet {tablet} has no file {file} any more; ask again what it consists of")]
    Gone {
        /// The tablet.
        tablet: TabletId,
        /// The file.
        file: String,
    },
    /// The request does not make sense.
    #[error("{0}")]
    Request(String),
    /// The transaction has ended on this backend.
    #[error("transaction {0} has ended; begin a new load")]
    Ended(TxnId),
    /// As much runs as the backend takes on.
    #[error("{0}; try another replica, or later")]
    Busy(String),
    /// The backend stops.
    #[error("the backend is stopping")]
    Stopping,
}

fn fenced(refused: &Leadership, obeyed: &Leadership, heard: Option<Duration>) -> String {
    let heard = match heard {
        Some(ago) => format!("heard {} s ago", ago.as_secs()),
        None => "heard before this backend started".to_owned(),
    };
    let why = match refused.journal < obeyed.journal {
        true => "the refused one lacks what the other has in its journal",
        false => "the other one took over",
    };
    format!(
        "this backend obeys frontend {obeyed}, {heard}, and refuses frontend {refused}: {why}; stop one of the two, and only if the other is gone for good, start this one with --take-over"
    )
}

impl Error {
    /// An operation on `path` within the storage path `dir` failed.
    pub fn io(doing: &'static str, path: &Path, dir: &Path, cause: &io::Error) -> Error {
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full {
                dir: dir.to_owned(),
            },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::Denied {
                dir: dir.to_owned(),
                cause: format!("{doing} {}: {cause}", path.display()),
            },
            _ => Error::Io {
                doing,
                path: path.to_owned(),
                cause: cause.to_string(),
            },
        }
    }

    /// The HTTP status of the error.
    pub fn status(&self) -> u16 {
        match self {
            Error::Cluster { .. } | Error::NotHeld { .. } => 409,
            Error::UnknownTablet(_) => 404,
            Error::Gone { .. } => 410,
            Error::Copy { .. } => 502,
            Error::Busy(_) => 503,
            Error::Request(_) => 400,
            other => other.code().http,
        }
    }

    /// Whether files are known to be lost or wrong, so that the replica must be repaired.
    pub fn is_damage(&self) -> bool {
        matches!(self, Error::Lost { .. } | Error::Corrupt { .. })
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::Full { .. } => Code::DISK_FULL,
            Error::Io { .. }
            | Error::Denied { .. }
            | Error::Locked { .. }
            | Error::Damaged { .. }
            | Error::Offline { .. }
            | Error::Bad { .. }
            | Error::Lost { .. }
            | Error::Corrupt { .. }
            | Error::Unreadable { .. } => Code::STORAGE,
            Error::Options(_) | Error::Request(_) => Code::WRONG_ARGUMENTS,
            Error::Bind { .. }
            | Error::UnknownTablet(_)
            | Error::Copy { .. }
            | Error::Gone { .. } => Code::BACKEND,
            Error::Cluster { .. } | Error::Stale(_) | Error::Fenced { .. } => Code::STALE,
            Error::NotHeld { .. } => Code::NO_QUERYABLE_REPLICA,
            Error::Ended(_) => Code::TXN,
            Error::Busy(_) => Code::NOT_READY,
            Error::Stopping => Code::SERVER_SHUTDOWN,
        }
    }
}
