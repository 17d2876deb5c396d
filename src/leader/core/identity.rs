//! Who answers at a backend's address. A node is who it is, not where it is: it has one name, and keeps its id and its
//! replicas under any address.
//!
//! Decides for each heartbeat whether the node that answered is the backend that was asked, and moves backends. Whether
//! a backend lives is decided in `nodes`, of answers that passed here.

use std::sync::Arc;

use super::{Answer, Core, Error};
use crate::backend::api::HeartbeatAnswer;
use crate::catalog::backend::Backend;
use crate::catalog::change::Change;
use crate::ids::BackendId;
use crate::leader::request::Reply;

/// What a heartbeat's answer says of who gave it.
enum Who {
    /// The backend that was asked.
    Asked,
    /// A backend that is known by another address, where nobody answers any more.
    Moved(BackendId),
    /// Somebody else.
    Stranger(String),
}

impl Core {
    /// Whether the answer to a heartbeat is that of backend `id`; otherwise what is to be done about it has been done.
    pub(super) fn is_who_was_asked(&mut self, id: BackendId, answer: &HeartbeatAnswer) -> bool {
        let Some(backend) = self.head.backends.get(&id).cloned() else {
            return false;
        };
        match self.who(&backend, answer) {
            Who::Asked => {
                if let Some(node) = answer.node.filter(|node| backend.node != Some(*node)) {
                    self.record_own(vec![Change::IdentifyBackend { id, node }]);
                }
                true
            }
            Who::Moved(known) => {
                self.record_own(vec![
                    Change::DropBackend { id },
                    Change::MoveBackend {
                        id: known,
                        host: backend.host.clone(),
                        port: backend.port,
                    },
                ]);
                false
            }
            Who::Stranger(why) => {
                self.head.observe_backend(id, |state| {
                    state.stranger = true;
                    state.alive = false;
                    state.missed = state.missed.saturating_add(1);
                    state.error = why;
                });
                false
            }
        }
    }

    fn who(&self, asked: &Backend, answer: &HeartbeatAnswer) -> Who {
        let known = answer.node.and_then(|node| self.head.backend_that_is(node));
        match known.filter(|known| known.id != asked.id) {
            // A place that nobody was ever heard at, and the node is lost where it was: it has moved here.
            Some(known) if self.never_heard(asked) && self.dead(known.id) => Who::Moved(known.id),
            Some(known) => Who::Stranger(match asked.node {
                None => second_name(known, asked),
                Some(_) => other_node(known, asked),
            }),
            // Those that do not say who they are, are of an earlier version.
            None if answer.node.is_none() => Who::Asked,
            None => match self.twin(asked.id, answer).or_else(|| self.awaited(asked)) {
                Some(why) => Who::Stranger(why),
                None => Who::Asked,
            },
        }
    }

    /// Whether the last answer at a backend's address was that of somebody else: his reports are not the backend's.
    pub(super) fn is_stranger(&self, id: BackendId) -> bool {
        let state = self.head.backend_states.get(&id);
        state.is_some_and(|state| state.stranger)
    }

    /// Nobody has ever answered there, so nothing is there of what the cluster knows.
    fn never_heard(&self, backend: &Backend) -> bool {
        backend.node.is_none() && self.head.tablets.replicas_on(backend.id) == 0
    }

    /// Why a place that nobody was ever heard at has to wait: a backend with replicas has not answered since the start, and is
    /// not known to be dead. Its storage paths are not known yet, and what answers first may have a copy of them.
    fn awaited(&self, asked: &Backend) -> Option<String> {
        let unheard = |of: &&Arc<Backend>| {
            self.head.tablets.replicas_on(of.id) > 0 && !self.head.alive(of.id) && !self.dead(of.id)
        };
        let first = self.head.backends.values().find(unheard)?;
        let waits = self.never_heard(asked);
        waits.then(|| {
            let (id, address) = (first.id, first.address());
            format!("it is new, and taken in when backend {id} ({address}) has answered or is dead")
        })
    }

    /// Why a storage path of the answer is a copy of one that a living backend has.
    fn twin(&self, id: BackendId, answer: &HeartbeatAnswer) -> Option<String> {
        let here = || answer.paths.iter().filter(|path| path.online);
        let states = self.head.backend_states.iter();
        let mut living = states.filter(|(other, state)| **other != id && state.alive);
        living.find_map(|(other, state)| {
            let mut there = state.paths.iter().filter(|path| path.online);
            let (own, its) = there.find_map(|its| {
                let twin = here().find(|own| own.hash == its.hash)?;
                Some((twin, its))
            })?;
            let at = self.head.backends.get(other)?.address();
            Some(format!(
                "storage path {} is a copy of {} of backend {other} ({at}), which is in use; start this backend without it, or with an empty directory",
                own.root, its.root
            ))
        })
    }

    /// Gives backends other addresses: each keeps its id and its replicas.
    pub(super) fn move_backend(&mut self, from: &(String, u16), to: &(String, u16)) -> Answer {
        let ((host, port), (new_host, new_port)) = (from, to);
        if new_host.is_empty() {
            return Err(Error::EmptyHost);
        }
        if *new_port == 0 {
            return Err(Error::Port(*new_port));
        }
        let backend = self.head.backend_at(host, *port);
        let id = backend.map(|backend| backend.id).ok_or_else(|| {
            let host = host.clone();
            Error::UnknownBackend { host, port: *port }
        })?;
        let mut changes = Vec::new();
        match self.head.backend_at(new_host, *new_port) {
            Some(there) if there.id == id => return Ok(Some(Reply::Done)),
            Some(there) if !self.never_heard(there) => {
                let host = new_host.clone();
                let port = *new_port;
                return Err(Error::BackendExists { host, port });
            }
            Some(there) => changes.push(Change::DropBackend { id: there.id }),
            None => {}
        }
        changes.push(Change::MoveBackend {
            id,
            host: new_host.clone(),
            port: *new_port,
        });
        self.record(changes)?;
        Ok(Some(Reply::Done))
    }
}

/// The words for a node that was added under a second name.
fn second_name(known: &Backend, asked: &Backend) -> String {
    let (old, new) = (known.address(), asked.address());
    format!(
        "this is backend {}, known as {old}, and a node has one name: DROP BACKEND \"{new}\", or give it this name by ALTER SYSTEM MODIFY BACKEND HOST \"{old}\" TO \"{new}\"",
        known.id
    )
}

/// The words for a node that is not the one that was known by the address.
fn other_node(known: &Backend, asked: &Backend) -> String {
    format!(
        "who answers here is not backend {} but backend {}, known as {}; say where each is by ALTER SYSTEM MODIFY BACKEND HOST",
        asked.id,
        known.id,
        known.address()
    )
}
