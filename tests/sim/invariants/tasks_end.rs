//! "A tablet has at most one task" and "every task ends": none is RUNNING without a call that will be answered.

use std::collections::BTreeMap;

use quorate::leader::action::BackendRequest;

use crate::world::World;

/// Model time between the decision to copy and its call, at most: the record must be durable first.
const GRACE_MS: u64 = 2000;

/// Looks at all tasks. Measured in model time: the frontend may start again between two looks, and its time goes on from its journal.
pub fn check(world: &mut World) {
    let healing = world.healing();
    let mut uncalled = BTreeMap::new();
    for (tablet, task) in &healing.running {
        assert!(
            !healing.pending.contains_key(tablet),
            "tablet {tablet} has two tasks"
        );
        assert!(
            !task.state.ended(),
            "tablet {tablet} runs and has ended: {task:?}"
        );
        let called = world.calls.values().any(|called| match called {
            BackendRequest::Clone(clone) => clone.spec.tablet == *tablet,
            _ => false,
        });
        if called {
            continue;
        }
        let copy = (*tablet, task.destination.and_then(|to| to.replica));
        let since = world.uncalled.get(&copy).copied();
        let since = since.unwrap_or(world.now_ms);
        assert!(
            world.now_ms - since <= GRACE_MS,
            "tablet {tablet} is RUNNING and nobody is asked for it: {task:?}"
        );
        uncalled.insert(copy, since);
    }
    world.uncalled = uncalled;
}
