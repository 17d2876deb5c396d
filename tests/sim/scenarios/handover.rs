//! Copies that are handed over from one backend to another while loads go on: no load hears that too few can be written.

use quorate::catalog::table::WriteQuorum;
use quorate::leader::request::{Property, Request};

use crate::client::Fate;
use crate::operator;
use crate::rng::Rng;
use crate::setup::Setup;
use crate::stage;
use crate::world::World;

const QUORUMS: [WriteQuorum; 3] = [WriteQuorum::One, WriteQuorum::Majority, WriteQuorum::All];

/// Milliseconds between two loads: one at a time, some that overlap, many.
const CADENCES: [u64; 3] = [1_000, 400, 200];

/// Loads that begin so often and overlap, until something holds.
fn loads_until(world: &mut World, every_ms: u64, what: &str, holds: impl Fn(&World) -> bool) {
    let end = world.now_ms + 150_000;
    while !holds(world) {
        assert!(world.now_ms < end, "not within 150 s of loads: {what}");
        world.start_load();
        world.run_for(every_ms);
    }
}

/// The same, and then everything is whole; no load has heard that too few replicas can be written, and each has its answer soon.
fn under_loads(world: &mut World, every_ms: u64, what: &str, holds: impl Fn(&World) -> bool) {
    loads_until(world, every_ms, what, holds);
    world.run_for(4_000);
    for load in &world.loads {
        assert_eq!(load.fate(), Some(Fate::Acknowledged), "load {}", load.no);
        assert_eq!(load.short, 0, "load {} was refused", load.no);
    }
    world.mend();
}

/// A world whose nodes take their time, so that loads, copies and removals meet in many ways.
fn world(mut setup: Setup, seed: u64) -> World {
    for path in setup.machines.iter_mut().flatten() {
        path.total = 64 << 30;
    }
    let mut world = stage::world(setup);
    world.rng = Rng::new(seed);
    world.faults.delay_ms = 40;
    world.faults.disk_ms = 20;
    world.faults.journal_ms = 60;
    world.fill(3);
    for backend in &mut world.backends {
        backend.bytes_per_ms = 100_000;
    }
    world
}

/// Each quorum and each cadence, on `setup` with so many copies.
fn each(setup: &Setup, (buckets, replicas): (u32, u16), hand_over: impl Fn(&mut World, u64)) {
    let quorums = QUORUMS.into_iter().enumerate();
    for (at, quorum) in quorums {
        for (seed, every_ms) in CADENCES.into_iter().enumerate() {
            let mut setup = setup.clone();
            setup.tables = vec![("t", quorum, buckets, replicas)];
            let mut world = world(setup, (10 * at + seed) as u64);
            hand_over(&mut world, every_ms);
        }
    }
}

/// A backend is emptied, and gone.
fn empty(world: &mut World, every_ms: u64, at: usize) {
    world.decommission(at, true);
    under_loads(world, every_ms, "it is emptied and gone", |world| {
        !world.joined(at)
    });
}

/// A copy leaves for another backend of its host, the only legal place: the end comes, and no load fails for it.
#[test]
fn a_backend_is_emptied_beside_another_of_its_host() {
    let setup = Setup::plain(6, 1).per_host(2);
    each(&setup, (6, 3), |world, every_ms| empty(world, every_ms, 0));
}

/// All on one machine, as in every trial, with one copy of each tablet and with several.
#[test]
fn a_backend_is_emptied_where_all_are_on_one_host() {
    for replicas in 1..=3 {
        let setup = Setup::plain(4, 1).per_host(4);
        each(&setup, (6, replicas), |world, every_ms| {
            empty(world, every_ms, 0)
        });
    }
}

/// Each backend on a host of its own.
#[test]
fn a_backend_is_emptied_where_each_has_a_host() {
    for replicas in 1..=3 {
        each(&Setup::plain(4, 1), (6, replicas), |world, every_ms| {
            empty(world, every_ms, 0)
        });
    }
}

/// Two at once, one of them beside a backend that stays.
#[test]
fn two_backends_are_emptied_at_once() {
    let setup = Setup::plain(6, 1).per_host(2);
    each(&setup, (6, 2), |world, every_ms| {
        world.decommission(0, true);
        empty(world, every_ms, 2);
        world.run_until(60_000, "the other is gone, too", |world| !world.joined(0));
    });
}

/// One that is being emptied stays after all, and then another goes.
#[test]
fn a_backend_that_is_half_empty_stays() {
    let setup = Setup::plain(5, 1).per_host(2);
    each(&setup, (16, 2), |world, every_ms| {
        world.decommission(0, true);
        let left = world.backends[0].replicas.len();
        loads_until(world, every_ms, "some have left", |world| {
            world.backends[0].replicas.len() < left
        });
        world.decommission(0, false);
        empty(world, every_ms, 1);
        assert!(world.joined(0));
    });
}

/// Fewer copies are wanted.
#[test]
fn copies_that_are_too_many_go() {
    each(&Setup::plain(4, 1), (6, 3), |world, every_ms| {
        let few = Request::AlterProperty {
            db: "d".to_owned(),
            name: "t".to_owned(),
            partitions: Vec::new(),
            property: Property::ReplicationNum(1),
        };
        operator::ask(world, few);
        let tablets = world.tablets();
        under_loads(world, every_ms, "one is left of each", |world| {
            let mut all = tablets.iter();
            all.all(|tablet| world.homes(*tablet).len() == 1)
        });
    });
}
