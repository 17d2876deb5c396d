//! Taking a directory for one process, by a lock that ends with its file.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

/// How long a lock is asked for. One that is about to be let go is waited for: that of a process which was just killed,
/// and the copy that a child has from the moment of its fork until it runs its own program.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Locks `file` for this process alone. Blocks for up to two seconds.
///
/// # Errors
/// `WouldBlock` when another process keeps it, or what the file system says.
pub fn take(file: &File) -> Result<(), TryLockError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
}
