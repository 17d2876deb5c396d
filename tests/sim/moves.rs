//! What was copied where: so that a move that is undone is seen.

use std::collections::BTreeMap;

use quorate::ids::{BackendId, TabletId};

/// Copies that were begun, and the last move of each tablet.
#[derive(Debug, Default)]
pub struct Moves {
    /// Clones that were asked for.
    pub clones: u64,
    /// When the last one was, in model milliseconds.
    pub last_ms: u64,
    /// Grows with everything that may give the balancer a reason to think again.
    pub changes: u64,
    /// When copies of each tablet were asked for lately.
    pub asked: BTreeMap<TabletId, Vec<u64>>,
    last: BTreeMap<TabletId, (BackendId, BackendId, u64)>,
}

impl Moves {
    /// A tablet is being moved for balance. Says whether that undoes its last move, and nothing has changed since.
    pub fn moved(&mut self, tablet: TabletId, from: BackendId, to: BackendId) -> bool {
        let before = self.last.insert(tablet, (from, to, self.changes));
        before.is_some_and(|(was, is, changes)| was == to && is == from && changes == self.changes)
    }
}
