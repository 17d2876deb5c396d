//! Whether the directory of a storage path is still the one that was opened, or was emptied or unmounted under the backend.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::backend::error::Error;
use crate::backend::meta;

/// What tells an opened directory from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// The file system.
    device: u64,
    /// The metadata store. It is open, so its number is not given to another file.
    meta: u64,
}

/// What is found in the place of an opened directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The same.
    Same,
    /// The same, but its directory of data files is gone.
    Torn,
    /// Nothing, on the same file system: it was emptied.
    Wiped,
    /// Something else.
    Other(&'static str),
}

impl Presence {
    /// That of a directory with a metadata store.
    pub fn of(dir: &Path) -> io::Result<Presence> {
        Ok(Presence {
            device: fs::metadata(dir)?.dev(),
            meta: fs::metadata(dir.join(meta::FILE))?.ino(),
        })
    }

    /// Looks again. Blocks.
    ///
    /// # Errors
    /// The directory can't be looked at.
    pub fn look(self, dir: &Path, data: &Path) -> Result<Found, Error> {
        let look = || -> io::Result<Found> {
            if fs::metadata(dir)?.dev() != self.device {
                return Ok(Found::Other("another file system is in its place"));
            }
            let files = there(fs::read_dir(data))?;
            match there(fs::metadata(dir.join(meta::FILE)))? {
                Some(found) if found.ino() != self.meta => {
                    Ok(Found::Other("another metadata store is in its place"))
                }
                Some(_) if files.is_none() => Ok(Found::Torn),
                Some(_) => Ok(Found::Same),
                None if files.is_some_and(|mut files| files.next().is_some()) => Ok(Found::Other(
                    "it holds data files, and its metadata is gone",
                )),
                None => Ok(Found::Wiped),
            }
        };
        look().map_err(|e| Error::io("looking at", dir, dir, &e))
    }
}

impl Found {
    /// Why a path in which this was found does not work; none when it does.
    pub fn trouble(&self) -> Option<&'static str> {
        match self {
            Found::Same => None,
            Found::Torn => Some("its directory of data files is gone"),
            Found::Wiped => Some("everything in it is gone"),
            Found::Other(what) => Some(what),
        }
    }
}

fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
