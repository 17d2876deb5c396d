//! Processes that are restarted, one after the other or all at once.

use quorate::ids::TabletId;

use crate::client::Fate;
use crate::net::Place;
use crate::setup::Setup;
use crate::world::World;
use crate::{damage, stage, trouble};

/// Everything is restarted at once, and nothing is copied: safe mode waits for reports.
#[test]
fn when_everything_restarts_nothing_is_copied() {
    let mut world = stage::world(Setup::plain(5, 1).table(8, 3));
    world.fill(4);
    world.set("tablet_sched_disable_balance", "true");
    world.run_for(1000);
    world.crash_frontend();
    for at in 0..5 {
        world.kill(at);
    }
    world.run_for(2_000);
    world.start_frontend();
    for at in 0..5 {
        world.run_for(3_000);
        world.revive(at);
    }
    world.run_for(120_000);
    world.mend();
    assert_eq!(world.moves.clones, 0, "all came back as they were");
}

/// A rolling restart that waits until all is healthy loses no load (starrocks-kubernetes-operator#416: the next was
/// stopped while the last was still behind).
#[test]
fn a_rolling_restart_that_waits_fails_no_load() {
    let mut world = stage::world(Setup::plain(4, 1).table(4, 3));
    world.fill(2);
    for at in 0..4 {
        world.kill(at);
        for _ in 0..4 {
            world.start_load();
            world.run_for(2_000);
        }
        world.revive(at);
        world.wait_until_healthy();
    }
    world.mend();
    let failed: Vec<_> = world
        .loads
        .iter()
        .filter(|load| load.fate() != Some(Fate::Acknowledged))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// The same where nobody has missed the backend yet when the wait begins: it is waited for all the same.
#[test]
fn a_quick_rolling_restart_stops_no_second_backend() {
    let mut world = stage::world(Setup::plain(4, 1).table(4, 3));
    for at in 0..4 {
        world.fill(1);
        trouble::crash_for(&mut world, at, 2_500);
        world.wait_until_healthy();
        assert!(!world.backends[at].down, "the wait was over too soon");
    }
    world.mend();
}

/// A backend that missed some loads gets those and no more.
#[test]
fn a_backend_that_missed_loads_gets_only_those() {
    let mut world = stage::world(Setup::plain(3, 1).table(4, 3));
    world.fill(10);
    world.kill(0);
    world.fill(3);
    world.revive(0);
    world.mend();
    let copied = world.healing().counters;
    assert_eq!(copied.full_clones, 0, "{copied:?}");
    assert!(copied.cloned_bytes <= 4 * 3 * (5 << 20), "{copied:?}");
}

/// The frontend is restarted in the middle of copies and removals, at many moments.
#[test]
fn a_frontend_that_restarts_at_any_moment_of_a_repair_loses_nothing() {
    for moment in 0..30 {
        let mut world = stage::world(Setup::plain(4, 1).table(2, 3));
        world.fill(2);
        for backend in &mut world.backends {
            backend.bytes_per_ms = 4000;
        }
        world.kill(0);
        world.run_for(5_000 + moment * 500);
        world.crash_frontend();
        world.run_for(300);
        world.start_frontend();
        world.run_for(20_000);
        world.revive(0);
        world.mend();
    }
}

/// A tablet of one copy, on a machine that is being emptied: steps until the new copy is on its disk, while nothing that its
/// backend says reaches the leader. Gives the old machine and the new one.
fn copied_unheard() -> (World, TabletId, usize, usize) {
    let mut world = stage::world(Setup::plain(4, 1).table(1, 1));
    world.fill(3);
    world.set("tablet_sched_disable_balance", "true");
    let tablet = world.tablets()[0];
    let old = world.homes(tablet)[0];
    world.decommission(old, true);
    let filling =
        |world: &World| (0..4).find(|at| world.backends[*at].clones.contains_key(&tablet));
    let new = loop {
        assert!(world.now_ms < 120_000, "it is never copied");
        world.step();
        if let Some(new) = filling(&world) {
            break new;
        }
    };
    let until = world.now_ms + 1_800;
    world.net.cut(Place::Backend(new), Place::Frontend, until);
    while !world.backends[new].replicas.contains_key(&tablet) {
        world.step();
    }
    assert!(world.now_ms + 300 < until, "the answer is lost");
    (world, tablet, old, new)
}

/// The old machine is lost with its disk, and the new copy is the last.
fn the_new_copy_serves(world: &mut World, (tablet, old, new): (TabletId, usize, usize)) {
    damage::wipe(world, old, 0);
    world.kill(old);
    world.gone = Some(old);
    world.run_for(30_000);
    assert_eq!(world.homes(tablet), [new]);
    assert_eq!(world.backends[new].replicas.len(), 1, "it is still there");
    assert!(!world.status(tablet).unhealthy(), "and can be read");
    world.fill(1);
}

/// The frontend is restarted as a copy has ended, and what it was copied from is lost: the copy is the last one, and is taken
/// into use though nobody waits for it any more.
#[test]
fn a_copy_that_an_earlier_leadership_made_is_kept_where_it_is_the_last() {
    let (mut world, tablet, old, new) = copied_unheard();
    world.crash_frontend();
    world.run_for(300);
    world.start_frontend();
    the_new_copy_serves(&mut world, (tablet, old, new));
}

/// The same without a restart, where the answer is lost and the copy is given up as its source dies.
#[test]
fn a_copy_that_was_given_up_is_kept_where_it_is_the_last() {
    let (mut world, tablet, old, new) = copied_unheard();
    let until = world.now_ms + 1_500;
    world.net.cut(Place::Backend(new), Place::Frontend, until);
    the_new_copy_serves(&mut world, (tablet, old, new));
}
