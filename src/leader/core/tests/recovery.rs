//! Starting again from the journal, with and without a checkpoint.

use super::*;
use crate::catalog::checkpoint::chunks;
use crate::code::Code;

/// What a journal says: everything but what is observed.
fn said(catalog: &Catalog) -> Vec<crate::catalog::checkpoint::CheckpointChunk> {
    chunks(catalog).collect()
}

fn replayed(world: &World, from: usize, restorer: Restorer) -> Catalog {
    let mut restorer = restorer;
    for (at, changes) in world.journal.iter().enumerate().skip(from) {
        restorer
            .record(at as u64 + 1, changes)
            .expect("it fitted once");
    }
    restorer.finish()
}

#[test]
fn a_catalog_comes_back_from_its_records_and_from_a_checkpoint_with_later_records() {
    let mut world = World::new(4);
    world.table(5, 3, WriteQuorum::Majority);
    let lame = world.backends()[2];
    for label in ["a", "b"] {
        let plan = world.begin(label).expect("a plan");
        world.send(commit(&plan, &[lame]));
    }
    let cut = world.journal.len();
    let checkpoint = said(&world.core.snapshot().0);
    world
        .ask(Request::DropBackends {
            backends: vec![("h4".to_owned(), 8040)],
            force: true,
        })
        .expect("a backend less");
    let truncate = Request::TruncateTable {
        db: "d".to_owned(),
        name: "t".to_owned(),
        partitions: Vec::new(),
    };
    world.ask(truncate).expect("empty again");
    world
        .ask(create_table("u", 3, 2, WriteQuorum::One))
        .expect("another");
    let now = said(&world.core.head);
    assert_eq!(said(&replayed(&world, 0, Restorer::default())), now);
    let mut restorer = Restorer::default();
    for chunk in checkpoint {
        let bytes = rmp_serde::to_vec_named(&chunk).expect("bytes");
        restorer
            .chunk(rmp_serde::from_slice(&bytes).expect("a chunk"))
            .expect("it fits");
    }
    let catalog = replayed(&world, cut, restorer);
    assert_eq!(said(&catalog), now);
    let core = Core::recover(catalog, 1, Config::default(), Timestamp::at(0));
    assert_eq!(core.census, Census::audit(&core.head));
    core.head
        .tablets
        .check(|id| core.head.partitions.contains_key(&id));
}

#[test]
fn a_committed_load_is_published_again_after_a_restart_and_no_id_is_given_twice() {
    let mut world = World::new(1);
    world.table(1, 1, WriteQuorum::All);
    let plan = world.begin("a").expect("a plan");
    world.obliging = false;
    world.send(commit(&plan, &[]));
    let lost = world.begin("b").expect("a plan");
    let catalog = replayed(&world, 0, Restorer::default());
    let seq = world.journal.len() as u64;
    let now = Timestamp::at(world.now);
    world.core = Core::recover(catalog, seq, Config::default(), now);
    world.calls.clear();
    let backend = world.backends()[0];
    world.alive(backend);
    let (call, _, request) = world.calls.pop_front().expect("the publish again");
    assert!(matches!(request, BackendRequest::Publish(of) if of.txn == plan.txn));
    world.step(Event::Answer {
        call,
        result: Ok(TabletErrors::default().into()),
    });
    let refused = world.begin("a").expect_err("it is visible");
    assert!(refused.message.contains("VISIBLE"), "{refused}");
    // The load that had not committed is forgotten; its rows are, when they are reported.
    let asked = Timestamp::at(world.now);
    let pending = ReportAnswer {
        seq: 1,
        full: false,
        tablets: Vec::new(),
        pending: vec![lost.txn],
    };
    world.step(Event::Report {
        backend,
        asked,
        result: Ok(pending),
    });
    let (_, _, request) = world.calls.pop_front().expect("an abort");
    assert!(matches!(request, BackendRequest::Abort(of) if of.txn == lost.txn));
    let again = world.begin("b").expect("a plan");
    assert!(again.txn > lost.txn);
}

#[test]
fn a_setting_that_was_set_to_stay_is_in_force_after_a_restart() {
    let mut world = World::new(1);
    let set = |key: &str, persistent| Request::SetConfig {
        key: key.to_owned(),
        value: "7".to_owned(),
        persistent,
    };
    world
        .ask(set("heartbeat_interval_second", true))
        .expect("set");
    world
        .ask(set("heartbeat_timeout_second", false))
        .expect("set");
    assert_eq!(world.core.config().heartbeat_timeout_second, 7);
    let catalog = replayed(&world, 0, Restorer::default());
    let core = Core::recover(catalog, 1, Config::default(), Timestamp::at(0));
    assert_eq!(core.config().heartbeat_interval_second, 7);
    assert_eq!(core.config().heartbeat_timeout_second, 5);
}

/// A frontend that has started again, with backends that have shown nothing yet.
fn started_again(backends: u16) -> (World, Vec<BackendId>) {
    let mut world = World::new(backends);
    world.table(4, 3, WriteQuorum::Majority);
    let catalog = replayed(&world, 0, Restorer::default());
    let (seq, now) = (world.journal.len() as u64, Timestamp::at(world.now));
    world.core = Core::recover(catalog, seq, Config::default(), now);
    world.calls.clear();
    assert!(world.core.safe_mode());
    let backends = world.backends();
    (world, backends)
}

/// A backend has reported everything that it holds; what it shows is not enough for the percentage.
fn reported(world: &mut World, backend: BackendId) {
    world.alive(backend);
    let answer = ReportAnswer {
        seq: 1,
        full: true,
        tablets: Vec::new(),
        pending: Vec::new(),
    };
    world.step(Event::Report {
        backend,
        asked: Timestamp::at(-1),
        result: Ok(answer),
    });
}

fn refuses(world: &mut World, backend: BackendId) {
    for _ in 0..3 {
        let result = Err("connection refused".to_owned());
        world.step(Event::Heartbeat { backend, result });
    }
}

#[test]
fn safe_mode_does_not_wait_for_the_dead_but_for_everybody_else() {
    let (mut world, backends) = started_again(4);
    for backend in &backends[..3] {
        reported(&mut world, *backend);
    }
    refuses(&mut world, backends[3]);
    world.pass(14_999);
    assert!(world.core.safe_mode(), "it may just be starting");
    world.pass(1);
    assert!(!world.core.safe_mode());

    let (mut world, backends) = started_again(4);
    for backend in &backends[..3] {
        reported(&mut world, *backend);
    }
    world.alive(backends[3]);
    world.pass(20_000);
    assert!(world.core.safe_mode(), "a living one will report");
    reported(&mut world, backends[3]);
    assert!(!world.core.safe_mode(), "nobody is left");

    // Where half are dead, it may be the frontend that is cut off.
    let (mut world, backends) = started_again(4);
    for backend in &backends[..2] {
        reported(&mut world, *backend);
    }
    for backend in &backends[2..] {
        refuses(&mut world, *backend);
    }
    world.pass(299_999);
    assert!(world.core.safe_mode());
    world.pass(1);
    assert!(!world.core.safe_mode());
}

#[test]
fn a_label_is_remembered_for_its_time_though_each_start_finds_another_wall_clock() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let plan = world.begin("a").expect("a plan");
    world.send(commit(&plan, &[]));
    let kept_ms = world.core.config().label_keep_max_second as i64 * 1000;
    let mut counted = 0;
    for days in [400, -400, 4] {
        // Nothing happens for a while: what has passed is written down all the same.
        for _ in 0..6 {
            world.pass(600_000);
        }
        let catalog = replayed(&world, 0, Restorer::default());
        let last = catalog
            .time
            .expect("a moment is in the journal")
            .elapsed_ms();
        counted = last;
        world.ahead = days * 86_400_000;
        world.now = last + 1;
        let now = Timestamp::of(world.now, world.now + world.ahead);
        let seq = world.journal.len() as u64;
        world.core = Core::recover(catalog, seq, Config::default(), now);
        world.backends().into_iter().for_each(|id| world.alive(id));
        world.pass(1_000);
        let again = world.begin("a").expect_err("it is loaded");
        assert_eq!(again.code, Code::LABEL_EXISTS, "{days} days");
    }
    assert!(
        (10_000_000..11_000_000).contains(&counted),
        "three hours less what a restart loses: {counted}"
    );
    world.pass(kept_ms - world.now - 1);
    assert!(world.begin("a").is_err());
    world.pass(2_000);
    world.begin("a").expect("its label is forgotten");
}
