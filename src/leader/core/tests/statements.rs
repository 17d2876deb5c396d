//! Statements: what they make, what they refuse, what they leave behind.

use super::*;
use crate::catalog::partition::{Bound, Range};
use crate::code::Code;

fn drop_table() -> Request {
    Request::DropTable {
        db: "d".to_owned(),
        name: "t".to_owned(),
        if_exists: false,
    }
}

#[test]
fn a_table_is_there_when_every_backend_has_its_tablets() {
    let mut world = World::new(3);
    world
        .ask(Request::CreateDatabase {
            name: "d".to_owned(),
            if_not_exists: false,
        })
        .expect("a database");
    world.obliging = false;
    let token = world.send(create_table("t", 2, 3, WriteQuorum::Majority));
    let calls: Vec<_> = world.calls.drain(..).collect();
    assert_eq!(calls.len(), 3);
    for (call, _, request) in calls {
        assert!(world.reply(token).is_none());
        assert!(matches!(request, BackendRequest::CreateTablets(of) if of.tablets.len() == 2));
        world.step(Event::Answer {
            call,
            result: Ok(TabletErrors::default().into()),
        });
    }
    assert_eq!(world.reply(token), Some(Ok(Reply::Done)));
    assert_eq!(world.core.head.tablets.replicas(), 6);
    let again = world
        .ask(create_table("t", 2, 3, WriteQuorum::Majority))
        .expect_err("it exists");
    assert_eq!(again.code, Code::TABLE_EXISTS);
    world.check();
}

#[test]
fn a_backend_that_can_not_make_its_tablets_is_named_and_nothing_stays() {
    let mut world = World::new(3);
    world
        .ask(Request::CreateDatabase {
            name: "d".to_owned(),
            if_not_exists: false,
        })
        .expect("a database");
    world.obliging = false;
    let token = world.send(create_table("t", 1, 3, WriteQuorum::Majority));
    let calls: Vec<_> = world.calls.drain(..).collect();
    for (at, (call, ..)) in calls.iter().enumerate() {
        let result = match at {
            1 => Err("no space left on device".to_owned()),
            _ => Ok(TabletErrors::default().into()),
        };
        world.step(Event::Answer {
            call: *call,
            result,
        });
    }
    let failed = world
        .reply(token)
        .expect("an answer")
        .expect_err("one failed");
    assert_eq!(failed.code, Code::BACKEND);
    assert!(
        failed.message.contains("h2:8040") && failed.message.contains("no space"),
        "{failed}"
    );
    assert!(world.core.head.tablets.is_empty());
    let drops = world
        .calls
        .iter()
        .filter(|(_, _, of)| matches!(of, BackendRequest::DropTablets(_)));
    assert_eq!(drops.count(), 3);
}

#[test]
fn more_replicas_than_backends_are_refused_with_the_living_ones_named() {
    let mut world = World::new(2);
    world
        .ask(Request::CreateDatabase {
            name: "d".to_owned(),
            if_not_exists: false,
        })
        .expect("a database");
    let few = world
        .ask(create_table("t", 1, 3, WriteQuorum::Majority))
        .expect_err("two are too few");
    assert_eq!(few.code, Code::ANALYSIS);
    assert!(
        few.message.contains("replication_num") && few.message.contains("only 2"),
        "{few}"
    );
    for id in world.backends() {
        assert!(few.message.contains(&id.to_string()), "{few}");
    }
}

#[test]
fn a_dropped_table_takes_its_tablets_and_its_loads_with_it() {
    let mut world = World::new(3);
    world.table(2, 3, WriteQuorum::Majority);
    let running = world.begin("a").expect("a plan");
    let committed = world.begin("b").expect("a plan");
    world.obliging = false;
    let token = world.send(commit(&committed, &[]));
    let busy = world.ask(Request::DropDatabase {
        name: "d".to_owned(),
        if_exists: false,
        force: false,
    });
    assert!(busy.expect_err("a load waits").message.contains("FORCE"));
    world.calls.clear();
    world.ask(drop_table()).expect("dropped");
    assert_eq!(
        world
            .reply(token)
            .expect("an answer")
            .expect_err("it is gone")
            .code,
        Code::TXN
    );
    let late = world.ask(commit(&running, &[])).expect_err("it is gone");
    assert_eq!(late.code, Code::TXN);
    let drops = world
        .calls
        .iter()
        .filter(|(_, _, of)| matches!(of, BackendRequest::DropTablets(_)));
    assert_eq!(drops.count(), 3);
    assert!(world.core.head.tablets.is_empty());
    world.check();
    world
        .ask(Request::DropDatabase {
            name: "d".to_owned(),
            if_exists: false,
            force: false,
        })
        .expect("dropped");
    world.check();
}

#[test]
fn truncate_puts_empty_tablets_in_the_place_of_the_old_and_ends_running_loads() {
    let mut world = World::new(3);
    world.table(2, 3, WriteQuorum::Majority);
    let before = world.tablets();
    let plan = world.begin("a").expect("a plan");
    let truncate = Request::TruncateTable {
        db: "d".to_owned(),
        name: "t".to_owned(),
        partitions: vec!["T".to_owned()],
    };
    world.ask(truncate).expect("empty");
    assert!(world.tablets().iter().all(|id| !before.contains(id)));
    let failed = world
        .ask(commit(&plan, &[]))
        .expect_err("its tablets are gone");
    assert_eq!(failed.code, Code::UNKNOWN_PARTITION);
    world.check();
}

#[test]
fn a_backend_that_holds_the_only_replica_is_dropped_by_force_only() {
    let mut world = World::new(1);
    world.table(2, 1, WriteQuorum::All);
    let drop = |force| Request::DropBackends {
        backends: vec![("h1".to_owned(), 8040)],
        force,
    };
    let kept = world
        .ask(drop(false))
        .expect_err("it has the only replicas");
    assert!(
        kept.message.contains("2 tablets") && kept.message.contains("FORCE"),
        "{kept}"
    );
    world.ask(drop(true)).expect("by force");
    let unknown = world.ask(drop(true)).expect_err("it is gone");
    assert!(
        unknown.message.contains("does not exist[h1:8040]"),
        "{unknown}"
    );
    let db = world.core.head.database("d").expect("d").id;
    assert_eq!(world.core.census.statistic(db).unhealthy, 2);
    world.check();
}

#[test]
fn a_backend_that_is_dropped_while_it_makes_tablets_takes_the_statement_with_it() {
    let mut world = World::new(2);
    world
        .ask(Request::CreateDatabase {
            name: "d".to_owned(),
            if_not_exists: false,
        })
        .expect("a database");
    world.obliging = false;
    let token = world.send(create_table("t", 2, 1, WriteQuorum::Majority));
    let calls: Vec<_> = world.calls.drain(..).collect();
    world
        .ask(Request::DropBackends {
            backends: vec![("h2".to_owned(), 8040)],
            force: true,
        })
        .expect("by force");
    for (call, ..) in &calls {
        world.step(Event::Answer {
            call: *call,
            result: Ok(TabletErrors::default().into()),
        });
    }
    let failed = world.reply(token).expect("an answer");
    let failed = failed.expect_err("a backend is gone");
    assert_eq!(failed.code, Code::BACKEND);
    assert!(
        failed.message.contains("was dropped while"),
        "{}",
        failed.message
    );
    assert!(world.core.head.tablets.is_empty());
    world.check();
}

#[test]
fn wanted_replicas_change_the_health_of_tablets_at_once() {
    let mut world = World::new(3);
    world.table(3, 2, WriteQuorum::Majority);
    let db = world.core.head.database("d").expect("d").id;
    assert_eq!(world.core.census.statistic(db).unhealthy, 0);
    let alter = Request::AlterProperty {
        db: "d".to_owned(),
        name: "t".to_owned(),
        partitions: Vec::new(),
        property: crate::leader::request::Property::ReplicationNum(3),
    };
    world.ask(alter).expect("altered");
    assert_eq!(world.core.census.statistic(db).unhealthy, 3);
    world.check();
}

#[test]
fn unknown_tablets_are_dropped_after_their_delay_and_only_outside_safe_mode() {
    let mut world = World::new(1);
    let backend = world.backends()[0];
    world.obliging = false;
    let stranger = TabletReport {
        tablet: TabletId(99),
        replica: crate::ids::ReplicaId(100),
        epoch: 1,
        version: 1,
        max_version: 1,
        bad: false,
        why: None,
        data_size: 0,
        row_count: 0,
        version_count: 1,
        path_hash: 7,
        dropped: false,
    };
    let report = |world: &mut World| {
        let tablets = vec![stranger.clone()];
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
    };
    world.pass(10);
    report(&mut world);
    world.pass(119_999);
    report(&mut world);
    assert!(world.calls.is_empty());
    world.pass(1);
    report(&mut world);
    assert!(matches!(
        world.calls.pop_front(),
        Some((_, _, BackendRequest::DropTablets(_)))
    ));
}

#[test]
fn a_new_partition_gets_the_buckets_that_bucket_size_asks_for() {
    let mut world = World::new(3);
    world.table(1, 1, WriteQuorum::Majority);
    let part = |name: &str, from: i128| PartitionSpec {
        name: name.to_owned(),
        range: Some(Range {
            lower: Some(Bound::Int(from)),
            upper: Some(Bound::Int(from + 10)),
        }),
        buckets: 0,
        replication_num: 1,
        medium: Medium::Hdd,
    };
    let Request::CreateTable { mut spec, .. } = create_table("r", 1, 1, WriteQuorum::Majority)
    else {
        panic!("a table is made by CREATE TABLE");
    };
    spec.partitioning = Partitioning::Range { column: 0 };
    spec.distribution = Distribution {
        columns: Vec::new(),
        buckets: None,
    };
    spec.properties.bucket_size = 1000;
    let create = Request::CreateTable {
        db: "d".to_owned(),
        name: "r".to_owned(),
        if_not_exists: false,
        spec,
        partitions: vec![part("p1", 0)],
    };
    world.ask(create).expect("a table");
    let add = |world: &mut World, new: PartitionSpec| {
        let request = Request::AddPartitions {
            db: "d".to_owned(),
            name: "r".to_owned(),
            if_not_exists: false,
            partitions: vec![new],
        };
        world.ask(request).expect("a partition");
    };
    let buckets = |world: &World, name: &str| {
        let mut all = world.core.head.partitions.values();
        all.find(|of| of.spec.name == name)
            .map(|of| of.spec.buckets)
    };
    add(&mut world, part("p2", 10));
    assert_eq!(buckets(&world, "p1"), Some(6), "two for each backend");
    assert_eq!(buckets(&world, "p2"), Some(6), "nothing is known of sizes");

    let p1 = world.core.head.partitions.values();
    let p1 = p1
        .filter(|of| of.spec.name == "p1")
        .flat_map(|of| of.tablets.to_vec());
    for tablet in p1.collect::<Vec<_>>() {
        let view = world.core.head.tablets.view(tablet).expect("a tablet");
        let of = view.replicas().next().expect("a replica");
        let reported = crate::catalog::tablets::Reported {
            replica: of.id,
            version: of.version,
            newest: of.version,
            belief: crate::catalog::tablets::Belief::Gains,
            bad: false,
            bytes: 3500,
            rows: 1,
            rowsets: 1,
            path: 7,
        };
        let backend = of.backend;
        let now = Timestamp::at(world.now);
        world
            .core
            .head
            .observe_replica(tablet, backend, &reported, now);
    }
    add(&mut world, part("p3", 20));
    assert_eq!(
        buckets(&world, "p3"),
        Some(21),
        "6 times 3500 bytes, 1000 each"
    );
}
