//! Storage paths without room: what backends refused for want of it, and until when that is remembered.

use super::super::Core;
use crate::catalog::backend::PathState;
use crate::ids::{BackendId, TabletId};
use crate::leader::notice::{Notice, OfPath};
use crate::tablet::reason::Reason;
use crate::tablet::room::{self, Refusal};

impl Core {
    /// A backend has no room for a copy: no other as large is tried there before it tells of more.
    pub(super) fn refused(&mut self, tablet: TabletId, why: String) {
        let running = self.heal.healing.running.get(&tablet);
        let to = running.and_then(|task| task.destination);
        let view = self.head.tablets.view(tablet);
        if let (Some(to), Some(view)) = (to, view) {
            let paths = self
                .head
                .backend_states
                .get(&to.backend)
                .map(|of| &of.paths);
            let mut paths = paths.into_iter().flatten();
            let replica = view.on(to.backend);
            let there = replica.filter(|of| of.path_hash == to.path);
            let refusal = Refusal {
                at: self.now,
                available: paths
                    .find(|path| path.hash == to.path)
                    .map_or(0, |path| path.available),
                bytes: room::lacks(&view, there.as_ref()),
            };
            self.heal
                .healing
                .refused
                .insert((to.backend, to.path), refusal);
        }
        self.copy_failed(tablet, Reason::NoRoom(why));
    }

    /// What a backend tells of its paths: those that have more room than when they refused a copy are tried again, and those that
    /// refused it long ago.
    pub(in super::super) fn paths_told(&mut self, backend: BackendId, paths: &[PathState]) {
        let refused = self.heal.healing.refused.iter();
        let more = |hash: i64, refusal: &Refusal| {
            let path = paths.iter().find(|path| path.hash == hash);
            path.is_none_or(|path| refusal.over(self.now, path.available))
        };
        let over = refused.filter(|((at, hash), of)| *at == backend && more(*hash, of));
        for key in over.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.heal.healing.refused.remove(&key);
        }
        self.say_of_paths(backend, paths);
    }

    /// Says which paths are full or do not work since they were told of last, and which are well again.
    fn say_of_paths(&mut self, id: BackendId, paths: &[PathState]) {
        let Some(address) = self.head.backends.get(&id).map(|of| of.address()) else {
            return;
        };
        let trouble = |path: &PathState| match (path.online, room::full(&self.config, path)) {
            (false, _) => Some(OfPath::Offline),
            (true, true) => Some(OfPath::Full {
                available: path.available,
            }),
            (true, false) => None,
        };
        let known = self.head.backend_states.get(&id);
        let known = known.map_or(&[][..], |state| state.paths.as_slice());
        let before = |root: &str| {
            known
                .iter()
                .find(|path| path.root == root)
                .and_then(trouble)
        };
        let kind = |of: &Option<OfPath>| of.as_ref().map(std::mem::discriminant);
        let mut notices = Vec::new();
        for path in paths {
            let (was, is) = (before(&path.root), trouble(path));
            if kind(&was) != kind(&is) {
                notices.push(Notice::Path {
                    id,
                    address: address.clone(),
                    root: path.root.clone(),
                    what: is.unwrap_or(OfPath::Back),
                });
            }
        }
        for notice in notices {
            self.say(notice);
        }
    }
}
