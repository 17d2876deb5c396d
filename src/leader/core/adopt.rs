//! Replicas that a backend reports and the catalog does not have where they are: a copy that its tablet needs is taken back, and
//! never thrown away as one too many.
//!
//! Two kinds. A replica of a backend that was dropped, reported by the same machine under its new id, goes on as the replica
//! that it was: nobody was told to drop it, and loads that wait for it find it again. One that the catalog has removed gets a
//! new id first, in the journal and then on its backend, so that an order to drop it which is still under way finds nobody.
//!
//! Owns who is taken back. What is not needed, and since when, is [`reports`](super::reports)'s.

use std::collections::BTreeSet;

use super::{CALL_TIMEOUT_MS, Core, Purpose};
use crate::backend::api::{AdoptTablets, ReportAnswer, TabletReport};
use crate::catalog::change::Change;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::{BackendId, ReplicaId, TabletId};
use crate::leader::action::{BackendReply, BackendRequest};
use crate::tablet::health::tablet_health;

/// Replicas that one call takes back.
const CALL_REPLICAS: usize = 1_000;

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Adoptions {
    /// Tablets of which a backend is just giving its replica a new id.
    asked: BTreeSet<(BackendId, TabletId)>,
}

impl Adoptions {
    /// Whether a backend is giving its replica of a tablet a new id.
    pub(super) fn runs(&self, backend: BackendId, tablet: TabletId) -> bool {
        self.asked.contains(&(backend, tablet))
    }
}

impl Core {
    /// Takes replicas over to the backend that reports them, whose own backends do not exist any more.
    pub(super) fn rehome(&mut self, backend: BackendId, report: &ReportAnswer) {
        let homeless = |of: &TabletReport| {
            let view = self.head.tablets.view(of.tablet)?;
            let known = view.replicas().find(|replica| replica.id == of.replica)?;
            let moves = !of.dropped
                && !self.head.backends.contains_key(&known.backend)
                && known.state != ReplicaState::Clone
                && view.on(backend).is_none()
                && !self.drop_ordered(backend, of.tablet);
            moves.then_some((of.tablet, of.replica))
        };
        let moved: Vec<(TabletId, ReplicaId)> =
            report.tablets.iter().filter_map(homeless).collect();
        for some in moved.chunks(CALL_REPLICAS) {
            let changes = some.iter().map(|(tablet, replica)| Change::AdoptReplica {
                tablet: *tablet,
                replica: *replica,
                backend,
            });
            self.record_own(changes.collect());
        }
    }

    /// Has a backend give new ids to replicas that the catalog does not know and their tablets need.
    pub(super) fn adopt(&mut self, backend: BackendId, strangers: &[&TabletReport]) {
        if self.safe_mode() || strangers.is_empty() {
            return;
        }
        let being_made = self.being_made();
        let wanted = strangers
            .iter()
            .filter(|of| !being_made.contains(&of.tablet) && self.needs(backend, of));
        let wanted: Vec<(TabletId, ReplicaId)> = wanted.map(|of| (of.tablet, of.replica)).collect();
        for some in wanted.chunks(CALL_REPLICAS) {
            let tablets = self.new_ids(backend, some);
            let asked = tablets.iter().map(|(tablet, ..)| (backend, *tablet));
            self.adoptions.asked.extend(asked);
            let named = tablets.iter().map(|(tablet, ..)| *tablet).collect();
            let purpose = Purpose::Adopt(backend, named);
            let request = BackendRequest::Adopt(AdoptTablets { tablets });
            self.call(backend, CALL_TIMEOUT_MS, purpose, request);
        }
    }

    /// Whether a replica that the catalog does not know is worth having: its tablet has too few whole copies, and this is one,
    /// or it has none at all.
    fn needs(&self, backend: BackendId, of: &TabletReport) -> bool {
        let Some(view) = self.head.tablets.view(of.tablet) else {
            return false;
        };
        let Some(partition) = self.head.partitions.get(&view.partition()) else {
            return false;
        };
        let complete = self.complete(&view);
        let worth = of.version >= view.visible() || complete == 0;
        // Versions that were never given out say that it is from another history.
        let doubted = self.head.recovery.doubts(partition.id);
        let ours = (doubted || of.max_version < partition.next_version)
            && of.replica < self.numbers.next_replica();
        let free = view
            .on(backend)
            .is_none_or(|here| here.state == ReplicaState::Clone);
        complete < usize::from(view.wanted())
            && worth
            && ours
            && free
            && !of.bad
            && !self.adoptions.runs(backend, of.tablet)
            && !self.heal.healing().running.contains_key(&of.tablet)
            && !self.content.given_up(of.tablet, of.replica)
            && !self.drop_ordered(backend, of.tablet)
    }

    /// Whole copies of a tablet that can be read.
    fn complete(&self, tablet: &TabletView<'_>) -> usize {
        tablet_health(self.census.cluster(), tablet).counts.complete
    }

    /// Whether a tablet has everything without what the catalog does not know of it.
    pub(super) fn is_complete(&self, tablet: TabletId) -> bool {
        let view = self.head.tablets.view(tablet);
        view.is_none_or(|view| self.complete(&view) >= usize::from(view.wanted()))
    }

    /// Tablet, id that is held, and its new one, which is in the journal as a replica that is being filled. Where an earlier
    /// attempt has left such a replica, it is that one.
    fn new_ids(
        &mut self,
        backend: BackendId,
        replicas: &[(TabletId, ReplicaId)],
    ) -> Vec<(TabletId, ReplicaId, ReplicaId)> {
        let mut changes = Vec::new();
        let mut tablets = Vec::new();
        for (tablet, held) in replicas {
            let here = self
                .head
                .tablets
                .view(*tablet)
                .and_then(|view| view.on(backend));
            let new = match here {
                Some(here) => here.id,
                None => {
                    let new = ReplicaId(self.numbers.ids(1, &self.head, &mut changes));
                    changes.push(Change::AddReplica {
                        tablet: *tablet,
                        replica: new,
                        backend,
                        at: self.now,
                    });
                    new
                }
            };
            tablets.push((*tablet, *held, new));
        }
        if !changes.is_empty() {
            self.record_own(changes);
        }
        tablets
    }

    /// A backend has given replicas new ids, or not. What it did not is found by its next report.
    pub(super) fn adopted(
        &mut self,
        backend: BackendId,
        asked: &[TabletId],
        result: Result<BackendReply, String>,
    ) {
        for tablet in asked {
            self.adoptions.asked.remove(&(backend, *tablet));
        }
        let Ok(BackendReply::Adopted(answer)) = result else {
            return;
        };
        for of in &answer.tablets {
            let view = self.head.tablets.view(of.tablet);
            let known = view.and_then(|view| view.on(backend));
            let known =
                known.filter(|known| known.id == of.replica && known.state == ReplicaState::Clone);
            if let Some(known) = known
                && asked.contains(&of.tablet)
            {
                self.take_back(backend, &known, of);
            }
        }
    }

    /// An adopted replica is in normal use from now on, at the version that it holds. What it was copied from is forgotten, so it
    /// is no second witness beside any other.
    fn take_back(&mut self, backend: BackendId, known: &Replica, of: &TabletReport) {
        let known = Replica {
            version: of.version,
            ..*known
        };
        self.take_into_use(of.tablet, &known);
        self.observe_filled(backend, of);
        self.check_soon();
    }
}
