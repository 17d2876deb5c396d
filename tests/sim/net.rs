//! Messages under way, and what a bad network does to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use quorate::backend::api::{HeartbeatAnswer, ReportAnswer};
use quorate::clock::Timestamp;
use quorate::code::Failure;
use quorate::ids::{BackendId, ReplicaId, TabletId, TxnId, Version};
use quorate::leader::action::{BackendReply, BackendRequest, CallId, Token};
use quorate::leader::request::{Reply, Request};

use crate::backend::{LoadNo, Piece};
use crate::faults::Faults;
use crate::rng::Rng;

/// A node of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The frontend.
    Frontend,
    /// A backend, by its position.
    Backend(usize),
    /// The clients; each load is one.
    Client,
}

/// What is said. `life` is the frontend's process that a message belongs to: one that died hears nothing more.
#[derive(Debug, Clone)]
pub enum Message {
    /// A client asks.
    Ask {
        load: usize,
        token: u64,
        request: Request,
    },
    /// The frontend answers.
    Answer {
        load: usize,
        token: u64,
        result: Result<Reply, Failure>,
    },
    /// A coordinator sends rows.
    Write {
        load: usize,
        txn: TxnId,
        tablets: Vec<TabletId>,
        no: LoadNo,
    },
    /// A backend has written them, but for those tablets.
    Written {
        load: usize,
        from: BackendId,
        txn: TxnId,
        failed: Vec<TabletId>,
    },
    /// The frontend calls.
    Call {
        life: u64,
        call: CallId,
        request: BackendRequest,
    },
    /// The backend answers, or says why it can't.
    Called {
        life: u64,
        call: CallId,
        result: Result<BackendReply, String>,
    },
    /// The frontend asks how a backend is.
    Beat {
        life: u64,
        asked: Timestamp,
        backend: BackendId,
        journal: u64,
    },
    /// The backend tells.
    Alive {
        life: u64,
        from: BackendId,
        asked: Timestamp,
        heart: HeartbeatAnswer,
    },
    /// The frontend asks for tablets that changed after `since`.
    Report {
        life: u64,
        asked: Timestamp,
        backend: BackendId,
        since: u64,
    },
    /// The backend tells.
    Reported {
        life: u64,
        from: BackendId,
        asked: Timestamp,
        started: Timestamp,
        report: ReportAnswer,
    },
    /// A backend asks another one for a piece of a replica.
    Fetch {
        from: usize,
        asked: u64,
        tablet: TabletId,
        replica: ReplicaId,
        what: Option<Version>,
        bytes_per_ms: u64,
    },
    /// The other one gives it, or says why not.
    Fetched {
        asked: u64,
        tablet: TabletId,
        result: Result<Piece, String>,
    },
    /// A backend asks the frontend which tablets could be read without it.
    Spare {
        from: usize,
        work: u64,
        tablets: Vec<(TabletId, ReplicaId)>,
    },
    /// The frontend tells.
    Spared { work: u64, tablets: Vec<TabletId> },
}

/// Something that will happen.
#[derive(Debug)]
pub enum Due {
    /// A message arrives.
    Message {
        from: Place,
        to: Place,
        message: Message,
    },
    /// A backend has done what a message asked of it.
    Done { backend: usize, work: u64 },
    /// A record is durable.
    Appended { life: u64, seq: u64 },
    /// A call has had no answer for too long.
    CallTimeout { life: u64, call: CallId },
    /// A publish has had no answer for so long that its backend is asked for a sign of life.
    Silence {
        life: u64,
        call: CallId,
        backend: BackendId,
    },
    /// A heartbeat has had no answer for too long.
    BeatTimeout {
        life: u64,
        backend: BackendId,
        asked: Timestamp,
    },
    /// A report has not come for too long.
    ReportTimeout {
        life: u64,
        backend: BackendId,
        asked: Timestamp,
    },
    /// A piece of a clone has not come for too long.
    FetchTimeout {
        backend: usize,
        tablet: TabletId,
        asked: u64,
    },
    /// The frontend has not said for too long what can be spared.
    SpareTimeout { backend: usize, work: u64 },
    /// A client has waited long enough.
    Patience { load: usize, token: u64 },
    /// The frontend's ticks and heartbeats.
    Tick { life: u64 },
    /// Another second of faults.
    Second,
    /// The frontend starts.
    StartFrontend,
    /// A backend starts.
    StartBackend(usize),
    /// A storage path works again.
    PathBack { backend: usize, path: usize },
}

/// The queue of what will happen, by time and then by order.
#[derive(Debug, Default)]
pub struct Net {
    order: u64,
    due: BinaryHeap<Reverse<(u64, u64)>>,
    what: BTreeMap<u64, Due>,
    /// One-way cuts and when they end.
    cuts: BTreeMap<(Place, Place), u64>,
}

impl Net {
    /// Puts something at a time.
    pub fn at(&mut self, time_ms: u64, due: Due) {
        self.order += 1;
        self.due.push(Reverse((time_ms, self.order)));
        self.what.insert(self.order, due);
    }

    /// Takes the next that happens, with its time.
    pub fn next(&mut self) -> Option<(u64, Due)> {
        let Reverse((time_ms, order)) = self.due.pop()?;
        Some((time_ms, self.what.remove(&order)?))
    }

    /// Sends a message through what the network does to it.
    pub fn send(
        &mut self,
        now_ms: u64,
        rng: &mut Rng,
        faults: &Faults,
        (from, to): (Place, Place),
        message: Message,
    ) {
        let cut = self
            .cuts
            .get(&(from, to))
            .is_some_and(|until| now_ms < *until);
        if cut || rng.per_mille(faults.lost) {
            return;
        }
        if rng.per_mille(faults.repeated) {
            let late = now_ms + 1 + rng.below(faults.delay_ms * 2 + 1);
            let message = message.clone();
            self.at(late, Due::Message { from, to, message });
        }
        let mut arrives = now_ms + 1 + rng.below(faults.delay_ms + 1);
        if matches!(message, Message::Reported { .. }) && rng.per_mille(faults.stale_report) {
            arrives += rng.below(8000);
        }
        if let Message::Call { request, .. } = &message
            && matches!(request, BackendRequest::DropTablets(_))
        {
            arrives += faults.late_drop_ms;
        }
        self.at(arrives, Due::Message { from, to, message });
    }

    /// Cuts one direction for a while.
    pub fn cut(&mut self, from: Place, to: Place, until_ms: u64) {
        self.cuts.insert((from, to), until_ms);
    }

    /// Ends all cuts.
    pub fn mend(&mut self) {
        self.cuts.clear();
    }
}

/// The token of a load's request, as the core sees it.
pub fn token(load: usize, token: u64) -> Token {
    Token((load as u64) << 32 | token)
}

/// The load and its token behind a token of the core.
pub fn load_of(token: Token) -> (usize, u64) {
    let load = usize::try_from(token.0 >> 32).expect("a load");
    (load, token.0 & 0xFFFF_FFFF)
}
