//! Nodes under second names and other addresses.

use quorate::ids::BackendId;
use quorate::leader::request::Request;

use crate::net::Place;
use crate::setup::Setup;
use crate::stage;
use crate::world::World;

fn ids(world: &World) -> Vec<BackendId> {
    world.catalog().backends.keys().copied().collect()
}

/// Walk of 2026-11: one process added as 127.0.0.1:p and localhost:p counted twice, and repair threw its replicas away.
#[test]
fn a_second_name_takes_nothing_and_can_be_dropped() {
    let mut world = stage::world(Setup::plain(3, 1).table(6, 3));
    world.fill(3);
    let before = ids(&world);
    world.second_name(0);
    for _ in 0..6 {
        world.fill(1);
        world.run_for(20_000);
    }
    assert_eq!(ids(&world).len(), 4);
    assert_eq!(world.moves.clones, 0, "nothing is copied");
    world.names_put_right();
    world.run_until(10_000, "it is dropped", |world| ids(world) == before);
    world.mend();
}

/// Doris PR 22700: a node with another address, with the only replica of tablets.
#[test]
fn a_node_under_another_address_is_what_it_was_and_nothing_is_copied() {
    for by_add in [false, true] {
        let mut world = stage::world(Setup::plain(3, 1).table(6, 1));
        world.set("tablet_sched_disable_balance", "true");
        world.fill(3);
        let before = ids(&world);
        let from = world.place(1);
        world.crash_backend(1);
        world.backends[1].names = vec![7];
        world.revive(1);
        let to = crate::setup::place_of(1, 1, 7);
        let request = match by_add {
            true => Request::AddBackends(vec![to]),
            false => Request::MoveBackend { from, to },
        };
        crate::operator::ask(&mut world, request);
        world.run_for(20_000);
        assert_eq!(ids(&world), before);
        world.fill(1);
        assert_eq!(world.moves.clones, 0, "nothing is copied");
        world.mend();
    }
}

/// A machine is started on a copy of a storage path while its original is in use: it is refused, whoever of the two answers
/// first when the frontend is restarted, and nothing is taken away from anybody.
#[test]
fn a_copy_of_a_storage_path_beside_its_original_is_refused() {
    let mut world = stage::world(Setup::plain(3, 1).spare(1).table(6, 3));
    world.set("tablet_sched_disable_balance", "true");
    world.fill(3);
    let before = ids(&world);
    world.copy_disks(0, 3, 1_000_000);
    let refused = |world: &World| {
        let catalog = world.catalog();
        let (known, others): (Vec<_>, Vec<_>) =
            (catalog.backends.keys()).partition(|id| before.contains(id));
        let alive = |ids: &[&BackendId]| ids.iter().filter(|id| catalog.alive(***id)).count();
        (alive(&known), others.len(), alive(&others)) == (3, 1, 0)
    };
    for _ in 0..3 {
        world.fill(1);
        world.run_for(10_000);
        assert!(refused(&world));
    }
    world.crash_frontend();
    let until = world.now_ms + 1_500;
    world.net.cut(Place::Backend(0), Place::Frontend, until);
    world.start_frontend();
    world.run_for(30_000);
    assert!(refused(&world));
    world.fill(1);
    assert_eq!(world.moves.clones, 0, "nothing is copied");
    let mut trash = world.backends.iter().map(|of| of.trash.len());
    assert!(trash.all(|count| count == 0), "nothing is dropped");
    world.part();
    world.run_until(10_000, "it joins, empty", |world| {
        let catalog = world.catalog();
        catalog.backends.keys().all(|id| catalog.alive(*id))
    });
    assert!(world.backends[3].replicas.is_empty());
    world.mend();
}
