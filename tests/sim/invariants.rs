//! What must hold. One invariant a file; each names the sentence that it protects.

mod acknowledged_is_visible;
pub mod all_healthy;
mod belief_is_cautious;
mod census_is_right;
mod durable_first;
pub mod explain_agrees;
mod handed_over_quietly;
mod ids_once;
mod last_copy_stays;
mod left_in_peace;
mod moves_stay;
mod nothing_is_lost;
mod nothing_pending;
mod one_name;
pub mod owed_is_published;
mod quorum_can_be_read;
mod quorum_holds;
mod refused_is_not_visible;
pub mod safe_mode_waits;
mod said_once;
mod slots_hold;
mod tasks_end;
pub mod versions_only_grow;

use quorate::leader::action::Action;

use crate::faults::HEALS;
use crate::world::World;

/// What holds at any time.
pub fn always(world: &mut World) {
    belief_is_cautious::check(world);
    census_is_right::check(world);
    acknowledged_is_visible::check(world);
    nothing_is_lost::check(world);
    slots_hold::check(world);
    tasks_end::check(world);
    one_name::check(world);
    // Where disks are lost and an operator moves replicas, fewer than the quorum may be left for a while.
    if !world.lasting {
        quorum_can_be_read::check(world);
        quorum_holds::check(world);
    }
}

/// What holds of everything that the leader wants done, before it is done.
pub fn of_action(world: &mut World, action: &Action) {
    durable_first::check(world, action);
    ids_once::check(world, action);
    last_copy_stays::check(world, action);
    left_in_peace::check(world, action);
    moves_stay::check(world, action);
    safe_mode_waits::check(world, action);
    said_once::check(world, action);
}

/// What holds when everything has ended.
pub fn at_the_end(world: &mut World) {
    refused_is_not_visible::check(world);
    acknowledged_is_visible::check_promised(world);
    handed_over_quietly::check(world);
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

/// What has not ended; `None` when everything has.
pub fn unquiet(world: &World) -> Option<String> {
    let waiting = world.loads.iter().filter(|load| load.fate().is_none());
    let waiting: Vec<String> = waiting.map(|load| format!("load {}", load.no)).collect();
    if !waiting.is_empty() {
        return Some(waiting.join(", "));
    }
    let emptied = || {
        let (catalog, _) = world.snapshot()?;
        let left = |id| catalog.tablets.replicas_on(id);
        let mut backends = catalog.backends.values();
        let leaving = backends.find(|of| of.decommissioned && left(of.id) > 0)?;
        let (id, left) = (leaving.id, left(leaving.id));
        Some(format!("{id} is being emptied, and has {left} replicas"))
    };
    let healthy = || (HEALS > 0).then(|| all_healthy::why_not(world)).flatten();
    nothing_pending::why_not(world)
        .or_else(healthy)
        .or_else(emptied)
}
