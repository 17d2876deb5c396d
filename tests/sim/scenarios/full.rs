//! Disks without room: their replicas are made anew where there is some.

use crate::client::Fate;
use crate::invariants::all_healthy;
use crate::setup::Setup;
use crate::stage;

/// Far beyond the end.
const FOR_GOOD: u64 = u64::MAX / 2;

/// The disk under one replica fills up, and loads go on. Another backend has room: every tablet is whole again while the disk is
/// full, and stays so when it has room.
#[test]
fn what_is_behind_on_a_full_disk_is_made_anew_on_another() {
    let mut world = stage::world(Setup::plain(4, 1).table(2, 3));
    world.fill(2);
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[0];
    world.backends[at].full_until_ms = FOR_GOOD;
    world.fill(1);
    world.run_until(120_000, "every tablet is whole elsewhere", |world| {
        all_healthy::why_not(world).is_none() && !world.homes(tablet).contains(&at)
    });
    world.fill(1);
    assert_eq!(all_healthy::why_not(&world), None);
    world.backends[at].full_until_ms = 0;
    world.mend();
}

/// Nobody else has room: the replica waits where it is, and is brought forward as soon as its disk has room.
#[test]
fn what_is_behind_on_a_full_disk_waits_where_nobody_else_has_room() {
    let mut world = stage::world(Setup::plain(3, 1).table(1, 3));
    world.fill(2);
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[0];
    world.backends[at].full_until_ms = FOR_GOOD;
    world.fill(1);
    let clones = world.moves.clones;
    world.run_for(120_000);
    assert!(all_healthy::why_not(&world).is_some());
    // One may have begun before the first heartbeat told of it.
    assert!(
        world.moves.clones <= clones + 1,
        "it is not asked again and again"
    );
    world.backends[at].full_until_ms = 0;
    world.run_until(60_000, "it is brought forward", |world| {
        all_healthy::why_not(world).is_none()
    });
    world.mend();
}

/// A backend refuses copies for want of room and tells of room all the same. It is asked for as many as have slots at once, and
/// for no more, though it has the least load of all; tablets are whole elsewhere. What refuses may end without a word: then it
/// takes copies again in time.
#[test]
fn a_disk_that_refuses_copies_and_tells_of_room_is_left_alone() {
    let mut world = stage::world(Setup::plain(5, 1).table(24, 2));
    world.set("tablet_sched_disable_balance", "true");
    let (full, lost) = (0, 1);
    world.decommission(full, true);
    world.set("drop_backend_after_decommission", "false");
    world.run_until(100_000, "it is empty", |world| {
        world.backends[full].replicas.is_empty()
    });
    world.decommission(full, false);
    world.backends[full].full_unsaid = true;
    world.backends[full].full_until_ms = FOR_GOOD;
    let failed = world.healing().counters.clones_failed;
    world.kill(lost);
    world.run_for(60_000);
    let refused = world.healing().counters.clones_failed - failed;
    assert!((1..=2).contains(&refused), "{refused} copies were refused");
    for tablet in world.tablets() {
        assert!(!world.status(tablet).unhealthy(), "tablet {tablet}");
    }
    world.backends[full].full_until_ms = 0;
    world.run_for(120_000);
    world.kill(2);
    world.run_until(60_000, "it takes copies again", |world| {
        !world.backends[full].replicas.is_empty()
    });
    world.revive(lost);
    world.revive(2);
    world.mend();
}

/// A disk hangs while its process answers heartbeats: loads do without it, and it is brought forward when it answers again.
#[test]
fn a_disk_that_hangs_holds_no_load_up() {
    let mut world = stage::world(Setup::plain(3, 1).table(3, 3));
    world.fill(2);
    for at in 0..3 {
        world.backends[at].hung_until_ms = world.now_ms + 40_000;
        for _ in 0..6 {
            let no = world.start_load();
            world.run_until(12_000, "the load is seen", |world| {
                world.loads[no].fate() == Some(Fate::Acknowledged)
            });
        }
        world.backends[at].hung_until_ms = 0;
        world.run_until(120_000, "all is whole", |world| {
            all_healthy::why_not(world).is_none()
        });
    }
    world.mend();
}
