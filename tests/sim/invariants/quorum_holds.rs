//! "The transaction is returned with success only after the data is stored in the majority of replicas" (seed, and for
//! ONE and ALL the number they name): every acknowledged load is on the disks of its quorum, whatever has crashed.

use crate::client::Fate;
use crate::world::World;

/// Counts the disks of every acknowledged load.
pub fn check(world: &World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    for load in &world.loads {
        if !matches!(load.fate(), Some(Fate::Acknowledged | Fate::Promised)) {
            continue;
        }
        let (Some(table), no) = (catalog.table("d", &load.table), load.no) else {
            continue;
        };
        for tablet in load.tablets() {
            let Some(view) = catalog.tablets.view(*tablet) else {
                continue;
            };
            // Repair may have put another replica in the place of one that held it.
            if world.repaired.contains(tablet) {
                continue;
            }
            let needed = table.spec.properties.write_quorum.needed(view.wanted());
            let txn = load.txn.unwrap_or_default();
            let disks = world.backends.iter().filter(|backend| {
                let replica = backend.replicas.get(tablet);
                let published =
                    replica.is_some_and(|of| of.published.values().any(|v| v.txn == txn));
                published
                    || backend
                        .pending
                        .get(&txn)
                        .is_some_and(|of| of.contains_key(tablet))
            });
            let got = disks.count();
            assert!(
                got >= usize::from(needed),
                "load {no}: tablet {tablet} is on {got} disks"
            );
        }
    }
}
