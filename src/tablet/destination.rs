//! Where a copy goes: a backend that can take a new replica, or a replica that is behind.

use std::cmp::Reverse;

use crate::catalog::backend::PathState;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::table::Medium;
use crate::catalog::tablets::TabletView;
use crate::ids::BackendId;
use crate::tablet::choice;
use crate::tablet::desk::Desk;
use crate::tablet::reason::Reason;
use crate::tablet::room::{self, Room};
use crate::tablet::task::{Kind, Spot};

/// Whether a backend can take a new replica, and if not, why.
pub fn judge_new(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    medium: Medium,
    backend: BackendId,
    lane: Kind,
) -> Reason {
    match path_for(desk, tablet, medium, backend, (lane, &|_| true)) {
        Ok(_) => Reason::Fits(backend),
        Err(why) => why,
    }
}

/// The backend for a new replica, the one with the least load first, and its least used path. `failed_on`, where the copy
/// before came to nothing, comes after all others.
///
/// # Errors
/// No backend can take one, or the slots of all that can are taken.
pub fn choose_new(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    medium: Medium,
    failed_on: Option<BackendId>,
) -> Result<Spot, Reason> {
    let lane = Kind::Repair;
    let on = |backend| {
        let path = path_for(desk, tablet, medium, backend, (lane, &|_| true))?;
        Ok(Spot {
            backend,
            path,
            replica: None,
        })
    };
    let mut why = Reason::NoDestination;
    let open = desk.order.open.iter().map(|backend| (backend, true));
    let full = desk.order.full.iter().map(|backend| (backend, false));
    let others = open.chain(full).filter(|(of, _)| Some(**of) != failed_on);
    for (backend, open) in others {
        match on(*backend) {
            Ok(spot) => return Ok(spot),
            // Those that follow have no slot for repair either.
            Err(Reason::Busy(_)) if !open => return Err(Reason::DestinationBusy),
            Err(Reason::Busy(_)) => why = Reason::DestinationBusy,
            Err(_) => {}
        }
    }
    match (why, failed_on.map(on)) {
        (Reason::NoDestination, Some(Ok(spot))) => Ok(spot),
        (Reason::NoDestination, Some(Err(Reason::Busy(_)))) => Err(Reason::DestinationBusy),
        (why, _) => Err(why),
    }
}

/// Whether a backend's replica is behind and can be brought forward, and if not, why.
pub fn judge_behind(desk: &Desk<'_>, tablet: &TabletView<'_>, backend: BackendId) -> Reason {
    match tablet.on(backend) {
        Some(replica) => judge_replica(desk, tablet, &replica),
        None => choice::no_replica(desk, backend),
    }
}

/// The replica to bring forward: one that holds something behind its gap first, then the one that is furthest behind
/// (StarRocks). The one on `failed_on`, where the copy before came to nothing, comes after all others.
///
/// # Errors
/// None is behind, the paths of all that are have no slot, or those with a slot no room.
pub fn choose_behind(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    failed_on: Option<BackendId>,
) -> Result<Spot, Reason> {
    let rank = |_, replica: &Replica| {
        (
            Some(replica.backend) == failed_on,
            Reverse(replica.last_success_version > replica.last_failed_version),
            replica.version,
            replica.last_failed_version,
            replica.id,
        )
    };
    let judge = |replica: &Replica| judge_replica(desk, tablet, replica);
    let none = (Reason::NoReplicaBehind, Reason::DestinationBusy);
    let spot = choice::first(tablet, judge, rank, none)?;
    let replica = tablet.on(spot.backend);
    let replica = replica.ok_or(Reason::HasNoReplica(spot.backend))?;
    let path = path_behind(desk, tablet, &replica)?;
    Ok(Spot { path, ..spot })
}

fn judge_replica(desk: &Desk<'_>, tablet: &TabletView<'_>, replica: &Replica) -> Reason {
    let backend = replica.backend;
    if let Some(why) = choice::out_of_use(desk, replica) {
        return why;
    }
    if replica.state == ReplicaState::Decommission {
        return Reason::BeingRemoved(replica.id);
    }
    if !replica.behind(tablet.visible()) {
        return Reason::InStep(replica.id);
    }
    match path_behind(desk, tablet, replica) {
        Ok(_) => Reason::Fits(backend),
        Err(why) => why,
    }
}

/// The path on which a replica that is behind is brought forward: its own, or another one of its backend where its own is full.
///
/// # Errors
/// Its path is not known or does not work, none has room, or the slots are taken.
fn path_behind(desk: &Desk<'_>, tablet: &TabletView<'_>, replica: &Replica) -> Result<i64, Reason> {
    let backend = replica.backend;
    let own = desk.path(backend, replica.path_hash);
    let own = own.ok_or(Reason::NoPath(backend))?;
    if !own.online {
        return Err(Reason::NoPathOnline(backend));
    }
    if Room::of(desk).takes_rest(backend, own, room::lacks(tablet, Some(replica))) {
        return match desk.free(backend, own.hash, Kind::Repair) {
            true => Ok(own.hash),
            false => Err(Reason::Busy(backend)),
        };
    }
    let other = |path: &PathState| path.hash != own.hash;
    match roomiest(desk, tablet, own.medium, backend, (Kind::Repair, &other)) {
        Err(Reason::Full(_)) => Err(Reason::PathFull(backend)),
        found => found,
    }
}

/// The path of a backend that takes a new replica, among those that are `allowed`.
///
/// # Errors
/// The backend can't take one, or the slots of all of its paths that could are taken.
pub fn path_for(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    medium: Medium,
    backend: BackendId,
    (lane, allowed): (Kind, &dyn Fn(&PathState) -> bool),
) -> Result<i64, Reason> {
    let of = desk.catalog.backends.get(&backend);
    let of = of.ok_or(Reason::Gone(backend))?;
    if !desk.catalog.alive(backend) {
        return Err(Reason::Dead(backend));
    }
    if of.decommissioned {
        return Err(Reason::Leaving(backend));
    }
    if tablet.on(backend).is_some() {
        return Err(Reason::HasReplica(backend));
    }
    if same_host(desk, tablet, &of.host) {
        return Err(Reason::SameHost(backend));
    }
    let paths = desk.state(backend).map(|state| &state.paths);
    let online = || paths.into_iter().flatten().filter(|path| path.online);
    if online().next().is_none() {
        return Err(Reason::NoPathOnline(backend));
    }
    // A lost replica is better on another kind of disk than nowhere; what only evens out loads stays on its own.
    if lane == Kind::Balance && !online().any(|path| path.medium == medium && allowed(path)) {
        return Err(Reason::NoMedium(backend));
    }
    roomiest(desk, tablet, medium, backend, (lane, allowed))
}

/// The path of a backend with room for a whole replica, the wanted medium first, and of those the one in the least use.
fn roomiest(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    medium: Medium,
    backend: BackendId,
    (lane, allowed): (Kind, &dyn Fn(&PathState) -> bool),
) -> Result<i64, Reason> {
    let (room, bytes) = (Room::of(desk), room::lacks(tablet, None));
    let paths = desk.state(backend).map(|state| &state.paths);
    let fitting = || {
        let paths = paths.into_iter().flatten();
        paths.filter(|path| {
            path.online
                && allowed(path)
                && (lane == Kind::Repair || path.medium == medium)
                && room.takes_new(backend, path, bytes)
        })
    };
    let free = fitting().filter(|path| desk.free(backend, path.hash, lane));
    let best = free.min_by_key(|path| {
        let used = desk.used(backend, path.hash);
        (path.medium != medium, used, path.data_used, path.hash)
    });
    match (best, fitting().next()) {
        (Some(path), _) => Ok(path.hash),
        (None, Some(_)) => Err(Reason::Busy(backend)),
        (None, None) => Err(Reason::Full(backend)),
    }
}

/// Whether another good replica is on a living backend of that host, where there are hosts enough for all.
fn same_host(desk: &Desk<'_>, tablet: &TabletView<'_>, host: &str) -> bool {
    if !desk.cluster.spreads(tablet.wanted()) {
        return false;
    }
    tablet.replicas().any(|replica| {
        let backend = desk.catalog.backends.get(&replica.backend);
        !replica.bad
            && replica.state != ReplicaState::Decommission
            && desk.catalog.alive(replica.backend)
            && backend.is_some_and(|backend| backend.host == host && !backend.decommissioned)
    })
}
