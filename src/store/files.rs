//! Small files that are replaced whole: either the old content is there after a crash or the new one.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::durable;
use crate::fault;
use crate::store::error::Error;

/// Replaces `path` by a file with this content and these permissions; durable when it returns.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let new = path.with_extension("new");
    let failed = |doing, cause| Error::io(doing, path, &cause);
    // One left by a crash may have other permissions.
    match fs::remove_file(&new) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed("removing the unfinished copy of", cause));
        }
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&new)
        .map_err(|e| failed("creating", e))?;
    fault::hit("file::before_write")
        .and_then(|()| file.write_all(content))
        .map_err(|e| failed("writing", e))?;
    fault::hit("file::before_fsync")
        .and_then(|()| file.sync_all())
        .map_err(|e| failed("flushing", e))?;
    put_in_place(&new, path)
}

/// Renames `new` to `path` and makes that durable. `new` must have been flushed.
pub fn put_in_place(new: &Path, path: &Path) -> Result<(), Error> {
    let failed = |doing, cause| Error::io(doing, path, &cause);
    fault::hit("file::before_rename")
        .and_then(|()| fs::rename(new, path))
        .map_err(|e| failed("renaming to", e))?;
    fault::hit("file::after_rename").map_err(|e| failed("renaming to", e))?;
    match path.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Makes the names in a directory durable.
pub fn sync_dir(dir: &Path) -> Result<(), Error> {
    durable::flush_names(dir).map_err(|e| Error::io("flushing directory", dir, &e))
}

/// The whole content of a small text file; `None` when there is none.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
            Err(Error::damaged(path, "it is not text"))
        }
        Err(e) => Err(Error::io("reading", path, &e)),
    }
}
