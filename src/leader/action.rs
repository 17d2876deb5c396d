//! What a leader wants done: everything that [`Core::step`](crate::leader::core::Core::step) gives out.

use crate::backend::api::{
    Abort, AdoptTablets, Adopted, CheckSegments, CloneAnswer, CloneTablet, CreateTablets,
    CutTablets, DigestTablets, Digests, DropTablets, Publish, SalvageTablets, Salvaged,
    SegmentsAnswer, TabletErrors,
};
use crate::catalog::change::Change;
use crate::code::Failure;
use crate::ids::BackendId;
use crate::leader::notice::Notice;
use crate::leader::request::Reply;

/// Names who asked; given by the shell, never twice in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Names a call to a backend; given by the core, never twice in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Write a record to the journal. Records come in order without gaps; `Event::Appended` follows when durable.
    Append {
        /// Its place in the journal.
        seq: u64,
        /// Its content, applied as one.
        changes: Vec<Change>,
    },
    /// Answer a request.
    Reply {
        /// Whom.
        token: Token,
        /// The answer.
        result: Result<Reply, Failure>,
    },
    /// Call a backend. `Event::Answer` follows exactly once, at the latest after the time-out.
    Call {
        /// Comes back in the answer.
        call: CallId,
        /// Whom.
        backend: BackendId,
        /// `host:port` of it.
        address: String,
        /// Milliseconds after which the call has failed.
        timeout_ms: u64,
        /// What is asked.
        request: BackendRequest,
    },
    /// Put a line in the log.
    Say(Notice),
}

/// What a leader asks of a backend. All of them may be repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum BackendRequest {
    /// Make empty tablets.
    CreateTablets(CreateTablets),
    /// Move replicas to the trash.
    DropTablets(DropTablets),
    /// Give the rows of a load their version.
    Publish(Publish),
    /// Forget the rows of a load.
    Abort(Abort),
    /// Fill a replica from a peer.
    Clone(Box<CloneTablet>),
    /// Compute what the rows of replicas amount to.
    Digest(DigestTablets),
    /// Give new ids to replicas that the catalog has taken back.
    Adopt(AdoptTablets),
    /// Take away what replicas hold above versions.
    Cut(CutTablets),
    /// Go on with what is left of replicas, or say what that would be.
    Salvage(SalvageTablets),
    /// Look for replicas whose files are gone or wrong.
    CheckSegments(CheckSegments),
}

/// What a backend answers.
#[derive(Debug, Clone, PartialEq)]
pub enum BackendReply {
    /// What went wrong, by tablet.
    Errors(TabletErrors),
    /// A clone has been made.
    Cloned(Box<CloneAnswer>),
    /// Replicas have their new ids.
    Adopted(Adopted),
    /// What is left of replicas.
    Salvaged(Salvaged),
    /// A clone was refused because the storage path has no room for it, in the backend's words.
    NoRoom(String),
    /// What the rows amount to.
    Digests(Digests),
    /// What of the files is gone or wrong.
    Segments(SegmentsAnswer),
}

impl From<TabletErrors> for BackendReply {
    fn from(errors: TabletErrors) -> BackendReply {
        BackendReply::Errors(errors)
    }
}

impl BackendReply {
    /// What went wrong, by tablet, where a call has such an answer.
    pub fn errors(self) -> TabletErrors {
        match self {
            BackendReply::Errors(errors) => errors,
            _ => TabletErrors::default(),
        }
    }
}
