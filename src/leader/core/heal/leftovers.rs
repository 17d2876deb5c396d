//! Replicas that were being filled by a clone which nobody waits for any more: what an earlier leadership left half done, and
//! copies that came to nothing while no other replica could be read.
//!
//! Their backend may have made the copy all the same. So none goes while it may be the last one, and one that its backend
//! reports to be whole is taken into use.

use super::Core;
use crate::catalog::change::Change;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::ids::{ReplicaId, TabletId};
use crate::tablet::health::complete_without;

impl Core {
    /// Takes those into use that are whole, and removes the others where another replica can be read: the checker asks for
    /// new ones.
    pub(super) fn tidy(&mut self) {
        if self.safe_mode() {
            return;
        }
        let cloning: Vec<TabletId> = self.census.all_cloning().collect();
        for tablet in cloning {
            if self.heal.healing.running.contains_key(&tablet) {
                continue;
            }
            let view = self.head.tablets.view(tablet);
            // In a partition in doubt nobody knows yet who is spared.
            let view = view.filter(|view| !self.head.recovery.doubts(view.partition()));
            let replicas = view.into_iter().flat_map(|view| view.replicas());
            let left = replicas.filter(|replica| {
                replica.state == ReplicaState::Clone
                    && !self.adoptions.runs(replica.backend, tablet)
            });
            for replica in left.collect::<Vec<_>>() {
                match self.is_filled(tablet, &replica) {
                    true => self.take_into_use(tablet, &replica),
                    false => self.remove_unfilled(tablet, replica.id),
                }
            }
        }
    }

    /// Removes a replica that was never taken into use, unless no other one can be read.
    pub(super) fn remove_unfilled(&mut self, tablet: TabletId, replica: ReplicaId) {
        let view = self.head.tablets.view(tablet);
        let cluster = self.census.cluster();
        if view.is_some_and(|view| complete_without(cluster, &view, replica) > 0) {
            self.remove_replica(tablet, replica);
        }
    }

    /// Whether its backend has said that it holds everything that readers see.
    fn is_filled(&self, tablet: TabletId, replica: &Replica) -> bool {
        let visible = self.head.tablets.view(tablet).map(|view| view.visible());
        let lives = self.head.alive(replica.backend);
        lives && !replica.bad && visible.is_some_and(|visible| replica.version >= visible)
    }

    /// Nobody knows any more which of the others it was copied from, so none of them is a second witness beside it.
    pub(in super::super) fn take_into_use(&mut self, tablet: TabletId, replica: &Replica) {
        let mut changes = vec![Change::FinishClone {
            tablet,
            replica: replica.id,
            version: replica.version,
            renewed: false,
            at: self.now,
        }];
        if let Some(view) = self.head.tablets.view(tablet) {
            let others = view.replicas().filter(|other| other.id != replica.id);
            changes.extend(others.map(|other| Change::Copied {
                tablet,
                replica: replica.id,
                source: other.id,
            }));
        }
        self.record_own(changes);
    }
}
