//! What can go wrong with what is on disk. Each text says what failed, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::code::{Code, Coded};

/// Why something durable could not be read or written.
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
    /// No space is left on the disk. Nothing of the write that met it is kept.
    #[error("the disk of {} is full; free some space, nothing that was acknowledged is lost", path.display())]
    Full {
        /// The file being written.
        path: PathBuf,
    },
    /// The directory can't be used with the rights of this process.
    #[error("{} can't be used: {cause}; give the user of this process the rights to read and write it", path.display())]
    Denied {
        /// The directory or file.
        path: PathBuf,
        /// What is not allowed.
        cause: String,
    },
    /// Another process uses the directory.
    #[error("{} is in use by another process{}; stop it, or choose another data directory", dir.display(), of_pid(*pid))]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The other process, when it is known.
        pid: Option<u32>,
    },
    /// What was read is not what was written. The file is left as it is.
    #[error("{} is damaged: {what}; it was left as it is, restore it from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file that must be there is not.
    #[error("{} is missing although {because}; restore it from a copy, or start with an empty data directory", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Why it must exist.
        because: String,
    },
    /// The file was written by a newer program.
    #[error("{} has format {found}, this program reads up to {known}; use the newer program", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that is understood.
        known: u64,
    },
    /// A flush to the disk failed earlier, so nobody can tell what the disk holds; no write is accepted any more.
    #[error("{} takes no more writes since a flush to its disk failed ({cause}); check the disk, then restart this process", path.display())]
    Poisoned {
        /// The file.
        path: PathBuf,
        /// The first failure.
        cause: String,
    },
    /// Records were handed over out of order. A defect of the caller; nothing was written.
    #[error("record {got} was given to the journal where {wanted} comes next")]
    Order {
        /// The next sequence number.
        wanted: u64,
        /// The one that came.
        got: u64,
    },
}

fn of_pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

impl Error {
    /// The error of a failed system call.
    pub fn io(doing: &'static str, path: &Path, cause: &io::Error) -> Error {
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Error::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::Denied {
                path,
                cause: format!("{doing} failed: {cause}"),
            },
            _ => Error::Io {
                doing,
                path,
                cause: cause.to_string(),
            },
        }
    }

    /// A file that is not what was written.
    pub fn damaged(path: &Path, what: impl Into<String>) -> Error {
        Error::Damaged {
            path: path.to_owned(),
            what: what.into(),
        }
    }

    /// Whether opening the store again may help without a restart: nothing was flushed that is in doubt.
    pub fn passing(&self) -> bool {
        matches!(
            self,
            Error::Full { .. } | Error::Io { .. } | Error::Denied { .. } | Error::Order { .. }
        )
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Error::Full { .. } => Code::DISK_FULL,
            _ => Code::STORAGE,
        }
    }
}
