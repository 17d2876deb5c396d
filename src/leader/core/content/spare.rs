//! Whose replica is not the last one: backends ask before they give up replicas whose files are lost.

use std::collections::BTreeMap;

use super::super::{Answer, Core};
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId};
use crate::leader::request::Reply;

/// Milliseconds for which a replica that was given up is not counted as a copy, whatever a report says of it that was
/// under way: by then its backend has reported what became of it.
const REMEMBERED_MS: u64 = 600_000;

/// Replicas that their backends were told they may give up.
#[derive(Debug, Default)]
pub(in super::super) struct Given {
    replicas: BTreeMap<(TabletId, ReplicaId), Timestamp>,
    sweep_at: Timestamp,
}

impl Given {
    /// Whether a replica is about to go.
    pub(super) fn contains(&self, tablet: TabletId, replica: ReplicaId) -> bool {
        self.replicas.contains_key(&(tablet, replica))
    }

    /// It does not go after all.
    pub(super) fn remove(&mut self, tablet: TabletId, replica: ReplicaId) {
        self.replicas.remove(&(tablet, replica));
    }

    /// Forgets what was long ago.
    pub(super) fn forget(&mut self, now: Timestamp) {
        if now < self.sweep_at {
            return;
        }
        self.sweep_at = now.plus_ms(REMEMBERED_MS / 10);
        self.replicas
            .retain(|_, given| now.since_ms(*given) < REMEMBERED_MS);
    }
}

impl Core {
    /// Which tablets could be read without the replica of the asking backend. That replica is taken for bad at once, so
    /// that of two backends that ask one after the other only one is let go; another one that is there by now is not.
    pub(in super::super) fn spare(
        &mut self,
        backend: BackendId,
        tablets: &[(TabletId, ReplicaId)],
    ) -> Answer {
        let mut spared = Vec::new();
        let mut again = Vec::new();
        for (tablet, replica) in tablets {
            if !self.served_elsewhere(*tablet, backend) {
                continue;
            }
            spared.push(*tablet);
            let view = self.head.tablets.view(*tablet);
            let own = view.and_then(|view| view.on(backend));
            if own.is_some_and(|own| own.id == *replica) {
                let given = (*tablet, *replica);
                self.content.given.replicas.insert(given, self.now);
                let news = self.found_bad(*tablet, backend);
                again.extend(news.then_some(*tablet));
            }
        }
        self.census.look_at(&self.head, &again);
        Ok(Some(Reply::Spared(spared)))
    }

    /// Whether a backend other than `asker`, that has reported since the start, has a replica that could serve a read.
    pub(in crate::leader::core) fn served_elsewhere(
        &self,
        tablet: TabletId,
        asker: BackendId,
    ) -> bool {
        let Some(view) = self.head.tablets.view(tablet) else {
            return false;
        };
        self.keeper(&view, |replica| replica.backend == asker)
            .is_some()
    }
}
