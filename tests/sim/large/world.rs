//! A model cluster of any size around the real core: backends answer heartbeats in time, and a clone takes as long as its
//! bytes at the rate that the leader asks for. No fault but the death of whole backends; the simulator has the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use quorate::backend::api::{
    CloneAnswer, CloneTablet, DropTablets, HeartbeatAnswer, ReportAnswer, TabletErrors,
    TabletReport,
};
use quorate::catalog::backend::PathState;
use quorate::catalog::table::Medium;
use quorate::clock::Timestamp;
use quorate::config::Config;
use quorate::ids::{BackendId, NodeId, TabletId};
use quorate::leader::action::{Action, BackendReply, BackendRequest, CallId, Token};
use quorate::leader::core::Core;
use quorate::leader::event::Event;
use quorate::leader::request::Request;
use quorate::tablet::healing::Counters;

use super::build::{self, Shape};

/// Milliseconds between two ticks.
const TICK_MS: i64 = 100;
/// Milliseconds between two heartbeats to a backend.
const HEARTBEAT_MS: i64 = 5_000;
/// Bytes of a mebibyte.
pub const MIB: u64 = 1 << 20;

/// The cluster.
pub struct World {
    /// The leader.
    pub core: Core,
    /// Model time in milliseconds.
    pub now: i64,
    /// Time that steps of the core took, by what they did.
    pub costs: BTreeMap<&'static str, Cost>,
    /// Bytes that were cloned.
    pub cloned: u64,
    /// The most clones that ran at once.
    pub most_clones: usize,
    clones: usize,
    capacity: u64,
    held: BTreeMap<BackendId, (u64, u64)>,
    dead: BTreeSet<BackendId>,
    due: BTreeMap<(i64, u64), Due>,
    planned: u64,
    counters: Counters,
}

/// Something that happens later.
enum Due {
    Tick,
    Heartbeat(BackendId),
    Cloned(CallId, Box<CloneTablet>, BackendId),
    Done(CallId),
}

/// Time that one kind of step took; on a busy machine more than the processor was used for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Steps.
    pub steps: u64,
    /// All of them together.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
}

/// Bytes of a tablet: between 64 and 192 MiB, by its id.
pub fn bytes_of(tablet: TabletId) -> u64 {
    let spread = tablet.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
    (64 + spread) * MIB
}

impl World {
    /// A cluster that has just started, with all of its backends alive and reported.
    pub fn new(shape: Shape, config: Config) -> World {
        let catalog = build::catalog(shape);
        let backends: Vec<BackendId> = catalog.backends.keys().copied().collect();
        let mut world = World {
            core: Core::recover(catalog, 0, config, Timestamp::at(0)),
            now: 0,
            costs: BTreeMap::new(),
            cloned: 0,
            most_clones: 0,
            clones: 0,
            capacity: shape.capacity,
            held: BTreeMap::new(),
            dead: BTreeSet::new(),
            due: BTreeMap::new(),
            planned: 0,
            counters: Counters::default(),
        };
        world.report(&backends);
        // The first time everything is news.
        world.costs.clear();
        world.report(&backends[..backends.len().min(100)]);
        for (at, id) in (0i64..).zip(backends) {
            world.join(id, at * HEARTBEAT_MS / shape.backends as i64);
        }
        world.plan(TICK_MS, Due::Tick);
        world
    }

    /// Full reports of some backends, as the catalog has it.
    fn report(&mut self, backends: &[BackendId]) {
        let catalog = self.core.snapshot().0;
        for backend in backends.iter().copied() {
            let tablets = catalog.tablets.on_backend(backend);
            let views = tablets.iter().filter_map(|id| catalog.tablets.view(*id));
            let tablets: Vec<TabletReport> = views
                .filter_map(|view| Some(reported(view.id(), view.on(backend)?.id, backend, 1)))
                .collect();
            let bytes = tablets.iter().map(|of| of.data_size).sum();
            self.held.insert(backend, (bytes, tablets.len() as u64));
            let report = ReportAnswer {
                seq: 1,
                full: true,
                tablets,
                pending: Vec::new(),
            };
            self.heartbeat(backend);
            self.step(Event::Report {
                backend,
                asked: Timestamp::at(self.now + 1),
                result: Ok(report),
            });
        }
    }

    fn join(&mut self, backend: BackendId, after: i64) {
        self.held.entry(backend).or_default();
        self.plan(after, Due::Heartbeat(backend));
    }

    /// ALTER SYSTEM ADD BACKEND: so many, empty, each on a host of its own.
    pub fn add_backends(&mut self, count: u64) {
        let named = (0..count).map(|n| (format!("new{n}"), 8040)).collect();
        let before: BTreeSet<BackendId> = self.held.keys().copied().collect();
        self.step(Event::Request {
            token: Token(1),
            request: Request::AddBackends(named),
        });
        let catalog = self.core.snapshot().0;
        for id in catalog.backends.keys().filter(|id| !before.contains(id)) {
            self.join(*id, 0);
        }
    }

    /// A backend answers nothing any more. Gives how many replicas and bytes it had.
    pub fn kill(&mut self, backend: BackendId) -> (u64, u64) {
        self.dead.insert(backend);
        let (bytes, tablets) = self.held[&backend];
        (tablets, bytes)
    }

    /// Lets model time pass, at most until `until`, as long as `going`, which is asked ten times a second.
    pub fn run(&mut self, until: i64, mut going: impl FnMut(&World) -> bool) {
        while let Some(((at, _), due)) = self.due.pop_first() {
            self.now = self.now.max(at);
            match due {
                Due::Tick => {
                    self.step(Event::Tick);
                    self.plan(TICK_MS, Due::Tick);
                    if self.now >= until || !going(self) {
                        return;
                    }
                }
                Due::Heartbeat(backend) => {
                    self.heartbeat(backend);
                    self.plan(HEARTBEAT_MS, Due::Heartbeat(backend));
                }
                Due::Cloned(call, clone, backend) => self.cloned(call, &clone, backend),
                Due::Done(call) => {
                    let result = Ok(TabletErrors::default().into());
                    self.step(Event::Answer { call, result });
                }
            }
        }
    }

    /// Tablets that are not healthy.
    pub fn unhealthy(&self) -> u64 {
        let (catalog, census) = self.core.snapshot();
        let of = catalog
            .databases
            .keys()
            .map(|db| census.statistic(*db).unhealthy);
        of.sum()
    }

    /// Everything that was counted since the start.
    pub fn counters(&self) -> Counters {
        self.core.healing().counters
    }

    fn heartbeat(&mut self, backend: BackendId) {
        let result = match self.dead.contains(&backend) {
            true => Err("connection refused".to_owned()),
            false => Ok(self.alive(backend)),
        };
        self.step(Event::Heartbeat { backend, result });
    }

    fn alive(&self, backend: BackendId) -> HeartbeatAnswer {
        let (bytes, tablets) = self.held.get(&backend).copied().unwrap_or_default();
        HeartbeatAnswer {
            started: Timestamp::at(0),
            version: "model".to_owned(),
            paths: vec![PathState {
                root: "/data".to_owned(),
                hash: path_of(backend),
                medium: Medium::Hdd,
                online: true,
                why: None,
                data_used: bytes,
                other_used: 0,
                available: self.capacity.saturating_sub(bytes),
                total: self.capacity,
                tablets,
                trash_used: 0,
            }],
            cpu_cores: 8,
            mem_bytes: 64 << 30,
            running_queries: 0,
            report_seq: 1,
            clones: Vec::new(),
            node: Some(NodeId(backend.0)),
        }
    }

    fn cloned(&mut self, call: CallId, clone: &CloneTablet, backend: BackendId) {
        self.clones -= 1;
        let spec = &clone.spec;
        let tablet = reported(spec.tablet, spec.replica, backend, clone.version);
        let bytes = tablet.data_size;
        let held = self.held.entry(backend).or_default();
        (held.0, held.1) = (held.0 + bytes, held.1 + 1);
        self.cloned += bytes;
        let answer = CloneAnswer {
            tablet,
            full: true,
            bytes,
            files: 1,
            millis: self.clone_ms(clone) as u64,
        };
        let result = Ok(BackendReply::Cloned(Box::new(answer)));
        self.step(Event::Answer { call, result });
    }

    fn clone_ms(&self, clone: &CloneTablet) -> i64 {
        let rate = clone.bytes_per_second.max(1);
        (bytes_of(clone.spec.tablet) * 1000).div_ceil(rate) as i64
    }

    /// One step of the core, and what it wants done. Only the core's own time counts.
    fn step(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let what = match &event {
                Event::Tick => "tick",
                Event::Heartbeat { .. } => "heartbeat",
                Event::Report { .. } => "full report of a backend",
                Event::Answer { .. } => "answer",
                Event::Request { .. } => "request",
                Event::Appended { .. } => "appended",
                Event::Doubts(_) => "doubts",
            };
            let began = Instant::now();
            let actions = self.core.step(Timestamp::at(self.now), event);
            self.count(what, began.elapsed());
            for action in actions {
                match action {
                    Action::Append { seq, .. } => events.push(Event::Appended { seq }),
                    Action::Say(_) => {}
                    Action::Reply { result, .. } => assert!(result.is_ok(), "{result:?}"),
                    Action::Call {
                        call,
                        backend,
                        request,
                        ..
                    } => self.called(call, backend, request),
                }
            }
        }
    }

    fn count(&mut self, what: &'static str, took: Duration) {
        let counters = self.core.healing().counters;
        let before = std::mem::replace(&mut self.counters, counters);
        let checked = counters.checker_rounds > before.checker_rounds;
        let scheduled = counters.scheduler_rounds > before.scheduler_rounds;
        let what = match (checked, scheduled) {
            (true, _) => "checker and scheduler round",
            (_, true) => "scheduler round",
            _ => what,
        };
        let cost = self.costs.entry(what).or_default();
        cost.steps += 1;
        cost.total += took;
        cost.longest = cost.longest.max(took);
    }

    fn called(&mut self, call: CallId, backend: BackendId, request: BackendRequest) {
        match request {
            BackendRequest::Clone(clone) => {
                self.clones += 1;
                self.most_clones = self.most_clones.max(self.clones);
                let after = self.clone_ms(&clone);
                self.plan(after, Due::Cloned(call, clone, backend));
            }
            BackendRequest::DropTablets(drop) => {
                if !self.dead.contains(&backend) {
                    self.dropped(backend, &drop);
                }
                self.plan(1, Due::Done(call));
            }
            other => panic!("nobody asked for {other:?}"),
        }
    }

    fn dropped(&mut self, backend: BackendId, drop: &DropTablets) {
        let held = self.held.entry(backend).or_default();
        for (tablet, ..) in &drop.tablets {
            (held.0, held.1) = (held.0 - bytes_of(*tablet), held.1 - 1);
        }
    }

    fn plan(&mut self, after: i64, due: Due) {
        self.planned += 1;
        self.due.insert((self.now + after, self.planned), due);
    }
}

fn path_of(backend: BackendId) -> i64 {
    backend.0 as i64 + 1_000_000_000
}

fn reported(
    tablet: TabletId,
    replica: quorate::ids::ReplicaId,
    backend: BackendId,
    version: i64,
) -> TabletReport {
    TabletReport {
        tablet,
        replica,
        epoch: 1,
        version,
        max_version: version,
        bad: false,
        why: None,
        data_size: bytes_of(tablet),
        row_count: 1,
        version_count: 1,
        path_hash: path_of(backend),
        dropped: false,
    }
}
