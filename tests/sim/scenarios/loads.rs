//! Loads that have their version and wait for a replica, while the removal of a replica waits for them. Each of these stood
//! still for ever once, and was found by random seeds; the core has a rule against each.

use quorate::catalog::replica::ReplicaState;
use quorate::catalog::table::WriteQuorum;
use quorate::catalog::txn::TxnState;
use quorate::leader::request::{Property, Request};

use crate::client::Fate;
use crate::setup::Setup;
use crate::world::World;
use crate::{damage, operator, stage};

const FOR_GOOD: u64 = u64::MAX / 2;

/// One tablet of `replicas` copies, with two loads in it.
fn world(machines: usize, quorum: WriteQuorum, replicas: u16) -> World {
    let mut setup = Setup::plain(machines, 1);
    setup.tables = vec![("t", quorum, 1, replicas)];
    let mut world = stage::world(setup);
    world.faults.reads = 0;
    world.fill(2);
    world
}

/// These miss a load, and no copy to them succeeds.
fn fall_behind(world: &mut World, machines: &[usize]) {
    let tablet = world.tablets()[0];
    for at in machines {
        world.backends[*at].cannot_fill.insert(tablet);
        world.backends[*at].full_until_ms = FOR_GOOD;
    }
    world.fill(1);
    for at in machines {
        world.backends[*at].full_until_ms = 0;
    }
}

/// A load that only `holders` have rows of; those of them that are `stuck` can't publish it, so nobody sees it.
fn commit_on(world: &mut World, holders: &[usize], stuck: &[usize]) {
    for at in 0..world.backends.len() {
        if !holders.contains(&at) {
            world.backends[at].full_until_ms = FOR_GOOD;
        }
    }
    world.start_load();
    let wrote = |world: &World| {
        let mut of = holders.iter();
        of.all(|at| !world.backends[*at].pending.is_empty())
    };
    while !wrote(world) {
        world.step();
    }
    for at in stuck {
        world.backends[*at].full_until_ms = FOR_GOOD;
    }
    world.run_until(5_000, "the load has its version", |world| {
        let catalog = world.catalog();
        let mut txns = catalog.txns.values();
        txns.any(|txn| txn.state == TxnState::Committed)
    });
    for at in 0..world.backends.len() {
        if !holders.contains(&at) {
            world.backends[at].full_until_ms = 0;
        }
    }
    world.run_for(1_000);
    assert!(waits(world));
}

/// Whether a load has its version and nobody sees it.
fn waits(world: &World) -> bool {
    let catalog = world.catalog();
    let mut partitions = catalog.partitions.values();
    partitions.any(|of| of.visible_version + 1 < of.next_version)
}

fn want(world: &mut World, replicas: u16) {
    let request = Request::AlterProperty {
        db: "d".to_owned(),
        name: "t".to_owned(),
        partitions: Vec::new(),
        property: Property::ReplicationNum(replicas),
    };
    operator::ask(world, request);
}

/// Runs until the replica on a machine is marked to go.
fn run_until_marked(world: &mut World, at: usize) {
    let tablet = world.tablets()[0];
    world.run_until(60_000, "the replica is marked", |world| {
        let catalog = world.catalog();
        let view = catalog.tablets.view(tablet).expect("it exists");
        let of = view.on(world.ids[at]);
        of.is_some_and(|of| of.state == ReplicaState::Decommission)
    });
    assert!(waits(world), "the load is still not seen");
}

fn run_until_seen(world: &mut World) {
    world.run_until(60_000, "the load is seen", |world| !waits(world));
}

/// A backend that hangs after it has written is not waited for: neither as long as a slow one, nor for its call to end. When
/// it goes on, its late answers do no harm.
#[test]
fn a_load_is_seen_soon_though_a_backend_hangs() {
    for hangs in 0..3 {
        let mut world = world(3, WriteQuorum::Majority, 3);
        world.start_load();
        while world.backends.iter().any(|of| of.pending.is_empty()) {
            world.step();
        }
        world.backends[hangs].paused_until_ms = world.now_ms + 20_000;
        world.run_until(1_000, "the load has its version", waits);
        let wait = world.config.silent_backend_wait_ms;
        assert!(wait * 2 < world.config.quorum_publish_wait_time_ms);
        world.run_until(wait * 3 / 2, "the load is seen", |world| !waits(world));
        // It does not write the next one's rows: nobody waits for it but the coordinator.
        let no = world.start_load();
        world.run_until(4_000, "the next one is seen", |world| {
            world.loads[no].fate() == Some(Fate::Acknowledged)
        });
        world.run_for(20_000);
        world.mend();
    }
}

/// The load waits for one that is behind, and the removal of another one waits for the load.
#[test]
fn a_mark_is_taken_back_where_another_has_to_be_brought_forward() {
    let mut world = world(4, WriteQuorum::One, 4);
    let tablet = world.tablets()[0];
    let [marked, behind, _, holder] = world.homes(tablet)[..] else {
        panic!("it has four replicas");
    };
    fall_behind(&mut world, &[marked, behind]);
    commit_on(&mut world, &[behind, holder], &[holder]);
    want(&mut world, 2);
    run_until_marked(&mut world, marked);
    world.kill(holder);
    world.run_for(5_000);
    for at in [marked, behind] {
        world.backends[at].cannot_fill.clear();
    }
    run_until_seen(&mut world);
    world.backends[holder].full_until_ms = 0;
    world.revive(holder);
    world.mend();
}

/// The load waits for one that is lost until another takes its place, and the removal of a third one waits for the load.
#[test]
fn a_mark_is_taken_back_where_a_lost_one_has_to_be_replaced() {
    let mut world = world(5, WriteQuorum::Majority, 3);
    let tablet = world.tablets()[0];
    let [leaving, holder, lost] = world.homes(tablet)[..] else {
        panic!("it has three replicas");
    };
    // Else the copy that takes the place of the leaving one would bring the load along.
    commit_on(&mut world, &[holder, lost], &[holder, lost]);
    world.decommission(leaving, true);
    run_until_marked(&mut world, leaving);
    world.backends[holder].full_until_ms = 0;
    world.kill(leaving);
    world.kill(lost);
    run_until_seen(&mut world);
    world.backends[lost].full_until_ms = 0;
    world.revive(leaving);
    world.revive(lost);
    world.mend();
}

/// The only rows of the load are on the one that is to be removed, and it is behind.
#[test]
fn a_marked_one_is_brought_forward_where_a_load_needs_it() {
    let mut world = world(4, WriteQuorum::One, 4);
    let tablet = world.tablets()[0];
    let [marked, _, _, wiped] = world.homes(tablet)[..] else {
        panic!("it has four replicas");
    };
    fall_behind(&mut world, &[marked]);
    commit_on(&mut world, &[marked, wiped], &[wiped]);
    want(&mut world, 2);
    run_until_marked(&mut world, marked);
    damage::wipe(&mut world, wiped, 0);
    world.backends[marked].cannot_fill.clear();
    run_until_seen(&mut world);
    world.backends[wiped].full_until_ms = 0;
    world.mend();
}

/// A bad one is to be removed and waits for the load; the load does not wait for it.
#[test]
fn a_load_does_not_wait_for_a_bad_one() {
    let mut world = world(4, WriteQuorum::Majority, 3);
    let tablet = world.tablets()[0];
    let [_, away, wiped] = world.homes(tablet)[..] else {
        panic!("it has three replicas");
    };
    commit_on(&mut world, &[away, wiped], &[away, wiped]);
    world.kill(away);
    world.run_for(5_000);
    damage::wipe(&mut world, wiped, 0);
    run_until_marked(&mut world, wiped);
    world.backends[away].full_until_ms = 0;
    world.revive(away);
    run_until_seen(&mut world);
    world.backends[wiped].full_until_ms = 0;
    world.mend();
}

/// No backend has room for another copy, and a load waits for one that is behind: it is brought forward, and does not
/// make room.
#[test]
fn one_that_is_behind_is_brought_forward_where_there_is_no_room() {
    let mut world = world(4, WriteQuorum::One, 3);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    let [_, behind, lost] = homes[..] else {
        panic!("it has three replicas");
    };
    let free = (0..4).find(|at| !homes.contains(at)).expect("one of four");
    fall_behind(&mut world, &[behind]);
    commit_on(&mut world, &[behind, lost], &[lost]);
    world.backends[free].full_until_ms = FOR_GOOD;
    world.run_for(2_000);
    world.kill(lost);
    world.backends[behind].cannot_fill.clear();
    run_until_seen(&mut world);
    world.backends[free].full_until_ms = 0;
    world.backends[lost].full_until_ms = 0;
    world.revive(lost);
    world.mend();
}

/// The only rows of the load are on a backend that is away: its replica is not removed at once though another has been made.
#[test]
fn the_only_rows_of_a_load_are_waited_for() {
    let mut world = world(4, WriteQuorum::One, 3);
    let tablet = world.tablets()[0];
    let holder = world.homes(tablet)[2];
    commit_on(&mut world, &[holder], &[holder]);
    world.kill(holder);
    run_until_marked(&mut world, holder);
    world.run_for(30_000);
    world.backends[holder].full_until_ms = 0;
    world.revive(holder);
    run_until_seen(&mut world);
    world.mend();
}
