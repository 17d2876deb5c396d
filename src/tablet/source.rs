//! Where a copy is taken from: a replica that holds everything that readers see, on a backend that lives.

use std::cmp::Reverse;

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::BackendId;
use crate::tablet::desk::Desk;
use crate::tablet::reason::Reason;
use crate::tablet::task::{Kind, Spot};

/// Whether a backend's replica can be copied, and if not, why.
pub fn judge(desk: &Desk<'_>, tablet: &TabletView<'_>, backend: BackendId, lane: Kind) -> Reason {
    let Some(replica) = tablet.on(backend) else {
        return match desk.catalog.backends.contains_key(&backend) {
            true => Reason::HasNoReplica(backend),
            false => Reason::Gone(backend),
        };
    };
    judge_replica(desk, tablet, &replica, lane)
}

/// The replica to copy. One that stays is preferred to one that is about to go, and a path where little is copied to a
/// busy one; of equals, neighbouring tablets take different ones.
///
/// # Errors
/// There is none, or the paths of all that there are have no slot.
pub fn choose(desk: &Desk<'_>, tablet: &TabletView<'_>, lane: Kind) -> Result<Spot, Reason> {
    let count = tablet.replicas().len() as u64;
    let mut best = None;
    let mut why = Reason::NoSource;
    for (at, replica) in (0u64..).zip(tablet.replicas()) {
        match judge_replica(desk, tablet, &replica, lane) {
            Reason::Fits(_) => {
                let rank = (
                    replica.state != ReplicaState::Normal,
                    Reverse(replica.version),
                    desk.used(replica.backend, replica.path_hash),
                    (at + tablet.id().0) % count,
                );
                if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                    best = Some((rank, replica));
                }
            }
            Reason::Busy(_) => why = Reason::SourceBusy,
            unknown @ Reason::NoPath(_) if why == Reason::NoSource => why = unknown,
            _ => {}
        }
    }
    let (_, replica) = best.ok_or(why)?;
    Ok(Spot {
        backend: replica.backend,
        path: replica.path_hash,
        replica: Some(replica.id),
    })
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
    if !desk.catalog.backends.contains_key(&backend) {
        Reason::Gone(backend)
    } else if !desk.catalog.alive(backend) {
        Reason::Dead(backend)
    } else if replica.bad {
        Reason::Bad(replica.id)
    } else if replica.state == ReplicaState::Clone {
        Reason::BeingFilled(replica.id)
    } else if replica.version < tablet.visible() || replica.last_failed_version > 0 {
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
