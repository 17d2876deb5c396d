//! "2 repair + 2 balance slots per path": no storage path has more copies to or from it than its slots, and the slots
//! that are shown are those that are used.

use std::collections::BTreeMap;

use quorate::tablet::task::Kind;

use crate::world::World;

/// Counts the running tasks of every path.
pub fn check(world: &mut World) {
    let healing = world.healing();
    let mut used: BTreeMap<_, (u32, u32)> = BTreeMap::new();
    for task in healing.running.values() {
        for spot in task.source.iter().chain(&task.destination) {
            let of = used.entry((spot.backend, spot.path)).or_default();
            match task.kind {
                Kind::Repair => of.0 += 1,
                Kind::Balance => of.1 += 1,
            }
        }
    }
    for (path, (repair, balance)) in &used {
        let most = u64::from(*repair.max(balance));
        assert!(
            most <= world.slots_max,
            "path {path:?} has {repair} copies for repair and {balance} for balance"
        );
    }
    for (path, slots) in &healing.slots {
        let counted = used.get(path).copied().unwrap_or_default();
        let shown = (slots.repair_used, slots.balance_used);
        assert_eq!(shown, counted, "slots in use of path {path:?}");
    }
}
