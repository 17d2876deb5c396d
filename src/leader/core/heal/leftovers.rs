//! What an earlier leadership left half done: replicas that were being filled by a clone which nobody waits for any more.

use super::Core;
use crate::catalog::replica::ReplicaState;
use crate::ids::TabletId;

impl Core {
    /// Removes them, once after safe mode: the checker asks for new ones. Nothing is lost, for they held nothing that counts.
    pub(super) fn tidy(&mut self) {
        if self.heal.tidied || self.safe_mode() {
            return;
        }
        self.heal.tidied = true;
        let cloning: Vec<TabletId> = self.census.all_cloning().collect();
        for tablet in cloning {
            if self.heal.healing.running.contains_key(&tablet) {
                continue;
            }
            let Some(view) = self.head.tablets.view(tablet) else {
                continue;
            };
            let unfilled = view
                .replicas()
                .filter(|replica| replica.state == ReplicaState::Clone);
            for replica in unfilled.map(|replica| replica.id).collect::<Vec<_>>() {
                self.remove_replica(tablet, replica);
            }
        }
    }
}
