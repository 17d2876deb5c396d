//! What happens to a leader: everything that [`Core::step`](crate::leader::core::Core::step) is told.

use std::collections::BTreeSet;

use crate::backend::api::{HeartbeatAnswer, ReportAnswer};
use crate::clock::Timestamp;
use crate::ids::BackendId;
use crate::leader::action::{BackendReply, CallId, Token};
use crate::leader::request::Request;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody wants something. Answered by exactly one [`Action::Reply`](crate::leader::action::Action::Reply).
    Request {
        /// Names the asker in the reply.
        token: Token,
        /// The wish.
        request: Request,
    },
    /// The journal's records up to `seq` are durable.
    Appended {
        /// The last durable record.
        seq: u64,
    },
    /// An [`Action::Call`](crate::leader::action::Action::Call) ended, one way or the other; each does exactly once.
    Answer {
        /// Which call.
        call: CallId,
        /// The answer, or why there is none.
        result: Result<BackendReply, String>,
    },
    /// A heartbeat was answered, or not in time.
    Heartbeat {
        /// Who.
        backend: BackendId,
        /// The answer, or why there is none.
        result: Result<HeartbeatAnswer, String>,
    },
    /// A backend has told of its tablets.
    Report {
        /// Who.
        backend: BackendId,
        /// When the report was asked for, so that it is not held against what happened afterwards.
        asked: Timestamp,
        /// What it holds, or why there is no report.
        result: Result<ReportAnswer, String>,
    },
    /// These backends, and no others, are in doubt: they gave no answer where others did, and were not heard since.
    Doubts(BTreeSet<BackendId>),
    /// Time has passed. Wanted several times a second.
    Tick,
}
