//! "Nothing acknowledged is ever lost": at any time, some replica of every tablet that the catalog counts on holds all that
//! readers see, with files that can be read, and with every acknowledged load in it. Looks at disks.

use std::collections::BTreeMap;

use crate::client::Fate;
use crate::world::World;

/// Looks for a whole copy of every tablet.
pub fn check(world: &World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    if world.restored {
        return;
    }
    let mut expected: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for load in &world.loads {
        if load.fate() == Some(Fate::Acknowledged) {
            for tablet in load.tablets() {
                expected.entry(*tablet).or_default().push(load.no);
            }
        }
    }
    for (id, loads) in expected {
        let Some(view) = catalog.tablets.view(id) else {
            continue;
        };
        let visible = view.visible();
        let whole = view.replicas().any(|replica| {
            let known = catalog.backends.contains_key(&replica.backend);
            let at = world.machine(replica.backend).filter(|_| known);
            let held = at.and_then(|at| world.backends[at].replicas.get(&id));
            let held = held.filter(|held| held.id == replica.id && held.serves(visible));
            held.is_some_and(|held| {
                let content = held.content(visible);
                loads.iter().all(|load| content.contains(load))
            })
        });
        let replicas = || view.replicas().collect::<Vec<_>>();
        assert!(
            whole || world.all_lost,
            "no copy of tablet {id} holds everything up to {visible}: {:?}",
            replicas()
        );
    }
}
