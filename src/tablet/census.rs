//! The census: counts and unhealthy tablets of every database, kept up to date as events arrive.
//!
//! A full audit proves it right; nothing reads it by walking the catalog. Its cost follows what changes: a load that
//! every replica got costs nothing, a backend that goes or comes costs its tablets.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::catalog::apply::{Delta, Touched};
use crate::catalog::check::{Check, Verdict};
use crate::catalog::replica::ReplicaState;
use crate::catalog::state::Catalog;
use crate::catalog::tablets::{Block, Stretch, TabletView};
use crate::ids::{BackendId, DbId, TabletId};
use crate::tablet::cluster::{Cluster, NO_HOST};
use crate::tablet::health::{TabletStatus, tablet_health};
use crate::view::Statistic;

/// Counts by database.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Census {
    counts: OrdMap<DbId, Statistic>,
    unhealthy: OrdMap<DbId, OrdSet<TabletId>>,
    surplus: OrdMap<DbId, OrdSet<TabletId>>,
    cloning: OrdMap<DbId, OrdSet<TabletId>>,
    inconsistent: OrdMap<DbId, OrdSet<TabletId>>,
    /// Who lives, as it was when something about backends changed last.
    cluster: Arc<Cluster>,
}

impl Census {
    /// Who lives.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Numbers of one database; zeros for an unknown one.
    pub fn statistic(&self, db: DbId) -> Statistic {
        let mut counts = self.counts.get(&db).copied().unwrap_or_default();
        counts.unhealthy = self.unhealthy.get(&db).map_or(0, |set| set.len() as u64);
        counts.cloning = self.cloning.get(&db).map_or(0, |set| set.len() as u64);
        counts.inconsistent = self.inconsistent.get(&db).map_or(0, |set| set.len() as u64);
        counts
    }

    /// Unhealthy tablets of one database, ascending.
    pub fn unhealthy(&self, db: DbId) -> Vec<TabletId> {
        listed(&self.unhealthy, db)
    }

    /// Tablets that are not healthy, then those with a replica too many: all that the checker has to look at.
    pub fn remarkable(&self) -> Vec<TabletId> {
        let sets = self.unhealthy.values().chain(self.surplus.values());
        sets.flatten().copied().collect()
    }

    /// Tablets with a replica that is being filled by a clone.
    pub fn all_cloning(&self) -> impl Iterator<Item = TabletId> {
        self.cloning.values().flatten().copied()
    }

    /// Tablets of one database with a replica that is being filled by a clone, ascending.
    pub fn cloning(&self, db: DbId) -> Vec<TabletId> {
        listed(&self.cloning, db)
    }

    /// Tablets of one database whose last check found that their replicas differ, ascending.
    pub fn inconsistent(&self, db: DbId) -> Vec<TabletId> {
        listed(&self.inconsistent, db)
    }

    /// The same of all databases, ascending.
    pub fn all_inconsistent(&self) -> OrdSet<TabletId> {
        OrdSet::unions(self.inconsistent.values().cloned())
    }

    /// Takes in what a change of the catalog touched. `catalog` is as it is after the change.
    pub fn follow(&mut self, catalog: &Catalog, touched: &Touched) {
        for (db, delta) in &touched.counts {
            let counts = self.counts.entry(*db).or_default();
            add(counts, *delta);
            if *counts == Statistic::default() {
                self.counts.remove(db);
            }
        }
        for (db, tablet) in &touched.gone {
            strike(&mut self.unhealthy, *db, *tablet);
            strike(&mut self.surplus, *db, *tablet);
            strike(&mut self.cloning, *db, *tablet);
            strike(&mut self.inconsistent, *db, *tablet);
        }
        for db in &touched.databases_gone {
            let counts = self.counts.remove(db).unwrap_or_default();
            assert_eq!(
                counts,
                Statistic::default(),
                "a database goes after all that it holds"
            );
            self.unhealthy.remove(db);
            self.surplus.remove(db);
            self.cloning.remove(db);
            self.inconsistent.remove(db);
        }
        if touched.backends {
            *self = Census::audit(catalog);
        } else if !touched.tablets.is_empty() {
            self.look_at(catalog, &touched.tablets);
        }
    }

    /// A backend has come to life or died: looks at its tablets.
    pub fn follow_backend(&mut self, catalog: &Catalog, backend: BackendId) {
        self.cluster = Arc::new(Cluster::of(catalog));
        self.look_at(catalog, &catalog.tablets.on_backend(backend));
    }

    /// Looks at some tablets again.
    pub fn look_at(&mut self, catalog: &Catalog, tablets: &[TabletId]) {
        // A backend that holds its first replica has got a number.
        if !self.cluster.covers(catalog) {
            self.cluster = Arc::new(Cluster::of(catalog));
        }
        let cluster = self.cluster.clone();
        for view in tablets.iter().filter_map(|id| catalog.tablets.view(*id)) {
            self.look(&cluster, &view);
            self.compare(catalog, &view);
        }
    }

    /// The census made anew by a look at every replica.
    pub fn audit(catalog: &Catalog) -> Census {
        let cluster = Arc::new(Cluster::of(catalog));
        let mut census = Census {
            cluster: cluster.clone(),
            ..Census::default()
        };
        let mut counts: BTreeMap<DbId, Statistic> = BTreeMap::new();
        for table in catalog.tables.values() {
            let of = counts.entry(table.db).or_default();
            of.tables += 1;
            of.partitions += table.partitions.len() as u64;
            of.indexes += table.partitions.len() as u64;
        }
        for block in catalog.tablets.blocks() {
            let plain = all_plain(&cluster, &block);
            for stretch in block.stretches() {
                let of = counts.entry(stretch.db).or_default();
                of.tablets += stretch.tablets();
                of.replicas += stretch.replicas();
                if !plain {
                    census.look_along(&cluster, &stretch);
                }
            }
        }
        census.counts = counts.into_iter().collect();
        // Few tablets differ: they are looked for among the results of checks, not among the tablets.
        let differ = catalog.checks.iter().filter(|(_, check)| differs(check));
        for view in differ.filter_map(|(id, _)| catalog.tablets.view(*id)) {
            note(&mut census.inconsistent, view.db(), view.id());
        }
        census
    }

    /// Looks at the tablets of a stretch; those without anything remarkable are told by their columns alone.
    fn look_along(&mut self, cluster: &Cluster, stretch: &Stretch<'_>) {
        let wanted = usize::from(stretch.wanted);
        let spread = cluster.spreads(stretch.wanted);
        let hosts = cluster.usable();
        let mut start = usize::from(stretch.starts[0]);
        for (index, end) in stretch.starts[1..].iter().enumerate() {
            let end = usize::from(*end);
            let (backends, flags) = (&stretch.backends[start..end], &stretch.flags[start..end]);
            if end - start != wanted || !plain(hosts, spread, backends, flags) {
                self.look(cluster, &stretch.view(index));
            }
            start = end;
        }
    }

    /// Takes over what the last check of a tablet found.
    fn compare(&mut self, catalog: &Catalog, tablet: &TabletView<'_>) {
        let last = catalog.checks.get(&tablet.id());
        match last.is_some_and(|check| differs(check)) {
            true => note(&mut self.inconsistent, tablet.db(), tablet.id()),
            false => strike(&mut self.inconsistent, tablet.db(), tablet.id()),
        }
    }

    fn look(&mut self, cluster: &Cluster, tablet: &TabletView<'_>) {
        let (db, id) = (tablet.db(), tablet.id());
        let status = tablet_health(cluster, tablet).status;
        set(&mut self.unhealthy, db, id, status.unhealthy());
        let surplus = status == TabletStatus::Redundant;
        set(&mut self.surplus, db, id, surplus);
        let mut replicas = tablet.replicas();
        let filled = replicas.any(|replica| replica.state == ReplicaState::Clone);
        set(&mut self.cloning, db, id, filled);
    }
}

/// Whether there is nothing remarkable about any tablet of a block, as far as its columns tell at once: they are read from
/// one end to the other, without a jump for each replica. Nearly always that is so. Where it is not, or where tablets
/// want more replicas than this knows of, each tablet is looked at.
fn all_plain(cluster: &Cluster, block: &Block<'_>) -> bool {
    let Some(wanted) = block.wanted() else {
        return false;
    };
    let (mut expected, mut uneven) = (0_u16, 0);
    for start in block.starts {
        uneven |= start ^ expected;
        expected = expected.wrapping_add(wanted);
    }
    let mut marks = 0;
    for flags in block.flags {
        marks |= flags;
    }
    let (hosts, spread) = (cluster.usable(), cluster.spreads(wanted));
    uneven == 0
        && marks == 0
        && match wanted {
            1 => all_apart::<1>(hosts, spread, block.backends),
            2 => all_apart::<2>(hosts, spread, block.backends),
            3 => all_apart::<3>(hosts, spread, block.backends),
            _ => false,
        }
}

/// Whether all these backends stay, and those of each `N`, a tablet's, are on a host each if they are to `spread`.
fn all_apart<const N: usize>(hosts: &[u32], spread: bool, backends: &[u32]) -> bool {
    let (mut lost, mut alike) = (false, false);
    for tablet in backends.as_chunks::<N>().0 {
        let mut here = [NO_HOST; N];
        for at in 0..N {
            let host = hosts.get(tablet[at] as usize).copied();
            here[at] = host.unwrap_or(NO_HOST);
            lost |= here[at] == NO_HOST;
            for other in 0..at {
                alike |= here[other] == here[at];
            }
        }
    }
    !(lost || (spread && alike))
}

/// Whether each of a tablet's replicas is in step and in normal use, on a backend that stays, on a host of its own.
fn plain(hosts: &[u32], spread: bool, backends: &[u32], flags: &[u8]) -> bool {
    let host = |number: &u32| hosts.get(*number as usize).copied().unwrap_or(NO_HOST);
    backends.iter().enumerate().all(|(at, number)| {
        let here = host(number);
        let alike = || backends[..at].iter().any(|other| host(other) == here);
        here != NO_HOST && flags[at] == 0 && !(spread && alike())
    })
}

fn differs(check: &Check) -> bool {
    check.verdict == Verdict::Differs
}

fn listed(sets: &OrdMap<DbId, OrdSet<TabletId>>, db: DbId) -> Vec<TabletId> {
    sets.get(&db)
        .map(|set| set.iter().copied().collect())
        .unwrap_or_default()
}

fn set(sets: &mut OrdMap<DbId, OrdSet<TabletId>>, db: DbId, tablet: TabletId, on: bool) {
    match on {
        true => note(sets, db, tablet),
        false => strike(sets, db, tablet),
    }
}

fn note(sets: &mut OrdMap<DbId, OrdSet<TabletId>>, db: DbId, tablet: TabletId) {
    if !sets.get(&db).is_some_and(|set| set.contains(&tablet)) {
        sets.entry(db).or_default().insert(tablet);
    }
}

fn strike(sets: &mut OrdMap<DbId, OrdSet<TabletId>>, db: DbId, tablet: TabletId) {
    let Some(set) = sets.get(&db).filter(|set| set.contains(&tablet)) else {
        return;
    };
    match set.len() {
        1 => drop(sets.remove(&db)),
        _ => drop(sets.entry(db).or_default().remove(&tablet)),
    }
}

fn add(of: &mut Statistic, delta: Delta) {
    let moved = |count: &mut u64, by: i64| {
        *count = count
            .checked_add_signed(by)
            .expect("what goes was counted when it came");
    };
    moved(&mut of.tables, delta.tables);
    moved(&mut of.partitions, delta.partitions);
    moved(&mut of.indexes, delta.partitions);
    moved(&mut of.tablets, delta.tablets);
    moved(&mut of.replicas, delta.replicas);
}
