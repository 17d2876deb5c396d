//! What the deciders look at: everything that is known at one moment, with what many of them need worked out once.
//!
//! The scheduler makes one for each of its rounds, EXPLAIN TABLET makes one for itself; both ask the same deciders.

use std::collections::BTreeSet;

use crate::catalog::backend::{BackendState, PathState};
use crate::catalog::replica::ReplicaState;
use crate::catalog::state::Catalog;
use crate::catalog::table::Medium;
use crate::catalog::tablets::TabletView;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::{BackendId, TableId, TxnId};
use crate::tablet::cluster::Cluster;
use crate::tablet::healing::{Healing, Slots};
use crate::tablet::task::Kind;

/// Bytes a second that a copy must reach: its time limit follows from it (StarRocks: 5 MB/s).
const LEAST_BYTES_PER_SECOND: u64 = 5 << 20;

/// Everything that the deciders look at.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The moment.
    pub now: Timestamp,
    /// What exists.
    pub catalog: &'a Catalog,
    /// Who lives.
    pub cluster: &'a Cluster,
    /// Settings in force.
    pub config: &'a Config,
    /// The queue, slots and loads of backends.
    pub healing: &'a Healing,
    /// Backends by how much load they have.
    pub order: &'a Order,
    /// Too few backends have reported since the start.
    pub safe_mode: bool,
}

/// Backends by load score, the least first, those with room for another repair apart: a new replica looks for room there
/// and needs not ask all the others each time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// With a free slot for repair when this was made.
    pub open: Vec<BackendId>,
    /// Without one.
    pub full: Vec<BackendId>,
}

impl Order {
    /// Looks at a backend whose slots were taken since; one that has none left is full.
    pub fn took(&mut self, catalog: &Catalog, healing: &Healing, backend: BackendId) {
        if has_room(catalog, healing, backend) {
            return;
        }
        if let Some(at) = self.open.iter().position(|id| *id == backend) {
            self.open.remove(at);
            self.full.push(backend);
        }
    }
}

fn has_room(catalog: &Catalog, healing: &Healing, backend: BackendId) -> bool {
    let paths = catalog.backend_states.get(&backend).map(|of| &of.paths);
    paths.into_iter().flatten().any(|path| {
        let slots = healing.slots.get(&(backend, path.hash));
        slots.is_some_and(|slots| slots.free(Kind::Repair) > 0)
    })
}

/// Backends by load score, the least first; those that are alike by their number of replicas.
pub fn by_load(catalog: &Catalog, healing: &Healing) -> Order {
    let mut order: Vec<(f64, u64, BackendId)> = catalog
        .backends
        .keys()
        .map(|id| {
            let score = healing.load.mixed_score(*id);
            (score, catalog.tablets.replicas_on(*id), *id)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let order = order.into_iter().map(|(_, _, id)| id);
    let (open, full) = order.partition(|id| has_room(catalog, healing, *id));
    Order { open, full }
}

/// Room for copying on every path that works, those that are in use counted as before (seed: two slots for repair and
/// two for balance on each path).
pub fn slots(catalog: &Catalog, config: &Config, healing: &mut Healing) {
    let total = u32::try_from(config.tablet_sched_slot_num_per_path).unwrap_or(u32::MAX);
    let mut known = BTreeSet::new();
    for id in catalog.backends.keys() {
        let paths = catalog.backend_states.get(id).map(|state| &state.paths);
        for path in paths.into_iter().flatten().filter(|path| path.online) {
            known.insert((*id, path.hash));
            let slots = healing.slots.get(&(*id, path.hash)).copied();
            let slots = slots.unwrap_or_default();
            if (slots.repair_total, slots.balance_total) != (total, total) {
                let slots = Slots {
                    repair_total: total,
                    balance_total: total,
                    ..slots
                };
                healing.slots.insert((*id, path.hash), slots);
            }
        }
    }
    if healing.slots.len() > known.len() {
        let gone = healing.slots.keys().filter(|key| !known.contains(*key));
        for key in gone.copied().collect::<Vec<_>>() {
            // What still runs there gives its slot back first.
            if healing.slots.get(&key).is_some_and(Slots::idle) {
                healing.slots.remove(&key);
            } else if let Some(slots) = healing.slots.get_mut(&key) {
                (slots.repair_total, slots.balance_total) = (0, 0);
            }
        }
    }
}

impl<'a> Desk<'a> {
    /// What is known of a backend from its last answers.
    pub fn state(&self, backend: BackendId) -> Option<&'a BackendState> {
        self.catalog.backend_states.get(&backend).map(|s| &**s)
    }

    /// A storage path of a backend.
    pub fn path(&self, backend: BackendId, hash: i64) -> Option<&'a PathState> {
        let paths = &self.state(backend)?.paths;
        paths.iter().find(|path| path.hash == hash)
    }

    /// Whether a path has room for one more copy.
    pub fn free(&self, backend: BackendId, path: i64, lane: Kind) -> bool {
        let slots = self.healing.slots.get(&(backend, path));
        slots.is_some_and(|slots| slots.free(lane) > 0)
    }

    /// Slots of a path that are in use.
    pub fn used(&self, backend: BackendId, path: i64) -> u32 {
        let slots = self.healing.slots.get(&(backend, path));
        slots.map_or(0, |slots| slots.repair_used + slots.balance_used)
    }

    /// Bytes of a tablet: of its largest replica.
    pub fn bytes(&self, tablet: &TabletView<'_>) -> u64 {
        tablet.replicas().map(|r| r.data_size).max().unwrap_or(0)
    }

    /// Milliseconds that copying a tablet may take.
    pub fn timeout_ms(&self, tablet: &TabletView<'_>) -> u64 {
        let least = self.config.tablet_sched_min_clone_task_timeout_sec;
        let most = self.config.tablet_sched_max_clone_task_timeout_sec;
        let seconds = self.bytes(tablet) / LEAST_BYTES_PER_SECOND;
        seconds.max(least).min(most.max(least)).saturating_mul(1000)
    }

    /// The medium that the replicas of a tablet prefer.
    pub fn medium(&self, tablet: &TabletView<'_>) -> Medium {
        let partition = self.catalog.partitions.get(&tablet.partition());
        partition.map_or(Medium::Hdd, |partition| partition.spec.medium)
    }

    /// Backends that hold a good replica of a tablet and do not answer: their return would bring it back.
    pub fn absent(&self, tablet: &TabletView<'_>) -> impl Iterator<Item = BackendId> {
        let replicas = tablet.replicas().filter(|replica| {
            !replica.bad
                && replica.state == ReplicaState::Normal
                && self.catalog.backends.contains_key(&replica.backend)
                && !self.catalog.alive(replica.backend)
        });
        replicas.map(|replica| replica.backend)
    }

    /// The table of a tablet.
    pub fn table(&self, tablet: &TabletView<'_>) -> Option<TableId> {
        let partition = self.catalog.partitions.get(&tablet.partition());
        partition.map(|partition| partition.table)
    }

    /// A load that has not ended and began before `below`, on the table of a tablet.
    pub fn load_before(&self, tablet: &TabletView<'_>, below: TxnId) -> Option<TxnId> {
        let oldest = self.catalog.oldest_load(self.table(tablet)?)?;
        (oldest < below).then_some(oldest)
    }
}
