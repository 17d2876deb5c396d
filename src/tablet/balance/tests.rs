//! The balancer on clusters made by hand: what is moved, how much of it, and what is not.

mod chance;
mod even;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::change::Change;
use crate::ids::{BackendId, TabletId};
use crate::tablet::load::Class;
use crate::tablet::testing::{GB, Model};

const HDD: Medium = Medium::Hdd;
const SSD: Medium = Medium::Ssd;

/// `tablets` of three replicas each, spread evenly over some backends.
fn spread(model: &mut Model, over: &[BackendId], tablets: usize, bytes: u64) -> Vec<TabletId> {
    let at = |n: usize| over[n % over.len()];
    let placed: Vec<Vec<BackendId>> = (0..tablets)
        .map(|n| vec![at(3 * n), at(3 * n + 1), at(3 * n + 2)])
        .collect();
    model.table(&placed, bytes, HDD)
}

/// Tablets of one replica each, on backends by their number.
fn single(model: &mut Model, on: &[usize], bytes: u64) -> Vec<TabletId> {
    let backends = model.backends();
    let placed: Vec<Vec<BackendId>> = on.iter().map(|n| vec![backends[*n]]).collect();
    model.table(&placed, bytes, HDD)
}

/// No tablet came back to where it had been.
fn never_back(model: &Model) {
    let mut been: BTreeMap<TabletId, BTreeSet<BackendId>> = BTreeMap::new();
    for (tablet, from, to) in &model.moves {
        let been = been.entry(*tablet).or_default();
        been.insert(*from);
        assert!(
            been.insert(*to),
            "tablet {tablet} came back to backend {to}"
        );
    }
}

/// That, and no backend both gave and took.
fn never_back_and_forth(model: &Model) {
    never_back(model);
    let gave: BTreeSet<BackendId> = model.moves.iter().map(|(_, from, _)| *from).collect();
    let took: BTreeSet<BackendId> = model.moves.iter().map(|(.., to)| *to).collect();
    let both: Vec<_> = gave.intersection(&took).collect();
    assert!(both.is_empty(), "backends {both:?} both gave and took");
}

#[test]
fn new_backends_are_filled_with_hardly_more_moves_than_are_needed() {
    let mut model = Model::with(12, 1000 * GB);
    let old = model.backends()[..6].to_vec();
    spread(&mut model, &old, 240, GB);
    model.measure();
    model.settle();
    assert!(model.level());
    // 120 on each of six, mean 60: all are of the middle class when six have 66 and six have 54.
    let least = 6 * 54;
    let moves = model.moves.len();
    assert!(
        (least..=least + least / 20).contains(&moves),
        "{moves} moves, {least} are needed"
    );
    never_back_and_forth(&model);
    let moved: BTreeSet<TabletId> = model.moves.iter().map(|(tablet, ..)| *tablet).collect();
    assert!(moved.len() >= 120, "it is not always the same tablets");
}

#[test]
fn copies_that_outlast_the_minute_are_not_decided_twice() {
    for copy_seconds in [1, 59, 61, 150] {
        let mut model = Model::with(4, 1000 * GB);
        model.copy_seconds = copy_seconds;
        single(&mut model, &[0; 40], GB);
        model.measure();
        model.settle();
        assert!(model.level(), "{:?}", model.counts());
        // 40 on one, mean 10: 11 may stay, so 29 go.
        assert_eq!(
            model.moves.len(),
            29,
            "copies of {copy_seconds} s: {:?}",
            model.counts()
        );
        never_back_and_forth(&model);
    }
}

#[test]
fn a_steady_cluster_moves_nothing() {
    let mut model = Model::with(9, 1000 * GB);
    let all = model.backends();
    spread(&mut model, &all, 99, GB);
    // One tablet more than the others is within the threshold, and so is a tenth more.
    single(&mut model, &[0, 0, 3], GB);
    model.measure();
    assert_eq!(model.settle(), 0);
    assert!(model.moves.is_empty());
    let of = model.desk(|desk| Scale::of(desk, HDD).map(|_| ()));
    assert_eq!(of, Err(Reason::Balanced));
}

#[test]
fn a_tablet_larger_than_the_gap_stays_where_it_is() {
    let mut model = Model::with(2, 1000 * GB);
    single(&mut model, &[0, 1], 300 * GB);
    single(&mut model, &[0], 20 * GB);
    model.measure();
    model.settle();
    // 320 against 300: moving 300 would turn it round, moving 20 too.
    assert!(model.moves.is_empty());

    let mut model = Model::with(3, 1000 * GB);
    let large = single(&mut model, &[0, 0, 1, 1, 2, 2], 200 * GB);
    let small = single(&mut model, &[0, 0], 30 * GB);
    model.measure();
    model.settle();
    let moved = |tablets: &[TabletId]| {
        model
            .moves
            .iter()
            .filter(|(id, ..)| tablets.contains(id))
            .count()
    };
    assert_eq!(moved(&large), 0, "{:?}", model.moves);
    assert!(moved(&small) > 0);
    never_back_and_forth(&model);
}

#[test]
fn one_new_backend_among_many_is_filled_and_one_that_is_overfull_relieved() {
    let mut model = Model::with(21, 1000 * GB);
    let old = model.backends()[..20].to_vec();
    spread(&mut model, &old, 400, GB);
    model.measure();
    let low = |of: &crate::tablet::load::MediumLoad| {
        of.backends
            .values()
            .filter(|of| of.class == Class::Low)
            .count()
    };
    assert_eq!(low(&model.healing.load.mediums[&HDD]), 1);
    model.settle();
    assert!(model.level(), "{:?}", model.counts());
    // The mean is 57.1: 51.4 are needed to be of the middle class.
    assert_eq!(model.counts()[20], 52);
    never_back_and_forth(&model);

    let mut model = Model::with(21, 1000 * GB);
    let all = model.backends();
    spread(&mut model, &all, 420, GB);
    single(&mut model, &[7; 20], GB);
    model.measure();
    model.settle();
    assert!(model.level(), "{:?}", model.counts());
    let from: BTreeSet<BackendId> = model.moves.iter().map(|(_, from, _)| *from).collect();
    assert_eq!(from, BTreeSet::from([all[7]]));
    // The mean is 60.95: 67 may stay of 80.
    assert_eq!(model.moves.len(), 13);
}

#[test]
fn a_tablet_stays_on_its_medium_and_each_medium_is_balanced_for_itself() {
    let mut model = Model::new();
    let both: Vec<BackendId> = (0..3)
        .map(|n| model.backend(&format!("b{n}"), &[(HDD, 100 * GB), (SSD, 100 * GB)]))
        .collect();
    let hdd: Vec<BackendId> = (0..3)
        .map(|n| model.backend(&format!("h{n}"), &[(HDD, 100 * GB)]))
        .collect();
    // The SSD of the first is full of tablets; the backends with spinning disks alone are empty.
    model.table(&vec![vec![both[0]]; 30], GB, SSD);
    model.measure();
    model.settle();
    assert_eq!(model.moves.len(), 19, "{:?}", model.counts());
    assert!(
        model
            .moves
            .iter()
            .all(|(_, from, to)| *from == both[0] && both.contains(to))
    );
    // Now the spinning disk of the second, too.
    model.moves.clear();
    model.table(&vec![vec![both[1]]; 30], GB, HDD);
    model.measure();
    model.settle();
    assert!(model.level());
    assert!(model.moves.iter().all(|(_, from, _)| *from == both[1]));
    assert!(
        hdd.iter()
            .all(|id| model.catalog.tablets.replicas_on(*id) > 0)
    );
}

#[test]
fn replicas_of_a_tablet_never_come_to_one_host() {
    let mut model = Model::new();
    let hosts = ["a", "a", "b", "b", "c", "c"];
    let ids: Vec<BackendId> = hosts
        .iter()
        .map(|host| model.backend(host, &[(HDD, 1000 * GB)]))
        .collect();
    model.table(&vec![vec![ids[0], ids[2], ids[4]]; 60], GB, HDD);
    model.measure();
    model.settle();
    let distinct = |model: &Model| {
        for view in model.catalog.tablets.iter() {
            let host = |id: BackendId| model.catalog.backends[&id].host.clone();
            let hosts: BTreeSet<String> = view.replicas().map(|of| host(of.backend)).collect();
            assert_eq!(hosts.len(), 3);
        }
    };
    // Where every other host has a replica already, nothing better is found.
    assert!(model.moves.is_empty());
    let d = model.backend("d", &[(HDD, 1000 * GB)]);
    model.measure();
    model.settle();
    assert!(model.moves.iter().any(|(_, _, to)| *to == d));
    distinct(&model);
}

#[test]
fn nothing_is_picked_while_it_is_switched_off_in_safe_mode_or_beyond_the_limit() {
    let mut model = Model::with(4, 1000 * GB);
    single(&mut model, &[0; 40], GB);
    model.measure();
    assert_eq!(model.pick().len(), 2, "two of one storage path");
    model.config.tablet_sched_disable_balance = true;
    assert!(model.pick().is_empty());
    model.config.tablet_sched_disable_balance = false;
    model.safe_mode = true;
    assert!(model.pick().is_empty());
    model.safe_mode = false;
    model.config.tablet_sched_max_balancing_tablets = 1;
    assert_eq!(model.pick().len(), 1);
    model.config.tablet_sched_max_balancing_tablets = 0;
    assert!(model.pick().is_empty());
    model.config.tablet_sched_max_balancing_tablets = 100;
    model.config.tablet_sched_slot_num_per_path = 0;
    model.measure();
    assert!(model.pick().is_empty(), "no slot is free");
}

#[test]
fn the_first_tablet_is_not_always_the_same() {
    let mut model = Model::with(4, 1000 * GB);
    single(&mut model, &[0; 400], GB);
    model.measure();
    let mut first = BTreeSet::new();
    for _ in 0..50 {
        model.now += 1000;
        let again = (model.pick(), model.pick());
        assert_eq!(again.0, again.1, "the same question has the same answer");
        first.extend(again.0.first().map(|task| task.tablet));
    }
    assert!(first.len() > 40, "{first:?}");
}

#[test]
fn what_has_changed_since_the_pick_ends_the_move_with_its_reason() {
    let mut model = Model::with(4, 1000 * GB);
    single(&mut model, &[0; 40], GB);
    model.measure();
    let task = model.pick().remove(0);
    let decide = |model: &Model| match model.desk(|desk| decide(desk, &task)) {
        Decision::End(state, reason) => (Some(state), Some(reason)),
        Decision::Later(reason) => (None, Some(reason)),
        _ => (None, None),
    };
    let cancelled = |reason| (Some(State::Cancelled), Some(reason));
    assert_eq!(decide(&model), (None, None), "a copy begins");
    let backends = model.backends();
    let path = |id: BackendId| (id, (id.0 * 10) as i64);
    let full = |model: &mut Model, ids: &[BackendId], by: i32| {
        for id in ids {
            model
                .healing
                .slots
                .get_mut(&path(*id))
                .expect("slots")
                .take(Kind::Balance, by);
        }
    };
    full(&mut model, &backends[..1], 2);
    assert_eq!(decide(&model), (None, Some(Reason::SourceBusy)));
    full(&mut model, &backends[..1], -2);
    full(&mut model, &backends[1..], 2);
    assert_eq!(decide(&model), (None, Some(Reason::DestinationBusy)));
    full(&mut model, &backends[1..], -2);

    model.config.tablet_sched_disable_balance = true;
    assert_eq!(decide(&model), cancelled(Reason::BalanceDisabled));
    model.config.tablet_sched_disable_balance = false;
    for id in &backends[1..] {
        model
            .catalog
            .observe_backend(*id, |state| state.alive = false);
    }
    assert_eq!(decide(&model), cancelled(Reason::LowUnavailable));
    for id in &backends[1..] {
        model
            .catalog
            .observe_backend(*id, |state| state.alive = true);
    }
    // Now the others have more than the first.
    single(&mut model, &[1, 2, 3].repeat(50), GB);
    model.measure();
    assert_eq!(decide(&model), cancelled(Reason::NoneOnHigh));
    let table = model.catalog.partitions[&task.partition].table;
    model.apply(Change::DropTable { id: table });
    assert_eq!(decide(&model), cancelled(Reason::TabletGone));
}

#[test]
fn judges_and_plan_say_the_same_of_every_backend() {
    let mut model = Model::with(6, 1000 * GB);
    let backends = model.backends();
    spread(&mut model, &backends[..3], 60, GB);
    model.measure();
    for task in model.pick() {
        model.desk(|desk| {
            let view = desk.catalog.tablets.view(task.tablet).expect("picked");
            let scale = Scale::of(desk, HDD).expect("not level");
            let plan = scale.plan(&view).expect("picked because it can be moved");
            let fits = |reason: Reason| matches!(reason, Reason::Fits(_));
            assert!(fits(scale.judge_source(&view, plan.source.backend)));
            let from = Some(plan.source.backend);
            for id in desk.catalog.backends.keys() {
                let reason = scale.judge_destination(&view, from, *id);
                match view.on(*id) {
                    Some(_) => assert_eq!(reason, Reason::HasReplica(*id)),
                    None => assert_eq!(reason, Reason::Fits(*id)),
                }
            }
            assert!(fits(scale.judge_destination(
                &view,
                None,
                plan.destination.backend
            )));
        });
    }
}
