//! What the seeds of a whole run must have come across; else the simulator tests less than it says.

use std::collections::BTreeSet;

use quorate::tablet::reason::Reason;

/// Seeds of which one at least comes across every reason.
const MANY: u64 = 1000;

/// Something worth coming across.
pub const ALL: &[&str] = &[
    "load visible",
    "prepared load committed",
    "prepared load given up",
    "load visible without some replicas",
    "load refused below its quorum",
    "load given up at its deadline",
    "label found visible",
    "commit asked for again",
    "publish after a restart",
    "publish after the load was visible",
    "backend in doubt",
    "abort of a forgotten load",
    "table dropped",
    "table truncated",
    "partition added",
    "stranger dropped",
    "journal failed",
    "restart from a checkpoint",
    "safe mode left",
    "wall clock set",
    "node under a second name",
    "node that moved",
    "copy of the frontend refused",
];

/// What only repair, balance and an operator come across.
pub const HEALING: &[&str] = &[
    "full clone",
    "incremental clone",
    "clone failed on its backend",
    "clone resumed after a break",
    "clone asked for twice",
    "copy refused for want of room",
    "disk hung",
    "damage found by a read",
    "lost segment found by a check",
    "storage path wiped",
    "copy of storage paths",
    "backend dropped by force",
    "backend lost for good",
    "tablet moved for balance",
    "replicas handed over in peace",
];

/// Reasons that scenarios come across, and no random run: after a take-over with an older journal, what clients were told before does
/// not hold, so that nothing could be compared with it.
const NOT_RANDOM: &[&str] = &["IN_DOUBT"];

/// What takes many seeds.
pub const RARE: &[&str] = &[
    "replica taken over by its machine",
    "replica adopted under a new id",
    "backend emptied to the end",
    "partition dropped",
];

/// Every code of `tablet::reason::Reason`.
pub const REASONS: &[&str] = &[
    "NO_SOURCE",
    "NO_DESTINATION",
    "NO_REPLICA_BEHIND",
    "NONE_REDUNDANT",
    "SOURCE_BUSY",
    "DESTINATION_BUSY",
    "BACKEND_DEAD",
    "BACKEND_GONE",
    "BACKEND_LEAVING",
    "HAS_REPLICA",
    "SAME_HOST",
    "HAS_NO_REPLICA",
    "REPLICA_BAD",
    "REPLICA_BEHIND",
    "IN_STEP",
    "REPLICA_BEING_FILLED",
    "REPLICA_BEING_REMOVED",
    "PATH_UNKNOWN",
    "NO_PATH_ONLINE",
    "NO_MEDIUM",
    "DISK_FULL",
    "PATH_FULL",
    "SLOTS_TAKEN",
    "FITS",
    "HEALTHY",
    "TABLET_GONE",
    "DELAYED",
    "SAFE_MODE",
    "IN_DOUBT",
    "WAITS_FOR_LOADS",
    "REDUNDANT_REMOVED",
    "KEPT",
    "CLONED",
    "CLONE_FAILED",
    "NO_ROOM",
    "TIMED_OUT",
    "STALE",
    "QUEUE_FULL",
    "BALANCED",
    "BALANCE_DISABLED",
    "LOW_UNAVAILABLE",
    "NONE_ON_HIGH",
    "NO_BETTER_BACKEND",
    "LOAD_NOT_HIGH",
    "LOAD_NOT_LOW",
    "MOVED_LATELY",
    "BACKEND_LOST",
];

/// What one run came across.
#[derive(Debug, Default)]
pub struct Marks {
    /// Names out of [`ALL`].
    pub seen: BTreeSet<&'static str>,
}

impl Marks {
    /// Somebody was told this reason.
    pub fn reason(&mut self, reason: Option<&Reason>) {
        if let Some(reason) = reason {
            self.seen.insert(reason.code());
        }
    }

    /// Came across it.
    pub fn hit(&mut self, mark: &'static str) {
        assert!(
            [ALL, HEALING, RARE].iter().any(|of| of.contains(&mark)),
            "no such mark: {mark}"
        );
        self.seen.insert(mark);
    }
}

/// Fails when one was never come across. The reasons need more seeds than a usual run has.
pub fn all(seen: &BTreeSet<&'static str>, seeds: u64) {
    let many: [&[&str]; 2] = match seeds >= MANY {
        true => [REASONS, RARE],
        false => [&[], &[]],
    };
    let wanted = ALL.iter().chain(HEALING).chain(many.into_iter().flatten());
    let missing = wanted.filter(|mark| !seen.contains(*mark) && !NOT_RANDOM.contains(mark));
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "no seed came across: {missing:?}");
}

/// A reason that is added to the core has to be added here.
#[test]
fn the_list_has_every_reason() {
    let source = include_str!("../../src/tablet/reason.rs");
    let arms = source.lines().filter_map(|line| {
        let (of, word) = line.trim().split_once(" => \"")?;
        let (word, _) = word.split_once('"')?;
        let code = !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        (of.starts_with("Reason::") && code).then_some(word)
    });
    let coded: Vec<&str> = arms.collect();
    assert_eq!(coded, REASONS);
}
