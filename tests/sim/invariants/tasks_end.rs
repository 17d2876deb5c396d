//! "A tablet has at most one task" and "every task ends": none is RUNNING without a call that will be answered.

use quorate::leader::action::BackendRequest;

use crate::world::World;

/// Model time between the decision to copy and its call, at most: the record must be durable first.
const GRACE_MS: u64 = 2000;

/// Looks at all tasks.
pub fn check(world: &World) {
    let healing = world.healing();
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
        let since = task
            .scheduled
            .map_or(u64::MAX, |at| world.clock().since_ms(at));
        assert!(
            called || since <= GRACE_MS,
            "tablet {tablet} is RUNNING and nobody is asked for it: {task:?}"
        );
    }
}
