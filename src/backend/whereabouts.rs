//! On which storage path a tablet is, at one moment.
//!
//! A tablet is on one path, except when its replica was cloned to another path than the one that it was on: because that
//! path had failed, or because the frontend chose another. Then the newer copy counts, and the older goes to the trash as
//! soon as its path works.

use std::sync::Arc;

use crate::backend::contents::Contents;
use crate::backend::path::Path;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId};

/// What every storage path holds at one moment.
#[derive(Debug)]
pub struct Whereabouts {
    paths: Vec<OfPath>,
}

#[derive(Debug)]
struct OfPath {
    path: Arc<Path>,
    contents: Arc<Contents>,
    online: bool,
}

/// What decides which of two copies counts: a path that works, the higher replica id, the later one.
type Rank = (bool, ReplicaId, Timestamp);

impl Whereabouts {
    /// The present ones.
    pub fn now(paths: &[Arc<Path>]) -> Whereabouts {
        let paths = paths.iter().map(|path| OfPath {
            path: path.clone(),
            contents: path.shared.contents(),
            online: path.shared.online().is_ok(),
        });
        Whereabouts {
            paths: paths.collect(),
        }
    }

    /// The copy of a tablet that counts, with the position of its path.
    pub fn of(&self, id: TabletId) -> Option<(usize, &Arc<Tablet>)> {
        let copies = self.paths.iter().enumerate().filter_map(|(at, of)| {
            let tablet = of.contents.tablets.get(&id)?;
            Some((rank(of.online, tablet), at, tablet))
        });
        let (_, at, tablet) = copies.max_by_key(|(rank, ..)| *rank)?;
        Some((at, tablet))
    }

    /// The same with the path itself.
    pub fn find(&self, id: TabletId) -> Option<(Arc<Path>, Arc<Tablet>)> {
        let (at, tablet) = self.of(id)?;
        Some((self.paths.get(at)?.path.clone(), tablet.clone()))
    }

    /// The highest replica of a tablet on any path, whether or not it works.
    pub fn highest(&self, id: TabletId) -> Option<ReplicaId> {
        let copies = self
            .paths
            .iter()
            .filter_map(|of| of.contents.tablets.get(&id));
        copies.map(|tablet| tablet.spec.replica).max()
    }

    /// Whether a replica lies in the trash of any path.
    pub fn is_trash(&self, id: TabletId, replica: ReplicaId) -> bool {
        let of = |of: &OfPath| of.contents.trash.contains_key(&(id, replica));
        self.paths.iter().any(of)
    }

    /// For each path that works, the copies there that do not count, with when they came about.
    fn surplus(&self, only: Option<TabletId>) -> Vec<(Arc<Path>, Vec<Arc<Tablet>>)> {
        let mut found = Vec::new();
        for (at, of) in self.paths.iter().enumerate().filter(|(_, of)| of.online) {
            let counts = |id| self.of(id).is_some_and(|(best, _)| best == at);
            let own: Vec<_> = match only {
                Some(id) => of.contents.tablets.get(&id).into_iter().collect(),
                None => of.contents.tablets.values().collect(),
            };
            let own: Vec<_> = own.into_iter().filter(|t| !counts(t.id())).collect();
            if !own.is_empty() {
                found.push((of.path.clone(), own.into_iter().cloned().collect()));
            }
        }
        found
    }
}

fn rank(online: bool, tablet: &Tablet) -> Rank {
    (online, tablet.spec.replica, tablet.created)
}

/// Moves copies that do not count to the trash: of one tablet, or of all.
pub async fn drop_surplus(state: &State, only: Option<TabletId>) {
    if state.paths().len() < 2 {
        return;
    }
    for (path, tablets) in Whereabouts::now(state.paths()).surplus(only) {
        let (count, at) = (tablets.len(), state.now());
        let dropped = path.change(move |draft| {
            for tablet in tablets {
                let same = |now: &Arc<Tablet>| {
                    now.spec.replica == tablet.spec.replica && now.created == tablet.created
                };
                if let Ok(now) = draft.tablet(tablet.id())
                    && same(&now)
                {
                    draft.trash(&now, at);
                }
            }
            Ok(())
        });
        let dir = path.options.dir.display();
        match dropped.await {
            Ok(()) => {
                tracing::info!(%dir, count, "replicas that another path holds newer went to the trash")
            }
            Err(error) => {
                tracing::warn!(%dir, count, %error, "replicas that another path holds newer stay")
            }
        }
    }
}
