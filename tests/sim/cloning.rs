//! Clones between model backends, over the model network: questions, answers, patience, and the end.

use quorate::backend::api::CloneTablet;
use quorate::ids::{TabletId, Version};
use quorate::leader::action::{BackendReply, CallId};

use crate::backend::{NO_SPACE, Piece, Step};
use crate::net::{Due, Message, Place};
use crate::setup;
use crate::world::World;

/// Milliseconds that a destination waits for a piece, beside the time that its bytes take.
const PATIENCE_MS: u64 = 3000;
/// Times that it asks for one piece.
const TRIES_MAX: u32 = 3;

impl World {
    /// A backend is to fill a replica.
    pub fn begin_clone(&mut self, at: usize, request: Box<CloneTablet>, caller: (u64, CallId)) {
        let tablet = request.spec.tablet;
        match self.backends[at].begin_clone(self.now_ms, request, caller) {
            Ok(Some(step)) => self.go_on(at, tablet, step),
            Ok(None) => self.marks.hit("clone asked for twice"),
            Err(why) => self.answer_call(at, caller, Err(why)),
        }
    }

    fn go_on(&mut self, at: usize, tablet: TabletId, step: Step) {
        match step {
            Step::Ask(what) => self.fetch(at, tablet, what),
            Step::Over(result) => {
                let Some(job) = self.backends[at].clones.remove(&tablet) else {
                    return;
                };
                match &result {
                    Ok(of) if of.full => self.marks.hit("full clone"),
                    Ok(_) => self.marks.hit("incremental clone"),
                    Err(_) => self.marks.hit("clone failed on its backend"),
                }
                for caller in job.callers {
                    // As `leader/run/calls.rs` reads the status of such an answer.
                    let reply = match result.clone() {
                        Ok(of) => Ok(BackendReply::Cloned(Box::new(of))),
                        Err(full) if full == NO_SPACE => {
                            self.marks.hit("copy refused for want of room");
                            Ok(BackendReply::NoRoom(full))
                        }
                        Err(why) => Err(why),
                    };
                    self.answer_call(at, caller, reply);
                }
            }
        }
    }

    /// Asks the source for a piece, and will not wait for it for ever.
    fn fetch(&mut self, at: usize, tablet: TabletId, what: Option<Version>) {
        self.work += 1;
        let asked = self.work;
        let Some(job) = self.backends[at].clones.get_mut(&tablet) else {
            return;
        };
        job.asked = asked;
        job.tries += 1;
        job.asks = what;
        let replica = job.request.source_replica;
        let limit = match job.request.bytes_per_second {
            0 => u64::MAX,
            limit => (limit / 1000).max(1),
        };
        let source = setup::machine_at(&job.request.source);
        let listens = setup::port_of(&job.request.source);
        let listens = self.listens(listens);
        let bytes_per_ms = self.backends[at].bytes_per_ms.min(limit);
        let rate = bytes_per_ms.min(self.backends[source].bytes_per_ms).max(1);
        let takes = self.backends[source].size_to_hand_out(tablet, what) / rate;
        let due = Due::FetchTimeout {
            backend: at,
            tablet,
            asked,
        };
        self.net.at(self.now_ms + PATIENCE_MS + takes, due);
        let fetch = Message::Fetch {
            from: at,
            asked,
            tablet,
            replica,
            what,
            bytes_per_ms,
        };
        if listens {
            self.send(Place::Backend(at), Place::Backend(source), fetch);
        }
    }

    /// A piece has come.
    pub fn fetched(
        &mut self,
        at: usize,
        tablet: TabletId,
        asked: u64,
        result: Result<Piece, String>,
    ) {
        let waits = self.backends[at].clones.get(&tablet);
        if waits.is_none_or(|job| job.asked != asked) {
            return;
        }
        if let Some(step) = self.backends[at].fetched(self.now_ms, tablet, result) {
            self.go_on(at, tablet, step);
        }
    }

    /// A piece has not come.
    pub fn not_fetched(&mut self, at: usize, tablet: TabletId, asked: u64) {
        let Some(job) = self.backends[at].clones.get(&tablet) else {
            return;
        };
        if job.asked != asked {
            return;
        }
        let (tries, what) = (job.tries, job.asks);
        match tries < TRIES_MAX {
            true => {
                self.marks.hit("clone resumed after a break");
                self.fetch(at, tablet, what);
            }
            false => {
                let gone = Err("the source does not answer".to_owned());
                self.go_on(at, tablet, Step::Over(gone));
            }
        }
    }
}
