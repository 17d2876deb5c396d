//! "After a start, nothing is cloned or dropped until the backends have reported."

use quorate::leader::action::{Action, BackendRequest};
use quorate::leader::core::Core;

use crate::world::World;

/// Looks at clones and drops that are asked for in safe mode.
pub fn check(world: &mut World, action: &Action) {
    let Action::Call { request, .. } = action else {
        return;
    };
    if !world.core.as_ref().is_some_and(Core::safe_mode) {
        return;
    }
    match request {
        BackendRequest::Clone(clone) => {
            panic!("tablet {} is cloned in safe mode", clone.spec.tablet);
        }
        // Tablets that no table has any more are dropped because a statement said so.
        BackendRequest::DropTablets(drop) => {
            let Some((catalog, _)) = world.snapshot() else {
                return;
            };
            for (tablet, replica, _) in &drop.tablets {
                let kept = catalog.tablets.view(*tablet).is_some();
                assert!(!kept, "replica {replica} is dropped in safe mode");
            }
        }
        _ => {}
    }
}
