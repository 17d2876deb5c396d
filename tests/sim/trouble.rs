//! Faults, once a second of model time.

use crate::faults::Faults;
use crate::net::{Due, Place};
use crate::statements;
use crate::world::World;

/// Rolls the dice for every fault of the seed's profile.
pub fn second(world: &mut World) {
    let faults = world.faults.clone();
    frontend(world, &faults);
    if world.rng.per_mille(faults.statements) {
        statements::one(world);
    }
    for at in 0..world.backends.len() {
        if world.rng.per_mille(faults.backend_crash) && !world.backends[at].down {
            world.crash_backend(at);
            let back = world.now_ms + world.rng.between(100, 10_000);
            world.backends[at].started = back;
            world.net.at(back, Due::StartBackend(at));
        }
        if world.rng.per_mille(faults.pause) {
            world.backends[at].paused_until_ms = world.now_ms + world.rng.between(500, 8000);
        }
        if world.rng.per_mille(faults.full_disk) {
            world.backends[at].full_until_ms = world.now_ms + world.rng.between(500, 8000);
        }
        if world.rng.per_mille(faults.cut) {
            cut(world, at);
        }
    }
}

fn frontend(world: &mut World, faults: &Faults) {
    if world.rng.per_mille(faults.frontend_crash) && world.core.is_some() {
        world.crash_frontend();
        let back = world.now_ms + world.rng.between(10, 3000);
        world.net.at(back, Due::StartFrontend);
    }
    if world.rng.per_mille(faults.full_journal) {
        world.journal.full_until_ms = world.now_ms + world.rng.between(200, 3000);
        let back = world.journal.full_until_ms + 1;
        world.net.at(back, Due::StartFrontend);
    }
    if world.rng.per_mille(faults.clock) {
        world.skew_ms += world.rng.below(20_000) as i64 - 10_000;
    }
}

fn cut(world: &mut World, at: usize) {
    let until = world.now_ms + world.rng.between(500, 8000);
    let other = match world.rng.per_mille(500) {
        true => Place::Frontend,
        false => Place::Client,
    };
    let (from, to) = match world.rng.per_mille(500) {
        true => (Place::Backend(at), other),
        false => (other, Place::Backend(at)),
    };
    world.net.cut(from, to, until);
    if world.rng.per_mille(500) {
        world.net.cut(to, from, until);
    }
}

/// Ends every fault: the second phase, in which everything must come to an end.
pub fn end(world: &mut World) {
    world.faults = Faults::none();
    world.net.mend();
    for backend in &mut world.backends {
        backend.down = false;
        backend.paused_until_ms = 0;
        backend.full_until_ms = 0;
    }
    world.journal.full_until_ms = 0;
    world.start_frontend();
}
