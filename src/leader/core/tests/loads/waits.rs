//! What a committed load waits for before it is seen, and for how long.

use super::*;

/// A publish on its way to a backend.
type Call = (CallId, BackendId, BackendRequest);

impl World {
    /// A load is committed; what its backends are asked for then is answered by the test.
    fn committed(&mut self, label: &str) -> (Arc<LoadPlan>, Token, Vec<Call>) {
        let plan = self.begin(label).expect("a plan");
        self.obliging = false;
        let token = self.send(commit(&plan, &[]));
        let calls = self.calls.drain(..).collect();
        (plan, token, calls)
    }
}

#[test]
fn a_slow_replica_is_waited_for_and_then_missed() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let tablet = world.tablets()[0];
    let (plan, token, calls) = world.committed("a");
    for (call, ..) in &calls[..2] {
        world.step(Event::Answer {
            call: *call,
            result: Ok(TabletErrors::default().into()),
        });
    }
    world.pass(4_999);
    assert!(world.reply(token).is_none(), "the third may still answer");
    world.pass(1);
    visible(world.reply(token));
    let slow = calls[2].1;
    assert_eq!(world.versions(tablet, slow), (1, 2, 1));
    // It holds the rows and comes back: its publish is done late.
    let asked = Timestamp::at(world.now);
    let pending = ReportAnswer {
        seq: 1,
        full: false,
        tablets: Vec::new(),
        pending: vec![plan.txn],
    };
    world.step(Event::Report {
        backend: slow,
        asked,
        result: Ok(pending),
    });
    let (_, backend, request) = world.calls.pop_back().expect("a late publish");
    assert_eq!(backend, slow);
    assert!(matches!(request, BackendRequest::Publish(of) if of.txn == plan.txn));
    world.check();
}

#[test]
fn a_replica_whose_backend_gives_no_answer_is_not_waited_for() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let tablet = world.tablets()[0];
    let load = |world: &mut World, label: &str| {
        let (_, token, calls) = world.committed(label);
        world.obliging = true;
        for (call, ..) in &calls[..2] {
            let result = Ok(TabletErrors::default().into());
            world.step(Event::Answer {
                call: *call,
                result,
            });
        }
        (token, calls[2].0, calls[2].1)
    };
    let refused = |world: &mut World, call| {
        let result = Err("connection refused".to_owned());
        world.step(Event::Answer { call, result });
    };
    let (token, call, dead) = load(&mut world, "a");
    refused(&mut world, call);
    assert!(world.reply(token).is_none(), "one answer may get lost");
    world.obliging = false;
    world.pass(400);
    let (again, backend, _) = world.calls.pop_back().expect("the publish again");
    assert_eq!(backend, dead);
    refused(&mut world, again);
    visible(world.reply(token));
    assert_eq!(world.versions(tablet, dead), (1, 2, 1));

    // Its heartbeats miss as well: the first failure is enough.
    world.step(Event::Heartbeat {
        backend: dead,
        result: Err("connection refused".to_owned()),
    });
    let (token, call, _) = load(&mut world, "b");
    refused(&mut world, call);
    visible(world.reply(token));
}

#[test]
fn a_backend_in_doubt_that_gives_no_answer_is_not_waited_for() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let (_, token, calls) = world.committed("a");
    for (call, ..) in &calls[..2] {
        let result = Ok(TabletErrors::default().into());
        world.step(Event::Answer {
            call: *call,
            result,
        });
    }
    let (call, silent) = (calls[2].0, calls[2].1);
    let result = Err("no sign of life".to_owned());
    world.step(Event::Answer { call, result });
    assert!(world.reply(token).is_none(), "one answer may get lost");
    world.step(Event::Doubts([silent].into()));
    world.step(Event::Tick);
    visible(world.reply(token));
    assert!(world.core.head.doubted(silent));
    world.step(Event::Doubts([].into()));
    assert!(!world.core.head.doubted(silent));
    world.check();
}

#[test]
fn a_load_that_waits_for_replicas_says_for_which_tablet() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let tablet = world.tablets()[0];
    let (plan, token, calls) = world.committed("a");
    for (at, (call, ..)) in calls.iter().enumerate() {
        let lost = (tablet, "its files are lost".to_owned());
        let failed = if at == 0 { vec![] } else { vec![lost] };
        let result = Ok(TabletErrors { failed }.into());
        world.step(Event::Answer {
            call: *call,
            result,
        });
    }
    assert!(world.reply(token).is_none());
    let reason = world.core.head.txns[&plan.txn].reason.clone();
    let expected = format!("its version is on 1 replicas of tablet {tablet}, and 2 are needed");
    assert!(reason.starts_with(&expected), "{reason}");
    world.obliging = true;
    world.pass(400);
    visible(world.reply(token));
    assert_eq!(world.core.head.txns[&plan.txn].reason, "");
}
