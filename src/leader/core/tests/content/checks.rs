//! Checks that do not run smoothly, and those in the background.

use super::*;

#[test]
fn silence_is_no_agreement_and_takes_no_difference_back() {
    let mut world = World::new(3);
    let tablets = world.loaded(2, 3);
    world.check_finds(tablets[0], &[1, 2, 3]);
    let mute = world.backends()[2];
    world
        .ask(Request::Heal(HealRequest::CheckTablets(tablets.clone())))
        .expect("checked");
    world.tell(|_, backend| (backend != mute).then_some(Ok(1)));
    assert_eq!(world.verdict(tablets[1]), None);
    world.pass(600_000);
    world.pass(0);
    assert_eq!(world.verdict(tablets[1]), Some(Verdict::TimedOut));
    assert_eq!(world.verdict(tablets[0]), Some(Verdict::Differs));
    assert_eq!(world.inconsistent(), 1);
    // Its answer comes too late for this check, and is none for the next.
    world.tell(|_, _| Some(Ok(1)));
    assert_eq!(world.verdict(tablets[1]), Some(Verdict::TimedOut));
}

#[test]
fn a_check_begins_again_without_the_dead_and_with_who_took_their_place() {
    let mut world = World::new(4);
    let tablet = world.loaded(1, 3)[0];
    let homes = world.homes(tablet);
    world
        .ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
        .expect("checked");
    world.tell(|_, backend| (backend != homes[2]).then_some(Ok(1)));
    world.dead(homes[2]);
    world.pass(0);
    world.calls.clear();
    world.pass(LATER_MS);
    assert_eq!(world.asked().len(), 2);
    let all = world.backends();
    let free = all.into_iter().find(|id| !homes.contains(id));
    world.replace(tablet, homes[1], free.expect("a fourth"));
    world.calls.clear();
    world.pass(LATER_MS);
    world.tell(|_, _| Some(Ok(1)));
    assert_eq!(world.verdict(tablet), Some(Verdict::Consistent));
    let check = world.last_check(tablet).expect("a result");
    let new = world.replica(tablet, free.expect("a fourth")).id;
    assert!(check.digests.iter().any(|(id, _, _)| *id == new));
}

#[test]
fn a_replica_whose_files_turn_out_lost_is_repaired_and_the_others_are_compared() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    let broken = world.backends()[0];
    world
        .ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
        .expect("checked");
    world.tell(|_, backend| Some(if backend == broken { Err(true) } else { Ok(1) }));
    assert_eq!(world.bad(tablet), [broken]);
    assert_eq!(world.verdict(tablet), Some(Verdict::Consistent));
    assert!(!world.replica(tablet, broken).set_bad_force);
    world.check();
}

#[test]
fn a_backend_computes_few_digests_at_once_and_all_are_done_in_the_end() {
    let mut world = World::new(3);
    let tablets = world.loaded(30, 3);
    world
        .ask(Request::Heal(HealRequest::CheckTablets(tablets.clone())))
        .expect("checked");
    for _ in 0..30 {
        let asked = world.asked();
        for backend in world.backends() {
            assert!(asked.iter().filter(|of| of.1 == backend).count() <= 4);
        }
        world.find(&[1, 1, 1]);
    }
    let done = |tablet: &TabletId| world.verdict(*tablet) == Some(Verdict::Consistent);
    assert!(tablets.iter().all(done));
}

#[test]
fn in_its_hours_everything_is_checked_once_and_a_restart_goes_on() {
    let config = Config {
        consistency_check_start_time: 1,
        consistency_check_end_time: 3,
        ..Config::default()
    };
    let mut world = World::with(3, config);
    let tablets = world.loaded(6, 3);
    world.pass(1_000);
    assert!(world.asked().is_empty(), "it is not one o'clock");
    world.pass(3_600_000);
    world.pass(0);
    assert_eq!(world.asked().len(), 12);
    world.find(&[1, 1, 1]);
    let done = |world: &World| {
        let checked = tablets.iter().filter(|id| world.verdict(**id).is_some());
        checked.copied().collect::<Vec<_>>()
    };
    let first = done(&world);
    assert_eq!(first, tablets[..4]);
    world.restart();
    world.pass(0);
    let second: Vec<TabletId> = world.asked().iter().map(|of| of.2).collect();
    assert!(second.iter().all(|id| !first.contains(id)) && second.len() == 6);
    world.find(&[1, 1, 1]);
    assert_eq!(done(&world).len(), 6);
    world.pass(LATER_MS);
    world.pass(700_000);
    assert!(world.asked().is_empty(), "nothing was loaded since");
}
