//! The model world: one frontend, some backends, clients that load, and a clock that jumps to what happens next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use quorate::clock::Timestamp;
use quorate::config::Config;
use quorate::ids::{BackendId, PartitionId, ReplicaId, TxnId, Version};
use quorate::leader::action::CallId;
use quorate::leader::core::Core;
use quorate::leader::event::Event;
use quorate::leader::request::Request;

use crate::backend::ModelBackend;
use crate::client::{Fate, Load, Sent};
use crate::faults::Faults;
use crate::journal::ModelJournal;
use crate::marks::Marks;
use crate::net::{Due, Message, Net, Place};
use crate::rng::Rng;
use crate::setup;

/// Where the model's clock begins.
pub const BEGIN_MS: i64 = 1_700_000_000_000;

/// Everything.
#[derive(Default)]
pub struct World {
    /// Model milliseconds since the beginning.
    pub now_ms: u64,
    /// How far the frontend's clock is off.
    pub skew_ms: i64,
    /// Randomness.
    pub rng: Rng,
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
    /// Backends; their ids are in `ids`.
    pub backends: Vec<ModelBackend>,
    /// The catalog's ids of the backends.
    pub ids: Vec<BackendId>,
    /// Loads of clients.
    pub loads: Vec<Load>,
    /// Transactions that were ever begun, and by which load.
    pub begun: BTreeMap<TxnId, usize>,
    /// In which life of the frontend.
    pub begun_in: BTreeMap<TxnId, u64>,
    /// The commits that were asked for, by load and token.
    pub commits: BTreeMap<(usize, u64), TxnId>,
    /// Replicas that were ever made.
    pub made: BTreeSet<ReplicaId>,
    /// The highest version of each partition that a reader saw.
    pub seen: BTreeMap<PartitionId, Version>,
    /// What was come across.
    pub marks: Marks,
    /// One line for each thing that happened.
    pub trace: String,
    /// Settings.
    pub config: Config,
    pub(crate) life: u64,
    pub(crate) calls: BTreeSet<CallId>,
    pub(crate) beats: BTreeMap<BackendId, Timestamp>,
    pub(crate) asked: BTreeSet<(usize, u64)>,
    pub(crate) next_beat_ms: u64,
    pub(crate) work: u64,
    pub(crate) statements: u64,
    pub(crate) was_safe: bool,
    pub(crate) reporting: bool,
}

impl World {
    /// A world of this seed with tables and nothing loaded.
    pub fn new(seed: u64) -> World {
        setup::world(seed)
    }

    /// The frontend's clock.
    pub fn clock(&self) -> Timestamp {
        Timestamp(BEGIN_MS + self.skew_ms).plus_ms(self.now_ms)
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
            Due::CallTimeout { life, call } if life == self.life && self.calls.remove(&call) => {
                let result = Err("no answer in time".to_owned());
                self.tell(Event::Answer { call, result });
            }
            Due::BeatTimeout {
                life,
                backend,
                asked,
            } if life == self.life && self.beats.get(&backend) == Some(&asked) => {
                self.beats.remove(&backend);
                let result = Err("no answer in time".to_owned());
                self.tell(Event::Heartbeat { backend, result });
            }
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
            Due::StartBackend(at) => self.backends[at].down = false,
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
                    if let Some(at) = self.ids.iter().position(|id| *id == backend) {
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

    /// Whether every client knows the fate of its load.
    pub fn clients_done(&self) -> bool {
        self.loads.iter().all(|load| load.fate().is_some())
    }

    /// The loads with this fate.
    pub fn with_fate(&self, fate: Fate) -> BTreeSet<u64> {
        let these = self.loads.iter().filter(|load| load.fate() == Some(fate));
        these.map(|load| load.no).collect()
    }

    fn note(&mut self, due: &Due) {
        let line = match due {
            Due::Message { from, to, message } => {
                let text: String = format!("{message:?}").chars().take(200).collect();
                format!("{from:?}>{to:?} {text}")
            }
            Due::Tick { .. } => return,
            other => format!("{other:?}"),
        };
        let _ = writeln!(self.trace, "{:>8} {line}", self.now_ms);
    }
}
