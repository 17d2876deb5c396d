//! What the leader's calls of backends are made for, so that their answers find who waits for them.

use super::make::MakeId;
use crate::ids::{BackendId, ReplicaId, TabletId, TxnId, Version};
use crate::leader::action::Token;

/// What a call was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Making new tablets.
    Make(MakeId),
    /// Publishing a load that is not visible yet.
    Publish(TxnId, BackendId),
    /// Ending a load's leftovers on a backend.
    Settle(TxnId, BackendId),
    /// Comparing the content of a tablet's replicas; the number is that of the attempt.
    Digest {
        tablet: TabletId,
        attempt: u64,
        backend: BackendId,
    },
    /// Looking for lost files.
    Segments { token: Token, backend: BackendId },
    /// Dropping tablets; what is not dropped is found by a report.
    Drop,
    /// Filling a replica of a tablet.
    Clone(TabletId),
    /// Giving new ids to replicas of these tablets.
    Adopt(BackendId, Vec<TabletId>),
    /// Finding out what is left of tablets, or going on with it.
    Rescue(Token),
    /// Taking away what replicas of a backend hold above versions.
    Cut(BackendId, Vec<(TabletId, ReplicaId, Version)>),
}
