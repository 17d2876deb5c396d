//! What a backend does with a message that costs it time, and what is left of it after a crash.

use quorate::backend::api::{
    AdoptTablets, CheckSegments, CreateTablets, CutTablets, DropTablets, Publish, TabletErrors,
    TabletSpec,
};
use quorate::ids::{TabletId, TxnId};
use quorate::leader::action::{BackendReply, BackendRequest, CallId};

use crate::backend::{LoadNo, ModelBackend};
use crate::net::{Due, Message, Place};
use crate::world::World;

/// How long a backend waits for the frontend to say what can be spared.
const SPARE_MS: u64 = 3000;

/// A check of segments whose finds are known, and who waits for it.
#[derive(Debug)]
pub struct Found {
    life: u64,
    call: CallId,
    bad: Vec<(TabletId, quorate::ids::ReplicaId)>,
}

impl World {
    /// A backend has finished what a message asked of it, and answers.
    pub fn done(&mut self, at: usize, work: u64) {
        let Some(message) = self.backends[at].doing.remove(&work) else {
            return;
        };
        let (now_ms, from) = (self.now_ms, self.ids[at]);
        let backend = &mut self.backends[at];
        let started = backend.heart(now_ms).started;
        let (to, answer) = match message {
            Message::Write {
                load,
                txn,
                tablets,
                no,
            } => {
                let failed = backend.write(now_ms, txn, &tablets, no);
                let written = Message::Written {
                    load,
                    from,
                    txn,
                    failed,
                };
                (Place::Client, written)
            }
            Message::Call {
                life,
                call,
                request,
            } => return self.obey_call(at, work, (life, call), request),
            Message::Beat {
                life,
                asked,
                backend: named,
                journal,
            } => {
                if !self.obeys(at, life, journal) {
                    return;
                }
                let heart = self.backends[at].heart(now_ms);
                let alive = Message::Alive {
                    life,
                    from: named,
                    asked,
                    heart,
                };
                (Place::Frontend, alive)
            }
            Message::Report {
                life,
                asked,
                backend: named,
                since,
            } => {
                let reported = Message::Reported {
                    life,
                    from: named,
                    asked,
                    started,
                    report: backend.report(since),
                };
                (Place::Frontend, reported)
            }
            Message::Fetch {
                from,
                asked,
                tablet,
                replica,
                what,
                ..
            } => {
                let result = backend.hand_out(tablet, replica, what);
                let fetched = Message::Fetched {
                    asked,
                    tablet,
                    result,
                };
                (Place::Backend(from), fetched)
            }
            _ => return,
        };
        self.send(Place::Backend(at), to, answer);
    }

    fn obey_call(&mut self, at: usize, work: u64, caller: (u64, CallId), of: BackendRequest) {
        let now_ms = self.now_ms;
        match of {
            BackendRequest::Clone(request) => self.begin_clone(at, request, caller),
            BackendRequest::CheckSegments(check) => self.check_segments(at, work, caller, check),
            request => {
                let result = Ok(obey(&mut self.backends[at], now_ms, request));
                self.answer_call(at, caller, result);
            }
        }
    }

    /// A backend answers a call.
    pub fn answer_call(
        &mut self,
        at: usize,
        (life, call): (u64, CallId),
        result: Result<BackendReply, String>,
    ) {
        let called = Message::Called { life, call, result };
        self.send(Place::Backend(at), Place::Frontend, called);
    }

    fn check_segments(&mut self, at: usize, work: u64, caller: (u64, CallId), of: CheckSegments) {
        let bad = self.backends[at].look_for_bad(&of);
        if !of.repair || bad.is_empty() {
            let answer = self.backends[at].mark_bad(&bad, of.repair, &[]);
            return self.answer_call(at, caller, Ok(BackendReply::Segments(answer)));
        }
        let tablets = bad.clone();
        let (life, call) = caller;
        let found = Found { life, call, bad };
        self.backends[at].checking.insert(work, found);
        let due = Due::SpareTimeout { backend: at, work };
        self.net.at(self.now_ms + SPARE_MS, due);
        let spare = Message::Spare {
            from: at,
            work,
            tablets,
        };
        self.send(Place::Backend(at), Place::Frontend, spare);
    }

    /// The frontend has said what can be spared, or has not.
    pub fn checked(&mut self, at: usize, work: u64, spared: &[TabletId]) {
        let Some(found) = self.backends[at].checking.remove(&work) else {
            return;
        };
        let answer = self.backends[at].mark_bad(&found.bad, true, spared);
        if answer.bad.iter().any(|of| of.set_bad) {
            self.marks.hit("lost segment found by a check");
        }
        let reply = Ok(BackendReply::Segments(answer));
        self.answer_call(at, (found.life, found.call), reply);
    }

    /// The process of a backend dies: of what it was doing, some is done, some in part, some not at all.
    pub fn crash_backend(&mut self, at: usize) {
        let now_ms = self.now_ms;
        let World { backends, rng, .. } = self;
        let backend = &mut backends[at];
        for (_, message) in backend.die() {
            let parts = parts(&message);
            let done = rng.below(parts.len() as u64 + 1) as usize;
            for part in parts.into_iter().take(done) {
                match part {
                    Part::Write(txn, tablet, no) => {
                        backend.write(now_ms, txn, &[tablet], no);
                    }
                    Part::Obey(request) => {
                        obey(backend, now_ms, request);
                    }
                }
            }
        }
        backend.ended.clear();
    }
}

/// The smallest piece of work that is done whole or not at all.
enum Part {
    Write(TxnId, TabletId, LoadNo),
    Obey(BackendRequest),
}

fn parts(message: &Message) -> Vec<Part> {
    let request = match message {
        Message::Write {
            txn, tablets, no, ..
        } => {
            let write = |tablet: &TabletId| Part::Write(*txn, *tablet, *no);
            return tablets.iter().map(write).collect();
        }
        Message::Call { request, .. } => request,
        _ => return Vec::new(),
    };
    let requests: Vec<BackendRequest> = match request {
        BackendRequest::CreateTablets(of) => {
            let one = |spec: &TabletSpec| {
                let tablets = vec![spec.clone()];
                BackendRequest::CreateTablets(CreateTablets {
                    tablets,
                    ..of.clone()
                })
            };
            of.tablets.iter().map(one).collect()
        }
        BackendRequest::DropTablets(of) => {
            let one = |tablet| {
                let tablets = vec![tablet];
                BackendRequest::DropTablets(DropTablets { tablets })
            };
            of.tablets.iter().copied().map(one).collect()
        }
        BackendRequest::Publish(of) => {
            let one = |tablet| {
                let tablets = vec![tablet];
                BackendRequest::Publish(Publish {
                    txn: of.txn,
                    tablets,
                })
            };
            of.tablets.iter().copied().map(one).collect()
        }
        BackendRequest::Abort(_) => vec![request.clone()],
        BackendRequest::Adopt(of) => {
            let one = |tablet| {
                let tablets = vec![tablet];
                BackendRequest::Adopt(AdoptTablets { tablets })
            };
            of.tablets.iter().copied().map(one).collect()
        }
        BackendRequest::Cut(of) => {
            let one = |tablet| {
                let tablets = vec![tablet];
                BackendRequest::Cut(CutTablets { tablets })
            };
            of.tablets.iter().copied().map(one).collect()
        }
        // What was fetched by a clone and not published is worth nothing, and a check changes nothing by itself.
        BackendRequest::Clone(_)
        | BackendRequest::Digest(_)
        | BackendRequest::Salvage(_)
        | BackendRequest::CheckSegments(_) => Vec::new(),
    };
    requests.into_iter().map(Part::Obey).collect()
}

/// Does what can be done at once.
pub fn obey(backend: &mut ModelBackend, now_ms: u64, request: BackendRequest) -> BackendReply {
    let failed = match request {
        BackendRequest::CreateTablets(create) => backend.create(now_ms, &create),
        BackendRequest::DropTablets(drop) => backend.remove(&drop),
        BackendRequest::Publish(publish) => backend.publish(now_ms, &publish),
        BackendRequest::Abort(abort) => {
            backend.abort(abort.txn);
            Vec::new()
        }
        BackendRequest::Adopt(of) => return BackendReply::Adopted(backend.adopt(&of)),
        BackendRequest::Cut(of) => backend.cut(&of),
        BackendRequest::Salvage(of) => return BackendReply::Salvaged(backend.salvage(&of)),
        BackendRequest::Digest(of) => return BackendReply::Digests(backend.digest(&of)),
        BackendRequest::Clone(_) | BackendRequest::CheckSegments(_) => Vec::new(),
    };
    BackendReply::Errors(TabletErrors { failed })
}
