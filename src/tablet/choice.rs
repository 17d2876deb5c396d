//! The choice among the replicas of a tablet, for both ends of a copy: the first by rank of those that fit.

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::BackendId;
use crate::tablet::desk::Desk;
use crate::tablet::reason::Reason;
use crate::tablet::task::Spot;

/// Why nothing can be copied from or to a replica, whatever it holds; `None` where something may.
pub fn out_of_use(desk: &Desk<'_>, replica: &Replica) -> Option<Reason> {
    let backend = replica.backend;
    if !desk.catalog.backends.contains_key(&backend) {
        Some(Reason::Gone(backend))
    } else if !desk.catalog.alive(backend) {
        Some(Reason::Dead(backend))
    } else if replica.bad {
        let cause = desk.catalog.causes.get(&(backend, replica.id));
        Some(Reason::Bad(replica.id, cause.cloned()))
    } else if replica.state == ReplicaState::Clone {
        Some(Reason::BeingFilled(replica.id))
    } else {
        None
    }
}

/// Why a backend that has no replica has none.
pub fn no_replica(desk: &Desk<'_>, backend: BackendId) -> Reason {
    match desk.catalog.backends.contains_key(&backend) {
        true => Reason::HasNoReplica(backend),
        false => Reason::Gone(backend),
    }
}

/// The replica with the least rank of those that `judge` finds fit; a rank is made of the place among the replicas, too.
///
/// # Errors
/// `busy` where the slots of all that would fit are taken, else that a path is full, else that one is not known, else `none`.
pub fn first<R: PartialOrd>(
    tablet: &TabletView<'_>,
    judge: impl Fn(&Replica) -> Reason,
    rank: impl Fn(u64, &Replica) -> R,
    (none, busy): (Reason, Reason),
) -> Result<Spot, Reason> {
    let mut best = None;
    let (mut taken, mut full, mut unknown) = (None, None, None);
    for (at, replica) in (0u64..).zip(tablet.replicas()) {
        match judge(&replica) {
            Reason::Fits(_) => {
                let rank = rank(at, &replica);
                if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                    best = Some((rank, replica));
                }
            }
            Reason::Busy(_) => taken = Some(busy.clone()),
            path @ Reason::PathFull(_) => {
                full.get_or_insert(path);
            }
            path @ Reason::NoPath(_) => {
                unknown.get_or_insert(path);
            }
            _ => {}
        }
    }
    let (_, replica) = best.ok_or(taken.or(full).or(unknown).unwrap_or(none))?;
    Ok(Spot {
        backend: replica.backend,
        path: replica.path_hash,
        replica: Some(replica.id),
    })
}
