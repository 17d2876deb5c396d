//! The data files of one storage path: their names, who uses them, and the bytes that they take.
//!
//! Owns the rule that no name is given twice, and that a file in use is not deleted. Does not own what metadata names.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::backend::error::Error;
use crate::backend::incoming::keeper::Keeper;
use crate::durable;
use crate::fault;
use crate::ids::TabletId;

/// Ending of a segment file.
pub const ENDING: &str = ".parquet";

/// The data files of one storage path.
#[derive(Debug)]
pub struct Shelf {
    /// The storage path.
    pub dir: PathBuf,
    data: PathBuf,
    /// Files that somebody writes or reads, with how many do. The clean-up leaves them alone.
    held: Mutex<HashMap<(TabletId, String), u32>>,
    /// Directories of tablets that were made and may not outlive a crash yet, each with the number of its making.
    fresh_dirs: Mutex<HashMap<TabletId, u64>>,
    used: AtomicU64,
    next: AtomicU64,
    limits: Limits,
    prefix: u64,
    /// Makes small files durable together.
    pub keeper: Arc<Keeper>,
}

/// How many bytes files may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of all files; `None`: as many as the disk takes.
    pub capacity: Option<u64>,
    /// Bytes of the disk that stay free.
    pub reserve: u64,
}

/// Sizes of a disk in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk {
    /// All of it.
    pub total: u64,
    /// What may still be written.
    pub available: u64,
}

impl Shelf {
    /// The files below `dir/data`.
    pub fn new(dir: &Path, limits: Limits) -> Shelf {
        Shelf {
            dir: dir.to_owned(),
            data: dir.join("data"),
            held: Mutex::default(),
            fresh_dirs: Mutex::default(),
            used: AtomicU64::new(0),
            next: AtomicU64::new(0),
            limits,
            // 48 random bits: no other process that ever uses the directory gives the same names.
            prefix: rand::random::<u64>() >> 16,
            keeper: Arc::default(),
        }
    }

    /// The directory that holds one directory a tablet.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The directory of a tablet's files.
    pub fn tablet_dir(&self, tablet: TabletId) -> PathBuf {
        self.data.join(tablet.to_string())
    }

    /// The place of a tablet's file.
    pub fn file(&self, tablet: TabletId, name: &str) -> PathBuf {
        self.tablet_dir(tablet).join(name)
    }

    /// A number above those that were given before.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// A file name that was never given before.
    pub fn fresh_name(&self) -> String {
        let next = self.number();
        format!("{:012x}-{next:08x}{ENDING}", self.prefix)
    }

    /// Notes that a file is to be written, and keeps room for `bytes` of it.
    ///
    /// # Errors
    /// There is no room; nothing is noted then.
    pub fn reserve(&self, tablet: TabletId, name: &str, bytes: u64) -> Result<(), Error> {
        let full = Error::Full {
            dir: self.dir.clone(),
        };
        let available = self
            .disk()
            .map_err(|e| Error::io("measuring", &self.dir, &self.dir, &e))?
            .available;
        if available < bytes.saturating_add(self.limits.reserve) {
            return Err(full);
        }
        let most = self.limits.capacity.unwrap_or(u64::MAX);
        let fits = |used: u64| used.checked_add(bytes).filter(|after| *after <= most);
        if self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_err()
        {
            return Err(full);
        }
        self.hold(tablet, name, 0);
        Ok(())
    }

    /// Bytes that may still be written, where the disk has so many left.
    pub fn room(&self, left: u64) -> u64 {
        let most = self.limits.capacity.unwrap_or(u64::MAX);
        let free = left.saturating_sub(self.limits.reserve);
        free.min(most.saturating_sub(self.used()))
    }

    /// What the disk is like, whatever the capacity.
    pub fn disk(&self) -> io::Result<Disk> {
        let found = rustix::fs::statvfs(&self.dir)?;
        Ok(Disk {
            total: found.f_blocks.saturating_mul(found.f_frsize),
            available: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }

    /// Notes that a file is in use and takes `bytes`.
    pub fn hold(&self, tablet: TabletId, name: &str, bytes: u64) {
        *self
            .held
            .lock()
            .entry((tablet, name.to_owned()))
            .or_default() += 1;
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ends one use.
    pub fn release(&self, tablet: TabletId, name: &str, bytes: u64) {
        let key = (tablet, name.to_owned());
        let mut held = self.held.lock();
        match held.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(held.remove(&key)),
        }
        drop(held);
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether somebody writes or reads the file.
    pub fn is_held(&self, tablet: TabletId, name: &str) -> bool {
        self.held.lock().contains_key(&(tablet, name.to_owned()))
    }

    /// Counts a file as `now` bytes that was counted as `before`.
    pub fn recount(&self, before: u64, now: u64) {
        self.used.fetch_add(now, Ordering::Relaxed);
        self.used.fetch_sub(before, Ordering::Relaxed);
    }

    /// Bytes of all files in use; metadata's files always are.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Makes the directory of a tablet; [`sync_names`](Shelf::sync_names) makes it durable.
    pub fn make_tablet_dir(&self, tablet: TabletId) -> io::Result<()> {
        // Made and noted in one: whoever finds the directory finds the note, and a note never comes before its directory.
        let mut fresh = self.fresh_dirs.lock();
        let made = fs::DirBuilder::new()
            .mode(durable::PRIVATE_DIR)
            .create(self.tablet_dir(tablet));
        match made {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => fresh.insert(tablet, self.next.fetch_add(1, Ordering::Relaxed)),
        };
        Ok(())
    }

    /// Whether the directory of a tablet may not outlive a crash yet.
    pub fn is_fresh(&self, tablet: TabletId) -> bool {
        self.fresh_dirs.lock().contains_key(&tablet)
    }

    /// Makes the names of a tablet's files durable, and the name of its directory.
    pub fn sync_names(&self, tablet: TabletId) -> io::Result<()> {
        sync_dir(&self.tablet_dir(tablet))?;
        let fresh = self.fresh_dirs.lock().clone();
        if fresh.contains_key(&tablet) {
            // One for all that wait for it.
            sync_dir(&self.data)?;
            self.durable(&fresh);
        }
        Ok(())
    }

    /// Makes all files and names durable that were written before, of which `first` was opened first. Says false where that
    /// must be done for each.
    pub fn sync_all(&self, first: &File) -> io::Result<bool> {
        let fresh = self.fresh_dirs.lock().clone();
        fault::hit("backend::before_fsync")?;
        fault::hit("backend::before_dir_fsync")?;
        let all = durable::flush_file_system(first)?;
        if all {
            self.durable(&fresh);
        }
        Ok(all)
    }

    /// These directories outlive a crash. One that was removed and made again meanwhile is another.
    fn durable(&self, made: &HashMap<TabletId, u64>) {
        let mut fresh = self.fresh_dirs.lock();
        fresh.retain(|dir, number| made.get(dir) != Some(number));
    }
}

/// Makes the names in a directory durable.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    fault::hit("backend::before_dir_fsync")?;
    durable::flush_names(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_was_made_again_meanwhile_is_made_durable_again() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            capacity: None,
            reserve: 0,
        };
        let shelf = Shelf::new(dir.path(), limits);
        fs::create_dir(shelf.data_dir()).unwrap();
        let (one, other) = (TabletId(1), TabletId(2));
        for tablet in [one, other] {
            shelf.make_tablet_dir(tablet).unwrap();
        }
        let made = shelf.fresh_dirs.lock().clone();
        // Between the flush and its end, a clean-up removes an empty directory, and a load makes it again.
        fs::remove_dir(shelf.tablet_dir(other)).unwrap();
        shelf.make_tablet_dir(other).unwrap();
        shelf.durable(&made);
        assert!(!shelf.fresh_dirs.lock().contains_key(&one));
        assert!(shelf.fresh_dirs.lock().contains_key(&other));
    }
}
