//! Which replica of a tablet goes when there is one too many.
//!
//! The rules of StarRocks, in their order; before each answer stands the rule that no StarRocks version has: what is left
//! must still hold everything that readers see.

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::ReplicaId;
use crate::tablet::desk::Desk;
use crate::tablet::health::complete_without;
use crate::tablet::reason::Reason;

/// The replica that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surplus {
    /// Which.
    pub replica: ReplicaId,
    /// Nobody reads or writes it, so it need not wait for loads that began before.
    pub at_once: bool,
}

/// The first replica that fits a rule and can be spared. `moved` is the replica that a move for balance has copied from.
///
/// # Errors
/// None can be spared.
pub fn choose(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    moved: Option<ReplicaId>,
) -> Result<Surplus, Reason> {
    let wanted = usize::from(tablet.wanted());
    let replicas: Vec<Replica> = tablet.replicas().collect();
    let spare = |replica: &&Replica| can_lose(desk, tablet, replica.id, wanted);
    let idle = |replica: &&Replica| idle(desk, replica);
    let rules: [&dyn Fn(&&Replica) -> bool; 6] = [
        &|r| !desk.catalog.backends.contains_key(&r.backend),
        &|r| r.bad,
        &|r| !desk.catalog.alive(r.backend),
        &|r| r.state != ReplicaState::Normal,
        &|r| leaving(desk, r),
        &|r| r.behind(tablet.visible()),
    ];
    for rule in rules {
        if let Some(replica) = replicas.iter().filter(rule).find(spare) {
            return Ok(Surplus {
                replica: replica.id,
                at_once: idle(&replica),
            });
        }
    }
    let spread = desk.cluster.spreads(tablet.wanted());
    let twice = replicas
        .iter()
        .filter(|r| spread && shares_host(desk, &replicas, r));
    let of_move = replicas.iter().filter(|r| Some(r.id) == moved);
    let most = most_loaded(desk, twice.filter(spare))
        .or_else(|| of_move.filter(spare).copied().next())
        .or_else(|| most_loaded(desk, replicas.iter().filter(spare)));
    let replica = most.ok_or(Reason::NoneRedundant)?;
    Ok(Surplus {
        replica: replica.id,
        at_once: false,
    })
}

/// A replica that must make room before the tablet can be repaired: it can't be read, and some other one can.
///
/// # Errors
/// Every replica is worth something, or none that is left could be read.
pub fn choose_worthless(desk: &Desk<'_>, tablet: &TabletView<'_>) -> Result<Surplus, Reason> {
    let replicas: Vec<Replica> = tablet.replicas().collect();
    let spare = |replica: &&Replica| can_lose(desk, tablet, replica.id, 1);
    let rules: [&dyn Fn(&&Replica) -> bool; 4] = [
        &|r| r.bad,
        &|r| r.state == ReplicaState::Clone,
        &|r| r.state == ReplicaState::Decommission && r.behind(tablet.visible()),
        &|r| r.behind(tablet.visible()),
    ];
    // Only on a living backend that stays: nothing else makes room.
    let here = |r: &&Replica| desk.catalog.alive(r.backend) && !leaving(desk, r);
    for rule in rules {
        if let Some(replica) = replicas.iter().filter(here).filter(rule).find(spare) {
            return Ok(Surplus {
                replica: replica.id,
                at_once: true,
            });
        }
    }
    Err(Reason::NoneRedundant)
}

/// Whether at least `left` replicas that can be read stay without this one, each on a host of its own where that is
/// asked for.
pub fn can_lose(desk: &Desk<'_>, tablet: &TabletView<'_>, replica: ReplicaId, left: usize) -> bool {
    complete_without(desk.cluster, tablet, replica) >= left.max(1)
}

/// Nobody reads or writes it.
pub(super) fn idle(desk: &Desk<'_>, replica: &Replica) -> bool {
    replica.bad || replica.state == ReplicaState::Clone || !desk.catalog.alive(replica.backend)
}

fn leaving(desk: &Desk<'_>, replica: &Replica) -> bool {
    let backend = desk.catalog.backends.get(&replica.backend);
    backend.is_none_or(|backend| backend.decommissioned)
}

fn shares_host(desk: &Desk<'_>, replicas: &[Replica], replica: &Replica) -> bool {
    let host = |of: &Replica| desk.catalog.backends.get(&of.backend).map(|b| &b.host);
    let others = replicas.iter().filter(|other| other.id != replica.id);
    others
        .filter(|other| host(other).is_some())
        .any(|other| host(other) == host(replica))
}

/// The one on the backend with the highest load; on its medium if that is known.
fn most_loaded<'r>(
    desk: &Desk<'_>,
    replicas: impl Iterator<Item = &'r Replica>,
) -> Option<Replica> {
    let load = &desk.healing.load;
    let score = |replica: &Replica| {
        let path = desk.path(replica.backend, replica.path_hash);
        let own = path.and_then(|path| load.on(replica.backend, path.medium));
        own.map_or_else(|| load.mixed_score(replica.backend), |own| own.score)
    };
    let by_load = |a: &&Replica, b: &&Replica| {
        let scores = score(a).total_cmp(&score(b));
        scores.then(a.id.cmp(&b.id))
    };
    replicas.max_by(by_load).copied()
}
