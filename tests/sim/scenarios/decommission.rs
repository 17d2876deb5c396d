//! Backends that are emptied while everything goes on.

use quorate::catalog::table::Medium;

use crate::client::Fate;
use crate::setup::Setup;
use crate::stage;

/// Loads go on while a backend is emptied (StarRocks#7879, #8092: a clone had finished, and its metadata was deleted).
#[test]
fn loads_go_on_while_a_backend_is_emptied() {
    let mut world = stage::world(Setup::plain(4, 2).table(4, 3));
    world.fill(4);
    for backend in &mut world.backends {
        backend.bytes_per_ms = 2000;
    }
    world.decommission(0, true);
    for _ in 0..30 {
        world.start_load();
        world.run_for(1500);
    }
    world.run_until(120_000, "the backend is removed", |world| !world.joined(0));
    world.mend();
    let fates = world.loads.iter().map(|load| load.fate());
    assert!(
        fates
            .into_iter()
            .all(|fate| fate == Some(Fate::Acknowledged))
    );
}

/// Reports that were asked for before a copy ended and come after it take nothing back: each tablet is copied once
/// (StarRocks#8092).
#[test]
fn a_report_from_before_a_copy_takes_nothing_back() {
    let mut world = stage::world(Setup::plain(4, 1).table(6, 3));
    world.fill(3);
    for backend in &mut world.backends {
        backend.bytes_per_ms = 3000;
    }
    let there = world.backends[0].replicas.len() as u64;
    world.faults.stale_report = 1000;
    world.decommission(0, true);
    world.run_until(200_000, "the backend is removed", |world| !world.joined(0));
    world.run_for(20_000);
    assert_eq!(world.moves.clones, there);
    world.faults.stale_report = 0;
    world.mend();
}

/// A backend with disks of another medium and with tablets that hold nothing is emptied all the same, whatever is left on its
/// disks (doris#42401, #4802, #2829, #7564: it never ended).
#[test]
fn a_backend_is_emptied_though_no_other_has_its_medium() {
    let mut setup = Setup::plain(4, 1).table(6, 3);
    for path in setup.machines[1..].iter_mut().flatten() {
        path.medium = Medium::Ssd;
    }
    let mut world = stage::world(setup);
    let there = world.backends[0].replicas.len();
    assert!(there > 0);
    // No order to drop a replica reaches anybody.
    world.faults.late_drop_ms = 10_000_000;
    world.decommission(0, true);
    world.run_until(120_000, "the backend is removed", |world| !world.joined(0));
    assert_eq!(world.backends[0].replicas.len(), there);
    world.mend();
}

/// What cannot be moved stays, and is not lost: a decommission that would leave too few backends is refused.
#[test]
fn the_third_backend_of_three_is_not_emptied() {
    let mut world = stage::world(Setup::plain(3, 1).table(2, 3));
    world.fill(2);
    world.decommission(0, true);
    world.run_for(30_000);
    let catalog = world.catalog();
    assert!(
        catalog
            .backends
            .values()
            .all(|backend| !backend.decommissioned)
    );
    assert_eq!(world.moves.clones, 0);
}
