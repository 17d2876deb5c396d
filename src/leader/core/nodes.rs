//! Backends: joining and leaving, and whether they live.

mod dropping;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Answer, Core, Error};
use crate::backend::api::HeartbeatAnswer;
use crate::catalog::backend::BackendState;
use crate::catalog::change::Change;
use crate::ids::BackendId;
use crate::leader::notice::{Notice, OfBackend};
use crate::leader::request::Reply;

impl Core {
    pub(super) fn add_backends(&mut self, backends: &[(String, u16)]) -> Answer {
        let mut changes = Vec::new();
        let first = self
            .numbers
            .ids(backends.len() as u64, &self.head, &mut changes);
        for (at, (host, port)) in backends.iter().enumerate() {
            let twice = backends[..at].contains(&(host.clone(), *port));
            if host.is_empty() {
                return Err(Error::EmptyHost);
            }
            if *port == 0 {
                return Err(Error::Port(*port));
            }
            if twice || self.head.backend_at(host, *port).is_some() {
                let host = host.clone();
                return Err(Error::BackendExists { host, port: *port });
            }
            changes.push(Change::AddBackend {
                id: BackendId(first + at as u64),
                host: host.clone(),
                port: *port,
            });
        }
        self.record(changes)?;
        for (at, (host, port)) in backends.iter().enumerate() {
            let id = BackendId(first + at as u64);
            if self
                .head
                .backend_at(host, *port)
                .is_some_and(|of| of.id == id)
            {
                self.say_of(id, OfBackend::Added);
            }
        }
        Ok(Some(Reply::Done))
    }

    /// Something has happened to a backend that exists.
    pub(super) fn say_of(&mut self, id: BackendId, what: OfBackend) {
        if let Some(backend) = self.head.backends.get(&id) {
            let address = backend.address();
            self.say(Notice::Backend { id, address, what });
        }
    }

    pub(super) fn heartbeat(&mut self, id: BackendId, result: Result<HeartbeatAnswer, String>) {
        let before = self.head.alive(id);
        match result {
            Ok(answer) if self.is_who_was_asked(id, &answer) => self.lives(id, answer),
            Ok(_) => {}
            Err(why) => self.misses(id, why),
        }
        let alive = self.head.alive(id);
        if alive != before {
            self.census.follow_backend(&self.head, id);
            self.publish_again();
            let state = self.head.backend_states.get(&id);
            let why = state.map(|state| state.error.clone()).unwrap_or_default();
            self.say_of(
                id,
                match alive {
                    true => OfBackend::Alive,
                    false => OfBackend::Dead { why },
                },
            );
            if !alive {
                self.copies_lost(id);
                self.end_orphans(id, None);
            }
        }
    }

    fn lives(&mut self, id: BackendId, answer: HeartbeatAnswer) {
        let now = self.now;
        self.copies_progress(id, &answer.clones);
        self.paths_told(id, &answer.paths);
        let known = self.head.backend_states.get(&id);
        if known.and_then(|state| state.started) != Some(answer.started) {
            self.end_orphans(id, Some(answer.started));
        }
        self.head.observe_backend(id, |state| {
            state.alive = true;
            state.stranger = false;
            state.started = Some(answer.started);
            state.last_heartbeat = Some(now);
            state.missed = 0;
            state.error = String::new();
            state.version = answer.version;
            state.paths = answer.paths;
            state.cpu_cores = answer.cpu_cores;
            state.mem_bytes = answer.mem_bytes;
            state.running_queries = answer.running_queries;
        });
    }

    fn misses(&mut self, id: BackendId, why: String) {
        let allowed = self.config.heartbeat_retry_times;
        self.head.observe_backend(id, |state| {
            state.missed = state.missed.saturating_add(1);
            state.error = why;
            state.alive = state.alive && u64::from(state.missed) < allowed;
        });
    }

    /// Takes in which backends are in doubt; heartbeats take some intervals to tell of one that hangs.
    pub(super) fn doubts(&mut self, doubted: &BTreeSet<BackendId>) {
        let changed = |(id, state): (&BackendId, &Arc<BackendState>)| {
            let now = doubted.contains(id);
            (state.doubted != now).then_some((*id, now))
        };
        let changed: Vec<_> = self
            .head
            .backend_states
            .iter()
            .filter_map(changed)
            .collect();
        for (id, now) in changed {
            self.head.observe_backend(id, |state| state.doubted = now);
        }
    }

    /// Whether a backend is known not to answer, or gone. One that has not been heard of yet is given its chance.
    pub(super) fn dead(&self, id: BackendId) -> bool {
        if !self.head.backends.contains_key(&id) {
            return true;
        }
        let missed = u64::from(self.missed_heartbeats(id));
        !self.head.alive(id) && missed >= self.config.heartbeat_retry_times
    }

    /// Heartbeats in a row that a backend gave no answer to.
    pub(super) fn missed_heartbeats(&self, id: BackendId) -> u32 {
        let state = self.head.backend_states.get(&id);
        state.map_or(0, |state| state.missed)
    }
}
