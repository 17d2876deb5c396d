//! ALTER SYSTEM DECOMMISSION BACKEND: may it go, and is it empty.

use super::super::{Answer, Core, Error};
use crate::catalog::backend::Backend;
use crate::catalog::change::Change;
use crate::catalog::state::Catalog;
use crate::ids::BackendId;
use crate::leader::notice::OfBackend;
use crate::leader::request::Reply;

impl Core {
    /// DECOMMISSION, or its CANCEL. One that is being emptied already, or is not, is left as it is (StarRocks).
    pub(in super::super) fn decommission(
        &mut self,
        backends: &[(String, u16)],
        on: bool,
    ) -> Answer {
        let mut chosen = Vec::new();
        for (host, port) in backends {
            let unknown = || Error::UnknownBackend {
                host: host.clone(),
                port: *port,
            };
            let backend = self.head.backend_at(host, *port).ok_or_else(unknown)?;
            if backend.decommissioned != on && !chosen.contains(&backend.id) {
                chosen.push(backend.id);
            }
        }
        if on && !chosen.is_empty() {
            self.can_do_without(&chosen)?;
        }
        let named = chosen.clone();
        let changes = chosen.into_iter();
        let changes: Vec<_> = changes
            .map(|id| Change::DecommissionBackend { id, on })
            .collect();
        if !changes.is_empty() {
            self.record(changes)?;
            for id in named {
                let what = match on {
                    true => OfBackend::Leaves,
                    false => OfBackend::Stays,
                };
                self.say_of(id, what);
            }
            self.check_soon();
        }
        Ok(Some(Reply::Done))
    }

    /// Enough backends stay for every table, and they have room.
    fn can_do_without(&self, leaving: &[BackendId]) -> Result<(), Error> {
        let stays = |backend: &&std::sync::Arc<Backend>| {
            !backend.decommissioned && !leaving.contains(&backend.id) && self.head.alive(backend.id)
        };
        let staying: Vec<BackendId> = self
            .head
            .backends
            .values()
            .filter(stays)
            .map(|backend| backend.id)
            .collect();
        let most = self
            .head
            .partitions
            .values()
            .max_by_key(|partition| partition.spec.replication_num);
        if let Some(partition) = most
            && usize::from(partition.spec.replication_num) > staying.len()
        {
            let table = self.head.tables.get(&partition.table);
            return Err(Error::TooFewStay {
                staying: staying.len(),
                table: table.map(|table| table.name.clone()).unwrap_or_default(),
                partition: partition.spec.name.clone(),
                wanted: partition.spec.replication_num,
            });
        }
        let bytes = |ids: &[BackendId], of: fn(&Catalog, BackendId) -> u64| -> u64 {
            let sizes = ids.iter().map(|id| of(&self.head, *id));
            sizes.fold(0, u64::saturating_add)
        };
        let needed = bytes(leaving, data_used);
        let available = bytes(&staying, available);
        if needed > available {
            return Err(Error::NoRoomToLeave { needed, available });
        }
        Ok(())
    }

    /// Removes backends that were to be emptied and are. One that still coordinates a load is waited for: nobody would
    /// hear of its death any more, and the load would hold up others until its time limit.
    pub(super) fn drop_the_empty(&mut self) {
        if !self.config.drop_backend_after_decommission || self.safe_mode() {
            return;
        }
        let empty = |backend: &&std::sync::Arc<Backend>| {
            backend.decommissioned
                && self.head.tablets.replicas_on(backend.id) == 0
                && !self.coordinates(backend.id)
        };
        let gone: Vec<BackendId> = self
            .head
            .backends
            .values()
            .filter(empty)
            .map(|backend| backend.id)
            .collect();
        for id in gone {
            self.say_of(id, OfBackend::Left);
            self.record_own(vec![Change::DropBackend { id }]);
        }
    }
}

fn data_used(catalog: &Catalog, backend: BackendId) -> u64 {
    let state = catalog.backend_states.get(&backend);
    let paths = state.into_iter().flat_map(|state| &state.paths);
    paths
        .map(|path| path.data_used)
        .fold(0, u64::saturating_add)
}

fn available(catalog: &Catalog, backend: BackendId) -> u64 {
    let state = catalog.backend_states.get(&backend);
    let paths = state.into_iter().flat_map(|state| &state.paths);
    paths
        .filter(|path| path.online)
        .map(|path| path.available)
        .fold(0, u64::saturating_add)
}
