//! "Nothing acknowledged is lost" and "a label makes a load idempotent": a replica that readers may use holds every
//! acknowledged load of its tablet, and each load once.

use std::collections::{BTreeMap, BTreeSet};

use quorate::ids::TabletId;

use crate::client::Fate;
use crate::world::World;

/// Looks at every replica that the catalog takes for good.
pub fn check(world: &World) {
    let acknowledged = expected(world, &[Fate::Acknowledged]);
    look(world, &acknowledged);
}

/// The same at the end, when what was promised has come true.
pub fn check_promised(world: &World) {
    let promised = expected(world, &[Fate::Acknowledged, Fate::Promised]);
    look(world, &promised);
}

fn look(world: &World, expected: &BTreeMap<TabletId, BTreeSet<u64>>) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    if world.restored {
        return;
    }
    for tablet in catalog.tablets.iter() {
        let id = tablet.id();
        for replica in tablet.replicas() {
            if replica.version < tablet.visible() || replica.bad {
                continue;
            }
            // One that a fault has destroyed is found out by the next report.
            let held = world.held(&catalog, id, &replica);
            let Some(held) = held else { continue };
            let content = held.content(tablet.visible());
            let once: BTreeSet<u64> = content.iter().copied().collect();
            assert_eq!(
                once.len(),
                content.len(),
                "tablet {id} has a load twice: {content:?}"
            );
            for no in expected.get(&id).into_iter().flatten() {
                assert!(
                    once.contains(no),
                    "load {no} is not in tablet {id} on backend {}",
                    replica.backend
                );
            }
        }
    }
}

/// The loads of these fates in each tablet.
fn expected(world: &World, fates: &[Fate]) -> BTreeMap<TabletId, BTreeSet<u64>> {
    let mut of: BTreeMap<TabletId, BTreeSet<u64>> = BTreeMap::new();
    for load in &world.loads {
        if load.fate().is_some_and(|fate| fates.contains(&fate)) {
            for tablet in load.tablets() {
                of.entry(*tablet).or_default().insert(load.no);
            }
        }
    }
    of
}
