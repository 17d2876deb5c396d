//! The health of one tablet and of one replica (StarRocks: TabletChecker; the rules of the seed's era, in which a backend
//! counts as lost as soon as its heartbeats fail).
//!
//! Owns the rules. Does not own what is done about a tablet that is not healthy.

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::state::Catalog;
use crate::catalog::tablets::TabletView;
use crate::ids::{ReplicaId, Version};
use crate::tablet::cluster::{Cluster, NO_HOST, Node};

/// What is the matter with a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TabletStatus {
    /// Nothing.
    Healthy,
    /// Too few replicas are on living backends and good.
    ReplicaMissing,
    /// Too few replicas hold every load that readers see.
    VersionIncomplete,
    /// Too few replicas are on backends that stay.
    ReplicaRelocating,
    /// There are more replicas than wanted.
    Redundant,
    /// Too few are good, and no backend is free for another: one must go first.
    ForceRedundant,
}

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// When nothing else is to be done.
    Low,
    /// In its turn.
    Normal,
    /// Before others: fewer than half are left.
    High,
    /// At once.
    VeryHigh,
}

/// How many replicas pass each step; a replica that fails one is not counted in the later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Replicas that exist.
    pub all: usize,
    /// Living backends that hold one, whatever it is worth.
    pub occupied: usize,
    /// Living backends that stay and hold one, whatever it is worth.
    pub settled: usize,
    /// On a living backend, in normal use and good; of several on one host only the best counts.
    pub alive: usize,
    /// Of those, holding every load that readers see.
    pub complete: usize,
    /// Of those, on a backend that stays.
    pub stable: usize,
}

/// The health of a tablet, with what it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// What is the matter.
    pub status: TabletStatus,
    /// How urgent it is.
    pub priority: Priority,
    /// How many replicas passed each step.
    pub counts: Counts,
    /// Replicas that are wanted.
    pub wanted: usize,
}

/// The status that ADMIN SHOW REPLICA STATUS prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplicaStatus {
    /// It can be read and written.
    Ok,
    /// Its backend is dead, leaving or gone, or the replica is bad.
    Dead,
    /// It does not hold every load that readers see.
    VersionError,
    /// It has a schema of its own. No change of schemas exists yet, so no replica is in this state.
    SchemaError,
    /// It should exist and does not.
    Missing,
}

impl TabletStatus {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            TabletStatus::Healthy => "HEALTHY",
            TabletStatus::ReplicaMissing => "REPLICA_MISSING",
            TabletStatus::VersionIncomplete => "VERSION_INCOMPLETE",
            TabletStatus::ReplicaRelocating => "REPLICA_RELOCATING",
            TabletStatus::Redundant => "REDUNDANT",
            TabletStatus::ForceRedundant => "FORCE_REDUNDANT",
        }
    }

    /// Whether `/statistic` counts the tablet. One with a replica too many has all that it needs.
    pub fn unhealthy(self) -> bool {
        !matches!(self, TabletStatus::Healthy | TabletStatus::Redundant)
    }
}

impl Priority {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            Priority::Low => "LOW",
            Priority::Normal => "NORMAL",
            Priority::High => "HIGH",
            Priority::VeryHigh => "VERY_HIGH",
        }
    }
}

impl ReplicaStatus {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            ReplicaStatus::Ok => "OK",
            ReplicaStatus::Dead => "DEAD",
            ReplicaStatus::VersionError => "VERSION_ERROR",
            ReplicaStatus::SchemaError => "SCHEMA_ERROR",
            ReplicaStatus::Missing => "MISSING",
        }
    }
}

/// The status of a replica of a partition at `visible`: the first that fits.
pub fn replica_status(catalog: &Catalog, visible: Version, replica: &Replica) -> ReplicaStatus {
    let backend = catalog.backends.get(&replica.backend);
    let available = backend.is_some_and(|b| !b.decommissioned) && catalog.alive(replica.backend);
    if !available || replica.bad {
        ReplicaStatus::Dead
    } else if replica.behind(visible) {
        ReplicaStatus::VersionError
    } else {
        ReplicaStatus::Ok
    }
}

/// The health of a tablet.
pub fn tablet_health(cluster: &Cluster, tablet: &TabletView<'_>) -> Health {
    let wanted = usize::from(tablet.wanted());
    let counts = count(cluster, tablet, None);
    let (status, priority) = judge(counts, wanted, cluster);
    assert!(counts.all >= counts.alive && counts.alive >= counts.complete);
    assert!(counts.complete >= counts.stable);
    Health {
        status,
        priority,
        counts,
        wanted,
    }
}

/// Replicas that hold everything that readers see and can be read, if `lost` were not there.
pub fn complete_without(cluster: &Cluster, tablet: &TabletView<'_>, lost: ReplicaId) -> usize {
    count(cluster, tablet, Some(lost)).complete
}

/// What a replica counts for; each step includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Nothing,
    Alive,
    Complete,
    Stable,
}

/// Hosts whose replicas are kept without memory of their own.
const HOSTS: usize = 8;

/// The best replica of each host counts, and no other of it where copies are to be on hosts of their own: so the one that
/// leaves never stands in the light of the one that stays beside it, whichever was made first.
fn count(cluster: &Cluster, tablet: &TabletView<'_>, lost: Option<ReplicaId>) -> Counts {
    let mut counts = Counts::default();
    let mut best = [(NO_HOST, Worth::Nothing); HOSTS];
    let mut more: Vec<(u32, Worth)> = Vec::new();
    let mut used = 0;
    let spread = cluster.spreads(tablet.wanted());
    for (number, replica) in tablet.numbered() {
        if lost == Some(replica.id) {
            continue;
        }
        counts.all += 1;
        let node = cluster.node(number);
        counts.occupied += usize::from(node.alive);
        counts.settled += usize::from(node.available);
        let worth = worth(node, &replica, tablet.visible());
        let mut known = best[..used].iter_mut().chain(more.iter_mut());
        if spread && let Some((_, held)) = known.find(|(host, _)| *host == node.host) {
            *held = worth.max(*held);
        } else if used < HOSTS {
            best[used] = (node.host, worth);
            used += 1;
        } else {
            more.push((node.host, worth));
        }
    }
    for (_, worth) in best[..used].iter().chain(&more) {
        counts.alive += usize::from(*worth >= Worth::Alive);
        counts.complete += usize::from(*worth >= Worth::Complete);
        counts.stable += usize::from(*worth >= Worth::Stable);
    }
    counts
}

fn worth(node: Node, replica: &Replica, visible: Version) -> Worth {
    if !node.alive || replica.bad || replica.state != ReplicaState::Normal {
        Worth::Nothing
    } else if !replica.whole(visible) {
        Worth::Alive
    } else if !node.available {
        Worth::Complete
    } else {
        Worth::Stable
    }
}

fn judge(counts: Counts, wanted: usize, cluster: &Cluster) -> (TabletStatus, Priority) {
    use Priority::{High, Low, Normal, VeryHigh};
    use TabletStatus::{
        ForceRedundant, Healthy, Redundant, ReplicaMissing, ReplicaRelocating, VersionIncomplete,
    };
    let majority = wanted / 2 + 1;
    // No backend is free for another replica. StarRocks counts replicas on dead backends here as well, and so drops a
    // lost copy at once although another backend could take a new one.
    let crowded =
        |held: usize, backends: usize| held >= backends && backends >= wanted && wanted > 1;
    if counts.alive < wanted && crowded(counts.occupied, cluster.alive()) {
        (ForceRedundant, VeryHigh)
    } else if counts.alive < majority {
        (ReplicaMissing, High)
    } else if counts.alive < wanted {
        (ReplicaMissing, Normal)
    } else if counts.complete < majority {
        (VersionIncomplete, High)
    } else if counts.complete < wanted {
        (VersionIncomplete, Normal)
    } else if counts.complete > wanted {
        (Redundant, VeryHigh)
    } else if counts.stable < wanted {
        let status = match crowded(counts.settled, cluster.available()) {
            true => ForceRedundant,
            false => ReplicaRelocating,
        };
        (
            status,
            if counts.stable < majority {
                Normal
            } else {
                Low
            },
        )
    } else if counts.all > wanted {
        (Redundant, VeryHigh)
    } else {
        (Healthy, Normal)
    }
}

#[cfg(test)]
mod tests;
