//! Who is who in the model: machines under several names or other ones, and a frontend on an old copy of the journal.

use std::collections::VecDeque;

use quorate::backend::api::{Leadership, Standing};
use quorate::catalog::state::Catalog;
use quorate::leader::action::{Action, BackendRequest};
use quorate::leader::core::Core;
use quorate::leader::event::Event;
use quorate::leader::request::Request;

use crate::net::Due;
use crate::operator;
use crate::setup;
use crate::work::obey;
use crate::world::World;

/// The most names that a machine has in a run.
const NAMES_MAX: u16 = 50;

/// A frontend on a copy of the journal, and the copy as long as none runs on it.
#[derive(Debug, Default)]
pub struct Copied {
    journal: Option<(Catalog, u64, u64)>,
    running: Option<(Core, Leadership)>,
}

impl World {
    /// Whether the backend of a machine takes calls on that port.
    pub fn listens(&self, port: u16) -> bool {
        let machine = &self.backends[setup::machine_of_port(port)];
        machine.names.contains(&setup::name_of_port(port))
    }

    /// Where the cluster finds a machine that it knows; else where it listens.
    pub fn place(&self, at: usize) -> (String, u16) {
        let catalog = self.decided();
        let known = catalog
            .as_ref()
            .and_then(|of| of.backends.get(&self.ids[at]));
        match known {
            Some(backend) => (backend.host.clone(), backend.port),
            None => self.listening(at),
        }
    }

    /// Where a machine listens.
    pub fn listening(&self, at: usize) -> (String, u16) {
        let name = self.backends[at].names.last().copied().unwrap_or_default();
        setup::place_of(at, self.per_host, name)
    }

    /// Gives a machine one name more, and adds it by that.
    pub fn second_name(&mut self, at: usize) {
        let name = self.backends[at].names.last().map_or(0, |name| name + 1);
        if name < NAMES_MAX && self.joined(at) {
            self.backends[at].names.push(name);
            self.marks.hit("node under a second name");
            let added = vec![self.listening(at)];
            operator::ask(self, Request::AddBackends(added));
        }
    }

    /// A machine's backend starts under another name only, and the cluster is told: it moved, or it is there.
    pub fn moves_away(&mut self, at: usize) {
        let name = self.backends[at].names.last().map_or(0, |name| name + 1);
        if name >= NAMES_MAX || !self.joined(at) || self.backends[at].down {
            return;
        }
        let from = self.place(at);
        self.crash_backend(at);
        self.backends[at].names = vec![name];
        self.backends[at].started = self.now_ms + 500;
        self.net.at(self.now_ms + 500, Due::StartBackend(at));
        self.marks.hit("node that moved");
        let to = self.listening(at);
        let request = match self.rng.per_mille(500) {
            true => Request::MoveBackend { from, to },
            false => Request::AddBackends(vec![to]),
        };
        operator::ask(self, request);
    }

    /// The operator puts names right: who is elsewhere is moved, and second names are dropped.
    pub fn names_put_right(&mut self) {
        let Some(catalog) = self.decided() else {
            return;
        };
        let mut taken = Vec::new();
        for backend in catalog.backends.values() {
            let at = setup::machine_of_port(backend.port);
            let (from, to) = ((backend.host.clone(), backend.port), self.listening(at));
            // A place that another was moved to is its place by now.
            if taken.contains(&from) {
                continue;
            }
            if self.ids[at] != backend.id {
                let backends = vec![from];
                let force = false;
                operator::ask(self, Request::DropBackends { backends, force });
            } else if !self.listens(backend.port) {
                taken.push(to.clone());
                operator::ask(self, Request::MoveBackend { from, to });
            }
        }
    }

    /// A heartbeat of the frontend with this life and journal: whether the machine obeys it.
    pub fn obeys(&mut self, at: usize, life: u64, journal: u64) -> bool {
        let by = Leadership {
            takeovers: self.takeovers,
            journal,
            epoch: life,
            start: life,
            ..Leadership::default()
        };
        let obeyed = self.backends[at].obey(&by);
        assert!(
            obeyed || life < self.life,
            "machine {at} refuses the one frontend that there is: {by:?}"
        );
        obeyed
    }

    /// Somebody copies the frontend's directory; later a frontend is started on the copy, when every backend has heard of more
    /// than the copy knows.
    pub fn copy_of_frontend(&mut self) {
        let Some((catalog, seq, life)) = self.copied.journal.take() else {
            let (catalog, seq) = self.journal.read();
            self.copied.journal = Some((catalog, seq, self.life));
            return;
        };
        let told = |port: u16| {
            let obeyed = self.backends[setup::machine_of_port(port)].obeys.as_ref();
            obeyed.is_some_and(|obeyed| obeyed.journal > seq)
        };
        let mut known = catalog.backends.values();
        if known.all(|backend| told(backend.port)) {
            self.say(format!("a frontend starts on a copy that ends at {seq}"));
            let core = Core::recover(catalog, seq, self.config.clone(), self.clock());
            let leadership = Leadership {
                journal: seq,
                epoch: life + 1,
                start: u64::MAX - life,
                ..Leadership::default()
            };
            self.copied.running = Some((core, leadership));
        } else {
            self.copied.journal = Some((catalog, seq, life));
        }
    }

    /// What the frontend on the copy does in a second: heartbeats, reports, its own ideas. It ends where it is refused.
    pub fn copy_acts(&mut self) {
        let Some((mut core, mut by)) = self.copied.running.take() else {
            return;
        };
        let now = self.clock();
        let mut events = VecDeque::from([Event::Tick]);
        for backend in core.snapshot().0.backends.values() {
            let at = setup::machine_of_port(backend.port);
            if self.backends[at].down || !self.listens(backend.port) {
                continue;
            }
            if !self.backends[at].obey(&by) {
                self.marks.hit("copy of the frontend refused");
                return;
            }
            let heart = self.backends[at].heart(self.now_ms);
            let backend = backend.id;
            let result = Ok(heart);
            events.push_back(Event::Heartbeat { backend, result });
            let result = Ok(self.backends[at].report(0));
            let asked = now;
            events.push_back(Event::Report {
                backend,
                asked,
                result,
            });
        }
        if events.len() == 1 {
            // Nobody is there: a real one waits with requests, and decides nothing that matters.
            events.clear();
        }
        while let Some(event) = events.pop_front() {
            for action in core.step(now, event) {
                match action {
                    Action::Append { seq, .. } => {
                        by.journal = seq;
                        events.push_front(Event::Appended { seq });
                    }
                    Action::Call {
                        call,
                        address,
                        request,
                        ..
                    } => {
                        let result = self.copy_calls(&by, &address, request);
                        events.push_back(Event::Answer { call, result });
                    }
                    Action::Reply { .. } | Action::Say(_) => {}
                }
            }
        }
        self.copied.running = Some((core, by));
    }

    fn copy_calls(
        &mut self,
        by: &Leadership,
        address: &str,
        request: BackendRequest,
    ) -> Result<quorate::leader::action::BackendReply, String> {
        let (at, now_ms) = (setup::machine_at(address), self.now_ms);
        let backend = &mut self.backends[at];
        match backend.down || !backend.obey(by) {
            true => Err("it does not obey".to_owned()),
            false => Ok(obey(backend, now_ms, request)),
        }
    }
}

impl crate::backend::ModelBackend {
    /// By the rule of real ones; who is obeyed survives a crash.
    pub fn obey(&mut self, by: &Leadership) -> bool {
        self.obeys = match self.obeys.take() {
            None => Some(by.clone()),
            Some(obeyed) => match by.beside(&obeyed) {
                Standing::Newer => Some(by.clone()),
                Standing::Obeyed => Some(obeyed.merged(by)),
                Standing::Past | Standing::Refused => {
                    self.obeys = Some(obeyed);
                    return false;
                }
            },
        };
        true
    }
}
