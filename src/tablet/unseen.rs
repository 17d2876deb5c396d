//! Loads that are durable and not seen yet: which replicas of a tablet they hinge on.
//!
//! Such a load becomes visible whatever happens, once it has its version; one that waits for the call that gives it one must be
//! able to. It is, as long as one replica of each of its tablets holds its rows and can be read. Owns who that is. What follows:
//! none of them is taken for bad by anything automatic while it is the last that can be read, none that may still be read is
//! removed before the load is seen, and one that is behind is brought forward before anything else is done about its tablet.

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::state::Catalog;
use crate::catalog::tablets::TabletView;
use crate::catalog::txn::Writes;
use crate::ids::ReplicaId;

/// Whether every load that waits to be seen can be without some replicas: another one that can be read holds its rows.
pub fn can_spare(catalog: &Catalog, tablet: &TabletView<'_>, lost: &[ReplicaId]) -> bool {
    let unseen = catalog.unseen(tablet.partition(), tablet.id());
    unseen.iter().all(|writes| {
        let mut holders = holders(catalog, tablet, writes);
        holders.any(|other| !lost.contains(&other.id))
    })
}

/// Whether no load that waits to be seen loses anything with a replica: it holds none of their rows, or it is bad and another
/// one that can be read holds them. One whose backend is dead may come back, and that other one may turn out to be bad.
pub fn loses_nothing(catalog: &Catalog, tablet: &TabletView<'_>, replica: &Replica) -> bool {
    let unseen = catalog.unseen(tablet.partition(), tablet.id());
    unseen.iter().all(|writes| {
        let others = || holders(catalog, tablet, writes).any(|other| other.id != replica.id);
        !writes.holds(tablet.id(), replica.id) || (replica.bad && others())
    })
}

/// Whether a load that waits to be seen has its rows on one replica alone, of those that can be read.
pub fn hinges_on(catalog: &Catalog, tablet: &TabletView<'_>, replica: ReplicaId) -> bool {
    let unseen = catalog.unseen(tablet.partition(), tablet.id());
    unseen.iter().any(|writes| {
        let mut holders = holders(catalog, tablet, writes);
        writes.holds(tablet.id(), replica) && !holders.any(|other| other.id != replica)
    })
}

/// The replica that a load hinges on, and that must be brought forward first: every one that holds its rows and can be read
/// is behind, so nobody could read the tablet up to it. Of several, the one that lacks least.
pub fn held_back(catalog: &Catalog, tablet: &TabletView<'_>) -> Option<Replica> {
    let unseen = catalog.unseen(tablet.partition(), tablet.id());
    let of_load = |writes: &Writes| {
        let holders = || holders(catalog, tablet, writes);
        match holders().any(|replica| !replica.behind(tablet.visible())) {
            true => None,
            false => holders().max_by_key(|replica| (replica.version, replica.id)),
        }
    };
    unseen.iter().find_map(|writes| of_load(writes))
}

/// A replica that a load may wait for though others hold it as well: it is to stay, holds the rows, and is behind.
pub fn lagging(catalog: &Catalog, tablet: &TabletView<'_>) -> Option<Replica> {
    let unseen = catalog.unseen(tablet.partition(), tablet.id());
    let visible = tablet.visible();
    let late = |replica: &Replica| replica.state == ReplicaState::Normal && replica.behind(visible);
    let of_load = |writes: &Writes| holders(catalog, tablet, writes).find(late);
    unseen.iter().find_map(|writes| of_load(writes))
}

/// Replicas that hold the rows of a load and can be read.
fn holders<'a>(
    catalog: &'a Catalog,
    tablet: &'a TabletView<'a>,
    writes: &'a Writes,
) -> impl Iterator<Item = Replica> + 'a {
    tablet.replicas().filter(|replica| {
        writes.holds(tablet.id(), replica.id)
            && !replica.bad
            && replica.state != ReplicaState::Clone
            && catalog.alive(replica.backend)
    })
}

#[cfg(test)]
mod tests;
