//! Disks without room: their replicas are made anew where there is some.

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
