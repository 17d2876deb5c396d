//! Lost files: whose replica may be given up, and what is believed at once.

use super::*;
use crate::backend::api::{BadSegment, CheckSegments, SegmentsAnswer};

#[test]
fn of_two_backends_that_ask_only_one_may_give_up_its_replica() {
    let mut world = World::new(2);
    let tablet = world.loaded(1, 2)[0];
    let single = {
        world.obliging = true;
        world
            .ask(create_table("one", 1, 1, WriteQuorum::One))
            .expect("a table");
        world.obliging = false;
        *world.tablets().last().expect("its tablet")
    };
    let [a, b] = world.backends()[..] else {
        panic!("two backends")
    };
    let spare = |world: &World, backend| {
        let held = |id| {
            let view = world.core.head.tablets.view(id);
            let replica = view.and_then(|view| view.on(backend));
            (id, replica.map_or(ReplicaId(1), |replica| replica.id))
        };
        let tablets = [tablet, single, TabletId(1)].map(held).to_vec();
        Request::Heal(HealRequest::Spare { backend, tablets })
    };
    let home = world.homes(single)[0];
    let other = if home == a { b } else { a };
    // The replica that is meant was replaced meanwhile: the one that is there by now is not in question.
    let replaced = vec![(tablet, ReplicaId(1))];
    let late = Request::Heal(HealRequest::Spare {
        backend: home,
        tablets: replaced,
    });
    assert_eq!(world.ask(late), Ok(Reply::Spared(vec![tablet])));
    assert_eq!(world.bad(tablet), []);
    let asked = spare(&world, home);
    assert_eq!(world.ask(asked), Ok(Reply::Spared(vec![tablet])));
    assert_eq!(world.bad(tablet), [home]);
    // A report that was under way says that the replica is good: it is not believed.
    let held = world.replica(tablet, home);
    let good = ReportAnswer {
        seq: 1,
        full: false,
        tablets: vec![report(tablet, held.id, held.version)],
        pending: Vec::new(),
    };
    world.step(Event::Report {
        backend: home,
        asked: Timestamp::at(world.now + 1),
        result: Ok(good),
    });
    assert_eq!(world.bad(tablet), [home]);
    let asked = spare(&world, other);
    let answer = world.ask(asked).expect("an answer");
    // The other one has no replica of the second table, so that is served without it.
    assert_eq!(answer, Reply::Spared(vec![single]));
    assert_eq!(world.bad(tablet), [home]);
    let status = Request::Heal(HealRequest::SetReplicaStatus {
        tablet,
        backend: home,
        bad: false,
        force: false,
    });
    world.ask(status).expect("an operator knows better");
    assert_eq!(world.bad(tablet), []);
}

#[test]
fn lost_segments_are_looked_for_everywhere_and_believed_at_once() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    let [a, b, c] = world.backends()[..] else {
        panic!("three backends")
    };
    world.dead(c);
    let token = world.send(Request::Heal(HealRequest::CheckSegments {
        backends: Vec::new(),
        repair: true,
    }));
    let calls: Vec<_> = world.calls.drain(..).collect();
    assert_eq!(calls.len(), 2);
    let found = SegmentsAnswer {
        checked: 1,
        bad: vec![BadSegment {
            tablet,
            replica: world.replica(tablet, a).id,
            why: "0.parquet is gone".to_owned(),
            set_bad: true,
            kept: false,
        }],
    };
    for (call, backend, request) in calls {
        assert!(matches!(
            request,
            BackendRequest::CheckSegments(CheckSegments { repair: true, .. })
        ));
        assert_eq!(world.reply(token), None);
        let result = match backend == a {
            true => Ok(BackendReply::Segments(found.clone())),
            false => Err("broken pipe".to_owned()),
        };
        world.step(Event::Answer { call, result });
    }
    let told = vec![(a, Ok(found)), (b, Err("broken pipe".to_owned()))];
    assert_eq!(world.reply(token), Some(Ok(Reply::Segments(told))));
    assert_eq!(world.bad(tablet), [a]);
    world.check();
    let nobody = Request::Heal(HealRequest::CheckSegments {
        backends: vec![c, BackendId(1)],
        repair: false,
    });
    let Ok(Reply::Segments(told)) = world.ask(nobody) else {
        panic!("an answer")
    };
    assert!(told.len() == 2 && told.iter().all(|(_, told)| told.is_err()));
}
