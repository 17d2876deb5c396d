//! Replicas that hold a committed load though nobody wrote it there: they were copied from one that had been told its version
//! before readers saw it. Such a replica is as good for the load as any other, and may be the last that has it. And replicas that
//! may not hold one any more though they said so, because something else has taken the place of what they held.

use super::super::Core;
use crate::ids::{BackendId, ReplicaId, TabletId, TxnId, Version};

impl Core {
    /// Takes in up to where a replica holds everything, as its backend says. A lower version than before is a loss only
    /// where that is to be believed, and else an old report.
    pub(in super::super) fn observe_reach(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        reach: Version,
        believe_loss: bool,
    ) {
        let view = self.head.tablets.view(tablet);
        let Some(partition) = view.and_then(|view| self.head.partitions.get(&view.partition()))
        else {
            return;
        };
        let unseen = partition.visible_version + 1..partition.next_version;
        let waiting: Vec<(Version, TxnId)> = unseen
            .filter_map(|version| {
                let txn = self.loads.versions.get(&(partition.id, version))?;
                Some((version, *txn))
            })
            .collect();
        for (version, txn) in waiting {
            if reach >= version || believe_loss {
                self.head
                    .observe_brought(txn, tablet, replica, reach >= version);
            }
        }
    }
    /// What a replica held above `version` may have gone: it has to say again that it has the versions of loads that are not
    /// seen yet.
    pub(in super::super) fn renewed(&mut self, at: BackendId, tablet: TabletId, version: Version) {
        let Some(view) = self.head.tablets.view(tablet) else {
            return;
        };
        let Some(replica) = view.on(at) else {
            return;
        };
        let above = (view.partition(), version + 1)..=(view.partition(), Version::MAX);
        for (_, txn) in self.loads.versions.range(above) {
            let load = self.loads.running.get_mut(txn);
            let publishing = load.and_then(|load| load.publishing.as_mut());
            let writes = self.head.writes.get(txn);
            let owed = writes.is_some_and(|of| of.can_publish(tablet, replica.id));
            if let Some(publishing) = publishing.filter(|_| owed) {
                publishing.doubt(at, tablet);
            }
        }
    }
}
