//! What must hold. One invariant a file; each names the sentence that it protects.

mod acknowledged_is_visible;
mod belief_is_cautious;
mod census_is_right;
pub mod durable_first;
pub mod ids_once;
mod nothing_pending;
mod quorum_can_be_read;
mod quorum_holds;
mod refused_is_not_visible;
pub mod versions_only_grow;

use crate::world::World;

/// What holds at any time.
pub fn always(world: &mut World) {
    belief_is_cautious::check(world);
    census_is_right::check(world);
    acknowledged_is_visible::check(world);
    quorum_can_be_read::check(world);
    quorum_holds::check(world);
}

/// What holds when everything has ended.
pub fn at_the_end(world: &mut World) {
    refused_is_not_visible::check(world);
    acknowledged_is_visible::check_promised(world);
    let said = &world.journal.said;
    let marks = &mut world.marks;
    for missed in said.visible.values() {
        marks.hit("load visible");
        if *missed > 0 {
            marks.hit("load visible without some replicas");
        }
    }
    for reason in said.aborted.values() {
        if reason.contains("quorum") {
            marks.hit("load refused below its quorum");
        }
        if reason.contains("timeout") {
            marks.hit("load given up at its deadline");
        }
    }
}

/// Whether everything has ended.
pub fn quiet(world: &World) -> bool {
    world.clients_done() && nothing_pending::why_not(world).is_none()
}

/// What has not ended.
pub fn unquiet(world: &World) -> String {
    let waiting = world.loads.iter().filter(|load| load.fate().is_none());
    let clients = waiting
        .map(|load| format!("load {}", load.no))
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "{clients}; {}",
        nothing_pending::why_not(world).unwrap_or_default()
    )
}
