//! What the seeds of a whole run must have come across; else the simulator tests less than it says.

use std::collections::BTreeSet;

/// Something worth coming across.
pub const ALL: [&str; 15] = [
    "load visible",
    "load visible without some replicas",
    "load refused below its quorum",
    "load given up at its deadline",
    "label found visible",
    "commit asked for again",
    "publish after a restart",
    "publish after the load was visible",
    "abort of a forgotten load",
    "table dropped",
    "table truncated",
    "stranger dropped",
    "journal failed",
    "restart from a checkpoint",
    "safe mode left",
];

/// What one run came across.
#[derive(Debug, Default)]
pub struct Marks {
    /// Names out of [`ALL`].
    pub seen: BTreeSet<&'static str>,
}

impl Marks {
    /// Came across it.
    pub fn hit(&mut self, mark: &'static str) {
        assert!(ALL.contains(&mark), "no such mark: {mark}");
        self.seen.insert(mark);
    }
}

/// Fails when one was never come across.
pub fn all(seen: &BTreeSet<&'static str>) {
    let missing: Vec<_> = ALL.iter().filter(|mark| !seen.contains(*mark)).collect();
    assert!(missing.is_empty(), "no seed came across: {missing:?}");
}
