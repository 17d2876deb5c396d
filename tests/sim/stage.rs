//! What scenarios are written with: a world in which nothing fails but what the scenario says.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate::catalog::state::Catalog;
use quorate::clock::Timestamp;
use quorate::ids::{BackendId, TabletId};
use quorate::leader::request::{HealRequest, Request};
use quorate::tablet::cluster::Cluster;
use quorate::tablet::health::{TabletStatus, tablet_health};
use quorate::tablet::unsettled::{Scope, Unsettled};
use quorate::view::{FrontendInfo, View};

use crate::backend::ModelReplica;
use crate::client::{Fate, Load};
use crate::setup::{self, Setup};
use crate::world::World;
use crate::{invariants, operator, run};

/// The world of a scenario.
pub fn world(setup: Setup) -> World {
    let mut world = setup::world(1, setup);
    world.trace = std::env::var("TRACE").is_ok().then(String::new);
    world.lasting = true;
    world
}

impl World {
    /// Lets it run for so many milliseconds; everything that must always hold is looked at.
    pub fn run_for(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        let mut steps = 0_u64;
        while self.now_ms < end {
            self.step();
            steps += 1;
            if steps.is_multiple_of(16) {
                invariants::always(self);
            }
        }
    }

    /// Lets it run until something holds.
    pub fn run_until(&mut self, within_ms: u64, what: &str, holds: impl Fn(&World) -> bool) {
        let end = self.now_ms + within_ms;
        while !holds(self) {
            assert!(
                self.now_ms < end,
                "not within {within_ms} ms: {what}\n{}",
                self.state_of_things()
            );
            self.run_for(100);
        }
    }

    /// Every tablet that is not healthy, and every task.
    fn state_of_things(&self) -> String {
        let (catalog, healing) = (self.catalog(), self.healing());
        let sick = catalog.tablets.iter().filter_map(|view| {
            let status = self.status(view.id());
            let replicas: Vec<_> = view.replicas().collect();
            let sick = status != TabletStatus::Healthy;
            sick.then(|| format!("{} {status:?} {replicas:?}", view.id()))
        });
        let tasks = healing.pending.values().chain(healing.running.values());
        let tasks = tasks.map(|task| format!("{task:?}"));
        sick.chain(tasks).take(20).collect::<Vec<_>>().join("\n")
    }

    /// Loads into `t` so many times, one after the other; all must succeed.
    pub fn fill(&mut self, loads: usize) {
        for _ in 0..loads {
            let no = self.start_load();
            self.run_until(20_000, "the load has ended", |world| {
                world.loads[no].fate().is_some()
            });
            assert_eq!(self.loads[no].fate(), Some(Fate::Acknowledged), "load {no}");
        }
    }

    /// Begins a load into `t`.
    pub fn start_load(&mut self) -> usize {
        let no = self.loads.len();
        self.loads.push(Load::new(no as u64, "t".to_owned()));
        self.begin(no);
        no
    }

    /// Everything that readers see.
    pub fn catalog(&self) -> Catalog {
        self.snapshot().expect("the frontend runs").0
    }

    /// The tablets of all tables.
    pub fn tablets(&self) -> Vec<TabletId> {
        self.catalog()
            .tablets
            .iter()
            .map(|view| view.id())
            .collect()
    }

    /// The machines on which a tablet has replicas.
    pub fn homes(&self, tablet: TabletId) -> Vec<usize> {
        let catalog = self.catalog();
        let view = catalog.tablets.view(tablet).expect("it exists");
        view.replicas()
            .filter_map(|of| self.machine(of.backend))
            .collect()
    }

    /// What is the matter with a tablet.
    pub fn status(&self, tablet: TabletId) -> TabletStatus {
        let catalog = self.catalog();
        let view = catalog.tablets.view(tablet).expect("it exists");
        tablet_health(&Cluster::of(&catalog), &view).status
    }

    /// What ADMIN WAIT UNTIL HEALTHY waits for, where somebody waits since `since`.
    pub fn unsettled(&self, since: Timestamp) -> Unsettled {
        let (catalog, census) = self.snapshot().expect("the frontend runs");
        let core = self.core.as_ref().expect("the frontend runs");
        let frontend = FrontendInfo {
            safe_mode: core.safe_mode(),
            ..FrontendInfo::default()
        };
        let view = View {
            now: self.clock(),
            catalog,
            census,
            healing: core.healing(),
            config: core.config(),
            frontend: Arc::new(frontend),
            connections: 0,
        };
        Unsettled::of(&view, Scope::Cluster, since)
    }

    /// ADMIN WAIT UNTIL HEALTHY.
    pub fn wait_until_healthy(&mut self) {
        let since = self.clock();
        self.run_until(60_000, "all is healthy", |world| {
            world.unsettled(since).is_nothing()
        });
    }

    /// Other disks are mounted while the machine's process does not run; gives those that were there.
    pub fn change_disks(
        &mut self,
        at: usize,
        disks: BTreeMap<TabletId, ModelReplica>,
    ) -> BTreeMap<TabletId, ModelReplica> {
        self.say(format!("machine {at} has other disks"));
        for held in disks.values() {
            self.destroyed.remove(&held.id);
        }
        let before = std::mem::replace(&mut self.backends[at].replicas, disks);
        self.destroyed.extend(before.values().map(|held| held.id));
        before
    }

    /// The machine's process ends and does not come back by itself.
    pub fn kill(&mut self, at: usize) {
        self.say(format!("machine {at} is killed"));
        self.crash_backend(at);
    }

    /// It comes back.
    pub fn revive(&mut self, at: usize) {
        self.backends[at].down = false;
        self.backends[at].started = self.now_ms;
    }

    /// ALTER SYSTEM DECOMMISSION BACKEND, or its CANCEL.
    pub fn decommission(&mut self, at: usize, on: bool) {
        let backends = vec![self.place(at)];
        operator::ask(
            self,
            Request::Heal(HealRequest::Decommission { backends, on }),
        );
    }

    /// Whether the cluster knows a machine.
    pub fn joined(&self, at: usize) -> bool {
        self.ids[at] != BackendId(0)
    }

    /// Runs until every tablet is whole, and looks at everything.
    pub fn mend(&mut self) {
        run::mend(self);
        invariants::always(self);
        invariants::at_the_end(self);
    }

    /// Sets a setting.
    pub fn set(&mut self, key: &str, value: &str) {
        let (key, value) = (key.to_owned(), value.to_owned());
        let persistent = true;
        operator::ask(
            self,
            Request::SetConfig {
                key,
                value,
                persistent,
            },
        );
    }
}
