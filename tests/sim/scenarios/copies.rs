//! Last copies: dropped, condemned, come back.

use quorate::catalog::replica::ReplicaState;
use quorate::leader::request::{HealRequest, Request};

use crate::operator;
use crate::setup::{Setup, address_of};
use crate::stage;
use crate::world::World;

fn drop_backend(world: &mut World, at: usize, force: bool) {
    let backends = vec![address_of(at, world.per_host)];
    operator::ask(world, Request::DropBackends { backends, force });
    world.run_for(3_000);
}

fn add_backend(world: &mut World, at: usize) {
    let backends = vec![address_of(at, world.per_host)];
    operator::ask(world, Request::AddBackends(backends));
    world.run_until(20_000, "it has joined", |world| world.joined(at));
}

/// Whether a machine's replica of the only tablet is in normal use and whole.
fn readable(world: &World, at: usize) -> bool {
    let catalog = world.catalog();
    let mut tablets = catalog.tablets.iter();
    let view = tablets.next().expect("a tablet");
    let of = view.on(world.ids[at]);
    of.is_some_and(|of| of.state == ReplicaState::Normal && of.whole(view.visible()))
}

/// Two are dead, and the only one that lives is dropped: not without FORCE. By force it goes, and when it is added again its
/// copies are taken in as they are.
#[test]
fn the_last_of_three_is_not_dropped_while_two_are_dead() {
    let mut world = stage::world(Setup::plain(3, 1).table(1, 3));
    world.fill(3);
    world.kill(0);
    world.kill(1);
    world.run_for(10_000);
    drop_backend(&mut world, 2, false);
    assert!(world.joined(2));
    drop_backend(&mut world, 2, true);
    assert!(!world.joined(2));
    add_backend(&mut world, 2);
    world.run_until(15_000, "its copy is taken in", |world| readable(world, 2));
    world.run_for(60_000);
    assert!(readable(&world, 2));
    world.revive(0);
    world.revive(1);
    world.mend();
}

/// A backend that was dropped comes back when its copies have been made elsewhere: they are dropped only where they are too
/// many, and adopted where all others are lost meanwhile.
#[test]
fn a_dropped_backend_that_comes_back_has_the_last_copies() {
    let mut world = stage::world(Setup::plain(4, 1).table(1, 3));
    world.fill(3);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    drop_backend(&mut world, homes[0], true);
    world.run_until(60_000, "it is made elsewhere", |world| {
        world.homes(tablet).len() == 3 && !world.homes(tablet).contains(&homes[0])
    });
    let others = world.homes(tablet);
    for at in &others {
        world.kill(*at);
    }
    world.run_for(10_000);
    add_backend(&mut world, homes[0]);
    world.run_until(15_000, "it is adopted", |world| readable(world, homes[0]));
    let id = |world: &World| world.backends[homes[0]].replicas[&tablet].id;
    assert!(world.filled.contains(&id(&world)), "under a new id");
    world.run_for(60_000);
    assert!(readable(&world, homes[0]));
    for at in others {
        world.revive(at);
    }
    world.mend();
}

/// A replica was removed, and the order to drop it is on its way for long; then the others are lost. It is taken back, and the
/// order, when it comes, means nobody.
#[test]
fn a_copy_that_was_removed_is_taken_back_before_its_late_order_comes() {
    let mut world = stage::world(Setup::plain(4, 1).table(1, 3));
    world.fill(3);
    let tablet = world.tablets()[0];
    let first = world.homes(tablet)[0];
    world.set("drop_backend_after_decommission", "false");
    world.faults.late_drop_ms = 150_000;
    world.decommission(first, true);
    world.run_until(60_000, "the tablet has left", |world| {
        !world.homes(tablet).contains(&first)
    });
    let others = world.homes(tablet);
    for at in &others {
        world.kill(*at);
    }
    world.run_until(100_000, "it is adopted", |world| readable(world, first));
    world.run_for(120_000);
    assert!(readable(&world, first));
    assert!(world.backends[first].replicas.contains_key(&tablet));
    world.faults.late_drop_ms = 0;
    world.decommission(first, false);
    for at in others {
        world.revive(at);
    }
    world.mend();
}

/// Nobody says by mistake that the last copy is bad.
#[test]
fn the_last_copy_is_condemned_by_force_only() {
    let mut world = stage::world(Setup::plain(3, 1).table(1, 3));
    world.fill(2);
    let tablet = world.tablets()[0];
    world.kill(0);
    world.kill(1);
    world.run_for(10_000);
    let condemn = |world: &mut World, force| {
        let request = HealRequest::SetReplicaStatus {
            tablet,
            backend: world.ids[2],
            bad: true,
            force,
        };
        operator::ask(world, Request::Heal(request));
        world.run_for(2_000);
    };
    condemn(&mut world, false);
    assert!(readable(&world, 2));
    condemn(&mut world, true);
    assert!(!readable(&world, 2));
    world.revive(0);
    world.revive(1);
    world.mend();
}

/// Hosts enough for all copies now, and not when one is gone: copies may then share a host.
#[test]
fn the_backend_of_a_host_that_others_cannot_spare_is_emptied() {
    let mut world = stage::world(Setup::plain(3, 1).per_host(2).table(4, 2));
    world.fill(2);
    world.decommission(2, true);
    world.run_until(120_000, "it is emptied and gone", |world| !world.joined(2));
    world.mend();
}
