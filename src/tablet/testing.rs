//! A cluster for tests of what is decided: a catalog that changes as the leader changes it, and moves whose copies take
//! so many seconds. Backends tell their loads once a minute.

mod spec;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::spec::table_spec;
use crate::catalog::backend::PathState;
use crate::catalog::change::{Change, NewPartition, NewTable};
use crate::catalog::partition::PartitionSpec;
use crate::catalog::state::Catalog;
use crate::catalog::table::Medium;
use crate::catalog::tablets::{Belief, Reported};
use crate::clock::Timestamp;
use crate::config::{Balancer, Config};
use crate::ids::{BackendId, DbId, IndexId, PartitionId, ReplicaId, TableId, TabletId};
use crate::tablet::balance::{begun, decide, measure, pick};
use crate::tablet::cluster::Cluster;
use crate::tablet::desk::{Desk, by_load, slots};
use crate::tablet::healing::Healing;
use crate::tablet::load::Class;
use crate::tablet::schedule::Decision;
use crate::tablet::task::{Kind, Spot, State, Task};

/// Bytes of a gigabyte.
pub const GB: u64 = 1 << 30;

/// The cluster.
pub struct Model {
    pub catalog: Catalog,
    pub config: Config,
    pub healing: Healing,
    pub safe_mode: bool,
    pub now: i64,
    /// Seconds that a copy takes.
    pub copy_seconds: i64,
    /// Every move that was made: tablet, from, to.
    pub moves: Vec<(TabletId, BackendId, BackendId)>,
    next: u64,
}

impl Model {
    /// No backend yet, and only their loads are evened out; a medium of every path is `Hdd` until `path` adds others.
    pub fn new() -> Model {
        let mut model = Model {
            catalog: Catalog::new(),
            config: Config {
                tablet_sched_balancer_strategy: Balancer::BeLoadScore,
                ..Config::default()
            },
            healing: Healing::default(),
            safe_mode: false,
            now: 1_000_000,
            copy_seconds: 10,
            moves: Vec::new(),
            next: 10_001,
        };
        model.apply(Change::ReserveIds { below: 1 << 40 });
        model.apply(Change::CreateDatabase {
            id: DbId(9),
            name: "d".to_owned(),
            at: Timestamp::at(0),
        });
        model
    }

    /// So many backends, each on a host of its own with one spinning disk of this capacity.
    pub fn with(backends: u64, capacity: u64) -> Model {
        let mut model = Model::new();
        for n in 0..backends {
            model.backend(&format!("h{n}"), &[(Medium::Hdd, capacity)]);
        }
        model
    }

    pub fn backend(&mut self, host: &str, paths: &[(Medium, u64)]) -> BackendId {
        let id = BackendId(self.fresh(1));
        let (host, port) = (host.to_owned(), id.0 as u16);
        self.apply(Change::AddBackend { id, host, port });
        let paths = (0..).zip(paths).map(|(at, (medium, total))| PathState {
            root: format!("/disk{at}"),
            hash: (id.0 * 10 + at) as i64,
            medium: *medium,
            online: true,
            why: None,
            data_used: 0,
            other_used: 0,
            available: *total,
            total: *total,
            tablets: 0,
            trash_used: 0,
        });
        let paths = paths.collect();
        self.catalog.observe_backend(id, |state| {
            state.alive = true;
            state.paths = paths;
        });
        id
    }

    pub fn backends(&self) -> Vec<BackendId> {
        self.catalog.backends.keys().copied().collect()
    }

    /// A table whose tablets are on these backends, with so many bytes each, on the first path of the medium.
    pub fn table(
        &mut self,
        placed: &[Vec<BackendId>],
        bytes: u64,
        medium: Medium,
    ) -> Vec<TabletId> {
        let each = placed[0].len() as u16;
        let buckets = placed.len() as u64;
        let id = TableId(self.fresh(1));
        let partition = NewPartition {
            id: PartitionId(self.fresh(1)),
            spec: PartitionSpec {
                name: "p".to_owned(),
                range: None,
                buckets: buckets as u32,
                replication_num: each,
                medium,
            },
            first_tablet: TabletId(self.fresh(buckets)),
            first_replica: ReplicaId(self.fresh(buckets * u64::from(each))),
            backends: placed.concat(),
        };
        let tablets: Vec<TabletId> = partition.tablets().map(|(id, _)| id).collect();
        let index = IndexId(self.fresh(1));
        let table = NewTable {
            id,
            db: DbId(9),
            name: format!("t{id}"),
            index,
            spec: table_spec(each),
            at: Timestamp::at(0),
            partitions: vec![partition],
        };
        self.apply(Change::CreateTable(Box::new(table)));
        for tablet in &tablets {
            let view = self.catalog.tablets.view(*tablet).expect("a new tablet");
            for replica in view.replicas().collect::<Vec<_>>() {
                self.filled(*tablet, replica.id, replica.backend, bytes, medium);
            }
        }
        tablets
    }

    pub fn filled(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        backend: BackendId,
        bytes: u64,
        medium: Medium,
    ) {
        let state = &self.catalog.backend_states[&backend];
        let path = state
            .paths
            .iter()
            .find(|path| path.medium == medium)
            .expect("such a path");
        let of = Reported {
            replica,
            version: 1,
            newest: 1,
            belief: Belief::Gains,
            bad: false,
            bytes,
            rows: 1,
            rowsets: 1,
            path: path.hash,
        };
        self.catalog
            .observe_replica(tablet, backend, &of, Timestamp::at(self.now));
    }

    /// Every backend tells its load, and the loads are measured.
    pub fn measure(&mut self) {
        let mut held: BTreeMap<(BackendId, i64), (u64, u64)> = BTreeMap::new();
        for view in self.catalog.tablets.iter() {
            for replica in view.replicas() {
                let held = held
                    .entry((replica.backend, replica.path_hash))
                    .or_default();
                held.0 += replica.data_size;
                held.1 += 1;
            }
        }
        for id in self.backends() {
            let now = Timestamp::at(self.now);
            self.catalog.observe_backend(id, |state| {
                state.last_heartbeat = Some(now);
                for path in &mut state.paths {
                    let (bytes, tablets) = held.get(&(id, path.hash)).copied().unwrap_or_default();
                    path.data_used = bytes;
                    path.available = path.total - bytes;
                    path.tablets = tablets;
                }
            });
        }
        slots(&self.catalog, &self.config, &mut self.healing);
        let load = self.desk(measure);
        self.healing.load = Arc::new(load);
    }

    /// What the deciders look at.
    pub fn desk<T>(&self, ask: impl FnOnce(&Desk<'_>) -> T) -> T {
        let cluster = Cluster::of(&self.catalog);
        ask(&Desk {
            now: Timestamp::at(self.now),
            catalog: &self.catalog,
            cluster: &cluster,
            config: &self.config,
            healing: &self.healing,
            order: &by_load(&self.catalog, &self.healing),
            safe_mode: self.safe_mode,
        })
    }

    pub fn pick(&mut self) -> Vec<Task> {
        self.desk(pick)
    }

    /// One second of the scheduler. Says whether anything is under way.
    pub fn second(&mut self) -> bool {
        self.now += 1000;
        if self.now % 60_000 == 0 {
            self.measure();
        }
        self.end_copies();
        for task in self.healing.pending.values().cloned().collect::<Vec<_>>() {
            self.schedule(&task);
        }
        for task in self.pick() {
            self.healing.counters.moves += 1;
            self.healing.pending.insert(task.tablet, Arc::new(task));
        }
        !self.healing.pending.is_empty() || !self.healing.running.is_empty()
    }

    /// Runs until nothing has moved for ten minutes; gives the seconds until the last move ended.
    pub fn settle(&mut self) -> i64 {
        let begin = self.now;
        let (mut last, mut idle) = (self.now, 0);
        while idle < 600 {
            assert!(
                self.now - begin < 200_000_000,
                "it never ends: {} moves",
                self.moves.len()
            );
            match self.second() {
                true => (idle, last) = (0, self.now),
                false => idle += 1,
            }
        }
        (last - begin) / 1000
    }

    fn schedule(&mut self, task: &Arc<Task>) {
        let decision = self.desk(|desk| decide(desk, task));
        match decision {
            Decision::Copy {
                source,
                destination,
                timeout_ms,
            } => {
                let replica = ReplicaId(self.fresh(1));
                self.apply(Change::AddReplica {
                    tablet: task.tablet,
                    replica,
                    backend: destination.backend,
                    at: Timestamp::at(self.now),
                });
                let mut running = task.as_ref().clone();
                running.source = Some(source);
                running.destination = Some(Spot {
                    replica: Some(replica),
                    ..destination
                });
                running.timeout_ms = timeout_ms;
                running.state = State::Running;
                running.scheduled = Some(Timestamp::at(self.now));
                self.take(&running, 1);
                begun(
                    Arc::make_mut(&mut self.healing.load),
                    &self.catalog,
                    &running,
                );
                self.healing.pending.remove(&task.tablet);
                self.healing.running.insert(task.tablet, Arc::new(running));
                self.moves
                    .push((task.tablet, source.backend, destination.backend));
            }
            Decision::End(..) => drop(self.healing.pending.remove(&task.tablet)),
            Decision::Later(_) => {}
            other => panic!("the balancer does not decide {other:?}"),
        }
    }

    fn end_copies(&mut self) {
        for task in self.healing.running.values().cloned().collect::<Vec<_>>() {
            let since = task.scheduled.map_or(0, |at| self.now - at.elapsed_ms());
            if since < self.copy_seconds * 1000 {
                continue;
            }
            let (source, destination) = (
                task.source.expect("a source"),
                task.destination.expect("a destination"),
            );
            let replica = destination.replica.expect("a replica");
            let from = self.catalog.tablets.view(task.tablet).expect("a tablet");
            let bytes = from.on(source.backend).expect("its replica").data_size;
            let at = Timestamp::at(self.now);
            self.apply(Change::FinishClone {
                tablet: task.tablet,
                replica,
                version: 1,
                renewed: false,
                at,
            });
            self.filled(
                task.tablet,
                replica,
                destination.backend,
                bytes,
                task.medium,
            );
            self.apply(Change::RemoveReplica {
                tablet: task.tablet,
                replica: source.replica.expect("a replica"),
            });
            self.take(&task, -1);
            let mut ended = task.as_ref().clone();
            ended.state = State::Finished;
            ended.copied = Some(at);
            ended.finished = Some(at);
            self.healing.running.remove(&task.tablet);
            self.healing.history.push_back(Arc::new(ended));
        }
    }

    fn take(&mut self, task: &Task, by: i32) {
        for spot in [task.source, task.destination].into_iter().flatten() {
            let slots = self.healing.slots.get_mut(&(spot.backend, spot.path));
            slots.expect("a path").take(Kind::Balance, by);
        }
    }

    /// Tablets on each backend, ascending by id.
    pub fn counts(&self) -> Vec<u64> {
        let tablets = &self.catalog.tablets;
        self.backends()
            .iter()
            .map(|id| tablets.replicas_on(*id))
            .collect()
    }

    /// Whether every backend is of the middle class, on every medium.
    pub fn level(&mut self) -> bool {
        self.measure();
        let mut all = self.healing.load.mediums.values();
        all.all(|medium| medium.backends.values().all(|of| of.class == Class::Mid))
    }

    pub fn apply(&mut self, change: Change) {
        self.catalog.apply(&change).expect("the change fits");
    }

    pub fn fresh(&mut self, count: u64) -> u64 {
        self.next += count;
        self.next - count
    }
}
