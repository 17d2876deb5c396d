//! Versions that nobody was told of, on replicas of a partition that was recovered below them: their backends take them away.
//!
//! Until that is done the partition takes no loads, so that no version has two contents.

use super::super::{CALL_TIMEOUT_MS, Core, Purpose};
use crate::backend::api::{CutTablets, TabletErrors};
use crate::catalog::change::Change;
use crate::ids::{BackendId, PartitionId, ReplicaId, TabletId, Version};
use crate::leader::action::BackendRequest;
use crate::leader::notice::{Notice, OfRecovery};

/// Milliseconds before a cut that failed is asked for again.
const AGAIN_MS: u64 = 5_000;

impl Core {
    /// Has backends take away what replicas hold above a version.
    pub(super) fn cut(&mut self, replicas: &[(BackendId, TabletId, ReplicaId)], version: Version) {
        let mut by_backend = std::collections::BTreeMap::<BackendId, Vec<_>>::new();
        for (backend, tablet, replica) in replicas {
            if self.recovery.cutting.insert((*backend, *tablet)) {
                let of = by_backend.entry(*backend).or_default();
                of.push((*tablet, *replica, version));
            }
        }
        self.recovery.cut_at = Some(self.now);
        for (backend, tablets) in by_backend {
            let purpose = Purpose::Cut(backend, tablets.clone());
            let request = BackendRequest::Cut(CutTablets { tablets });
            self.call(backend, CALL_TIMEOUT_MS, purpose, request);
        }
    }

    /// Asks again for cuts that are not done.
    pub(super) fn cut_again(&mut self) {
        let due = self
            .recovery
            .cut_at
            .is_none_or(|at| self.now.since_ms(at) >= AGAIN_MS);
        if !due {
            return;
        }
        self.recovery.cut_at = Some(self.now);
        let cuts: Vec<(PartitionId, Version)> = self
            .head
            .recovery
            .doubted()
            .filter_map(|(id, cut)| Some((id, cut?)))
            .collect();
        for (id, version) in cuts {
            let Some(partition) = self.head.partitions.get(&id) else {
                continue;
            };
            let (lost, living): (Vec<_>, Vec<_>) = self
                .recovery_plan(partition, None)
                .cut
                .into_iter()
                .partition(|(backend, ..)| self.dead(*backend));
            self.cut(&living, version);
            for (backend, tablet, replica) in lost {
                self.give_up(backend, tablet, replica, version);
            }
        }
    }

    /// A replica that can't be cut is bad, where another one holds just what is wanted.
    fn give_up(
        &mut self,
        backend: BackendId,
        tablet: TabletId,
        replica: ReplicaId,
        version: Version,
    ) {
        let Some(view) = self.head.tablets.view(tablet) else {
            return;
        };
        let here = view.on(backend).is_some_and(|of| of.id == replica);
        if here && self.another_ends_at(tablet, backend, version) {
            self.record_own(vec![Change::SetReplicaBad {
                tablet,
                replica,
                bad: true,
            }]);
        }
    }

    /// A backend has taken away what its replicas held above their versions, or not. Where it can't, and another replica holds
    /// just what is wanted, the replica is bad.
    pub(in super::super) fn cut_answered(
        &mut self,
        backend: BackendId,
        asked: &[(TabletId, ReplicaId, Version)],
        result: Result<TabletErrors, String>,
    ) {
        for (tablet, replica, version) in asked {
            self.recovery.cutting.remove(&(backend, *tablet));
            let Ok(errors) = &result else {
                continue;
            };
            let failed = errors.failed.iter().find(|(of, _)| of == tablet);
            let Some((_, why)) = failed else {
                self.is_cut(backend, *tablet, *replica, *version);
                continue;
            };
            self.say(Notice::Recovery(OfRecovery::NotCut {
                backend,
                tablet: *tablet,
                why: why.clone(),
            }));
            self.give_up(backend, *tablet, *replica, *version);
        }
        self.confirm();
    }

    fn is_cut(&mut self, backend: BackendId, tablet: TabletId, replica: ReplicaId, at: Version) {
        // What is under way tells of what was before.
        self.news.renewed(backend, tablet, self.now);
        let held = self.recovery.held.get_mut(&tablet);
        let held = held.and_then(|held| held.get_mut(&backend));
        if let Some(held) = held.filter(|held| held.replica == replica) {
            held.version = held.version.min(at);
            held.max_version = held.max_version.min(at);
        }
    }

    /// Whether a replica of another backend can be read and holds a version and nothing above it.
    fn another_ends_at(&self, tablet: TabletId, backend: BackendId, version: Version) -> bool {
        let Some(view) = self.head.tablets.view(tablet) else {
            return false;
        };
        let Some(held) = self.recovery.held.get(&tablet) else {
            return false;
        };
        view.replicas().any(|replica| {
            let of = held.get(&replica.backend);
            let ends = of.is_some_and(|of| of.version == version && of.max_version == version);
            replica.backend != backend && replica.whole(view.visible()) && ends
        })
    }
}
