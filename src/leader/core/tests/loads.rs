//! Loads: quorums, labels, order of versions, what becomes of replicas that miss one.

mod holds;
mod waits;

use super::*;
use crate::backend::api::Process;
use crate::code::Code;
use crate::ids::TxnId;

fn visible(result: Option<Result<Reply, Failure>>) -> Vec<Version> {
    match result {
        Some(Ok(Reply::Visible { versions })) => versions.into_iter().map(|(_, v)| v).collect(),
        other => panic!("the load should be visible: {other:?}"),
    }
}

#[test]
fn a_load_that_all_replicas_hold_is_visible_and_costs_no_laggard() {
    let mut world = World::new(3);
    world.table(4, 3, WriteQuorum::Majority);
    let plan = world.begin("a").expect("a plan");
    assert_eq!(plan.partitions[0].tablets.len(), 4);
    let token = world.send(commit(&plan, &[]));
    assert_eq!(visible(world.reply(token)), [2]);
    assert_eq!(world.core.head.tablets.laggards().count(), 0);
    for tablet in world.tablets() {
        for backend in world.backends() {
            assert_eq!(world.versions(tablet, backend), (2, -1, 2));
        }
    }
    world.check();
}

#[test]
fn a_replica_that_missed_the_rows_is_behind_until_its_backend_reports_the_version() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let tablet = world.tablets()[0];
    let backends = world.backends();
    let lame = backends[1];
    let plan = world.begin("a").expect("a plan");
    let token = world.send(commit(&plan, &[lame]));
    visible(world.reply(token));
    assert_eq!(world.versions(tablet, lame), (1, 2, 1));
    let db = world.core.head.database("d").expect("d").id;
    assert_eq!(world.core.census.unhealthy(db), [tablet]);
    world.check();
    // A later load that it gets lies behind the gap.
    let plan = world.begin("b").expect("a plan");
    let token = world.send(commit(&plan, &[]));
    visible(world.reply(token));
    assert_eq!(world.versions(tablet, lame), (1, 2, 3));
    let replica = world
        .core
        .head
        .tablets
        .view(tablet)
        .and_then(|v| v.on(lame))
        .expect("it")
        .id;
    world.now += 10;
    let report = TabletReport {
        tablet,
        replica,
        epoch: 1,
        version: 3,
        max_version: 3,
        bad: false,
        why: None,
        data_size: 10,
        row_count: 2,
        version_count: 2,
        path_hash: 7,
        dropped: false,
    };
    let answer = ReportAnswer {
        seq: 1,
        full: false,
        tablets: vec![report],
        pending: Vec::new(),
    };
    let asked = Timestamp::at(world.now);
    world.step(Event::Report {
        backend: lame,
        asked,
        result: Ok(answer),
    });
    assert_eq!(world.versions(tablet, lame), (3, -1, 3));
    assert!(world.core.census.unhealthy(db).is_empty());
    world.check();
}

#[test]
fn below_the_quorum_a_load_is_aborted_and_the_error_names_tablet_got_and_needed() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let backends = world.backends();
    let plan = world.begin("a").expect("a plan");
    let tablet = plan.partitions[0].tablets[0].id;
    world.obliging = false;
    let failed = world
        .ask(commit(&plan, &backends[..2]))
        .expect_err("one of three is too few");
    assert_eq!(failed.code, Code::QUORUM);
    assert!(
        failed
            .message
            .contains(&format!("tablet: {tablet} quorum: 1<2")),
        "{failed}"
    );
    let told: Vec<_> = world
        .calls
        .iter()
        .map(|(_, id, request)| (*id, request.clone()))
        .collect();
    let abort = BackendRequest::Abort(crate::backend::api::Abort { txn: plan.txn });
    assert_eq!(
        told,
        backends
            .iter()
            .map(|id| (*id, abort.clone()))
            .collect::<Vec<_>>()
    );
    // The label may be used again.
    world.begin("a").expect("a plan");
}

#[test]
fn a_label_is_taken_while_its_load_runs_and_when_it_is_visible() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::One);
    let plan = world.begin("a").expect("a plan");
    let refused = world.begin("a").expect_err("it runs");
    assert_eq!(refused.code, Code::LABEL_EXISTS);
    assert!(
        refused
            .message
            .contains(&format!("transaction {}", plan.txn)),
        "{refused}"
    );
    assert!(refused.message.contains("PREPARE"), "{refused}");
    let token = world.send(commit(&plan, &[]));
    visible(world.reply(token));
    assert!(
        world
            .begin("a")
            .expect_err("it is visible")
            .message
            .contains("VISIBLE")
    );
    // A coordinator that lost the answer asks again.
    let token = world.send(commit(&plan, &[]));
    assert_eq!(visible(world.reply(token)), [2]);
    world.pass(1000 * 259_200 + 1);
    world.begin("a").expect("the label is forgotten");
}

#[test]
fn dead_backends_are_no_part_of_a_plan_and_too_few_living_ones_refuse_it() {
    let mut world = World::new(3);
    world.table(2, 3, WriteQuorum::Majority);
    let backends = world.backends();
    world.dead(backends[0]);
    let plan = world.begin("a").expect("two of three live");
    assert!(
        plan.partitions[0]
            .tablets
            .iter()
            .all(|t| t.backends == backends[1..])
    );
    world.dead(backends[1]);
    let refused = world.begin("b").expect_err("one of three lives");
    assert_eq!(refused.code, Code::QUORUM);
    assert!(
        refused.message.contains("1 can be written, quorum: 2"),
        "{refused}"
    );
    assert!(refused.message.contains("DEAD"), "{refused}");
    world.check();
}

fn next_publish(world: &mut World) -> (CallId, TxnId, Version) {
    match world.calls.pop_front() {
        Some((call, _, BackendRequest::Publish(of))) => (call, of.txn, of.tablets[0].version),
        other => panic!("a publish, not {other:?}"),
    }
}

fn done(world: &mut World, call: CallId) {
    let result = Ok(TabletErrors::default().into());
    world.step(Event::Answer { call, result });
}

#[test]
fn versions_are_given_out_at_once_and_seen_in_their_order() {
    let mut world = World::new(1);
    world.table(1, 1, WriteQuorum::All);
    let first = world.begin("a").expect("a plan");
    let second = world.begin("b").expect("a plan");
    world.obliging = false;
    let second_token = world.send(commit(&second, &[]));
    let first_token = world.send(commit(&first, &[]));
    let (of_second, txn, version) = next_publish(&mut world);
    assert_eq!((txn, version), (second.txn, 2));
    let (of_first, txn, version) = next_publish(&mut world);
    assert_eq!((txn, version), (first.txn, 3));
    done(&mut world, of_first);
    assert!(world.reply(first_token).is_none(), "version 2 comes before");
    done(&mut world, of_second);
    assert_eq!(visible(world.reply(second_token)), [2]);
    assert_eq!(visible(world.reply(first_token)), [3]);
    world.check();
}

#[test]
fn only_so_many_versions_are_given_out_before_the_first_is_seen() {
    let mut world = World::new(1);
    world.table(1, 1, WriteQuorum::All);
    let plans: Vec<_> = (0..40)
        .map(|n| world.begin(&n.to_string()).expect("a plan"))
        .collect();
    world.obliging = false;
    for plan in &plans {
        world.send(commit(plan, &[]));
    }
    world.step(Event::Tick);
    let sent = world.calls.len();
    assert!(sent > 1 && sent < plans.len(), "{sent}");
    let mut last = 0;
    for plan in &plans {
        let (call, txn, version) = next_publish(&mut world);
        assert_eq!((txn, version), (plan.txn, last.max(1) + 1));
        last = version;
        done(&mut world, call);
    }
    assert!(world.calls.is_empty());
    let partition = world.core.head.partitions.values().next();
    assert_eq!(partition.map(|of| of.visible_version), Some(last));
    world.check();
}

#[test]
fn a_load_without_commit_is_aborted_at_its_deadline() {
    let mut world = World::new(1);
    world.table(1, 1, WriteQuorum::All);
    let plan = world.begin("a").expect("a plan");
    world.obliging = false;
    world.pass(59_999);
    assert!(world.calls.is_empty());
    world.pass(1);
    assert!(matches!(
        world.calls.pop_front(),
        Some((_, _, BackendRequest::Abort(_)))
    ));
    let late = world.ask(commit(&plan, &[])).expect_err("it is over");
    assert_eq!(late.code, Code::TXN);
    assert!(
        late.message.contains("ABORTED") && late.message.contains("timeout"),
        "{late}"
    );
}

#[test]
fn nothing_is_answered_or_sent_before_its_record_is_durable() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let plan = world.begin("a").expect("a plan");
    world.obliging = false;
    world.writing = false;
    let token = world.send(commit(&plan, &[]));
    assert!(world.calls.is_empty() && world.reply(token).is_none());
    let seen = world.core.snapshot().0;
    assert!(
        seen.txns
            .get(&plan.txn)
            .is_some_and(|txn| txn.versions.is_empty())
    );
    world.writing = true;
    let seq = world.journal.len() as u64;
    world.step(Event::Appended { seq });
    assert_eq!(world.calls.len(), 3);
    let calls: Vec<_> = world.calls.drain(..).map(|(call, ..)| call).collect();
    world.writing = false;
    for call in calls {
        world.step(Event::Answer {
            call,
            result: Ok(TabletErrors::default().into()),
        });
    }
    assert!(
        world.reply(token).is_none(),
        "the record of the visible version is not durable"
    );
    let seen = world.core.snapshot().0;
    assert!(
        seen.partitions
            .values()
            .all(|partition| partition.visible_version == 1)
    );
    world.step(Event::Appended { seq: seq + 1 });
    visible(world.reply(token));
}

#[test]
fn a_load_whose_coordinator_is_gone_is_given_up_and_its_label_is_free() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let backend = world.backends()[0];
    let by = |label: &str, started: i64| match begin(label) {
        Request::BeginLoad(load) => Request::BeginLoad(BeginLoad {
            process: Some(Process {
                backend,
                started: Timestamp::at(started),
            }),
            ..load
        }),
        other => other,
    };
    world.ask(by("dies", 0)).expect("a plan");
    assert_eq!(world.begin("dies").unwrap_err().code, Code::LABEL_EXISTS);
    world.dead(backend);
    world.begin("dies").expect("a plan: the label is free");
    world.alive(backend);

    // It was restarted so fast that no heartbeat failed.
    world.ask(by("before", 0)).expect("a plan");
    world.ask(by("after", 5)).expect("a plan");
    world.started(backend, 5);
    world.begin("before").expect("a plan: the label is free");
    assert_eq!(world.begin("after").unwrap_err().code, Code::LABEL_EXISTS);
}

/// Found by the simulator (seed 42071): such a load got its version, and waited for ever for a backend that nobody knows.
#[test]
fn rows_on_a_backend_that_was_dropped_meanwhile_count_for_nothing() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::One);
    let all = world.backends();
    let plan = world.begin("a").expect("a plan");
    let dropped = world.core.head.backends[&all[0]].clone();
    world
        .ask(Request::DropBackends {
            backends: vec![(dropped.host.clone(), dropped.port)],
            force: true,
        })
        .expect("it is dropped");
    let failed = world
        .ask(commit(&plan, &all[1..]))
        .expect_err("nobody who counts has the rows");
    assert_eq!(failed.code, Code::QUORUM);
}
