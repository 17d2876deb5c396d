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
/// None is behind, or the paths of all that are have no slot.
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
    choice::first(tablet, judge, rank, none)
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
    match desk.path(backend, replica.path_hash) {
        None => Reason::NoPath(backend),
        Some(path) if !path.online => Reason::NoPathOnline(backend),
        Some(path) if !desk.free(backend, path.hash, Kind::Repair) => Reason::Busy(backend),
        Some(_) => Reason::Fits(backend),
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
    let wanted = || online().filter(|path| path.medium == medium && allowed(path));
    // A lost replica is better on another kind of disk than nowhere; what only evens out loads stays on its own.
    if lane == Kind::Balance && wanted().next().is_none() {
        return Err(Reason::NoMedium(backend));
    }
    let bytes = desk.bytes(tablet);
    let best = |paths: &mut dyn Iterator<Item = &PathState>| {
        let fitting = paths.filter(|path| fits(desk, path, bytes));
        let free = fitting.filter(|path| desk.free(backend, path.hash, lane));
        let rank = |path: &&PathState| (desk.used(backend, path.hash), path.data_used, path.hash);
        free.min_by_key(rank).map(|path| path.hash)
    };
    if let Some(path) = best(&mut wanted()) {
        return Ok(path);
    }
    if lane == Kind::Repair
        && let Some(path) = best(&mut online())
    {
        return Ok(path);
    }
    let room = |path: &PathState| {
        (lane == Kind::Repair || (path.medium == medium && allowed(path)))
            && fits(desk, path, bytes)
    };
    match online().any(room) {
        true => Err(Reason::Busy(backend)),
        false => Err(Reason::Full(backend)),
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

/// Whether a disk has room for so many bytes more: it is then below the percent, or has more than the reserve left
/// (StarRocks: both must be broken to refuse).
fn fits(desk: &Desk<'_>, path: &PathState, bytes: u64) -> bool {
    let Some(left) = path.available.checked_sub(bytes) else {
        return false;
    };
    let capacity = path.data_used.saturating_add(path.available);
    let used = path.data_used.saturating_add(bytes);
    let percent = desk.config.storage_usage_soft_limit_percent;
    let above = u128::from(used) * 100 > u128::from(capacity) * u128::from(percent);
    let reserve = desk.config.storage_usage_soft_limit_reserve_bytes;
    !(above && left < reserve)
}
