//! Which tablets are moved so that backends carry alike, and from where to where (seed: Replica balancing; StarRocks:
//! BeLoadRebalancer).
//!
//! A move takes a tablet from a backend with much load to one with little, on one medium, and only where that brings
//! the two nearer to the mean together. Moves that are under way count as done, so none is decided twice over, and what
//! has been brought nearer is not taken back. Where the loads are even, [`even`] looks at each partition and table. Owns which tablet and where; the load itself is
//! [`load`](crate::tablet::load)'s, copying and removal are [`schedule`](crate::tablet::schedule)'s.

mod ahead;
mod candidates;
mod even;
mod scale;

use std::sync::Arc;

pub use self::ahead::{begun, measure, undone};
use self::candidates::Candidates;
pub use self::even::Even;
pub use self::scale::{Move, Scale};
use crate::catalog::table::Medium;
use crate::catalog::tablets::TabletView;
use crate::ids::NO_VERSION;
use crate::tablet::desk::Desk;
use crate::tablet::healing::Healing;
use crate::tablet::health::{Priority, TabletStatus};
use crate::tablet::reason::{Reason, Ruling};
use crate::tablet::schedule::Decision;
use crate::tablet::task::{Kind, State, Task};

/// Tasks for the moves that are worth it now and that there is room for: the backends with the most load first, and of
/// one storage path no more than two at a time (StarRocks).
///
/// Each is chosen as if those before it were under way. Where the search for tablets begins follows from the moment, so
/// that no tablet is always the first. Empty while balance is switched off, and in safe mode.
pub fn pick(desk: &Desk<'_>) -> Vec<Task> {
    let mut picked = Vec::new();
    let over = desk.catalog.recovery.is_over();
    if desk.config.tablet_sched_disable_balance || desk.safe_mode || !over {
        return picked;
    }
    let mut scratch = desk.healing.clone();
    let mut room = room(desk);
    if room > 0 {
        promise_waiting(desk, &mut scratch);
    }
    for medium in desk.healing.load.mediums.keys() {
        let mut candidates = None;
        while room > 0 {
            let at = Desk {
                healing: &scratch,
                ..*desk
            };
            let scale = match Scale::of(&at, *medium) {
                Ok(scale) => scale,
                Err(Reason::Balanced) if candidates.is_none() => {
                    let even = pick_even(desk, &mut scratch, *medium, room);
                    room -= even.len();
                    picked.extend(even);
                    break;
                }
                Err(_) => break,
            };
            let candidates = candidates.get_or_insert_with(|| Candidates::gather(&scale));
            let Some((view, chosen)) = candidates.next(&scale) else {
                break;
            };
            let task = task(desk, &view, *medium);
            promise(&mut scratch, *medium, &chosen);
            scratch.pending.insert(task.tablet, Arc::new(task.clone()));
            picked.push(task);
            room -= 1;
        }
    }
    picked
}

/// The same where the loads of the backends of a medium are even: for partitions and tables that are not.
fn pick_even(desk: &Desk<'_>, scratch: &mut Healing, medium: Medium, most: usize) -> Vec<Task> {
    let before = scratch.clone();
    let at = Desk {
        healing: &before,
        ..*desk
    };
    let found = Even::of(&at, medium).map(|even| even.find());
    let mut picked = Vec::new();
    for (view, chosen) in found.unwrap_or_default() {
        let at = Desk {
            healing: &*scratch,
            ..*desk
        };
        let holds = Even::of(&at, medium).is_ok_and(|even| even.holds(&chosen));
        if picked.len() < most && holds {
            let task = task(desk, &view, medium);
            promise(scratch, medium, &chosen);
            scratch.pending.insert(task.tablet, Arc::new(task.clone()));
            picked.push(task);
        }
    }
    picked
}

/// The move of a tablet: by the loads of the backends, and where these are even, by its partition and its table.
///
/// # Errors
/// Why there is none.
pub fn plan(desk: &Desk<'_>, medium: Medium, tablet: &TabletView<'_>) -> Result<Move, Reason> {
    match Scale::of(desk, medium) {
        Ok(scale) => scale.plan(tablet),
        Err(Reason::Balanced) => Even::of(desk, medium)?.plan(tablet),
        Err(why) => Err(why),
    }
}

/// What is to be done next about a tablet that is healthy and was picked for a move.
pub fn decide(desk: &Desk<'_>, task: &Task) -> Decision {
    let cancelled = |reason| Decision::End(State::Cancelled, reason);
    let Some(view) = desk.catalog.tablets.view(task.tablet) else {
        return cancelled(Reason::TabletGone);
    };
    if desk.config.tablet_sched_disable_balance {
        return cancelled(Reason::BalanceDisabled);
    }
    match plan(desk, task.medium, &view) {
        Ok(chosen) => Decision::Copy {
            source: chosen.source,
            destination: chosen.destination,
            timeout_ms: desk.timeout_ms(&view),
        },
        Err(reason) if reason.ruling() == Ruling::Throttle => Decision::Later(reason),
        Err(reason) => cancelled(reason),
    }
}

/// How many more moves may be asked for.
fn room(desk: &Desk<'_>) -> usize {
    let tasks = desk
        .healing
        .pending
        .values()
        .chain(desk.healing.running.values());
    let moves = tasks.filter(|task| task.kind == Kind::Balance).count();
    let most = desk.config.tablet_sched_max_balancing_tablets;
    usize::try_from(most)
        .unwrap_or(usize::MAX)
        .saturating_sub(moves)
}

/// Counts the moves that wait in the queue as if they were under way.
fn promise_waiting(desk: &Desk<'_>, scratch: &mut Healing) {
    let waiting = desk.healing.pending.values();
    for task in waiting.filter(|task| task.kind == Kind::Balance && task.copied.is_none()) {
        let at = Desk {
            healing: &*scratch,
            ..*desk
        };
        let view = desk.catalog.tablets.view(task.tablet);
        let chosen = view.and_then(|view| plan(&at, task.medium, &view).ok());
        if let Some(chosen) = chosen {
            promise(scratch, task.medium, &chosen);
        }
    }
}

/// Counts a move as if it were under way: its slots are taken, and both backends have the load that they will have.
fn promise(scratch: &mut Healing, medium: Medium, chosen: &Move) {
    let (from, to) = (chosen.source, chosen.destination);
    for spot in [from, to] {
        if let Some(slots) = scratch.slots.get_mut(&(spot.backend, spot.path)) {
            slots.take(Kind::Balance, 1);
        }
    }
    let load = Arc::make_mut(&mut scratch.load);
    if let Some(load) = load.mediums.get_mut(&medium) {
        load.moved(from.backend, to.backend, chosen.bytes);
    }
}

fn task(desk: &Desk<'_>, view: &TabletView<'_>, medium: Medium) -> Task {
    let partition = desk.catalog.partitions.get(&view.partition());
    Task {
        table: desk.table(view).unwrap_or_default(),
        medium,
        visible: view.visible(),
        committed: partition.map_or(NO_VERSION, |partition| partition.next_version - 1),
        ..Task::new(
            view.id(),
            (view.db(), view.partition()),
            Kind::Balance,
            TabletStatus::Healthy,
            Priority::Low,
            desk.now,
        )
    }
}

#[cfg(test)]
mod tests;
