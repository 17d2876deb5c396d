//! "The system repairs these failed replicas automatically": once faults have stopped, every tablet is healthy in the
//! catalog's eyes and on the disks, all replicas hold the same rows, and no task is left.

use std::collections::BTreeSet;

use quorate::catalog::check::Verdict;
use quorate::catalog::state::Catalog;
use quorate::catalog::tablets::TabletView;
use quorate::tablet::cluster::Cluster;
use quorate::tablet::health::{TabletStatus, tablet_health};

use crate::world::World;

/// What is not healthy, or still being done.
pub fn why_not(world: &World) -> Option<String> {
    let Some((catalog, _)) = world.snapshot() else {
        return Some("the frontend does not run".to_owned());
    };
    let healing = world.healing();
    if let Some(task) = healing
        .running
        .values()
        .chain(healing.pending.values())
        .next()
    {
        return Some(format!(
            "{} tasks, {task:?}",
            healing.pending.len() + healing.running.len()
        ));
    }
    let cluster = Cluster::of(&catalog);
    let mut tablets = catalog.tablets.iter();
    tablets.find_map(|view| sick(world, &catalog, &cluster, &view))
}

fn sick(
    world: &World,
    catalog: &Catalog,
    cluster: &Cluster,
    view: &TabletView<'_>,
) -> Option<String> {
    let id = view.id();
    let health = tablet_health(cluster, view);
    let replicas: Vec<_> = view.replicas().collect();
    if health.status != TabletStatus::Healthy {
        return Some(format!("tablet {id}: {health:?}\n{replicas:?}"));
    }
    let mut digests = BTreeSet::new();
    for replica in &replicas {
        let at = world.machine(replica.backend)?;
        let held = world.backends[at].replicas.get(&id);
        let held = held.filter(|held| held.id == replica.id && held.serves(view.visible()));
        let Some(held) = held else {
            return Some(format!(
                "tablet {id}: {replica:?} is not whole on machine {at}"
            ));
        };
        digests.insert(held.digest(view.visible()));
    }
    let check = catalog.checks.get(&id);
    let shown = check.is_some_and(|check| {
        check.verdict == Verdict::Differs
            && check
                .minority(replicas.len(), |replica| catalog.witness(id, replica))
                .is_none()
    });
    (digests.len() > 1 && !shown).then(|| format!("tablet {id}: contents differ, {check:?}"))
}
