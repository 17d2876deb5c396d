//! A frontend that took over with an older journal, amid loads: nothing that was acknowledged is lost once it is recovered, no id
//! and no version is given twice, and replicas hold the same.

use quorate::leader::request::Request;
use quorate::leader::request::recovery::{RecoveryRequest, Terms};

use crate::journal::ModelJournal;
use crate::setup::Setup;
use crate::world::World;
use crate::{operator, stage};

/// The frontend is lost, and another is told to take over with an older copy of its journal. Who loads at that moment never hears
/// of it: labels that were given since the copy are forgotten, so nobody may repeat one.
fn restore(world: &mut World, old: &ModelJournal, takeovers: u64) {
    world.crash_frontend();
    for load in &mut world.loads {
        if load.fate().is_none() {
            load.die();
        }
    }
    // What was ever said stays said: the lost records gave ids and versions that backends still hold.
    let said = std::mem::take(&mut world.journal.said);
    world.journal = old.clone();
    world.journal.said = said;
    world.journal.take_over(takeovers);
    world.takeovers = takeovers;
    world.seen.clear();
    world.restored = true;
    world.start_frontend();
}

fn terms() -> Terms {
    Terms {
        dry_run: false,
        reason: "the disk was lost".to_owned(),
    }
}

/// ADMIN RECOVER.
fn recover(world: &mut World, accept: bool) {
    let (parts, terms) = (None, terms());
    operator::ask(
        world,
        Request::Recovery(RecoveryRequest::Recover {
            parts,
            accept,
            terms,
        }),
    );
    world.run_until(60_000, "nothing is in doubt", |world| {
        world.catalog().recovery.is_over()
    });
}

/// All replicas of a tablet hold the same rows up to what readers see.
fn the_same_everywhere(world: &World) {
    let catalog = world.catalog();
    for view in catalog.tablets.iter() {
        let digests = view.replicas().map(|of| {
            let at = world.machine(of.backend).expect("a machine");
            let held = &world.backends[at].replicas[&view.id()];
            held.digest(view.visible())
        });
        let digests: Vec<(u64, u64)> = digests.collect();
        assert!(
            digests.windows(2).all(|two| two[0] == two[1]),
            "{digests:?}"
        );
    }
}

/// Everything ends well: loads go on, what is kept of lost loads goes, all is whole.
fn goes_on(world: &mut World) {
    world.restored = false;
    world.fill(3);
    let terms = terms();
    let request = RecoveryRequest::DropUnknown { terms };
    operator::ask(world, Request::Recovery(request));
    world.mend();
    the_same_everywhere(world);
}

#[test]
fn what_was_acknowledged_after_the_copy_is_there_once_it_is_recovered() {
    for moment in 0..40 {
        let mut world = stage::world(Setup::plain(4, 1).table(5, 3));
        world.set("tablet_sched_disable_balance", "true");
        world.fill(2);
        let old = world.journal.clone();
        world.fill(2);
        for _ in 0..4 {
            world.start_load();
            world.run_for(moment * 7);
        }
        restore(&mut world, &old, 1);
        world.run_for(5_000);
        recover(&mut world, false);
        goes_on(&mut world);
    }
}

#[test]
fn an_old_copy_that_is_put_back_twice_gives_no_id_twice() {
    let mut world = stage::world(Setup::plain(3, 1).table(3, 3));
    world.fill(1);
    let old = world.journal.clone();
    for takeovers in 1..4 {
        world.fill(2);
        restore(&mut world, &old, takeovers);
        world.run_for(5_000);
        recover(&mut world, false);
        world.restored = false;
        world.fill(1);
    }
    goes_on(&mut world);
}

/// Nobody holds more than the copy knows: loads go on by themselves.
#[test]
fn a_copy_that_misses_nothing_needs_no_recovery() {
    let mut world = stage::world(Setup::plain(3, 1).table(3, 3));
    world.fill(2);
    let old = world.journal.clone();
    restore(&mut world, &old, 1);
    world.run_until(30_000, "nothing is in doubt", |world| {
        world.catalog().recovery.is_over()
    });
    goes_on(&mut world);
}

/// A backend that is away when it is recovered comes back with versions that were cut or given to other loads since.
#[test]
fn a_backend_that_comes_back_later_brings_no_other_history() {
    for moment in 0..20 {
        let mut world = stage::world(Setup::plain(4, 1).table(4, 3));
        world.set("tablet_sched_disable_balance", "true");
        world.fill(2);
        let old = world.journal.clone();
        world.fill(1);
        for _ in 0..3 {
            world.start_load();
            world.run_for(moment * 11);
        }
        world.kill(0);
        restore(&mut world, &old, 1);
        world.run_for(20_000);
        recover(&mut world, false);
        world.restored = false;
        world.fill(2);
        world.revive(0);
        goes_on(&mut world);
    }
}
