//! Names that outlive a power cut: a file is found again after one when the directory that names it was flushed.
//!
//! Who finds a directory can't tell whether the process that made it lived to flush its name, so names are flushed by
//! whoever is about to rely on them, at the latest when a directory is opened.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
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

/// How to make a file that only this user may read: rows of everybody's tables lie in it, or what names them.
pub fn private() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).mode(0o600);
    options
}

/// The mode of a directory of such files.
pub const PRIVATE_DIR: u32 = 0o700;

/// Has the disk begin to write what a file holds, for who makes it durable later. Only advice: errors show there.
pub fn begin_write(file: &File) {
    // Linux writes dirty pages before it lets go of them, and keeps those that it still writes.
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

/// Makes all files and names durable that were written before in the file system that holds `file`: one commit of its
/// journal instead of one or two for each file. Tells of all errors since `file` was opened, but not whose they are. Says
/// false, and does nothing, where that can't be done, or might take long because somebody has written much. Blocks.
///
/// # Errors
/// What the file system says.
pub fn flush_file_system(file: &File) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    if tells_of_errors() && fs::read_to_string("/proc/meminfo").is_ok_and(|text| is_little(&text)) {
        rustix::fs::syncfs(file)?;
        return Ok(true);
    }
    Ok(false)
}

/// Most kilobytes that may wait for all disks when a whole file system is flushed.
#[cfg(target_os = "linux")]
const DIRTY_MAX: u64 = 256 << 10;

/// Whether little waits for the disks, as `/proc/meminfo` has it.
#[cfg(target_os = "linux")]
fn is_little(meminfo: &str) -> bool {
    let waiting = meminfo.lines().find_map(|line| {
        let number = line.strip_prefix("Dirty:")?.trim().strip_suffix(" kB")?;
        number.parse::<u64>().ok()
    });
    waiting.is_some_and(|kilobytes| kilobytes <= DIRTY_MAX)
}

/// Whether `syncfs` tells of errors: since Linux 5.8.
#[cfg(target_os = "linux")]
fn tells_of_errors() -> bool {
    static TELLS: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        let system = rustix::system::uname();
        is_since_5_8(&system.release().to_string_lossy())
    });
    *TELLS
}

#[cfg(target_os = "linux")]
fn is_since_5_8(release: &str) -> bool {
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|n| n.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(5), Some(8))
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

    #[cfg(target_os = "linux")]
    #[test]
    fn whole_file_systems_are_flushed_where_errors_are_told() {
        for release in ["5.8.0-generic", "5.10", "6.1.0", "10.0"] {
            assert!(is_since_5_8(release), "{release}");
        }
        for release in ["5.7.19", "4.19.0-25-amd64", "", "5", "linux"] {
            assert!(!is_since_5_8(release), "{release}");
        }
        let file = tempfile::tempfile().unwrap();
        assert!(tells_of_errors() || !flush_file_system(&file).unwrap());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whole_file_systems_are_flushed_while_little_waits() {
        let of =
            |kilobytes: u64| format!("MemFree: 9 kB\nDirty:   {kilobytes} kB\nWriteback: 7 kB\n");
        assert!(is_little(&of(0)) && is_little(&of(DIRTY_MAX)));
        assert!(!is_little(&of(DIRTY_MAX + 1)) && !is_little("") && !is_little("Dirty: x kB\n"));
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
