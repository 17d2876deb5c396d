//! A frontend that took over with an older journal: what backends hold beyond it harms nothing, and is taken up when somebody says so.

use super::*;
use crate::catalog::checkpoint::chunks;
use crate::catalog::recovery::{RecoveryChange, STRETCH};
use crate::code::Code;
use crate::leader::request::recovery::{
    Finding, FindingState, Parts, RecoveryRequest, ReplicaVersion, Terms,
};

/// What the journal says after so many records, and a take-over.
fn restored(world: &World, records: usize, takeovers: u64) -> Catalog {
    let mut restorer = Restorer::default();
    for (at, changes) in world.journal.iter().take(records).enumerate() {
        restorer.record(at as u64 + 1, changes).expect("it fitted");
    }
    let told = Change::Recovery(RecoveryChange::TakeOver { takeovers });
    let seq = records as u64 + 1;
    restorer.record(seq, &[told]).expect("a take-over");
    restorer.finish()
}

/// Three backends with a table of two tablets; the journal is cut after two loads of five, and a frontend takes over with it.
fn taken_over(quorum: WriteQuorum) -> World {
    let mut world = World::new(3);
    world.table(2, 3, quorum);
    let mut cut = 0;
    for n in 0..5 {
        if n == 2 {
            cut = world.journal.len();
        }
        let plan = world.begin(&n.to_string()).expect("a plan");
        world.send(commit(&plan, &[]));
    }
    let catalog = restored(&world, cut, 1);
    world.journal.truncate(cut);
    world
        .journal
        .push(vec![Change::Recovery(RecoveryChange::TakeOver {
            takeovers: 1,
        })]);
    start(&mut world, catalog);
    world
}

fn start(world: &mut World, catalog: Catalog) {
    let (seq, now) = (world.journal.len() as u64, Timestamp::at(world.now));
    world.core = Core::recover(catalog, seq, Config::default(), now);
    world.calls.clear();
    world.backends().into_iter().for_each(|id| world.alive(id));
}

/// A full report of a backend, with its replicas at these versions, tablet by tablet.
fn shows(world: &mut World, backend: BackendId, versions: &[Version], more: Vec<TabletReport>) {
    let tablets = world.tablets();
    let held = tablets
        .iter()
        .zip(versions)
        .filter_map(|(tablet, version)| {
            let view = world.core.head.tablets.view(*tablet)?;
            let of = view.on(backend)?;
            let rows = *version as u64 * 10;
            Some(TabletReport {
                row_count: rows,
                ..report(*tablet, of.id, *version)
            })
        });
    let tablets = held.chain(more).collect();
    let answer = ReportAnswer {
        seq: 1,
        full: true,
        tablets,
        pending: Vec::new(),
    };
    let asked = Timestamp::at(world.now);
    world.step(Event::Report {
        backend,
        asked,
        result: Ok(answer),
    });
    world.pass(2_000);
}

fn recover(world: &mut World, accept: bool, dry_run: bool) -> Vec<Finding> {
    let request = RecoveryRequest::Recover {
        parts: Some(Parts {
            db: "d".to_owned(),
            table: "t".to_owned(),
            partitions: Vec::new(),
        }),
        accept,
        terms: Terms {
            dry_run,
            reason: "a test".to_owned(),
        },
    };
    match world.ask(Request::Recovery(request)) {
        Ok(Reply::Recovery(found)) => found,
        other => panic!("findings, not {other:?}"),
    }
}

fn partition(world: &World) -> (Version, Version) {
    let of = world.core.head.partitions.values().next().expect("one");
    (of.visible_version, of.next_version)
}

fn good(world: &World) -> bool {
    let tablets = &world.core.head.tablets;
    tablets.iter().all(|view| {
        let visible = view.visible();
        view.replicas().all(|of| of.whole(visible))
    })
}

#[test]
fn versions_beyond_the_journal_are_read_at_what_is_known_and_taken_up_by_order() {
    let mut world = taken_over(WriteQuorum::Majority);
    assert_eq!(partition(&world), (3, 4));
    for backend in world.backends() {
        let refused = world.begin("early").expect_err("nobody was heard");
        assert_eq!(refused.code, Code::QUORUM);
        shows(&mut world, backend, &[6, 6], Vec::new());
    }
    world.pass(200_000);
    assert!(good(&world), "what is known can be read everywhere");
    let refused = world.begin("x").expect_err("version 4 is taken");
    assert!(
        refused.message.contains("up to 6 where it knows 3"),
        "{refused}"
    );
    assert!(
        refused.message.contains("ADMIN RECOVER TABLE d.t"),
        "{refused}"
    );
    let journal = world.journal.len();
    let dry = recover(&mut world, false, true);
    assert_eq!(world.journal.len(), journal, "nothing is done");
    assert_eq!(dry.len(), 1);
    let line = (dry[0].known, dry[0].version, dry[0].state);
    assert_eq!(line, (Some(3), Some(6), FindingState::Can), "{dry:?}");
    let done = recover(&mut world, false, false);
    assert_eq!(done[0].state, FindingState::Done);
    assert_eq!(partition(&world), (6, 7));
    assert!(good(&world));
    let plan = world.begin("x").expect("loads go on");
    assert!(plan.txn.0 >= STRETCH);
    world.send(commit(&plan, &[]));
    assert_eq!(partition(&world), (7, 8));
    assert!(recover(&mut world, false, true).is_empty());
    world.check();
}

#[test]
fn where_nobody_holds_more_loads_go_on_by_themselves_once_all_were_heard() {
    let mut world = taken_over(WriteQuorum::Majority);
    let backends = world.backends();
    for backend in &backends[..2] {
        shows(&mut world, *backend, &[3, 3], Vec::new());
    }
    world.begin("x").expect_err("the third may hold more");
    shows(&mut world, backends[2], &[3, 3], Vec::new());
    world.begin("x").expect("all were heard");
}

#[test]
fn a_version_that_no_quorum_can_have_acknowledged_is_cut_and_loads_wait_for_that() {
    let mut world = taken_over(WriteQuorum::Majority);
    let backends = world.backends();
    // The last load reached one tablet of one backend.
    shows(&mut world, backends[0], &[6, 5], Vec::new());
    shows(&mut world, backends[1], &[5, 5], Vec::new());
    shows(&mut world, backends[2], &[5, 4], Vec::new());
    world.obliging = false;
    let done = recover(&mut world, false, false);
    assert_eq!(done[0].state, FindingState::Done, "{done:?}");
    assert_eq!(partition(&world), (5, 6));
    let tablets = world.tablets();
    assert_eq!(world.versions(tablets[1], backends[2]).0, 4, "it is behind");
    world.begin("x").expect_err("version 6 is still there");
    let (call, at, request) = world.calls.pop_front().expect("a cut");
    let BackendRequest::Cut(of) = request else {
        panic!("a cut, not {request:?}");
    };
    assert_eq!(at, backends[0]);
    assert_eq!((of.tablets.len(), of.tablets[0].2), (1, 5));
    world.step(Event::Answer {
        call,
        result: Ok(TabletErrors::default().into()),
    });
    world.begin("x").expect("nobody holds version 6");
    world.check();
}

#[test]
fn what_backends_that_were_not_heard_may_hold_is_lost_only_where_that_is_accepted() {
    let mut world = taken_over(WriteQuorum::One);
    let backends = world.backends();
    shows(&mut world, backends[0], &[4, 4], Vec::new());
    shows(&mut world, backends[1], &[3, 4], Vec::new());
    world.dead(backends[2]);
    let found = recover(&mut world, false, false);
    assert_eq!(found[0].state, FindingState::NeedsAcceptance);
    assert_eq!(partition(&world), (3, 4), "nothing was done");
    let found = recover(&mut world, true, false);
    assert_eq!(found[0].state, FindingState::Done);
    assert_eq!(partition(&world), (4, 5));
    for tablet in world.tablets() {
        let view = world.core.head.tablets.view(tablet).expect("a tablet");
        let silent = view.on(backends[2]).expect("a replica");
        assert!(
            silent.bad && silent.set_bad_force,
            "it is not believed any more"
        );
    }
    world.begin("x").expect("loads go on with the others");
    let said = world.notices.iter().map(Notice::to_string);
    assert!(said.filter(|of| of.contains("because: a test")).count() == 1);
}

#[test]
fn a_quorum_that_was_heard_needs_no_acceptance() {
    let mut world = taken_over(WriteQuorum::Majority);
    let backends = world.backends();
    shows(&mut world, backends[0], &[5, 5], Vec::new());
    shows(&mut world, backends[1], &[5, 5], Vec::new());
    world.dead(backends[2]);
    let found = recover(&mut world, false, false);
    assert_eq!(found[0].state, FindingState::Done, "{found:?}");
    assert_eq!(partition(&world), (5, 6));
}

#[test]
fn tablets_that_are_not_known_stay_until_somebody_lets_them_go() {
    let mut world = taken_over(WriteQuorum::Majority);
    let stranger = report(TabletId(90_000), ReplicaId(90_001), 2);
    for backend in world.backends() {
        shows(&mut world, backend, &[3, 3], vec![stranger.clone()]);
    }
    world.obliging = false;
    for _ in 0..3 {
        world.pass(600_000);
        for backend in world.backends() {
            shows(&mut world, backend, &[3, 3], vec![stranger.clone()]);
        }
    }
    let drops = |world: &World| {
        let mut calls = world.calls.iter();
        calls.any(|(_, _, of)| matches!(of, BackendRequest::DropTablets(_)))
    };
    assert!(!drops(&world));
    let let_go = |dry_run| {
        let reason = "not needed".to_owned();
        let terms = Terms { dry_run, reason };
        Request::Recovery(RecoveryRequest::DropUnknown { terms })
    };
    let Ok(Reply::Recovery(found)) = world.ask(let_go(true)) else {
        panic!("findings");
    };
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|of| of.tablet == Some(TabletId(90_000))));
    world.ask(let_go(false)).expect("they go");
    world.pass(600_000);
    for backend in world.backends() {
        shows(&mut world, backend, &[3, 3], vec![stranger.clone()]);
    }
    assert!(drops(&world));
}

#[test]
fn every_take_over_gives_ids_of_its_own_and_a_checkpoint_tells_of_the_doubts() {
    let mut world = taken_over(WriteQuorum::Majority);
    let given: BTreeSet<TabletId> = world.tablets().into_iter().collect();
    assert!(given.iter().all(|of| of.0 < STRETCH));
    let catalog = world.core.head.clone();
    let mut restorer = Restorer::default();
    for chunk in chunks(&catalog) {
        restorer.chunk(chunk).expect("it fits");
    }
    let back = restorer.finish();
    assert_eq!(back.recovery, catalog.recovery);
    assert_eq!(back.ids_below, catalog.ids_below);
    world
        .ask(create_table("u", 2, 3, WriteQuorum::Majority))
        .expect("a table");
    let new: Vec<TabletId> = world
        .tablets()
        .into_iter()
        .filter(|of| !given.contains(of))
        .collect();
    assert!(new.iter().all(|of| (STRETCH..2 * STRETCH).contains(&of.0)));
    // The same old journal is put back once more.
    let catalog = restored(&world, 3, 2);
    start(&mut world, catalog);
    let first = world.core.numbers.next_replica();
    assert!(first.0 >= 2 * STRETCH);
}

#[test]
fn a_version_that_is_named_is_refused_where_rows_would_go_unseen() {
    let mut world = taken_over(WriteQuorum::Majority);
    for backend in world.backends() {
        shows(&mut world, backend, &[6, 6], Vec::new());
    }
    let partition = *world.core.head.partitions.keys().next().expect("one");
    let set = |version, accept| {
        Request::Recovery(RecoveryRequest::SetPartitionVersion {
            parts: Parts {
                db: "d".to_owned(),
                table: "t".to_owned(),
                partitions: Vec::new(),
            },
            partition,
            version,
            accept,
            terms: Terms {
                dry_run: false,
                reason: "a test".to_owned(),
            },
        })
    };
    let mut state = |version, accept| match world.ask(set(version, accept)) {
        Ok(Reply::Recovery(found)) => found[0].state,
        other => panic!("findings, not {other:?}"),
    };
    assert_eq!(state(2, true), FindingState::Blocked, "readers see 3");
    assert_eq!(state(7, true), FindingState::Blocked, "nobody holds 7");
    assert_eq!(state(5, false), FindingState::NeedsAcceptance);
    assert_eq!(state(6, false), FindingState::Done);
    let settled = world.ask(set(6, false)).expect_err("nothing is in doubt");
    assert!(settled.message.contains("not in doubt"), "{settled}");
    let (tablet, backend) = (world.tablets()[0], world.backends()[0]);
    let claim = |version, failed| {
        let success = None;
        let wanted = ReplicaVersion {
            tablet,
            backend,
            version,
            success,
            failed,
        };
        let terms = Terms::default();
        Request::Recovery(RecoveryRequest::SetReplicaVersion { wanted, terms })
    };
    let refused = world.ask(claim(Some(7), None)).expect_err("it holds 6");
    assert!(refused.message.contains("ACCEPT DATA LOSS"), "{refused}");
    world.ask(claim(Some(5), None)).expect_err("it holds 6");
    world.ask(claim(Some(6), Some(-1))).expect("as it is");
}
