//! Tablets that move: there and back again, and between many.

use crate::setup::Setup;
use crate::stage;

/// A tablet moves from A to B and back to A, and the order to drop the first replica on A arrives only then
/// (StarRocks PR#29530, doris#9886: the replica was lost).
fn moves_there_and_back(careless: bool) {
    let mut world = stage::world(Setup::plain(4, 1).table(2, 3));
    for backend in &mut world.backends {
        backend.careless = careless;
    }
    world.fill(3);
    let tablet = world.tablets()[0];
    let first = world.homes(tablet)[0];
    world.set("drop_backend_after_decommission", "false");
    world.faults.late_drop_ms = 120_000;
    world.decommission(first, true);
    world.run_until(60_000, "the tablet has left", |world| {
        !world.homes(tablet).contains(&first)
    });
    world.decommission(first, false);
    // Another one is emptied: the tablet can only go back.
    let second = world.homes(tablet)[0];
    world.decommission(second, true);
    world.run_until(90_000, "the tablet is back", |world| {
        world.homes(tablet).contains(&first)
    });
    world.run_for(150_000);
    world.faults.late_drop_ms = 0;
    world.mend();
}

#[test]
fn a_late_drop_does_not_hit_the_replica_that_came_back() {
    moves_there_and_back(false);
}

#[test]
#[should_panic(expected = "nothing has destroyed")]
fn a_backend_that_drops_without_looking_at_the_replica_is_found_out() {
    moves_there_and_back(true);
}

/// Balance from a skewed start comes to an end, however many may be moved at once, and no tablet is moved twice
/// (yugabyte#4412: moves and undone moves).
#[test]
fn balance_moves_no_tablet_twice_and_comes_to_an_end() {
    let mut world = stage::world(Setup::plain(3, 2).spare(2).table(12, 3));
    world.fill(6);
    world.set("tablet_sched_slot_num_per_path", "16");
    for at in [3, 4] {
        let backends = vec![crate::setup::address_of(at, 1)];
        crate::operator::ask(
            &mut world,
            quorate::leader::request::Request::AddBackends(backends),
        );
    }
    world.run_for(600_000);
    let moves = world.moves.clones;
    let held = |at: usize| world.backends[at].replicas.len();
    let counts: Vec<usize> = (0..5).map(held).collect();
    assert!(moves > 0 && moves <= 18, "{moves} moves to {counts:?}");
    assert!(counts[3..].iter().all(|count| *count >= 3), "{counts:?}");
    world.run_for(300_000);
    assert_eq!(world.moves.clones, moves, "a steady cluster moves nothing");
    world.mend();
}

/// The tablet that would be moved first can't be copied: others are moved all the same, though only one at a time is
/// (yugabyte#5687, #22319: the balancer was stuck on it).
#[test]
fn a_tablet_that_cannot_be_moved_does_not_keep_others_from_it() {
    let mut world = stage::world(Setup::plain(3, 1).spare(1).table(12, 3));
    world.fill(6);
    world.set("tablet_sched_max_balancing_tablets", "1");
    // The largest: every load has rows in it.
    let stuck = world.tablets()[0];
    world.backends[3].cannot_fill.insert(stuck);
    let backends = vec![crate::setup::address_of(3, 1)];
    crate::operator::ask(
        &mut world,
        quorate::leader::request::Request::AddBackends(backends),
    );
    world.run_until(600_000, "the new backend has its share", |world| {
        world.backends[3].replicas.len() >= 6
    });
    world.backends[3].cannot_fill.clear();
    world.mend();
}
