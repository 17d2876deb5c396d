//! Names that outlive a power cut: a file is found again after one when the directory that names it was flushed.
//!
//! Who finds a directory can't tell whether the process that made it lived to flush its name, so names are flushed by
//! whoever is about to rely on them, at the latest when a directory is opened.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Flushes the names in a directory. Blocks.
///
/// # Errors
/// What the file system says.
pub fn flush_names(dir: &Path) -> io::Result<()> {
    #[cfg(test)]
    tests::FLUSHED.with_borrow_mut(|flushed| flushed.push(dir.to_owned()));
    File::open(dir)?.sync_all()
}

/// Makes a directory where there is none, with those above it, and flushes their names. Blocks.
///
/// # Errors
/// It could not be made. A directory above that can't be flushed (often it can't be read) is only logged.
pub fn make_dir(dir: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(dir)?;
    let whole = fs::canonicalize(dir)?;
    let device = fs::metadata(&whole)?.dev();
    // A directory on which a file system is mounted was not made by us.
    let ours = |above: &&Path| fs::metadata(above).is_ok_and(|found| found.dev() == device);
    for above in whole.ancestors().skip(1).take_while(ours) {
        if let Err(error) = flush_names(above) {
            tracing::debug!(dir = %above.display(), %error, "a directory above could not be flushed");
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::path::PathBuf;

    use super::*;

    thread_local! {
        /// Directories that this thread flushed.
        pub static FLUSHED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn a_directory_and_those_above_it_are_flushed_whoever_made_them() {
        let temp = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(temp.path()).unwrap();
        let dir = base.join("a/b");
        for _ in 0..2 {
            FLUSHED.take();
            make_dir(&dir, 0o750).unwrap();
            let flushed = FLUSHED.take();
            assert!(flushed.contains(&base) && flushed.contains(&base.join("a")));
        }
        assert!(make_dir(Path::new("/proc/no/such"), 0o750).is_err());
    }
}
