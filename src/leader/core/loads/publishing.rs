//! How far the publish of one load is: which backends were called, and what they said. Decides nothing of the load itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::ids::{BackendId, TabletId};

/// How far the publish of a load is.
#[derive(Debug, Default)]
pub struct Publishing {
    /// When it was first sent.
    pub since: Option<Timestamp>,
    /// The backends that were called.
    pub calls: BTreeMap<BackendId, Call>,
    /// A backend that holds rows was not called, as it did not live.
    pub left_out: bool,
}

/// The publish on one backend.
#[derive(Debug, Default)]
pub struct Call {
    /// It is under way.
    pub running: bool,
    /// How often it was made.
    pub tries: u32,
    /// Calls in a row that ended without an answer.
    pub unanswered: u32,
    /// When it may be made again.
    pub again_at: Timestamp,
    /// Tablets that have not got the version; `None` before the first answer.
    pub failed: Option<BTreeSet<TabletId>>,
    /// Tablets of which the answer that is under way says nothing any more.
    pub stale: BTreeSet<TabletId>,
}

impl Publishing {
    /// Whatever a backend has answered of a tablet, or is answering, counts no more.
    pub fn doubt(&mut self, backend: BackendId, tablet: TabletId) {
        let Some(call) = self.calls.get_mut(&backend) else {
            return;
        };
        if call.running {
            call.stale.insert(tablet);
        }
        if let Some(failed) = &mut call.failed {
            failed.insert(tablet);
        }
    }

    /// Whether a backend is to be called, or may be: all others have been.
    pub fn any_due(&self, now: Timestamp) -> bool {
        self.since.is_none() || self.left_out || self.calls.values().any(|call| call.due(now))
    }
}

impl Call {
    /// Whether it is to be made again.
    pub fn due(&self, now: Timestamp) -> bool {
        let done = self.failed.as_ref().is_some_and(BTreeSet::is_empty);
        !self.running && !done && self.again_at <= now
    }

    /// Whether the tablet has its version.
    pub fn good(&self, tablet: TabletId) -> bool {
        self.failed
            .as_ref()
            .is_some_and(|failed| !failed.contains(&tablet))
    }

    /// Whether the backend may still answer soon: one that gave no answer twice, or once and is in doubt, will not.
    pub fn hopeful(&self, doubted: bool) -> bool {
        self.failed.is_none() && self.unanswered < if doubted { 1 } else { 2 }
    }
}
