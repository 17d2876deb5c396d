//! The frontend of the model: the core under test, its journal, and what dies with its process.

use quorate::backend::api::HeartbeatAnswer;
use quorate::catalog::change::Change;
use quorate::catalog::replica::ReplicaState;
use quorate::catalog::state::Catalog;
use quorate::clock::Timestamp;
use quorate::code::Failure;
use quorate::ids::BackendId;
use quorate::leader::action::{Action, BackendRequest, CallId, Token};
use quorate::leader::core::Core;
use quorate::leader::event::Event;
use quorate::leader::request::{Reply, Request};
use quorate::tablet::census::Census;
use quorate::tablet::healing::Healing;

use crate::invariants;
use crate::net::{Due, Message, Place, load_of, token};
use crate::reports::Reports;
use crate::setup::{self, HARNESS, SPARE};
use crate::world::World;

/// Model time between two ticks of the frontend.
pub const TICK_MS: u64 = 200;
/// Model time between heartbeats.
pub const BEAT_MS: u64 = 1000;

impl World {
    /// Starts the frontend from its journal.
    pub fn start_frontend(&mut self) {
        if self.core.is_some() || self.now_ms < self.journal.full_until_ms {
            return;
        }
        self.life += 1;
        self.calls.clear();
        self.beats.clear();
        self.doubted.clear();
        self.doubts_told = None;
        self.asked.clear();
        self.spares.clear();
        let (catalog, seq) = self.journal.read();
        if self.old.is_none() {
            self.resume(catalog.time);
        }
        let reports = Reports::since(self.clock());
        let before = std::mem::replace(&mut self.reports, reports);
        self.next_beat_ms = self.now_ms;
        if self.journal.has_checkpoint() {
            self.marks.hit("restart from a checkpoint");
        }
        let mut core = Core::recover(catalog, seq, self.config.clone(), self.clock());
        if let Some(old) = self.old.take() {
            core.adopt_observed(&old);
            self.reports.adopt(before);
        }
        self.was_safe = core.safe_mode();
        self.core = Some(core);
        self.forget_undone();
        self.net.at(self.now_ms, Due::Tick { life: self.life });
    }

    /// What was decided and did not become durable has not happened.
    fn forget_undone(&mut self) {
        let Some((catalog, _)) = self.snapshot() else {
            return;
        };
        let replicas = catalog.tablets.iter().flat_map(|view| view.replicas());
        self.retired.clear();
        for replica in replicas {
            self.removed.remove(&replica.id);
            match replica.state {
                ReplicaState::Normal => {}
                ReplicaState::Clone => drop(self.filled.remove(&replica.id)),
                ReplicaState::Decommission => drop(self.retired.insert(replica.id)),
            }
        }
    }

    /// Kills the frontend.
    pub fn crash_frontend(&mut self) {
        self.core = None;
        self.life += 1;
        let World { journal, rng, .. } = self;
        journal.crash(rng);
    }

    /// The journal takes no more: the core is void, another is recovered when there is room.
    fn fail_journal(&mut self) {
        self.marks.hit("journal failed");
        self.old = self.core.take();
        self.crash_frontend();
        let back = self.journal.full_until_ms + 100;
        self.net.at(back, Due::StartFrontend);
    }

    /// What readers of the running frontend see.
    pub fn snapshot(&self) -> Option<(Catalog, Census)> {
        self.core.as_ref().map(Core::snapshot)
    }

    /// The catalog with everything that was decided, durable or not. What was reported since the first record that is not
    /// durable is not in it.
    pub fn decided(&self) -> Option<Catalog> {
        let (mut catalog, _) = self.snapshot()?;
        self.journal.ahead(&mut catalog);
        Some(catalog)
    }

    /// Whether readers see everything that was decided.
    pub fn all_durable(&self) -> bool {
        let durable = self.core.as_ref().map(Core::durable);
        durable.is_some_and(|durable| durable >= self.reports.appended)
    }

    /// Repair and balance, as readers see them.
    pub fn healing(&self) -> Healing {
        self.core.as_ref().map(Core::healing).unwrap_or_default()
    }

    /// Gives an event to the core and does what it wants.
    pub fn tell(&mut self, event: Event) {
        let now = self.clock();
        let said = match event {
            Event::Tick => invariants::explain_agrees::before(self, now),
            _ => None,
        };
        let Some(core) = &mut self.core else { return };
        if let Event::Heartbeat { backend, result } = &event {
            // The answer of a node that is known by another name is none.
            let (known, _) = core.snapshot();
            let itself = |heart: &HeartbeatAnswer| {
                let node = heart.node.and_then(|node| known.backend_that_is(node));
                node.is_none_or(|of| of.id == *backend)
            };
            self.reports
                .beat(*backend, result.as_ref().is_ok_and(itself));
        }
        self.reports.goes_on(now);
        let actions = core.step(now, event);
        for action in &actions {
            if let Action::Append { seq, .. } = action {
                self.reports.appended = *seq;
            }
        }
        // A copy that began when there were more slots may go on.
        let slots = core.config().tablet_sched_slot_num_per_path;
        self.slots_max = self.slots_max.max(slots);
        if self.was_safe && !core.safe_mode() {
            self.was_safe = false;
            self.marks.hit("safe mode left");
            invariants::safe_mode_waits::left(self);
        }
        self.note_ended(now);
        if let Some(said) = said {
            invariants::explain_agrees::after(self, now, &said, &actions);
        }
        for action in actions {
            if self.core.is_none() {
                return;
            }
            self.perform(action);
        }
        invariants::versions_only_grow::check(self);
    }

    fn perform(&mut self, action: Action) {
        invariants::of_action(self, &action);
        match action {
            Action::Append { seq, changes } => {
                self.say_placement(&changes);
                self.journal.append(seq, &changes);
                if self.now_ms < self.journal.full_until_ms {
                    return self.fail_journal();
                }
                let done = self.now_ms + 1 + self.rng.below(self.faults.journal_ms);
                self.net.at(
                    done,
                    Due::Appended {
                        life: self.life,
                        seq,
                    },
                );
            }
            Action::Reply { token, result } => self.reply(token, result),
            Action::Say(notice) => self.say(notice.to_string()),
            Action::Call {
                call,
                backend,
                timeout_ms,
                request,
                address,
            } => {
                let at = setup::machine_at(&address);
                self.note_call(&request);
                let life = self.life;
                self.net
                    .at(self.now_ms + timeout_ms, Due::CallTimeout { life, call });
                if matches!(request, BackendRequest::Publish(_)) {
                    let silent = self.now_ms + self.config.silent_backend_wait_ms;
                    self.net.at(
                        silent,
                        Due::Silence {
                            life,
                            call,
                            backend,
                        },
                    );
                }
                self.calls.insert(call, request.clone());
                let message = Message::Call {
                    life,
                    call,
                    request,
                };
                if self.listens(setup::port_of(&address)) {
                    self.send(Place::Frontend, Place::Backend(at), message);
                }
            }
        }
    }

    /// As the shell does: a publish to a backend that hangs or is away is given up, and the backend is in doubt.
    pub fn silent(&mut self, call: CallId, backend: BackendId) {
        let Some(at) = self.machine(backend) else {
            return;
        };
        let of = &self.backends[at];
        if (of.down || self.now_ms < of.paused_until_ms) && self.calls.remove(&call).is_some() {
            self.marks.hit("backend in doubt");
            self.doubted.insert(backend);
            let result = Err("no sign of life".to_owned());
            self.tell(Event::Answer { call, result });
        }
    }

    /// Notes why tasks have ended.
    fn note_ended(&mut self, now: Timestamp) {
        let healing = self.healing();
        let ended = healing.history.iter().rev();
        for task in ended.take_while(|task| task.finished == Some(now)) {
            self.marks.reason(task.reason.as_ref());
        }
    }

    /// Notes in the trace what becomes of replicas and backends.
    fn say_placement(&mut self, changes: &[Change]) {
        if self.trace.is_none() {
            return;
        }
        let told = changes.iter().filter(|change| {
            matches!(
                change,
                Change::AddReplica { .. }
                    | Change::FinishClone { .. }
                    | Change::RetireReplica { .. }
                    | Change::RemoveReplica { .. }
                    | Change::DropBackend { .. }
                    | Change::Visible { .. }
            )
        });
        for change in told {
            self.say(format!("{change:?}"));
        }
    }

    fn reply(&mut self, to: Token, result: Result<Reply, Failure>) {
        let (load, token) = load_of(to);
        match load {
            HARNESS => return self.harness_answered(token, result),
            SPARE => {
                let Some(at) = self.spares.remove(&token) else {
                    return;
                };
                if let Ok(Reply::Spared(tablets)) = result {
                    let work = token;
                    let spared = Message::Spared { work, tablets };
                    self.send(Place::Frontend, Place::Backend(at), spared);
                }
                return;
            }
            _ => {}
        }
        if let Ok(Reply::Begun(plan)) = &result {
            let earlier = self.begun.insert(plan.txn, load);
            let fresh = earlier.is_none();
            assert!(fresh, "transaction {} was given twice", plan.txn);
            self.begun_in.insert(plan.txn, self.life);
        }
        let message = Message::Answer {
            load,
            token,
            result,
        };
        self.send(Place::Frontend, Place::Client, message);
    }

    fn note_call(&mut self, request: &BackendRequest) {
        let Some((catalog, _)) = self.snapshot() else {
            return;
        };
        match request {
            BackendRequest::Publish(of) => {
                let txn = catalog.txns.get(&of.txn);
                if txn.is_some_and(|txn| txn.finished.is_some()) {
                    self.marks.hit("publish after the load was visible");
                }
                if self
                    .begun_in
                    .get(&of.txn)
                    .is_some_and(|life| *life != self.life)
                {
                    self.marks.hit("publish after a restart");
                }
            }
            BackendRequest::Abort(of) if !catalog.txns.contains_key(&of.txn) => {
                self.marks.hit("abort of a forgotten load");
            }
            BackendRequest::DropTablets(_) if self.reporting => self.marks.hit("stranger dropped"),
            _ => {}
        }
    }

    /// The frontend's own time: ticks, and heartbeats with reports.
    pub fn tick(&mut self) {
        if self.doubts_told.as_ref() != Some(&self.doubted) {
            self.doubts_told = Some(self.doubted.clone());
            self.tell(Event::Doubts(self.doubted.clone()));
        }
        self.tell(Event::Tick);
        self.net
            .at(self.now_ms + TICK_MS, Due::Tick { life: self.life });
        if self.now_ms < self.next_beat_ms || self.core.is_none() {
            return;
        }
        self.next_beat_ms = self.now_ms + BEAT_MS;
        self.learn_backends();
        let (life, asked) = (self.life, self.clock());
        let Some((catalog, _)) = self.snapshot() else {
            return;
        };
        for (backend, of) in &catalog.backends {
            let backend = *backend;
            self.beats.insert(backend, asked);
            let late = self.now_ms + BEAT_MS;
            self.net.at(
                late,
                Due::BeatTimeout {
                    life,
                    backend,
                    asked,
                },
            );
            let beat = Message::Beat {
                life,
                asked,
                backend,
                journal: self.journal.last(),
            };
            if self.listens(of.port) {
                let at = setup::machine_of_port(of.port);
                self.send(Place::Frontend, Place::Backend(at), beat);
            }
        }
        self.take_checkpoint();
    }

    fn take_checkpoint(&mut self) {
        let Some(core) = self.core.as_ref().filter(|_| self.rng.per_mille(100)) else {
            return;
        };
        let seq = core.durable();
        let (catalog, _) = core.snapshot();
        self.journal.checkpoint(seq, &catalog);
    }

    /// A request of the harness itself, without the network; its answer comes to `harness_answered`.
    pub fn ask(&mut self, number: u64, request: Request) {
        self.tell(Event::Request {
            token: token(HARNESS, number),
            request,
        });
    }
}
