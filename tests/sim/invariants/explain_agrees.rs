//! "EXPLAIN TABLET reads the same deciders that the scheduler runs": what it says will be decided about a tablet is what the
//! scheduler's next step decides, in every run.
//!
//! Not compared where the step did something before it came to the tablet, so that the scheduler decided about something
//! else than EXPLAIN had seen: a load was seen or given up, a backend that is empty left, the checker's round ended the hint of
//! the tablet's partition or removed a replica of it that nobody fills any more, loads of backends were measured anew, copies
//! of others began or ended. Who lives does not change in such a step: that comes with heartbeats.

use std::collections::{BTreeMap, BTreeSet};

use quorate::catalog::change::Change;
use quorate::catalog::replica::ReplicaState;
use quorate::clock::Timestamp;
use quorate::ids::{ReplicaId, TabletId};
use quorate::leader::action::Action;
use quorate::leader::core::Core;
use quorate::tablet::cluster::Cluster;
use quorate::tablet::desk::{Desk, by_load};
use quorate::tablet::explain::explain;
use quorate::tablet::healing::Healing;
use quorate::tablet::schedule::Decision;
use quorate::tablet::task::Task;

use crate::world::World;

/// What EXPLAIN said before a step.
pub struct Said {
    healing: Healing,
    decisions: BTreeMap<TabletId, Decision>,
    /// Replicas of these tablets that nobody fills any more.
    unfilled: BTreeSet<ReplicaId>,
}

/// Asks about every task that waits, and about some tablet; notes every reason that is given. `None` where readers see less
/// than the scheduler knows, because a record is not durable yet.
pub fn before(world: &mut World, now: Timestamp) -> Option<Said> {
    if world.looks.below(4) > 0 {
        return None;
    }
    let core = world.core.as_ref()?;
    let healing = core.healing();
    for task in healing.pending.values() {
        world.marks.reason(task.reason.as_ref());
    }
    if !world.journal.idle() {
        return None;
    }
    let (catalog, _) = core.snapshot();
    let mut asked: Vec<TabletId> = healing.pending.keys().copied().collect();
    let queued = asked.len();
    let all: Vec<TabletId> = catalog.tablets.iter().map(|view| view.id()).collect();
    if !all.is_empty() {
        asked.push(all[world.looks.below(all.len() as u64) as usize]);
    }
    if asked.is_empty() {
        return None;
    }
    let desk = Desk {
        now,
        catalog: &catalog,
        cluster: &Cluster::of(&catalog),
        config: &core.config(),
        healing: &healing,
        order: &by_load(&catalog, &healing),
        safe_mode: core.safe_mode(),
    };
    let mut decisions = BTreeMap::new();
    for (at, tablet) in asked.into_iter().enumerate() {
        let Some(said) = explain(&desk, tablet) else {
            continue;
        };
        world.marks.reason(said.reason.as_ref());
        for row in &said.rows {
            world.marks.reason(Some(&row.reason));
        }
        if at < queued
            && let Some(decision) = said.decision
        {
            decisions.insert(tablet, decision);
        }
    }
    let views = decisions.keys().filter_map(|id| catalog.tablets.view(*id));
    let replicas = views.flat_map(|view| view.replicas());
    let unfilled = replicas.filter(|of| of.state == ReplicaState::Clone);
    let unfilled = unfilled.map(|of| of.id).collect();
    Some(Said {
        healing,
        decisions,
        unfilled,
    })
}

/// Compares with what the step did, if it came to one of the tablets and to nothing else that could bear on it.
pub fn after(world: &World, now: Timestamp, said: &Said, actions: &[Action]) {
    let Some(core) = &world.core else { return };
    let healing = core.healing();
    let tried = |task: &Task| {
        let before = said
            .healing
            .task(task.tablet)
            .and_then(|task| task.scheduled);
        task.scheduled == Some(now) && before != Some(now)
    };
    let ended = healing
        .history
        .iter()
        .rev()
        .take_while(|task| task.finished == Some(now))
        // Two steps may be at the same moment.
        .filter(|task| !said.healing.history.contains(task));
    let all = healing.pending.values().chain(healing.running.values());
    let tried: Vec<&Task> = all
        .chain(ended)
        .map(|task| &**task)
        .filter(|task| tried(task))
        .collect();
    let [task] = tried.as_slice() else { return };
    let others = |healing: &Healing| {
        let running = healing.running.keys().filter(|id| **id != task.tablet);
        running.copied().collect::<Vec<_>>()
    };
    // The checker's round, which may come before the scheduler's in one step, ends hints, and sees to what nobody fills.
    let hint = |healing: &Healing| healing.hints.get(&task.partition).cloned();
    let unmoved = actions.iter().all(|action| match action {
        Action::Append { changes, .. } => changes.iter().all(placement),
        _ => true,
    });
    let tidied = |decision: &Decision| {
        changes(actions).any(|change| match change {
            Change::RemoveReplica { replica, .. } => {
                said.unfilled.contains(replica) && *decision != Decision::Remove(*replica)
            }
            _ => false,
        })
    };
    let same = unmoved
        && healing.load.at == said.healing.load.at
        && hint(&healing) == hint(&said.healing)
        && others(&healing) == others(&said.healing)
        && slots(&healing) == slots(&said.healing);
    let Some(decision) = said
        .decisions
        .get(&task.tablet)
        .filter(|of| same && !tidied(of))
    else {
        return;
    };
    assert!(
        came_true(core, task, decision, actions),
        "EXPLAIN said {decision:?}, and the scheduler did this: {task:?}"
    );
}

/// Whether a change is one that the scheduler makes; in another one of the same step, loads may have ended.
fn placement(change: &Change) -> bool {
    matches!(
        change,
        Change::AddReplica { .. }
            | Change::ReserveIds { .. }
            | Change::RetireReplica { .. }
            | Change::RemoveReplica { .. }
    )
}

/// Totals of slots, which follow the setting and the paths.
fn slots(healing: &Healing) -> Vec<(u64, i64, u32)> {
    let slots = healing.slots.iter();
    slots
        .map(|((backend, path), of)| (backend.0, *path, of.repair_total))
        .collect()
}

/// What a step has made records of.
fn changes(actions: &[Action]) -> impl Iterator<Item = &Change> {
    actions.iter().flat_map(|action| match action {
        Action::Append { changes, .. } => changes.as_slice(),
        _ => &[],
    })
}

fn came_true(core: &Core, task: &Task, decision: &Decision, actions: &[Action]) -> bool {
    let changes = || changes(actions);
    match decision {
        Decision::Copy {
            source,
            destination,
            ..
        } => {
            let place = |spot: Option<quorate::tablet::task::Spot>| spot.map(|of| (of.backend, of.path));
            place(task.source) == place(Some(*source))
                && place(task.destination) == place(Some(*destination))
        }
        Decision::Retire(replica) => changes().any(|change| {
            matches!(change, Change::RetireReplica { replica: of, on: true, .. } if of == replica)
        }),
        Decision::Keep(replica) => changes().any(|change| {
            matches!(change, Change::RetireReplica { replica: of, on: false, .. } if of == replica)
        }),
        Decision::Remove(replica) => changes().any(|change| {
            matches!(change, Change::RemoveReplica { replica: of, .. } if of == replica)
        }),
        Decision::End(state, reason) => {
            let last = core.healing().last(task.tablet).cloned();
            last.is_some_and(|last| {
                last.state == *state && last.reason.as_ref().map(|of| of.code()) == Some(reason.code())
            })
        }
        Decision::Later(reason) => {
            let now = task.reason.as_ref().map(|of| of.code());
            now == Some(reason.code())
        }
    }
}
