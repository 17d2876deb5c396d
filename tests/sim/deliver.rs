//! What a message does where it arrives.

use quorate::backend::api::{CreateTablets, DropTablets, HeartbeatAnswer, Publish, TabletErrors};
use quorate::catalog::backend::PathState;
use quorate::catalog::table::Medium;
use quorate::clock::Timestamp;
use quorate::ids::{TabletId, TxnId};
use quorate::leader::action::BackendRequest;
use quorate::leader::event::Event;

use crate::backend::{LoadNo, ModelBackend};
use crate::net::{Due, Message, Place, token};
use crate::world::{BEGIN_MS, World};

impl World {
    /// Delivers a message, or lets it wait or fall where its receiver is not listening.
    pub fn deliver(&mut self, to: Place, message: Message) {
        match to {
            Place::Frontend => self.at_frontend(message),
            Place::Client => self.at_client(message),
            Place::Backend(at) => {
                let backend = &self.backends[at];
                if backend.down {
                    return;
                }
                if self.now_ms < backend.paused_until_ms {
                    let later = backend.paused_until_ms;
                    let from = Place::Client;
                    self.net.at(later, Due::Message { from, to, message });
                    return;
                }
                self.work += 1;
                let work = self.work;
                self.backends[at].doing.insert(work, message);
                let done = self.now_ms + self.rng.below(self.faults.disk_ms);
                self.net.at(done, Due::Done { backend: at, work });
            }
        }
    }

    fn at_frontend(&mut self, message: Message) {
        match message {
            // A connection carries each request once; what comes twice is refused below HTTP.
            Message::Ask {
                load,
                token: asked,
                request,
            } if self.asked.insert((load, asked)) => {
                self.tell(Event::Request {
                    token: token(load, asked),
                    request,
                });
            }
            Message::Called { life, call, result }
                if life == self.life && self.calls.remove(&call) =>
            {
                self.tell(Event::Answer {
                    call,
                    result: Ok(result.into()),
                });
            }
            Message::Alive {
                life,
                from,
                asked,
                heart,
                report,
            } if life == self.life && self.beats.get(&from) == Some(&asked) => {
                self.beats.remove(&from);
                self.tell(Event::Heartbeat {
                    backend: from,
                    result: Ok(heart),
                });
                self.reporting = true;
                self.tell(Event::Report {
                    backend: from,
                    asked,
                    result: Ok(report),
                });
                self.reporting = false;
            }
            _ => {}
        }
    }

    fn at_client(&mut self, message: Message) {
        let (load, sent) = match message {
            Message::Answer {
                load,
                token,
                result,
            } if self.loads[load].token == token => {
                let commits = self.loads[load].commits();
                let sent = self.loads[load].answered(result);
                if commits && self.loads[load].commits() && !sent.is_empty() {
                    self.marks.hit("commit asked for again");
                }
                (load, sent)
            }
            Message::Written {
                load,
                from,
                txn,
                failed,
            } => (load, self.loads[load].written(from, txn, failed)),
            _ => return,
        };
        self.loads[load].marks(&mut self.marks);
        if !sent.is_empty() {
            self.client_sends(load, sent);
        }
    }

    /// A backend has finished what a message asked of it, and answers.
    pub fn done(&mut self, at: usize, work: u64) {
        let Some(message) = self.backends[at].doing.remove(&work) else {
            return;
        };
        let here = Place::Backend(at);
        let now_ms = self.now_ms;
        let id = self.ids.get(at).copied().unwrap_or_default();
        let full = self.rng.per_mille(400);
        let half = self.rng.below(2);
        let backend = &mut self.backends[at];
        let (to, answer) = match message {
            Message::Write {
                load,
                txn,
                tablets,
                no,
            } => {
                let failed = backend.write(now_ms, txn, &tablets, no);
                (
                    Place::Client,
                    Message::Written {
                        load,
                        from: id,
                        txn,
                        failed,
                    },
                )
            }
            Message::Call {
                life,
                call,
                request,
            } => {
                let failed = obey(backend, now_ms, request);
                let result = TabletErrors { failed };
                (Place::Frontend, Message::Called { life, call, result })
            }
            Message::Beat { life, asked } => {
                let heart = heart(backend);
                let report = backend.report(full, |tablet| tablet.0 % 2 == half);
                (
                    Place::Frontend,
                    Message::Alive {
                        life,
                        from: id,
                        asked,
                        heart,
                        report,
                    },
                )
            }
            _ => return,
        };
        self.send(here, to, answer);
    }

    /// The process of a backend dies: of what it was doing, some is done, some in part, some not at all.
    pub fn crash_backend(&mut self, at: usize) {
        let now_ms = self.now_ms;
        let World { backends, rng, .. } = self;
        let backend = &mut backends[at];
        for (_, message) in std::mem::take(&mut backend.doing) {
            let Some(parts) = parts(&message) else {
                continue;
            };
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
        backend.down = true;
    }
}

/// The smallest piece of work that is done whole or not at all.
enum Part {
    Write(TxnId, TabletId, LoadNo),
    Obey(BackendRequest),
}

fn parts(message: &Message) -> Option<Vec<Part>> {
    let request = match message {
        Message::Write {
            txn, tablets, no, ..
        } => {
            let write = |tablet: &TabletId| Part::Write(*txn, *tablet, *no);
            return Some(tablets.iter().map(write).collect());
        }
        Message::Call { request, .. } => request,
        _ => return None,
    };
    let requests: Vec<BackendRequest> = match request {
        BackendRequest::CreateTablets(of) => {
            let one = |spec: &quorate::backend::api::TabletSpec| {
                let tablets = vec![spec.clone()];
                BackendRequest::CreateTablets(CreateTablets {
                    tablets,
                    ..of.clone()
                })
            };
            of.tablets.iter().map(one).collect()
        }
        BackendRequest::DropTablets(of) => {
            let tablets = of.tablets.iter();
            let one = |tablet| {
                BackendRequest::DropTablets(DropTablets {
                    tablets: vec![tablet],
                })
            };
            tablets.copied().map(one).collect()
        }
        BackendRequest::Publish(of) => {
            let one = |tablet| Publish {
                txn: of.txn,
                tablets: vec![tablet],
            };
            of.tablets
                .iter()
                .copied()
                .map(one)
                .map(BackendRequest::Publish)
                .collect()
        }
        BackendRequest::Abort(_)
        | BackendRequest::Clone(_)
        | BackendRequest::Digest(_)
        | BackendRequest::CheckSegments(_) => vec![request.clone()],
    };
    Some(requests.into_iter().map(Part::Obey).collect())
}

fn obey(
    backend: &mut ModelBackend,
    now_ms: u64,
    request: BackendRequest,
) -> Vec<(TabletId, String)> {
    match request {
        BackendRequest::CreateTablets(create) => {
            if now_ms < backend.full_until_ms {
                let full = "no space left on device".to_owned();
                return create
                    .tablets
                    .iter()
                    .map(|of| (of.tablet, full.clone()))
                    .collect();
            }
            backend.create(&create);
            Vec::new()
        }
        BackendRequest::DropTablets(drop) => backend.remove(&drop),
        BackendRequest::Publish(publish) => backend.publish(now_ms, &publish),
        BackendRequest::Abort(abort) => {
            backend.abort(abort.txn);
            Vec::new()
        }
        BackendRequest::Clone(_) | BackendRequest::Digest(_) | BackendRequest::CheckSegments(_) => {
            Vec::new()
        }
    }
}

fn heart(backend: &ModelBackend) -> HeartbeatAnswer {
    let path = PathState {
        root: "/model".to_owned(),
        hash: 7,
        medium: Medium::Hdd,
        online: true,
        data_used: 0,
        other_used: 0,
        available: 1 << 40,
        total: 1 << 40,
        tablets: backend.replicas.len() as u64,
    };
    HeartbeatAnswer {
        started: Timestamp(BEGIN_MS).plus_ms(backend.started),
        version: "model".to_owned(),
        paths: vec![path],
        cpu_cores: 1,
        mem_bytes: 1,
        running_queries: 0,
        report_seq: 1,
        clones: Vec::new(),
    }
}
