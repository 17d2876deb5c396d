//! The queue of content repairs: who is made anew, who is not, and who leaves it.

use super::*;

#[test]
fn all_who_are_not_of_the_majority_are_made_anew() {
    let mut world = World::new(5);
    let tablet = world.loaded(1, 5)[0];
    world.check_finds(tablet, &[1, 2, 1, 3, 1]);
    world.pass(LATER_MS);
    let [_, b, _, d, _] = world.backends()[..] else {
        panic!("five backends")
    };
    assert_eq!(world.bad(tablet), [b, d]);
}

#[test]
fn three_contents_are_shown_and_not_touched_whoever_asks() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    world.check_finds(tablet, &[1, 2, 3]);
    assert_eq!(world.verdict(tablet), Some(Verdict::Differs));
    assert!(!world.queued(tablet));
    assert_eq!(world.inconsistent(), 1);
    world.ask(repair(tablet, true)).expect("queued");
    assert!(world.queued(tablet));
    world.pass(LATER_MS);
    world.find(&[1, 2, 3]);
    world.pass(LATER_MS);
    assert!(!world.queued(tablet));
    assert!(world.bad(tablet).is_empty());
    assert_eq!(world.inconsistent(), 1);
}

#[test]
fn a_difference_is_only_shown_where_the_setting_says_so_until_somebody_asks() {
    let config = Config {
        consistency_repair_by_majority: false,
        consistency_check_end_time: 23,
        ..Config::default()
    };
    let mut world = World::with(3, config);
    let tablet = world.loaded(1, 3)[0];
    world.check_finds(tablet, &[1, 1, 2]);
    world.pass(LATER_MS);
    assert!(!world.queued(tablet) && world.bad(tablet).is_empty());
    world.ask(repair(tablet, true)).expect("queued");
    world.pass(LATER_MS);
    world.find(&[1, 1, 2]);
    world.pass(LATER_MS);
    assert_eq!(world.bad(tablet), [world.backends()[2]]);
}

#[test]
fn a_replica_is_not_taken_for_bad_while_too_few_others_could_serve() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    let homes = world.homes(tablet);
    world
        .ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
        .expect("checked");
    world.answer(|_, backend| Some(Ok(u64::from(backend == homes[2]))));
    world.dead(homes[0]);
    world.pass(0);
    assert!(world.queued(tablet));
    for _ in 0..100 {
        world.pass(LATER_MS);
        world.find(&[1, 1, 2]);
    }
    assert!(world.bad(tablet).is_empty());
    assert!(!world.queued(tablet));
    assert_eq!(world.verdict(tablet), Some(Verdict::Differs));
}

#[test]
fn who_is_not_in_need_leaves_the_queue_and_who_is_not_begun_can_be_cancelled() {
    let mut world = World::new(3);
    let tablets = world.loaded(2, 3);
    for tablet in &tablets {
        world.ask(repair(*tablet, true)).expect("queued");
        world
            .ask(repair(*tablet, true))
            .expect("once more is no error");
    }
    world.ask(repair(tablets[1], false)).expect("cancelled");
    world.ask(repair(tablets[1], false)).expect("no error");
    assert!(!world.queued(tablets[1]));
    world.pass(LATER_MS);
    world.find(&[1, 1, 1]);
    world.pass(LATER_MS);
    assert!(!world.queued(tablets[0]));
    assert_eq!(world.verdict(tablets[1]), None);
}
