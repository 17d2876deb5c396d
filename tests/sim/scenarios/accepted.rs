//! Data that is lost for good, and accepted: what is left goes on, and nothing is lost but what was said.

use quorate::ids::TabletId;
use quorate::leader::request::Request;
use quorate::leader::request::recovery::{Parts, RecoveryRequest, Terms};

use crate::backend::File;
use crate::setup::Setup;
use crate::world::World;
use crate::{damage, operator, stage};

/// ADMIN REPAIR TABLE t ACCEPT DATA LOSS.
fn accept(world: &mut World) {
    let request = RecoveryRequest::AcceptLoss {
        parts: Parts {
            db: "d".to_owned(),
            table: "t".to_owned(),
            partitions: Vec::new(),
        },
        terms: Terms {
            dry_run: false,
            reason: "both disks".to_owned(),
        },
    };
    operator::ask(world, Request::Recovery(request));
}

/// A replica loses the files of some versions, and its backend has found out.
fn loses(world: &mut World, (tablet, at): (TabletId, usize), versions: &[i64]) {
    let backend = &mut world.backends[at];
    let held = backend.replicas.get_mut(&tablet).expect("a replica");
    for version in versions {
        let of = held.published.get_mut(version).expect("a version");
        of.file = File::Lost;
    }
    held.bad = true;
    let replica = held.id;
    backend.changes.touch(tablet, replica);
}

/// What each replica of a tablet holds of so many loads.
fn contents(world: &World, tablet: TabletId) -> Vec<Vec<u64>> {
    let catalog = world.catalog();
    let view = catalog.tablets.view(tablet).expect("a tablet");
    let of = view.replicas().map(|of| {
        let at = world.machine(of.backend).expect("a machine");
        world.backends[at].replicas[&tablet].content(view.visible())
    });
    of.collect()
}

#[test]
fn the_replica_that_lost_least_goes_on_and_the_others_are_made_anew_from_it() {
    let mut world = stage::world(Setup::plain(4, 1).table(3, 3));
    world.set("tablet_sched_disable_balance", "true");
    world.fill(4);
    let tablets = world.tablets();
    let homes = world.homes(tablets[0]);
    let others: Vec<_> = tablets[1..]
        .iter()
        .map(|of| contents(&world, *of))
        .collect();
    assert_eq!(contents(&world, tablets[0]), vec![vec![0, 1, 2, 3]; 3]);
    // Readers see less than was acknowledged from now on.
    world.restored = true;
    loses(&mut world, (tablets[0], homes[0]), &[2, 3]);
    loses(&mut world, (tablets[0], homes[1]), &[3]);
    loses(&mut world, (tablets[0], homes[2]), &[3, 5]);
    world.run_for(5_000);
    assert!(world.status(tablets[0]).unhealthy());
    accept(&mut world);
    world.mend();
    assert_eq!(contents(&world, tablets[0]), vec![vec![0, 2, 3]; 3]);
    for (tablet, before) in tablets[1..].iter().zip(others) {
        assert_eq!(contents(&world, *tablet), before);
    }
    // Later loads go to it as before, to all of its replicas.
    world.fill(4);
    let after = contents(&world, tablets[0]);
    assert!(
        after[0].starts_with(&[0, 2, 3]) && after[0].len() > 3,
        "{after:?}"
    );
    assert!(after.iter().all(|of| *of == after[0]), "{after:?}");
}

#[test]
fn where_nothing_is_left_an_empty_tablet_goes_on() {
    let mut world = stage::world(Setup::plain(3, 1).table(3, 1));
    world.set("tablet_sched_disable_balance", "true");
    world.fill(3);
    let tablet = world.tablets()[0];
    let at = world.homes(tablet)[0];
    world.restored = true;
    damage::wipe(&mut world, at, 0);
    world.run_for(5_000);
    accept(&mut world);
    world.mend();
    assert_eq!(contents(&world, tablet), [Vec::<u64>::new()]);
    world.fill(2);
    assert_eq!(contents(&world, tablet), [[3, 4]]);
}
