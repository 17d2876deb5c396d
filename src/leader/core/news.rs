//! What was learned of replicas otherwise than by reports, and when: a report that was asked for before knows less.
//!
//! Reports are on their way for seconds. Meanwhile a clone may have ended on the replica, or its files have been found to be
//! lost, so that what such a report says of it is no more than what was once.

use std::collections::BTreeMap;

use crate::catalog::tablets::Belief;
use crate::clock::Timestamp;
use crate::ids::{BackendId, TabletId};

/// Milliseconds after which no report is under way any more that was asked for before.
const KEPT_MS: u64 = 120_000;

/// The news of the last minutes.
#[derive(Debug, Default)]
pub(super) struct News(BTreeMap<(BackendId, TabletId), Known>);

/// When something was learned last of one backend's replica.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// A clone has brought it something.
    filled: Option<Timestamp>,
    /// A clone may have put something else in the place of what it held.
    renewed: Option<Timestamp>,
    /// Its files are lost or wrong.
    bad: Option<Timestamp>,
}

impl News {
    /// A clone has brought something to a replica.
    pub(super) fn filled(&mut self, backend: BackendId, tablet: TabletId, now: Timestamp) {
        let known = self.of(backend, tablet);
        (known.filled, known.bad) = (Some(now), None);
    }

    /// What a replica held before may have gone.
    pub(super) fn renewed(&mut self, backend: BackendId, tablet: TabletId, now: Timestamp) {
        self.of(backend, tablet).renewed = Some(now);
    }

    /// Files of a replica were found to be lost or wrong.
    pub(super) fn bad(&mut self, backend: BackendId, tablet: TabletId, now: Timestamp) {
        self.of(backend, tablet).bad = Some(now);
    }

    /// How far a report that was asked for at `asked` is to be believed; `shown` is when readers last saw something new.
    pub(super) fn belief(
        &self,
        (backend, tablet): (BackendId, TabletId),
        asked: Timestamp,
        shown: Timestamp,
    ) -> Belief {
        let known = self.0.get(&(backend, tablet)).copied().unwrap_or_default();
        let since = |at: Option<Timestamp>| at.is_some_and(|at| at >= asked);
        if since(known.renewed) {
            Belief::Nothing
        } else if since(known.filled) || shown >= asked {
            Belief::Gains
        } else {
            Belief::All
        }
    }

    /// Whether a replica was found to be bad after `asked`, and has not been filled since.
    pub(super) fn bad_since(&self, backend: BackendId, tablet: TabletId, asked: Timestamp) -> bool {
        let known = self.0.get(&(backend, tablet));
        known
            .and_then(|known| known.bad)
            .is_some_and(|at| at >= asked)
    }

    /// Lets go of what no report can be older than.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, known| {
            let last = known.filled.max(known.renewed).max(known.bad);
            last.is_some_and(|at| now.since_ms(at) < KEPT_MS)
        });
    }

    fn of(&mut self, backend: BackendId, tablet: TabletId) -> &mut Known {
        self.0.entry((backend, tablet)).or_default()
    }
}
