//! Whether a storage path has room: for a new replica, for what a replica lacks, or for nothing at all.
//!
//! Two limits (StarRocks): above the soft one no new replica comes to a path, above the hard one nothing does. And where a
//! backend itself has refused a copy for want of room, no copy as large is tried before it tells of more room, or some time has
//! passed: what refused, as a quota, may be gone though what is told is the same.

use imbl::OrdMap;

use crate::catalog::backend::PathState;
use crate::catalog::replica::Replica;
use crate::catalog::tablets::TabletView;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::BackendId;
use crate::tablet::desk::Desk;

/// Copies that backends refused for want of room, by storage path.
pub type Refusals = OrdMap<(BackendId, i64), Refusal>;

/// Milliseconds after which a path that refused a copy is tried again, though it tells of no more room.
const REFUSED_MS: u64 = 120_000;

/// A copy that a backend refused for want of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// Bytes that the path had left then, as its backend told.
    pub available: u64,
    /// Bytes of the copy.
    pub bytes: u64,
}

/// What rooms are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// The limits.
    pub config: &'a Config,
    /// What backends refused.
    pub refused: &'a Refusals,
}

impl Refusal {
    /// Whether a path that tells of so much room may be tried again.
    pub fn over(&self, now: Timestamp, available: u64) -> bool {
        available > self.available || now.since_ms(self.at) >= REFUSED_MS
    }
}

impl<'a> Room<'a> {
    /// The rooms that the desk knows of.
    pub fn of(desk: &Desk<'a>) -> Room<'a> {
        Room {
            config: desk.config,
            refused: &desk.healing.refused,
        }
    }

    /// Whether a path takes a new replica of so many bytes.
    pub fn takes_new(&self, backend: BackendId, path: &PathState, bytes: u64) -> bool {
        self.takes_rest(backend, path, bytes) && !above_soft(self.config, path, bytes)
    }

    /// Whether a path takes so many bytes more of a replica that is on it.
    pub fn takes_rest(&self, backend: BackendId, path: &PathState, bytes: u64) -> bool {
        let refusal = self.refused.get(&(backend, path.hash));
        refusal.is_none_or(|refusal| bytes < refusal.bytes)
            && path.available >= bytes
            && !above_hard(self.config, path, bytes)
    }
}

/// Whether a storage path is full: nothing more is copied to it.
pub fn full(config: &Config, path: &PathState) -> bool {
    above_hard(config, path, 0)
}

/// Bytes that a replica lacks of its tablet, as far as they are known; all of them where it is not there yet.
pub fn lacks(tablet: &TabletView<'_>, replica: Option<&Replica>) -> u64 {
    let most = tablet.replicas().map(|of| of.data_size).max().unwrap_or(0);
    most.saturating_sub(replica.map_or(0, |of| of.data_size))
}

/// Both must be broken (StarRocks): a large disk may be nearly full and have much room.
fn above_hard(config: &Config, path: &PathState, bytes: u64) -> bool {
    let left = path.available.saturating_sub(bytes);
    let used = path.total.saturating_sub(left);
    let percent = config.storage_usage_hard_limit_percent;
    path.available == 0
        || (above(used, path.total, percent)
            && left < config.storage_usage_hard_limit_reserve_bytes)
}

/// The same with the soft limit, of what tablets may take.
fn above_soft(config: &Config, path: &PathState, bytes: u64) -> bool {
    let left = path.available.saturating_sub(bytes);
    let capacity = path.data_used.saturating_add(path.available);
    let used = path.data_used.saturating_add(bytes);
    let percent = config.storage_usage_soft_limit_percent;
    above(used, capacity, percent) && left < config.storage_usage_soft_limit_reserve_bytes
}

fn above(used: u64, of: u64, percent: u64) -> bool {
    u128::from(used) * 100 > u128::from(of) * u128::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::table::Medium;

    const GB: u64 = 1 << 30;

    fn path(data_used: u64, other_used: u64, total: u64) -> PathState {
        PathState {
            root: "/data".to_owned(),
            hash: 1,
            medium: Medium::Hdd,
            online: true,
            why: None,
            data_used,
            other_used,
            available: total - data_used - other_used,
            total,
            tablets: 0,
            trash_used: 0,
        }
    }

    #[test]
    fn a_disk_that_others_have_filled_is_full() {
        let config = Config::default();
        let refused = Refusals::new();
        let room = Room {
            config: &config,
            refused: &refused,
        };
        let (one, total) = (BackendId(1), 100 * GB);
        // What the path is like, whether it is full, and whether it takes 100 MB new and of what is there.
        let cases = [
            (path(0, 0, total), (false, true, true)),
            // After the copy less than the reserve is left.
            (path(GB, 98 * GB, total), (false, false, false)),
            (path(GB, 99 * GB - (GB >> 1), total), (true, false, false)),
            (path(0, total, total), (true, false, false)),
            (path(91 * GB, 0, total), (false, false, true)),
            (path(95 * GB, 0, total), (false, false, true)),
            // More than the reserve is left, whatever the percent.
            (path(0, 9700 * GB, 10_000 * GB), (false, true, true)),
            (path(1, 0, 16), (false, false, false)),
        ];
        let bytes = GB / 10;
        for (path, expected) in cases {
            let found = (
                full(&config, &path),
                room.takes_new(one, &path, bytes),
                room.takes_rest(one, &path, bytes),
            );
            assert_eq!(found, expected, "{path:?}");
        }
    }

    #[test]
    fn what_a_backend_refused_is_not_tried_again_but_less_is() {
        let config = Config::default();
        let one = BackendId(1);
        let refusal = Refusal {
            at: Timestamp::at(0),
            available: 50 * GB,
            bytes: 10 * GB,
        };
        let after = |ms: i64, available| refusal.over(Timestamp::at(ms), available);
        assert!(!after(119_999, 50 * GB) && after(120_000, 50 * GB) && after(0, 51 * GB));
        let refused = Refusals::from_iter([((one, 1), refusal)]);
        let room = Room {
            config: &config,
            refused: &refused,
        };
        let path = path(0, 50 * GB, 100 * GB);
        assert!(!room.takes_new(one, &path, 10 * GB) && !room.takes_rest(one, &path, 20 * GB));
        assert!(room.takes_new(one, &path, 10 * GB - 1));
        assert!(room.takes_new(BackendId(2), &path, 10 * GB));
    }
}
