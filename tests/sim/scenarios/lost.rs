//! Copies that are lost, some or all: what is left is kept.

use std::collections::BTreeMap;

use quorate::leader::action::BackendRequest;
use quorate::leader::request::{HealRequest, Request};
use quorate::tablet::health::TabletStatus;

use crate::backend::File;
use crate::setup::Setup;
use crate::world::World;
use crate::{damage, invariants, operator, stage};

/// Every copy of everything is lost for the time being: nothing is dropped, it is shown, and all is well when the
/// backends are back (StarRocks PR#33071: the leader crashed).
#[test]
fn when_all_copies_are_away_nothing_is_dropped() {
    let mut world = stage::world(Setup::plain(5, 1).table(4, 2));
    world.fill(3);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    for at in &homes {
        world.kill(*at);
    }
    world.run_for(120_000);
    assert_eq!(world.homes(tablet), homes, "both replicas are still wanted");
    assert!(world.status(tablet).unhealthy());
    // Balance may move what is whole; what is lost rests where it is.
    let mut trash = world.backends.iter().flat_map(|backend| &backend.trash);
    assert!(trash.all(|(dropped, _)| *dropped != tablet));
    for at in homes {
        world.revive(at);
    }
    world.mend();
}

/// A single copy on a backend that is gone: shown for good, and in nobody's way.
#[test]
fn a_tablet_without_any_copy_is_shown_and_starves_nobody() {
    let mut world = stage::world(Setup::plain(5, 1).table(6, 1));
    world.fill(2);
    world.all_lost = true;
    world.set("tablet_sched_max_scheduling_tablets", "2");
    let ask = crate::setup::create_table("u", quorate::catalog::table::WriteQuorum::Majority, 6, 3);
    crate::operator::ask(&mut world, ask);
    world.run_until(20_000, "the table exists", |world| {
        world.tables().len() == 2
    });
    let lost = world.tablets()[0];
    let at = world.homes(lost)[0];
    world.kill(at);
    world.run_for(10_000);
    assert_eq!(world.status(lost), TabletStatus::ReplicaMissing);
    let whole = |world: &World| {
        let catalog = world.catalog();
        let table = catalog.table("d", "u").expect("it exists").clone();
        let tablets: Vec<_> = catalog
            .partitions_of(&table)
            .flat_map(|of| of.tablets.clone())
            .collect();
        tablets
            .iter()
            .all(|tablet| world.status(*tablet) == TabletStatus::Healthy)
    };
    world.run_until(200_000, "the other table is whole again", whole);
    assert_eq!(world.status(lost), TabletStatus::ReplicaMissing);
    assert_eq!(world.homes(lost), [at], "its place is kept");
}

/// When there is one too many, dead copies do not count for those that are kept (cockroach#155734).
#[test]
fn the_dead_copy_goes_and_not_a_living_one() {
    let mut world = stage::world(Setup::plain(4, 1).table(2, 3));
    world.fill(3);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    world.kill(homes[0]);
    world.run_until(90_000, "a new copy is there", |world| {
        !world.homes(tablet).contains(&homes[0])
    });
    let now = world.homes(tablet);
    assert!(
        homes[1..].iter().all(|at| now.contains(at)),
        "{homes:?} became {now:?}"
    );
    world.revive(homes[0]);
    world.mend();
}

/// A wrong disk is mounted and later the right one again (doris#10720: files were trashed and metadata looked fine).
fn a_wrong_disk_and_then_the_right_one(replicas: u16) -> World {
    let mut world = stage::world(Setup::plain(3, 1).table(4, replicas));
    world.fill(3);
    world.set("tablet_sched_disable_balance", "true");
    world.all_lost = replicas == 1;
    world.kill(1);
    let right = world.change_disks(1, BTreeMap::new());
    assert!(!right.is_empty());
    world.revive(1);
    world.run_for(60_000);
    world.kill(1);
    world.change_disks(1, right);
    world.revive(1);
    world.mend();
    world.all_lost = false;
    invariants::always(&mut world);
    world
}

/// What was made anew meanwhile has another name: what is on the right disk is not taken for it, and goes.
#[test]
fn the_right_disk_comes_back_after_a_wrong_one() {
    let world = a_wrong_disk_and_then_the_right_one(3);
    assert!(world.moves.clones > 0);
}

/// What nobody else had is as it was when the right disk is back.
#[test]
fn the_only_copies_are_there_again_with_the_right_disk() {
    let world = a_wrong_disk_and_then_the_right_one(1);
    assert_eq!(world.moves.clones, 0);
    assert!(world.backends[1].trash.is_empty());
}

/// Storage paths that are wiped under a running backend are filled anew.
#[test]
fn a_wiped_path_is_filled_anew() {
    let mut world = stage::world(Setup::plain(3, 2).table(6, 3));
    world.fill(3);
    let lost: usize = world.backends[0]
        .replicas
        .values()
        .filter(|held| held.path == 0)
        .count();
    damage::wipe(&mut world, 0, 0);
    world.mend();
    assert_eq!(
        world.moves.clones, lost as u64,
        "one copy for each that was lost"
    );
}

/// An operator says that a whole copy is bad while the only other one is away, and the third has lost a file that nobody has
/// missed yet: the bad one makes room, and everything is there again when the backend is back.
#[test]
fn what_the_operator_condemns_may_go_while_another_copy_is_away() {
    let mut world = stage::world(Setup::plain(3, 1).table(1, 3));
    world.fill(3);
    let tablet = world.tablets()[0];
    world.kill(1);
    world.run_for(20_000);
    assert!(damage::spoil(&mut world, 2, tablet, File::Lost));
    let catalog = world.catalog();
    let view = catalog.tablets.view(tablet).expect("it exists");
    let of = view.on(world.ids[0]).expect("a replica");
    let (backend, bad) = (of.backend, true);
    let condemn = Request::Heal(HealRequest::SetReplicaStatus {
        tablet,
        backend,
        bad,
        force: true,
    });
    operator::ask(&mut world, condemn);
    world.run_until(60_000, "it has made room", |world| {
        world.removed.contains(&of.id)
    });
    world.revive(1);
    world.mend();
}

/// A replica is brought forward, and its backend finds that what it holds is damaged: it puts a whole copy in its place. A load
/// that it had written beyond that copy is damaged as well and goes with the rest, though readers have seen it by then: the
/// replica is no further than its copy.
#[test]
fn a_replica_that_is_filled_anew_is_no_further_than_its_copy() {
    let mut world = stage::world(Setup::plain(3, 1).table(1, 3));
    world.fill(2);
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[0];
    world.backends[at].full_until_ms = u64::MAX;
    world.fill(1);
    for backend in &mut world.backends {
        backend.bytes_per_ms = 2_000;
    }
    world.backends[at].full_until_ms = 0;
    let called = |world: &World| {
        let mut calls = world.calls.values();
        calls.any(|call| matches!(call, BackendRequest::Clone(_)))
    };
    while !called(&world) {
        assert!(world.now_ms < 300_000, "it is not brought forward");
        world.step();
    }
    world.faults.stale_report = 1_000;
    lose(&mut world, at, 2);
    let asks = |world: &World| {
        let job = world.backends[at].clones.get(&tablet);
        job.is_some_and(|job| job.asks.is_some())
    };
    while !asks(&world) {
        world.step();
    }
    world.fill(1);
    assert!(world.backends[at].clones.contains_key(&tablet));
    lose(&mut world, at, 5);
    world.run_until(20_000, "it is filled anew", |world| {
        let held = &world.backends[at].replicas[&tablet];
        !held.damaged() && held.version() == 4
    });
    world.faults.stale_report = 0;
    world.mend();
}

/// The file of one version of the only tablet is gone; its backend knows, and does not tell of it by itself.
fn lose(world: &mut World, at: usize, version: i64) {
    let tablet = world.tablets()[0];
    let held = world.backends[at].replicas.get_mut(&tablet);
    let held = held.expect("a replica");
    held.bad = true;
    let of = held.published.get_mut(&version);
    of.expect("it holds the version").file = File::Lost;
}
