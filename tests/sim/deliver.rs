//! Where a message arrives, and what its receiver makes of it at once.

use quorate::leader::action::BackendRequest;
use quorate::leader::event::Event;
use quorate::leader::request::{HealRequest, Request};

use crate::client::Fate;
use crate::invariants;
use crate::net::{Due, Message, Place, token};
use crate::setup::SPARE;
use crate::world::World;

impl World {
    /// Delivers a message, or lets it wait or fall where its receiver is not listening.
    pub fn deliver(&mut self, to: Place, message: Message) {
        match to {
            Place::Frontend => self.at_frontend(message),
            Place::Client => self.at_client(message),
            Place::Backend(at) => self.at_backend(at, message),
        }
    }

    fn at_backend(&mut self, at: usize, message: Message) {
        let backend = &self.backends[at];
        if backend.down {
            return;
        }
        if self.now_ms < backend.paused_until_ms {
            let (from, to) = (Place::Client, Place::Backend(at));
            let later = backend.paused_until_ms;
            self.net.at(later, Due::Message { from, to, message });
            return;
        }
        let talks = matches!(message, Message::Beat { .. } | Message::Spared { .. });
        if self.now_ms < backend.hung_until_ms && !talks {
            let (from, to) = (Place::Client, Place::Backend(at));
            let later = backend.hung_until_ms;
            self.net.at(later, Due::Message { from, to, message });
            self.marks.hit("disk hung");
            return;
        }
        match message {
            Message::Fetched {
                asked,
                tablet,
                result,
            } => self.fetched(at, tablet, asked, result),
            Message::Spared { work, tablets } => self.checked(at, work, &tablets),
            message => {
                self.work += 1;
                let work = self.work;
                let takes = self.rng.below(self.faults.disk_ms) + self.work_ms(at, &message);
                self.backends[at].doing.insert(work, message);
                let done = self.now_ms + takes;
                self.net.at(done, Due::Done { backend: at, work });
            }
        }
    }

    /// Milliseconds that the bytes of an answer take, or the rows that it speaks of.
    fn work_ms(&self, at: usize, message: &Message) -> u64 {
        let backend = &self.backends[at];
        match message {
            Message::Fetch {
                tablet,
                what,
                bytes_per_ms,
                ..
            } => {
                let rate = backend.bytes_per_ms.min(*bytes_per_ms).max(1);
                backend.size_to_hand_out(*tablet, *what) / rate
            }
            Message::Call {
                request: BackendRequest::Digest(_),
                ..
            } => backend.digests_take_ms,
            _ => 0,
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
            Message::Spare {
                from,
                work,
                tablets,
            } if self.asked.insert((SPARE, work)) => {
                self.spares.insert(work, from);
                let backend = self.ids[from];
                let request = Request::Heal(HealRequest::Spare { backend, tablets });
                let token = token(SPARE, work);
                self.tell(Event::Request { token, request });
            }
            Message::Called { life, call, result }
                if life == self.life && self.calls.remove(&call).is_some() =>
            {
                self.tell(Event::Answer { call, result });
            }
            Message::Alive {
                life,
                from,
                asked,
                heart,
            } if life == self.life && self.beats.get(&from) == Some(&asked) => {
                self.beats.remove(&from);
                self.doubted.remove(&from);
                let (started, seq) = (heart.started, heart.report_seq);
                let node = heart.node;
                self.tell(Event::Heartbeat {
                    backend: from,
                    result: Ok(heart),
                });
                let known = self.snapshot().and_then(|(catalog, _)| {
                    let backend = catalog.backends.get(&from)?;
                    backend.node
                });
                // As `leader/heartbeat.rs` does: only who is known to be the backend is asked.
                if known == node {
                    self.ask_for_report(from, started, seq);
                }
            }
            Message::Reported {
                life,
                from,
                asked,
                started,
                report,
            } if life == self.life && self.reports.outstanding(from, asked) => {
                self.reports.arrived(self.now_ms, from, started, &report);
                self.reporting = true;
                self.tell(Event::Report {
                    backend: from,
                    asked,
                    result: Ok(report.clone()),
                });
                self.reporting = false;
                invariants::owed_is_published::check(self, from, &report);
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
                self.is_remembered(load);
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

    /// A load whose client was told that it is prepared is not forgotten, whatever happens to the frontend.
    fn is_remembered(&self, load: usize) {
        let forgotten = self.loads[load].fate() == Some(Fate::Forgotten);
        assert!(
            !forgotten || self.restored,
            "load {load} was prepared, and is forgotten"
        );
    }
}
