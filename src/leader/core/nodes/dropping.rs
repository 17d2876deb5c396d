//! ALTER SYSTEM DROP BACKEND: backends are forgotten with their replicas, unless somebody's last copy is among these.

use std::collections::BTreeSet;

use super::super::{Answer, Core, Error};
use crate::catalog::change::Change;
use crate::ids::{BackendId, TabletId};
use crate::leader::notice::{Notice, OfBackend};
use crate::leader::request::Reply;

impl Core {
    /// Without `force`, every tablet on these backends keeps a whole copy on another one that lives.
    pub(in super::super) fn drop_backends(
        &mut self,
        backends: &[(String, u16)],
        force: bool,
    ) -> Answer {
        let mut gone: Vec<BackendId> = Vec::new();
        for (host, port) in backends {
            let unknown = || Error::UnknownBackend {
                host: host.clone(),
                port: *port,
            };
            let backend = self.head.backend_at(host, *port).ok_or_else(unknown)?;
            if !gone.contains(&backend.id) {
                gone.push(backend.id);
            }
        }
        if !force {
            let held = gone.iter().flat_map(|id| self.head.tablets.on_backend(*id));
            let held: BTreeSet<TabletId> = held.collect();
            self.all_do_without(held, |replica| gone.contains(&replica.backend))?;
        }
        let drops = gone.iter().map(|id| Change::DropBackend { id: *id });
        let address = |id: &BackendId| self.head.backends.get(id).map(|of| of.address());
        let named = gone.iter().filter_map(|id| Some((*id, address(id)?)));
        let named: Vec<(BackendId, String)> = named.collect();
        self.record(drops.collect())?;
        for (id, address) in named {
            let what = OfBackend::Dropped { force };
            self.say(Notice::Backend { id, address, what });
        }
        for id in gone {
            self.end_orphans(id, None);
            self.copies_lost(id);
        }
        Ok(Some(Reply::Done))
    }
}
