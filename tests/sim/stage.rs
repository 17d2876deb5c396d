//! What scenarios are written with: a world in which nothing fails but what the scenario says.

use quorate::catalog::state::Catalog;
use quorate::ids::{BackendId, TabletId};
use quorate::leader::request::Request;
use quorate::tablet::cluster::Cluster;
use quorate::tablet::health::{TabletStatus, tablet_health};

use crate::client::{Fate, Load};
use crate::setup::{self, Setup, address_of};
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
            assert!(self.now_ms < end, "not within {within_ms} ms: {what}");
            self.run_for(100);
        }
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
        let backends = vec![address_of(at, self.per_host)];
        operator::ask(self, Request::Decommission { backends, on });
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
