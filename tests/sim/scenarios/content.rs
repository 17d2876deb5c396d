//! Files that are lost or wrong, and rows that differ.

use quorate::catalog::check::Verdict;
use quorate::ids::TabletId;
use quorate::leader::request::{HealRequest, Request};
use quorate::tablet::health::TabletStatus;

use crate::backend::File;
use crate::net::Place;
use crate::setup::Setup;
use crate::world::World;
use crate::{damage, operator, stage};

fn three() -> World {
    let mut world = stage::world(Setup::plain(4, 1).table(3, 3));
    world.fill(3);
    // Nobody reads, so nothing is found by chance.
    world.faults.reads = 0;
    world
}

fn check(world: &mut World) {
    let tablets = world.tablets();
    operator::ask(world, Request::Heal(HealRequest::CheckTablets(tablets)));
}

/// Whether every copy of a tablet holds the rows that were loaded.
fn unaltered(world: &World, tablet: TabletId) -> bool {
    let held = world.backends.iter();
    let held = held.filter_map(|of| of.replicas.get(&tablet));
    held.flat_map(|of| of.published.values())
        .all(|of| of.salt == 0)
}

/// A check of content that gets no answer is a state of its own, and is made again without being asked for (StarRocks#79398:
/// it was stored as consistent and never retried). The one that does not answer is the one that differs.
#[test]
fn a_check_that_timed_out_is_not_agreement() {
    let mut setup = Setup::plain(4, 1).table(1, 3);
    // The model's clock begins at 22:13 UTC: checks run in the background.
    setup.config.consistency_check_start_time = 22;
    let mut world = stage::world(setup);
    world.fill(3);
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[1];
    assert!(damage::alter(&mut world, at, tablet));
    world.backends[at].digests_take_ms = 600_000;
    check(&mut world);
    world.run_for(30_000);
    let last = world.catalog().checks.get(&tablet).map(|of| of.verdict);
    assert_eq!(last, Some(Verdict::TimedOut), "two of three are not all");
    world.backends[at].digests_take_ms = 0;
    world.run_until(300_000, "the altered rows are outvoted", |world| {
        unaltered(world, tablet)
    });
    world.mend();
}

/// A replica whose checksum fails is bad, and is filled anew (StarRocks#63790: a failed checksum was no badness).
#[test]
fn a_flipped_byte_is_found_by_the_digest_and_repaired() {
    let mut world = three();
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[1];
    assert!(damage::spoil(&mut world, at, tablet, File::Flipped));
    check(&mut world);
    world.mend();
    assert!(world.moves.clones > 0);
}

/// Contents differ and every status is OK: found, shown and repaired by majority (doris#13510: repair refused).
#[test]
fn altered_rows_are_outvoted_and_repaired() {
    let mut world = three();
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[2];
    assert!(damage::alter(&mut world, at, tablet));
    check(&mut world);
    world.mend();
    assert!(unaltered(&world, tablet), "the altered rows are gone");
}

/// Rows of one of three copies are altered, and a lost one is made anew from it; gives the only copy that is right.
fn copied_from_the_altered(restarted: bool) -> (World, usize) {
    let mut world = stage::world(Setup::plain(4, 1).table(1, 3));
    world.fill(3);
    world.faults.reads = 0;
    let tablet = world.tablets()[0];
    let [altered, right, lost] = world.homes(tablet)[..] else {
        panic!("it has three replicas");
    };
    let new = 6 - altered - right - lost;
    assert!(damage::alter(&mut world, altered, tablet));
    let source = world.backends[altered].replicas[&tablet].id;
    let (from, to) = (Place::Backend(new), Place::Backend(right));
    world.net.cut(from, to, u64::MAX);
    world.kill(lost);
    let copies = |world: &World| {
        let job = world.backends[new].clones.get(&tablet);
        job.is_some_and(|job| job.request.source_replica == source)
    };
    while !copies(&world) {
        assert!(world.now_ms < 300_000, "nothing is copied from it");
        world.step();
    }
    if restarted {
        let until = world.now_ms + 2_000;
        world.net.cut(from, Place::Frontend, until);
        while !world.backends[new].replicas.contains_key(&tablet) {
            world.step();
        }
        assert!(world.now_ms < until, "its answer is lost");
        world.crash_frontend();
        world.run_for(300);
        world.start_frontend();
    }
    world.run_until(60_000, "the copy is in use", |world| {
        !world.homes(tablet).contains(&lost) && world.status(tablet) == TabletStatus::Healthy
    });
    world.net.mend();
    (world, right)
}

/// The copy of a wrong one is as wrong: the two do not outvote the third, which alone is right.
#[test]
fn a_copy_of_altered_rows_is_no_second_witness() {
    for restarted in [false, true] {
        let (mut world, right) = copied_from_the_altered(restarted);
        let (tablet, copies) = (world.tablets()[0], world.moves.clones);
        check(&mut world);
        world.run_for(60_000);
        let last = world.catalog().checks.get(&tablet).map(|of| of.verdict);
        assert_eq!(last, Some(Verdict::Differs));
        assert_eq!(
            world.moves.clones, copies,
            "nothing is copied over any of them"
        );
        let held = world.backends[right].replicas[&tablet].published.values();
        assert!(
            held.into_iter().all(|of| of.salt == 0),
            "the right rows stay"
        );
    }
}

/// Three contents, no majority: shown, and not touched.
#[test]
fn contents_that_all_differ_are_shown_and_left_alone() {
    let mut world = three();
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    for at in &homes[..2] {
        assert!(damage::alter(&mut world, *at, tablet));
    }
    check(&mut world);
    world.run_for(60_000);
    let check = world
        .catalog()
        .checks
        .get(&tablet)
        .cloned()
        .expect("it was checked");
    assert_eq!(check.verdict, Verdict::Differs);
    assert_eq!(world.moves.clones, 0, "nothing is copied over any of them");
    assert_eq!(world.homes(tablet), homes);
}

/// The metadata is fine and the file is gone (doris#10720, StarRocks#1509, #67419).
#[test]
fn a_lost_segment_is_found_by_the_check_and_repaired() {
    let mut world = three();
    let tablet = world.tablets()[0];
    for at in &world.homes(tablet)[..2] {
        assert!(damage::spoil(&mut world, *at, tablet, File::Lost));
    }
    let request = operator::check_segments(&mut world, true);
    operator::ask(&mut world, request);
    world.mend();
}

/// With no other copy the check sets nothing bad, and nothing is dropped.
#[test]
fn the_only_copy_is_kept_though_its_segment_is_lost() {
    let mut world = stage::world(Setup::plain(3, 1).table(3, 1));
    world.fill(3);
    world.all_lost = true;
    world.faults.reads = 0;
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[0];
    assert!(damage::spoil(&mut world, at, tablet, File::Lost));
    let request = operator::check_segments(&mut world, true);
    operator::ask(&mut world, request);
    world.run_for(60_000);
    assert!(
        !world.backends[at].replicas[&tablet].bad,
        "kept, and said so"
    );
    assert!(world.backends[at].trash.is_empty());
    assert_eq!(world.homes(tablet), [at]);
}

/// A repair of content that is asked for while loads run all the time is not forgotten, and does not wait until they end
/// (Influx anti-entropy: silently ignored).
#[test]
fn a_repair_that_is_asked_for_while_loads_run_is_done() {
    let mut world = three();
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[0];
    assert!(damage::alter(&mut world, at, tablet));
    // Each load takes some tenths of a second, so that there is always one.
    world.faults.disk_ms = 300;
    for time in 0..600 {
        world.start_load();
        world.run_for(100);
        if time == 10 {
            let tablets = vec![tablet];
            operator::ask(
                &mut world,
                Request::Heal(HealRequest::RepairTablets { tablets, on: true }),
            );
        }
        if unaltered(&world, tablet) {
            break;
        }
    }
    assert!(unaltered(&world, tablet), "the replica is as the others");
    world.faults.disk_ms = 2;
    world.mend();
}
