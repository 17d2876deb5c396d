//! What a table, or the cluster, still has to do before it is healthy: the condition of ADMIN WAIT UNTIL HEALTHY.
//!
//! Owns the condition and the sentence about what is left. Does not own the waiting.

use std::fmt;

use crate::catalog::backend::Backend;
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, TableId, TabletId};
use crate::tablet::health::{TabletStatus, tablet_health};
use crate::tablet::task::Task;
use crate::view::View;

/// Tablets that the sentence names.
const NAMED_MAX: usize = 5;

/// What must be healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Cluster,
    /// One table.
    Table(DbId, TableId),
}

/// What is left to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unsettled {
    /// Tablets that are not healthy or have a replica too many, and what is the matter with the first of them.
    pub tablets: (usize, Vec<(TabletId, TabletStatus)>),
    /// Tasks that wait in the queue.
    pub pending: usize,
    /// Tasks that run.
    pub running: usize,
    /// Tablets whose content is queued for repair.
    pub repairs: usize,
    /// Backends that are being emptied, each with its address and the replicas that it still has.
    pub leaving: Vec<(BackendId, String, u64)>,
    /// Backends of which it is not known whether they live: not heard of since the wait began, and not dead yet.
    pub unheard: Vec<(BackendId, String)>,
    /// Backends have not reported enough since the start.
    pub safe_mode: bool,
}

impl Unsettled {
    /// What is left of `scope`, for one who waits since `since`. Costs what is left; for a table, once nothing else is, a
    /// look at how many replicas each of its tablets has.
    pub fn of(view: &View, scope: Scope, since: Timestamp) -> Unsettled {
        let healing = &view.healing;
        let of_scope = |task: &Task| match scope {
            Scope::Cluster => true,
            Scope::Table(_, table) => task.table == table,
        };
        let count = |tasks: &imbl::OrdMap<TabletId, std::sync::Arc<Task>>| match scope {
            Scope::Cluster => tasks.len(),
            Scope::Table(..) => tasks.values().filter(|task| of_scope(task)).count(),
        };
        let repairs = view.catalog.repairs.keys();
        let mut left = Unsettled {
            tablets: named(view, unhealthy(view, scope)),
            pending: count(&healing.pending),
            running: count(&healing.running),
            repairs: repairs.filter(|id| belongs(view, scope, **id)).count(),
            leaving: leaving(view, scope),
            unheard: unheard(view, since),
            safe_mode: view.frontend.safe_mode,
        };
        if left.is_nothing() {
            left.tablets = named(view, crowded(view, scope));
        }
        left
    }

    /// Whether all is well.
    pub fn is_nothing(&self) -> bool {
        *self == Unsettled::default()
    }

    /// The statement that tells more.
    pub fn next_command(&self) -> String {
        match self.tablets.1.first() {
            _ if self.safe_mode => "SHOW FRONTENDS".to_owned(),
            _ if !self.unheard.is_empty() => "SHOW BACKENDS".to_owned(),
            Some((tablet, _)) => format!("EXPLAIN TABLET {tablet}"),
            None if self.pending > 0 => "SHOW PROC '/cluster_balance/pending_tablets'".to_owned(),
            None if self.running > 0 => "SHOW PROC '/cluster_balance/running_tablets'".to_owned(),
            None if self.repairs > 0 => "SHOW SHARD REPAIR".to_owned(),
            None => "SHOW BACKENDS".to_owned(),
        }
    }
}

/// Tablets of the scope that are not healthy, and of the cluster those that have a replica too many.
fn unhealthy(view: &View, scope: Scope) -> Vec<TabletId> {
    match scope {
        Scope::Cluster => view.census.remarkable(),
        Scope::Table(db, _) => {
            let mut tablets = view.unhealthy(db);
            tablets.retain(|id| belongs(view, scope, *id));
            tablets
        }
    }
}

/// Tablets of a table with more replicas than wanted: nothing is wrong with them, but one is still to be removed.
fn crowded(view: &View, scope: Scope) -> Vec<TabletId> {
    let Scope::Table(_, table) = scope else {
        return Vec::new();
    };
    let catalog = &view.catalog;
    let table = catalog.tables.get(&table);
    let partitions = table.into_iter().flat_map(|t| catalog.partitions_of(t));
    let tablets = partitions.flat_map(|partition| catalog.tablets.of_partition(partition));
    tablets
        .filter(|tablet| tablet.replicas().len() > usize::from(tablet.wanted()))
        .map(|tablet| tablet.id())
        .collect()
}

/// How many there are, and the status of the first.
fn named(view: &View, tablets: Vec<TabletId>) -> (usize, Vec<(TabletId, TabletStatus)>) {
    if tablets.is_empty() {
        return (0, Vec::new());
    }
    let cluster = view.census.cluster();
    let status = |id: &TabletId| {
        let tablet = view.catalog.tablets.view(*id)?;
        Some((*id, tablet_health(cluster, &tablet).status))
    };
    let first = tablets.iter().take(NAMED_MAX).filter_map(status).collect();
    (tablets.len(), first)
}

fn belongs(view: &View, scope: Scope, tablet: TabletId) -> bool {
    let Scope::Table(_, table) = scope else {
        return true;
    };
    let catalog = &view.catalog;
    let partition = catalog.tablets.view(tablet).map(|t| t.partition());
    let partition = partition.and_then(|id| catalog.partitions.get(&id));
    partition.is_some_and(|partition| partition.table == table)
}

fn leaving(view: &View, scope: Scope) -> Vec<(BackendId, String, u64)> {
    if scope != Scope::Cluster {
        return Vec::new();
    }
    let tablets = &view.catalog.tablets;
    let backends = view.catalog.backends.values();
    backends
        .filter(|backend| backend.decommissioned)
        .map(|b| (b.id, b.address(), tablets.replicas_on(b.id)))
        .collect()
}

/// A backend that was just killed looks alive until its heartbeats have failed. So each must have been heard of since
/// the wait began, and must have reported its tablets, or be dead.
fn unheard(view: &View, since: Timestamp) -> Vec<(BackendId, String)> {
    let catalog = &view.catalog;
    let known = |backend: &Backend| {
        catalog
            .backend_states
            .get(&backend.id)
            .is_some_and(|state| {
                let heard = state.last_heartbeat.is_some_and(|at| at >= since);
                !state.alive || (heard && state.last_report.is_some())
            })
    };
    let backends = catalog.backends.values();
    backends
        .filter(|backend| !known(backend))
        .map(|backend| (backend.id, backend.address()))
        .collect()
}

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let (count, first) = &self.tablets;
        if *count > 0 {
            let named = first.iter();
            let named: Vec<String> = named.map(|(id, s)| format!("{id} {}", s.word())).collect();
            let more = if *count > named.len() { ", .." } else { "" };
            parts.push(format!(
                "tablets not healthy: {count} ({}{more})",
                named.join(", ")
            ));
        }
        if self.pending + self.running > 0 {
            let (pending, running) = (self.pending, self.running);
            parts.push(format!("tasks: {pending} pending, {running} running"));
        }
        if self.repairs > 0 {
            parts.push(format!(
                "tablets queued for repair of content: {}",
                self.repairs
            ));
        }
        for (id, address, replicas) in &self.leaving {
            parts.push(format!(
                "backend {id} ({address}) is being decommissioned and has {replicas} replicas left"
            ));
        }
        for (id, address) in &self.unheard {
            parts.push(format!(
                "backend {id} ({address}) has not been heard of since the wait began"
            ));
        }
        if self.safe_mode {
            parts.push("the frontend is in safe mode until the backends have reported".to_owned());
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::proc::sample;
    use crate::tablet::census::Census;

    const TABLE: Scope = Scope::Table(DbId(11_000), TableId(12_000));
    const BEGAN: Timestamp = Timestamp::at(1_000_000);

    fn heard(view: &mut View, at: i64) {
        for id in [10_001, 10_002, 10_003] {
            view.catalog.observe_backend(BackendId(id), |state| {
                state.alive = true;
                state.last_heartbeat = Some(Timestamp::at(at));
                state.last_report = Some(Timestamp::at(at));
            });
        }
        view.census = Census::audit(&view.catalog);
    }

    #[test]
    fn a_backend_that_may_have_died_unseen_is_waited_for() {
        let mut view = sample::view();
        heard(&mut view, 999_999);
        let left = Unsettled::of(&view, Scope::Cluster, BEGAN);
        assert_eq!(left.unheard.len(), 3);
        heard(&mut view, 1_000_000);
        assert_eq!(Unsettled::of(&view, Scope::Cluster, BEGAN).unheard, []);
        view.catalog
            .observe_backend(BackendId(10_003), |state| state.alive = false);
        let later = Timestamp::at(1_000_001);
        assert_eq!(Unsettled::of(&view, Scope::Cluster, later).unheard.len(), 2);
    }

    #[test]
    fn what_is_left_is_counted_and_named() {
        let mut view = sample::view();
        heard(&mut view, 1_000_000);
        view.frontend = Arc::new(crate::view::FrontendInfo {
            safe_mode: true,
            ..(*view.frontend).clone()
        });
        view.catalog.repairs.insert(TabletId(13_003), BEGAN);
        for scope in [TABLE, Scope::Cluster] {
            let left = Unsettled::of(&view, scope, BEGAN);
            assert_eq!(
                left.to_string(),
                "tablets not healthy: 2 (13000 VERSION_INCOMPLETE, 13001 VERSION_INCOMPLETE); \
                 tablets queued for repair of content: 1; \
                 the frontend is in safe mode until the backends have reported"
            );
        }
        let other = Scope::Table(DbId(11_000), TableId(99));
        let left = Unsettled::of(&view, other, BEGAN);
        assert_eq!((left.tablets.0, left.repairs), (0, 0));
    }
}
