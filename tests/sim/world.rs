//! The model world: one frontend, some backends, clients that load, and a clock that jumps to what happens next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use quorate::catalog::replica::Replica;
use quorate::catalog::state::Catalog;
use quorate::clock::{Timestamp, begin_ms};
use quorate::config::Config;
use quorate::ids::{BackendId, PartitionId, ReplicaId, TabletId, TxnId, Version};
use quorate::leader::action::{BackendRequest, CallId};
use quorate::leader::core::Core;
use quorate::leader::event::Event;
use quorate::leader::request::Request;

use crate::backend::{ModelBackend, ModelReplica};
use crate::client::{Fate, Load, Sent};
use crate::faults::Faults;
use crate::identity::Copied;
use crate::journal::ModelJournal;
use crate::marks::Marks;
use crate::moves::Moves;
use crate::net::{Due, Message, Net, Place};
use crate::reports::Reports;
use crate::rng::Rng;
use crate::run::number;
use crate::setup;
use crate::twins::Twin;

/// Where the model's clock begins.
pub const BEGIN_MS: i64 = 1_700_000_000_000;

/// Everything.
#[derive(Default)]
pub struct World {
    /// Model milliseconds since the beginning.
    pub now_ms: u64,
    /// How far the frontend's wall clock is off.
    pub skew_ms: i64,
    /// The frontend's elapsed time, and the model time, at which its process started.
    pub resumed: (i64, u64),
    /// Wall clocks never jump, whatever the faults say.
    pub steady: bool,
    /// Randomness.
    pub rng: Rng,
    /// Randomness of looks that change nothing.
    pub looks: Rng,
    /// Faults in force.
    pub faults: Faults,
    /// Messages under way.
    pub net: Net,
    /// The frontend's core, while it runs.
    pub core: Option<Core>,
    /// A core whose journal failed, until the next one starts in the same process.
    pub old: Option<Core>,
    /// The frontend's journal.
    pub journal: ModelJournal,
    /// Machines with a backend, whether the cluster knows them or not.
    pub backends: Vec<ModelBackend>,
    /// The id that the cluster knows each machine by; 0 for none.
    pub ids: Vec<BackendId>,
    /// The machine behind every id that there ever was.
    pub machines: BTreeMap<BackendId, usize>,
    /// Loads of clients.
    pub loads: Vec<Load>,
    /// Transactions that were ever begun, and by which load.
    pub begun: BTreeMap<TxnId, usize>,
    /// In which life of the frontend.
    pub begun_in: BTreeMap<TxnId, u64>,
    /// The commits that were asked for, by load and token.
    pub commits: BTreeMap<(usize, u64), TxnId>,
    /// Replicas that were ever made, and where.
    pub made: BTreeMap<ReplicaId, BackendId>,
    /// Replicas that the leader has decided to remove.
    pub removed: BTreeSet<ReplicaId>,
    /// Replicas that it has retired.
    pub retired: BTreeSet<ReplicaId>,
    /// Tablets of which repair or balance has placed or removed a replica.
    pub repaired: BTreeSet<TabletId>,
    /// Replicas that a clone has filled.
    pub filled: BTreeSet<ReplicaId>,
    /// Replicas that a fault has destroyed.
    pub destroyed: BTreeSet<ReplicaId>,
    /// Tablets of which rows were altered.
    pub altered: BTreeSet<TabletId>,
    /// Something is lost for good in this run, or an operator changes placement.
    pub lasting: bool,
    /// Every copy of some tablet may be lost: only what is left is looked at.
    pub all_lost: bool,
    /// Model time from the last fault until everything was whole.
    pub quiet_ms: u64,
    /// The machine that never comes back.
    pub gone: Option<usize>,
    /// The most slots that a path ever had.
    pub slots_max: u64,
    /// Copies that run and that no backend is asked for yet, each with its new replica, since when in model milliseconds.
    pub uncalled: BTreeMap<(TabletId, Option<ReplicaId>), u64>,
    /// Copies, and which of them were moves.
    pub moves: Moves,
    /// Backends that were said to be alive, or dead, and in which life of the frontend.
    pub told: BTreeMap<BackendId, (u64, bool)>,
    /// The highest version of each partition that a reader saw.
    pub seen: BTreeMap<PartitionId, Version>,
    /// What was come across.
    pub marks: Marks,
    /// One line for each thing that happened; `None` where nobody will read them.
    pub trace: Option<String>,
    /// How often a frontend was told to take over.
    pub takeovers: u64,
    /// The journal was restored from an older one: readers see less than was acknowledged until that is recovered.
    pub restored: bool,
    /// A copy of the frontend's journal, and who runs on it.
    pub copied: Copied,
    /// A machine on a copy of another's storage paths.
    pub twin: Option<Twin>,
    /// Machines that ever were on a copy.
    pub copies: BTreeSet<usize>,
    /// Replicas are handed over, and nothing fails: no load may.
    pub calm: bool,
    /// An operator drops backends by force, and adds all of them again in the end.
    pub forgetful: bool,
    /// Settings.
    pub config: Config,
    /// Backends on one host.
    pub per_host: usize,
    pub(crate) life: u64,
    pub(crate) calls: BTreeMap<CallId, BackendRequest>,
    pub(crate) reports: Reports,
    pub(crate) spares: BTreeMap<u64, usize>,
    pub(crate) beats: BTreeMap<BackendId, Timestamp>,
    /// Backends that gave no sign of life, and were not heard since; and what the core was told of them.
    pub(crate) doubted: BTreeSet<BackendId>,
    pub(crate) doubts_told: Option<BTreeSet<BackendId>>,
    pub(crate) asked: BTreeSet<(usize, u64)>,
    pub(crate) next_beat_ms: u64,
    pub(crate) work: u64,
    pub(crate) statements: u64,
    pub(crate) was_safe: bool,
    pub(crate) reporting: bool,
}

impl World {
    /// The machine that has, or had, this id.
    pub fn machine(&self, backend: BackendId) -> Option<usize> {
        self.machines.get(&backend).copied()
    }

    /// What is on the disk of a replica that the catalog lists. `None` where it can't be any more: a fault has destroyed it,
    /// its backend has left the cluster, or it is still to be filled.
    pub fn held(&self, catalog: &Catalog, tablet: TabletId, of: &Replica) -> Option<&ModelReplica> {
        let known = catalog.backends.contains_key(&of.backend);
        let at = self.machine(of.backend).filter(|_| known)?;
        let held = self.backends[at].replicas.get(&tablet);
        let held = held.filter(|held| held.id == of.id);
        // A copy that was begun before its machine told what it has of a backend that was dropped takes the place of that.
        let replaced = self.forgetful && self.backends[at].replaced.contains(&of.id);
        let gone = replaced || self.destroyed.contains(&of.id) || of.version < 0;
        assert!(
            held.is_some() || gone,
            "tablet {tablet} is not on machine {at}, and nothing has destroyed {of:?}"
        );
        held
    }

    /// Learns of backends that came or went.
    pub fn learn_backends(&mut self) {
        let Some((catalog, _)) = self.snapshot() else {
            return;
        };
        for id in &mut self.ids {
            if !catalog.backends.contains_key(id) {
                *id = BackendId(0);
            }
        }
        for backend in catalog.backends.values() {
            let at = setup::machine_of_port(backend.port);
            self.machines.insert(backend.id, at);
            // A second name that was never heard under is not what the machine is known by.
            if self.ids[at] == BackendId(0) || backend.node.is_some() {
                self.ids[at] = backend.id;
            }
        }
    }

    /// The frontend's clocks: elapsed time of its process, and what the wall clock shows.
    pub fn clock(&self) -> Timestamp {
        let (elapsed, since) = self.resumed;
        let ran = self.now_ms.saturating_sub(since) as i64;
        Timestamp::of(elapsed + ran, self.wall_ms())
    }

    fn wall_ms(&self) -> i64 {
        BEGIN_MS + self.now_ms as i64 + self.skew_ms
    }

    /// A process of the frontend starts, and goes on from the last moment in its journal.
    pub fn resume(&mut self, last: Option<Timestamp>) {
        self.resumed = (begin_ms(last, self.wall_ms()), self.now_ms);
    }

    /// Somebody sets a wall clock, by this much.
    pub fn jump(&mut self) -> i64 {
        const SIZES: [u64; 4] = [10_000, 600_000, 3 * 3_600_000, 5 * 86_400_000];
        let size = SIZES[self.rng.below(SIZES.len() as u64) as usize];
        let by = self.rng.below(2 * size) as i64 - size as i64;
        match self.steady {
            true => 0,
            false => {
                self.marks.hit("wall clock set");
                by
            }
        }
    }

    /// Lets the next thing happen.
    pub fn step(&mut self) {
        let (time_ms, due) = self.net.next().expect("the ticks never end");
        self.now_ms = self.now_ms.max(time_ms);
        self.note(&due);
        match due {
            Due::Message { to, message, .. } => self.deliver(to, message),
            Due::Done { backend, work } => self.done(backend, work),
            Due::Appended { life, seq } if life == self.life && self.core.is_some() => {
                self.journal.finish(seq);
                self.tell(Event::Appended { seq });
            }
            Due::CallTimeout { life, call }
                if life == self.life && self.calls.remove(&call).is_some() =>
            {
                let result = Err("no answer in time".to_owned());
                self.tell(Event::Answer { call, result });
            }
            Due::Silence {
                life,
                call,
                backend,
            } if life == self.life => self.silent(call, backend),
            Due::BeatTimeout {
                life,
                backend,
                asked,
            } if life == self.life && self.beats.get(&backend) == Some(&asked) => {
                self.beats.remove(&backend);
                let result = Err("no answer in time".to_owned());
                self.tell(Event::Heartbeat { backend, result });
            }
            Due::ReportTimeout {
                life,
                backend,
                asked,
            } if life == self.life => self.not_reported(backend, asked),
            Due::FetchTimeout {
                backend,
                tablet,
                asked,
            } => self.not_fetched(backend, tablet, asked),
            Due::SpareTimeout { backend, work } => self.checked(backend, work, &[]),
            Due::Patience { load, token } if self.loads[load].token == token => {
                let sent = self.loads[load].impatient();
                self.loads[load].marks(&mut self.marks);
                self.client_sends(load, sent);
            }
            Due::Tick { life } if life == self.life => self.tick(),
            Due::Second => {
                crate::trouble::second(self);
                self.net.at(self.now_ms + 1000, Due::Second);
            }
            Due::StartFrontend => self.start_frontend(),
            Due::StartBackend(at) if self.gone != Some(at) => self.backends[at].down = false,
            Due::PathBack { backend, path } => self.backends[backend].paths[path].online = true,
            _ => {}
        }
    }

    /// A client begins its load.
    pub fn begin(&mut self, load: usize) {
        let sent = self.loads[load].begin();
        self.client_sends(load, sent);
    }

    /// Sends through the network.
    pub fn send(&mut self, from: Place, to: Place, message: Message) {
        let World {
            net,
            rng,
            faults,
            now_ms,
            ..
        } = self;
        net.send(*now_ms, rng, faults, (from, to), message);
    }

    /// A client sends what it wants to send, with a new token and new patience; or dies before it can.
    pub fn client_sends(&mut self, load: usize, sent: Vec<Sent>) {
        if self.rng.per_mille(self.faults.client_death) {
            self.loads[load].die();
            return;
        }
        self.loads[load].token += 1;
        let current = self.loads[load].token;
        if self.loads[load].fate().is_none() {
            let patience = self.now_ms + 1500 + self.rng.below(1500);
            self.net.at(
                patience,
                Due::Patience {
                    load,
                    token: current,
                },
            );
        }
        for one in sent {
            match one {
                Sent::Request(request) => {
                    if let Request::CommitLoad(commit) = &request {
                        self.commits.insert((load, current), commit.txn);
                    }
                    let message = Message::Ask {
                        load,
                        token: current,
                        request,
                    };
                    self.send(Place::Client, Place::Frontend, message);
                }
                Sent::Write(backend, txn, tablets) => {
                    let no = self.loads[load].no;
                    if let Some(at) = self.machine(backend) {
                        let message = Message::Write {
                            load,
                            txn,
                            tablets,
                            no,
                        };
                        self.send(Place::Client, Place::Backend(at), message);
                    }
                }
            }
        }
    }

    /// The loads with this fate.
    pub fn with_fate(&self, fate: Fate) -> BTreeSet<u64> {
        let these = self.loads.iter().filter(|load| load.fate() == Some(fate));
        these.map(|load| load.no).collect()
    }

    /// Puts a line of its own into the trace.
    pub fn say(&mut self, what: String) {
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{:>8} ** {what}", self.now_ms);
        }
    }

    fn note(&mut self, due: &Due) {
        let Some(trace) = &mut self.trace else { return };
        let line = match due {
            Due::Message { from, to, message } => {
                let text: String = format!("{message:?}")
                    .chars()
                    .take(number("WIDE").unwrap_or(260) as usize)
                    .collect();
                format!("{from:?}>{to:?} {text}")
            }
            Due::Tick { .. } => return,
            other => format!("{other:?}"),
        };
        let _ = writeln!(trace, "{:>8} {line}", self.now_ms);
    }
}
