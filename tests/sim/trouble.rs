//! Faults, once a second of model time.

use std::collections::BTreeSet;

use quorate::config::Config;

use crate::damage;
use crate::faults::Faults;
use crate::net::{Due, Place};
use crate::operator;
use crate::statements;
use crate::world::World;

/// Bytes that a backend moves in a millisecond when nothing is the matter.
pub const BYTES_PER_MS: u64 = 50 << 10;

/// Rolls the dice for every fault of the seed's profile.
pub fn second(world: &mut World) {
    let faults = world.faults.clone();
    // As long as anything fails, the balancer has reason to think again.
    world.moves.changes += u64::from(faults.lost + faults.statements > 0);
    frontend(world, &faults);
    if world.rng.per_mille(faults.statements) {
        statements::one(world);
    }
    if world.rng.per_mille(faults.operator) {
        operator::one(world);
    }
    if world.rng.per_mille(faults.forgets) {
        operator::forget(world);
    }
    if world.rng.per_mille(faults.handover) {
        operator::hand_over(world);
    }
    for at in 0..world.backends.len() {
        backend(world, at, &faults);
    }
    lasting(world, &faults);
    if world.rng.per_mille(faults.copies) {
        world.copy_of_frontend();
    }
    world.copy_acts();
    if world.rng.per_mille(faults.twins) {
        world.some_twin();
    }
    world.twin_ends();
}

fn backend(world: &mut World, at: usize, faults: &Faults) {
    if world.rng.per_mille(faults.backend_crash) && !world.backends[at].down {
        let away = world.rng.between(100, 10_000);
        crash_for(world, at, away);
    }
    if world.rng.per_mille(faults.clock) {
        world.backends[at].skew_ms += world.jump();
    }
    if world.rng.per_mille(faults.names) {
        match world.rng.per_mille(500) {
            true => world.second_name(at),
            false => world.moves_away(at),
        }
    }
    if world.rng.per_mille(faults.pause) {
        world.backends[at].paused_until_ms = world.now_ms + world.rng.between(500, 8000);
    }
    if world.rng.per_mille(faults.full_disk) {
        world.backends[at].full_until_ms = world.now_ms + world.rng.between(500, 8000);
        world.backends[at].full_unsaid = world.rng.per_mille(500);
    }
    if world.rng.per_mille(faults.hung_disk) {
        world.backends[at].hung_until_ms = world.now_ms + world.rng.between(500, 15_000);
    }
    if world.rng.per_mille(faults.slow) {
        world.backends[at].bytes_per_ms = world.rng.between(200, BYTES_PER_MS);
    }
    if world.rng.per_mille(faults.cut) {
        let other = match world.rng.per_mille(500) {
            true => Place::Frontend,
            false => Place::Client,
        };
        cut(world, at, other);
    }
    if world.rng.per_mille(faults.peer_cut) {
        let other = world.rng.below(world.backends.len() as u64) as usize;
        cut(world, at, Place::Backend(other));
    }
    if world.rng.per_mille(faults.reads) && !world.backends[at].down {
        read_one(world, at);
    }
}

/// A query reads a tablet.
pub fn read_one(world: &mut World, at: usize) {
    let held: Vec<_> = world.backends[at].replicas.keys().copied().collect();
    if held.is_empty() {
        return;
    }
    let tablet = held[world.rng.below(held.len() as u64) as usize];
    if world.backends[at].read(tablet) {
        world.marks.hit("damage found by a read");
    }
}

/// Kills a backend, and starts it again after some time.
pub fn crash_for(world: &mut World, at: usize, away_ms: u64) {
    world.say(format!("machine {at} dies for {away_ms} ms"));
    world.crash_backend(at);
    let back = world.now_ms + away_ms;
    world.backends[at].started = back;
    world.net.at(back, Due::StartBackend(at));
}

fn lasting(world: &mut World, faults: &Faults) {
    let at = world.rng.below(world.backends.len() as u64) as usize;
    if world.rng.per_mille(faults.bad_file) {
        damage::some_file(world, at);
    }
    if world.rng.per_mille(faults.altered) {
        damage::some_rows(world, at);
    }
    if world.rng.per_mille(faults.offline) {
        damage::some_path_offline(world, at);
    }
    if world.rng.per_mille(faults.wiped) {
        damage::some_path_wiped(world, at);
    }
}

fn frontend(world: &mut World, faults: &Faults) {
    if world.rng.per_mille(faults.frontend_crash) && world.core.is_some() {
        world.say("the frontend dies".to_owned());
        world.crash_frontend();
        if faults.clock > 0 && world.rng.per_mille(300) {
            world.skew_ms += world.jump();
        }
        let back = world.now_ms + world.rng.between(10, 3000);
        world.net.at(back, Due::StartFrontend);
    }
    if world.rng.per_mille(faults.full_journal) {
        world.journal.full_until_ms = world.now_ms + world.rng.between(200, 3000);
        let back = world.journal.full_until_ms + 1;
        world.net.at(back, Due::StartFrontend);
    }
    if world.rng.per_mille(faults.clock) {
        world.skew_ms += world.jump();
    }
}

fn cut(world: &mut World, at: usize, other: Place) {
    let until = world.now_ms + world.rng.between(500, 8000);
    let (from, to) = match world.rng.per_mille(500) {
        true => (Place::Backend(at), other),
        false => (other, Place::Backend(at)),
    };
    world.net.cut(from, to, until);
    if world.rng.per_mille(500) {
        world.net.cut(to, from, until);
    }
}

/// Ends every fault: the second phase, in which everything must come to an end. What is lost or wrong by then stays so
/// until it is repaired; what an operator set is set back.
pub fn end(world: &mut World) {
    world.say("no more faults".to_owned());
    let (lasting, clock) = (world.faults.lasting(), world.faults.clock);
    let spared = world.calm || world.forgetful;
    world.faults = Faults::none();
    // Wall clocks go on jumping: nothing waits for them.
    world.faults.clock = clock;
    // Queries go on.
    world.faults.reads = 500;
    world.net.mend();
    for backend in &mut world.backends {
        backend.down = false;
        backend.paused_until_ms = 0;
        backend.full_until_ms = 0;
        backend.full_unsaid = false;
        backend.hung_until_ms = 0;
        backend.bytes_per_ms = BYTES_PER_MS;
        for path in &mut backend.paths {
            path.online = true;
        }
    }
    world.journal.full_until_ms = 0;
    world.start_frontend();
    world.part();
    world.names_put_right();
    if lasting {
        operator::set_back(world);
    }
    if world.forgetful {
        operator::add_all(world);
    }
    if lasting && !spared {
        dies_for_good(world);
    }
}

/// In some runs one machine does not come back.
fn dies_for_good(world: &mut World) {
    let Some(catalog) = world.decided() else {
        return;
    };
    let at = world.rng.below(world.backends.len() as u64) as usize;
    let known = catalog.backends.values().filter(|of| catalog.alive(of.id));
    let hosts: BTreeSet<&str> = known.map(|of| of.host.as_str()).collect();
    let held: Vec<_> = world.backends[at].replicas.keys().copied().collect();
    // Nobody knows of it at first: until then a whole copy may make room for one that is on this machine.
    let spared = held
        .iter()
        .all(|tablet| world.can_wipe(&catalog, at, *tablet));
    if spared && hosts.len() > 4 && world.rng.per_mille(600) {
        world.say(format!("machine {at} is gone for good"));
        world.crash_backend(at);
        world.gone = Some(at);
        world.marks.hit("backend lost for good");
    }
}

/// The settings that an operator changes, as they were.
pub fn usual(world: &World, key: &str) -> String {
    let all = Config::settings(&world.config);
    let setting = all.into_iter().find(|setting| setting.key == key);
    setting.expect("a setting").value
}
