//! What happens to a model cluster, and what is measured: a backend is lost; empty backends are added.

use quorate::catalog::table::Medium;
use quorate::config::{Balancer, Config};
use quorate::ids::BackendId;

use super::build::Shape;
use super::world::{MIB, World};

/// Bytes a second of each clone.
pub const RATE: u64 = 50 * MIB;

/// What the loss of a backend led to.
#[derive(Debug, Clone, Copy)]
pub struct Loss {
    /// Replicas that were lost.
    pub replicas: u64,
    /// Seconds until heartbeats had failed often enough and the tablets were unhealthy.
    pub noticed: f64,
    /// Seconds from then until the first clone began.
    pub waited: f64,
    /// Seconds from then until every tablet was healthy.
    pub copied: f64,
    /// Seconds that copying takes if every slot is in use all the time.
    pub bound: f64,
    /// Clones at once, at most, and how many there are slots for.
    pub clones: (usize, usize),
    /// Replicas made, and moves for balance.
    pub made: (u64, u64),
}

/// What it took to even out loads.
#[derive(Debug, Clone)]
pub struct Levelling {
    /// Moves.
    pub moves: u64,
    /// Moves that would be needed if all tablets were of the mean size, and if all that are moved were of the largest.
    pub needed: (u64, u64),
    /// Seconds until the last move was done.
    pub seconds: f64,
    /// By second: least score, greatest score, moves so far.
    pub course: Vec<(f64, f64, f64, u64)>,
    /// Moves in twenty minutes after that.
    pub afterwards: u64,
}

/// The settings of a frontend, with a limit of bytes a second, so that clones take the time that their bytes need.
pub fn config() -> Config {
    Config {
        clone_bytes_per_second: RATE,
        // The seed's rule is what is measured.
        tablet_sched_balancer_strategy: Balancer::BeLoadScore,
        ..Config::default()
    }
}

/// One backend of a cluster at rest is lost.
pub fn lose_one(world: &mut World, shape: Shape) -> Loss {
    world.run(130_000, |_| true);
    let before = world.counters();
    assert_eq!(world.unhealthy(), 0);
    assert_eq!(
        (before.full_clones, before.moves),
        (0, 0),
        "nothing was the matter"
    );
    let victim = BackendId(10_001 + shape.backends / 2);
    let (replicas, bytes) = world.kill(victim);
    let killed = world.now;
    world.run(killed + 600_000, |world| world.unhealthy() == 0);
    let noticed = world.now;
    world.run(noticed + 600_000, |world| world.most_clones == 0);
    let began = world.now;
    world.run(began + 36_000_000, |world| world.unhealthy() > 0);
    let healthy = world.now;
    // Whatever is still to come: nothing may.
    world.run(healthy + 300_000, |_| true);
    let after = world.counters();
    let seconds = |from: i64, to: i64| (to - from) as f64 / 1000.0;
    // Each clone holds a slot at both of its ends.
    let slots = (shape.backends - 1) * world.core.config().tablet_sched_slot_num_per_path / 2;
    Loss {
        replicas,
        noticed: seconds(killed, noticed),
        waited: seconds(noticed, began),
        copied: seconds(began, healthy),
        bound: bytes as f64 / (slots * RATE) as f64,
        clones: (world.most_clones, slots as usize),
        made: (after.full_clones, after.moves),
    }
}

/// As many empty backends are added as there are, and loads are evened out.
pub fn level(world: &mut World, shape: Shape) -> Levelling {
    world.run(130_000, |_| true);
    assert_eq!(world.counters().moves, 0, "it is level");
    world.add_backends(shape.backends);
    let added = world.now;
    let mut last = added;
    let mut course = Vec::new();
    let (mut moves, mut shown) = (0, 0);
    world.run(added + 360_000_000, |world| {
        let now = world.counters().moves;
        let busy = now > moves || !world.core.healing().running.is_empty();
        if busy {
            (moves, last) = (now, world.now);
        }
        if world.now >= shown {
            shown = world.now + 60_000;
            course.extend(point(world, added));
        }
        world.now - last < 240_000 || world.now - added < 300_000
    });
    let seconds = (last - added) as f64 / 1000.0;
    course.extend(point(world, added));
    let moves = world.counters().moves;
    world.run(world.now + 1_200_000, |_| true);
    Levelling {
        moves,
        needed: needed_moves(world, shape),
        seconds,
        course,
        afterwards: world.counters().moves - moves,
    }
}

/// Moves until the new backends are within the threshold of the mean. Bytes and replicas count alike, so a tablet that is
/// half as large again as the mean does for one and a quarter.
fn needed_moves(world: &World, shape: Shape) -> (u64, u64) {
    let mean = 3.0 * shape.tablets as f64 / (2.0 * shape.backends as f64);
    let threshold = world
        .core
        .config()
        .tablet_sched_balance_load_score_threshold;
    let of_each = |tablet: f64| (mean * (1.0 - threshold) / tablet).ceil() as u64;
    (
        of_each(1.0) * shape.backends,
        of_each(1.25) * shape.backends,
    )
}

fn point(world: &World, since: i64) -> Option<(f64, f64, f64, u64)> {
    let healing = world.core.healing();
    let medium = healing.load.mediums.get(&Medium::Hdd)?;
    let scores = || medium.backends.values().map(|of| of.score);
    let seconds = (world.now - since) as f64 / 1000.0;
    let (least, most) = (
        scores().fold(f64::MAX, f64::min),
        scores().fold(0.0, f64::max),
    );
    Some((seconds, least, most, healing.counters.moves))
}
