//! Tasks that fail, are slow, or can't be carried out.

use std::collections::BTreeSet;

use quorate::catalog::table::WriteQuorum;
use quorate::leader::action::BackendRequest;
use quorate::tablet::health::TabletStatus;

use crate::net::Place;
use crate::setup::{Setup, create_table};
use crate::world::World;
use crate::{invariants, operator, stage};

fn three_of_four(buckets: u32) -> World {
    let mut world = stage::world(Setup::plain(4, 1).table(buckets, 3));
    world.fill(4);
    world
}

/// No copy of any tablet succeeds, or all do again.
fn set_copies_fail(world: &mut World, fail: bool) {
    let tablets: BTreeSet<_> = world.tablets().into_iter().filter(|_| fail).collect();
    for backend in &mut world.backends {
        backend.cannot_fill.clone_from(&tablets);
    }
}

/// A copy that failed on its backend ends, and the next one succeeds, however many have failed (doris PR#26397: RUNNING for
/// ever; StarRocks#5403: could never be queued again).
#[test]
fn a_copy_that_fails_is_tried_again() {
    let mut world = three_of_four(2);
    set_copies_fail(&mut world, true);
    world.kill(0);
    world.run_for(90_000);
    assert!(world.healing().counters.cancelled > 0, "some were given up");
    set_copies_fail(&mut world, false);
    let tablets = world.tablets();
    world.run_until(30_000, "all is healthy", |world| {
        let mut all = tablets.iter();
        all.all(|tablet| world.status(*tablet) == TabletStatus::Healthy)
    });
    world.revive(0);
    world.mend();
}

/// The destination dies in the middle of a copy, again and again.
#[test]
fn a_destination_that_dies_does_not_keep_its_task() {
    let mut world = three_of_four(2);
    for backend in &mut world.backends {
        backend.bytes_per_ms = 1000;
    }
    world.kill(0);
    for _ in 0..5 {
        world.run_for(6_000);
        let filling = world.backends.iter().position(|of| !of.clones.is_empty());
        if let Some(at) = filling {
            world.kill(at);
            world.run_for(5_000);
            world.revive(at);
        }
    }
    world.revive(0);
    world.mend();
}

/// The source is cut off from the destination in the middle: another one is taken.
#[test]
fn another_source_is_taken_when_one_is_cut_off() {
    let mut world = three_of_four(1);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    let spare = (0..4)
        .find(|at| !homes.contains(at))
        .expect("three of four");
    world.kill(homes[0]);
    let until = world.now_ms + 10_000_000;
    world
        .net
        .cut(Place::Backend(spare), Place::Backend(homes[1]), until);
    world.run_until(200_000, "the tablet has a new home", |world| {
        world.homes(tablet).contains(&spare) && !world.homes(tablet).contains(&homes[0])
    });
    world.net.mend();
    world.revive(homes[0]);
    world.mend();
}

/// A tablet that takes longer than the least time-out is copied once and whole (tikv/pd#4136: an operator timed out before a
/// big one was done).
#[test]
fn a_big_tablet_has_the_time_that_it_needs() {
    let mut world = stage::world(Setup::plain(4, 1).table(1, 3));
    // 60 loads of 3 MiB on average: 180 MiB, 35 s at 5 MiB a second; the least time-out is 20 s.
    world.fill(60);
    for backend in &mut world.backends {
        backend.bytes_per_ms = 6 << 10;
    }
    let tablet = world.tablets()[0];
    let first = world.homes(tablet)[0];
    world.kill(first);
    world.run_until(120_000, "the tablet has left", |world| {
        !world.homes(tablet).contains(&first)
    });
    assert_eq!(world.moves.clones, 1, "copied once");
    world.revive(first);
    world.mend();
}

/// What can't be repaired is not tried without pause (StarRocks PR#20785).
#[test]
fn what_cannot_be_repaired_is_left_in_peace() {
    let mut world = three_of_four(1);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    set_copies_fail(&mut world, true);
    world.kill(homes[0]);
    world.run_for(240_000);
    let copies = world.moves.clones;
    assert!(
        (5..100).contains(&copies),
        "{copies} copies in four minutes"
    );
    set_copies_fail(&mut world, false);
    world.revive(homes[0]);
    world.mend();
}

/// Empty tablets are repaired like any other, and then left alone (influxdb#21273: an endless loop on an empty one).
#[test]
fn an_empty_tablet_is_repaired_once() {
    let mut world = stage::world(Setup::plain(4, 1).table(3, 3));
    let lost = world.backends[0].replicas.len() as u64;
    world.kill(0);
    world.run_for(120_000);
    assert_eq!(world.moves.clones, lost);
    world.revive(0);
    world.mend();
}

/// More tablets are lost than one round of the scheduler tries, all of them more urgent than a backend that is to be emptied,
/// and new ones come all the time: it is emptied all the same (StarRocks PR#21647: the less urgent starved).
#[test]
fn urgent_ones_that_cannot_be_repaired_do_not_starve_others() {
    let mut setup = Setup::plain(5, 1).table(4, 3);
    setup.tables.push(("single", WriteQuorum::Majority, 300, 1));
    let mut world = stage::world(setup);
    world.fill(2);
    world.all_lost = true;
    world.kill(4);
    world.run_for(30_000);
    assert!(world.healing().pending.len() > 50, "many wait");
    world.decommission(0, true);
    for at in 0..30 {
        let name = format!("new{at}");
        let ask = create_table(&name, WriteQuorum::Majority, 4, 1);
        operator::ask(&mut world, ask);
        world.run_for(3_000);
        let Some(tablet) = world.tablets().last().copied() else {
            continue;
        };
        // Its only copy is lost at once.
        let home = world.homes(tablet)[0];
        if let Some(held) = world.backends[home].take(tablet) {
            world.destroyed.insert(held.id);
        }
    }
    world.run_until(60_000, "the backend is removed", |world| !world.joined(0));
}

/// The frontend's clock jumps after a copy was decided and before its record is durable: the copy goes on.
#[test]
fn a_clock_that_jumps_as_a_copy_begins_harms_nobody() {
    let mut world = three_of_four(1);
    let tablet = world.tablets()[0];
    let first = world.homes(tablet)[0];
    world.kill(first);
    let asked = |world: &World| {
        let mut calls = world.calls.values();
        calls.any(|call| matches!(call, BackendRequest::Clone(_)))
    };
    while world.healing().running.is_empty() {
        assert!(world.now_ms < 300_000, "no copy is decided");
        world.step();
    }
    assert!(!asked(&world), "its record is not durable yet");
    world.skew_ms += 5 * 86_400_000;
    invariants::always(&mut world);
    world.run_until(60_000, "the copy is made", |world| {
        !world.homes(tablet).contains(&first)
    });
    world.revive(first);
    world.mend();
}
