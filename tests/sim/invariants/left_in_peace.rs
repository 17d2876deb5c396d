//! "What can't be repaired is not tried without pause": a tablet is copied so often in so many seconds at most, whatever fails.

use quorate::leader::action::{Action, BackendRequest};

use crate::world::World;

/// Model time that is looked back on.
const WITHIN_MS: u64 = 10_000;
/// Copies of one tablet in that time: some tasks with all the failures that each may have.
const COPIES_MAX: usize = 16;

/// Looks at copies that are asked for.
pub fn check(world: &mut World, action: &Action) {
    let Action::Call {
        request: BackendRequest::Clone(clone),
        ..
    } = action
    else {
        return;
    };
    let (tablet, now_ms) = (clone.spec.tablet, world.now_ms);
    let asked = world.moves.asked.entry(tablet).or_default();
    asked.retain(|at| now_ms - at < WITHIN_MS);
    asked.push(now_ms);
    let count = asked.len();
    assert!(
        count <= COPIES_MAX,
        "tablet {tablet} is copied {count} times in {WITHIN_MS} ms"
    );
}
