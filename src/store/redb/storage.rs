//! The journal's file as redb writes it, with fault points, and a memory of the first failure.
//!
//! redb answers every call after a failure with "previous I/O error". What matters later is the first one, and whether
//! it was a flush: after a failed flush nobody can tell what the disk holds, not even by reading it back.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::fault;
use crate::store::error::Error;

/// The first failure of a file since it was opened.
#[derive(Debug, Clone, Default)]
pub struct FirstFailure(Arc<Mutex<Option<Failed>>>);

/// The step that failed, and the operating system's words.
type Failed = (Step, Arc<io::Error>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Read,
    Write,
    Flush,
}

impl FirstFailure {
    /// The failure as an error about `path`; `None` when every call went well.
    pub fn error(&self, path: &Path) -> Option<Error> {
        let first = self.0.lock();
        let (step, cause) = first.as_ref()?;
        Some(match step {
            Step::Read => Error::io("reading", path, cause),
            Step::Write => Error::io("writing", path, cause),
            Step::Flush => Error::Poisoned {
                path: path.to_owned(),
                cause: cause.to_string(),
            },
        })
    }

    fn note<T>(&self, step: Step, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|cause| {
            let again = io::Error::new(cause.kind(), cause.to_string());
            let mut first = self.0.lock();
            // A failed flush is the worse news, whatever failed before it.
            if first.is_none() || step == Step::Flush {
                *first = Some((step, Arc::new(cause)));
            }
            again
        })
    }
}

/// The file under a journal.
#[derive(Debug)]
pub struct Storage {
    file: FileBackend,
    failure: FirstFailure,
}

impl Storage {
    /// Takes an open file; failures are told to `failure`.
    pub fn new(file: File, failure: FirstFailure) -> Result<Storage, redb::DatabaseError> {
        Ok(Storage {
            file: FileBackend::new(file)?,
            failure,
        })
    }
}

impl StorageBackend for Storage {
    fn len(&self) -> io::Result<u64> {
        self.failure.note(Step::Read, self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.failure.note(Step::Read, self.file.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let grown = fault::hit("journal::before_grow").and_then(|()| self.file.set_len(len));
        self.failure.note(Step::Write, grown)
    }

    fn sync_data(&self) -> io::Result<()> {
        let flushed = fault::hit("journal::before_fsync")
            .and_then(|()| self.file.sync_data())
            .and_then(|()| fault::hit("journal::after_fsync"));
        self.failure.note(Step::Flush, flushed)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let written =
            fault::hit("journal::before_write").and_then(|()| self.file.write(offset, data));
        self.failure.note(Step::Write, written)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
