//! "One line each": that a backend is alive, or dead, is said when it becomes so, and not again with each heartbeat.

use quorate::leader::action::Action;
use quorate::leader::notice::{Notice, OfBackend};

use crate::world::World;

/// Looks at what is put in the log.
pub fn check(world: &mut World, action: &Action) {
    let Action::Say(Notice::Backend { id, what, .. }) = action else {
        return;
    };
    let alive = match what {
        OfBackend::Alive => true,
        OfBackend::Dead { .. } => false,
        _ => return,
    };
    let life = world.life;
    let before = world.told.insert(*id, (life, alive));
    let before = before.filter(|(of, _)| *of == life);
    let before = before.map(|(_, alive)| alive);
    assert_ne!(
        before,
        Some(alive),
        "backend {id}: \"{what}\" is said twice"
    );
}
