//! Last copies: who may take them away, and how one that comes back is taken in again.

use super::*;

fn drop_of(world: &World, ids: &[BackendId], force: bool) -> Request {
    let address = |id: &BackendId| {
        let backend = &world.core.head.backends[id];
        (backend.host.clone(), backend.port)
    };
    Request::DropBackends {
        backends: ids.iter().map(address).collect(),
        force,
    }
}

#[test]
fn a_backend_goes_only_where_every_tablet_keeps_a_living_copy() {
    let mut world = cluster(3, 3);
    let all = world.backends();
    // One statement must not take all of them, and none is counted on that has not shown what it has.
    let refused = world.ask(drop_of(&world, &all, false));
    assert!(
        refused
            .expect_err("nobody stays")
            .message
            .contains("1 tablet ")
    );
    world.dead(all[0]);
    world.dead(all[1]);
    let refused = world.ask(drop_of(&world, &all[2..], false));
    let told = refused.expect_err("two are dead").message;
    let tablet = world.tablets()[0];
    for words in [
        "1 tablet ",
        &format!("tablet {tablet} of table d.t"),
        "start backend h1:8040",
        "DECOMMISSION",
        "FORCE",
    ] {
        assert!(told.contains(words), "{told}");
    }
    world.alive(all[0]);
    assert_eq!(
        world.ask(drop_of(&world, &all[2..], false)),
        Ok(Reply::Done)
    );
    // What is on a dead one may be the last as well.
    world.dead(all[0]);
    let refused = world.ask(drop_of(&world, &all[1..2], false));
    refused.expect_err("nobody else could be read");
    world.check();
}

#[test]
fn a_copy_on_a_backend_that_is_being_emptied_counts_and_a_bad_one_does_not() {
    let mut world = cluster(3, 2);
    let tablet = world.tablets()[0];
    let homes = world.homes(tablet);
    let leaving = world.core.head.backends[&homes[0]].clone();
    let leave = HealRequest::Decommission {
        backends: vec![(leaving.host.clone(), leaving.port)],
        on: true,
    };
    assert_eq!(world.ask(Request::Heal(leave)), Ok(Reply::Done));
    world.core.head.observe_loss(tablet, homes[0], true);
    let refused = world.ask(drop_of(&world, &homes[1..], false));
    refused.expect_err("the other one is bad");
    world.core.head.observe_loss(tablet, homes[0], false);
    assert_eq!(
        world.ask(drop_of(&world, &homes[1..], false)),
        Ok(Reply::Done)
    );
}

/// Two are dead, the third is dropped by force, and added again: its replica goes on.
#[test]
fn what_a_dropped_backend_had_is_its_own_again_when_it_is_added() {
    let mut world = cluster(3, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let held = world.replica(tablet, all[2]);
    let address = world.core.head.backends[&all[2]].clone();
    world.dead(all[0]);
    world.dead(all[1]);
    world
        .ask(drop_of(&world, &all[2..], true))
        .expect("by force");
    let again = vec![(address.host.clone(), address.port)];
    world.ask(Request::AddBackends(again)).expect("it joins");
    let new = *world.backends().last().expect("the new one");
    world.alive(new);
    tell(&mut world, new, vec![report(tablet, held.id, held.version)]);
    let back = world.replica(tablet, new);
    assert_eq!(
        (back.id, back.version, back.bad),
        (held.id, held.version, false)
    );
    assert_eq!(back.state, ReplicaState::Normal);
    assert_eq!(world.replicas(tablet).len(), 3);
    world.wait(300, &[new]);
    let drops = |(_, _, request): &(CallId, BackendId, BackendRequest)| {
        matches!(request, BackendRequest::DropTablets(_))
    };
    assert!(!world.calls.iter().any(drops), "nothing is thrown away");
    world.check();
}

fn tell(world: &mut World, backend: BackendId, tablets: Vec<TabletReport>) {
    let result = Ok(ReportAnswer {
        seq: 1,
        full: true,
        tablets,
        pending: Vec::new(),
    });
    let asked = Timestamp::at(world.now + 1);
    world.step(Event::Report {
        backend,
        asked,
        result,
    });
}

/// A replica that the catalog has removed is taken back under a new id as soon as its tablet lacks it, and never dropped
/// before it is one too many.
#[test]
fn a_stranger_is_adopted_where_its_tablet_lacks_a_copy() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let homes = world.homes(tablet);
    let other = *all.iter().find(|id| !homes.contains(id)).expect("a fourth");
    // Reserved for nobody: an older replica that was moved away once.
    let old = ReplicaId(1);
    let strange = || report(tablet, old, 1);
    tell(&mut world, other, vec![strange()]);
    assert!(world.calls.is_empty(), "three are there");
    world.dead(homes[0]);
    tell(&mut world, other, vec![strange()]);
    let Some((call, to, BackendRequest::Adopt(request))) = world.calls.pop_front() else {
        panic!("it is asked for");
    };
    let new = world.replica(tablet, other);
    assert_eq!((to, new.state), (other, ReplicaState::Clone));
    assert_eq!(request.tablets, [(tablet, old, new.id)]);
    tell(&mut world, other, vec![strange()]);
    assert!(world.calls.is_empty(), "once is enough");
    let adopted = Adopted {
        tablets: vec![report(tablet, new.id, 1)],
        failed: Vec::new(),
    };
    world.step(Event::Answer {
        call,
        result: Ok(BackendReply::Adopted(adopted)),
    });
    let new = world.replica(tablet, other);
    assert_eq!((new.state, new.version), (ReplicaState::Normal, 1));
    let witness = |id| world.core.head.witness(tablet, id);
    let first = world.replica(tablet, homes[1]).id;
    assert_eq!(witness(new.id), witness(first), "it is no second witness");
    world.check();
}

#[test]
fn what_is_of_another_history_or_bad_is_not_adopted_and_not_dropped_either() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let homes = world.homes(tablet);
    let other = *all.iter().find(|id| !homes.contains(id)).expect("a fourth");
    world.dead(homes[0]);
    let mut ahead = report(tablet, ReplicaId(1), 1);
    ahead.max_version = 9;
    let mut bad = report(tablet, ReplicaId(1), 1);
    bad.bad = true;
    let mut behind = report(tablet, ReplicaId(1), 0);
    behind.max_version = 0;
    for of in [ahead, bad, behind] {
        tell(&mut world, other, vec![of.clone()]);
        world.now += 10_000_000;
        tell(&mut world, other, vec![of]);
        assert_eq!(world.calls, []);
    }
    // Where nobody can be read, one that is behind is better than nothing.
    for home in &homes {
        world.dead(*home);
    }
    tell(&mut world, other, vec![report(tablet, ReplicaId(1), 0)]);
    assert!(matches!(world.calls[0].2, BackendRequest::Adopt(_)));
}

/// Found by the simulator (seed 611): such a load became visible, and nobody who was left had its rows.
#[test]
fn a_load_is_not_seen_by_the_word_of_a_backend_that_was_dropped() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::One);
    let all = world.backends();
    for id in &all {
        world.shows(*id);
    }
    let plan = world.begin("l").expect("a plan");
    world.obliging = false;
    let token = world.send(commit(&plan, &all[2..]));
    let publishes = |world: &mut World, at: BackendId| {
        let calls = world.calls.iter();
        let mut places = calls.enumerate().filter(|(_, (_, to, _))| *to == at);
        let place = places.next().expect("its publish").0;
        let (call, ..) = world.calls.remove(place).expect("it is there");
        let result = Ok(TabletErrors::default().into());
        world.step(Event::Answer { call, result });
    };
    publishes(&mut world, all[1]);
    assert_eq!(
        world.ask(drop_of(&world, &all[1..2], false)),
        Ok(Reply::Done)
    );
    world.wait(10, &[all[0], all[2]]);
    assert_eq!(world.reply(token), None);
    publishes(&mut world, all[0]);
    let told = world.reply(token);
    assert!(matches!(told, Some(Ok(Reply::Visible { .. }))), "{told:?}");
}
