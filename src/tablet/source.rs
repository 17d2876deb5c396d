//! Where a copy is taken from: a replica that holds everything that readers see, on a backend that lives.

use std::cmp::Reverse;

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::BackendId;
use crate::tablet::choice;
use crate::tablet::desk::Desk;
use crate::tablet::reason::Reason;
use crate::tablet::task::{Kind, Spot};

/// Whether a backend's replica can be copied, and if not, why.
pub fn judge(desk: &Desk<'_>, tablet: &TabletView<'_>, backend: BackendId, lane: Kind) -> Reason {
    match tablet.on(backend) {
        Some(replica) => judge_replica(desk, tablet, &replica, lane),
        None => choice::no_replica(desk, backend),
    }
}

/// The replica to copy. One that stays is preferred to one that is about to go, one whose backend answers to one in doubt, and a path where little is copied to a
/// busy one; of equals, neighbouring tablets take different ones.
///
/// # Errors
/// There is none, or the paths of all that there are have no slot.
pub fn choose(desk: &Desk<'_>, tablet: &TabletView<'_>, lane: Kind) -> Result<Spot, Reason> {
    let count = tablet.replicas().len() as u64;
    let rank = |at, replica: &Replica| {
        (
            replica.state != ReplicaState::Normal,
            desk.catalog.doubted(replica.backend),
            Reverse(replica.version),
            desk.used(replica.backend, replica.path_hash),
            (at + tablet.id().0) % count,
        )
    };
    let judge = |replica: &Replica| judge_replica(desk, tablet, replica, lane);
    choice::first(tablet, judge, rank, (Reason::NoSource, Reason::SourceBusy))
}

/// Whether some replica could be copied, slots apart.
pub fn exists(desk: &Desk<'_>, tablet: &TabletView<'_>) -> bool {
    tablet.replicas().any(|replica| {
        let reason = judge_replica(desk, tablet, &replica, Kind::Repair);
        matches!(
            reason,
            Reason::Fits(_) | Reason::Busy(_) | Reason::NoPath(_)
        )
    })
}

fn judge_replica(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    replica: &Replica,
    lane: Kind,
) -> Reason {
    let backend = replica.backend;
    if let Some(why) = choice::out_of_use(desk, replica) {
        why
    } else if replica.behind(tablet.visible()) {
        Reason::Behind {
            replica: replica.id,
            version: replica.version,
            visible: tablet.visible(),
        }
    } else if desk.path(backend, replica.path_hash).is_none() {
        Reason::NoPath(backend)
    } else if !desk.free(backend, replica.path_hash, lane) {
        Reason::Busy(backend)
    } else {
        Reason::Fits(backend)
    }
}
