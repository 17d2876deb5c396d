//! Processes that are restarted, one after the other or all at once.

use crate::client::Fate;
use crate::setup::Setup;
use crate::{stage, trouble};

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
