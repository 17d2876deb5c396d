//! Storage paths without room, and what is said of them.

use super::*;

/// What was said, without what is said of backends.
fn said(world: &mut World) -> Vec<String> {
    let notices = std::mem::take(&mut world.notices);
    let of_backend = |notice: &Notice| matches!(notice, Notice::Backend { .. });
    let others = notices.iter().filter(|notice| !of_backend(notice));
    others.map(Notice::to_string).collect()
}

/// A load that the first of the backends has missed.
fn missed_by_the_first(world: &mut World) {
    let all = world.backends();
    let plan = world.begin("l").expect("a load");
    let token = world.send(commit(&plan, &all[..1]));
    while let Some((call, _, request)) = world.calls.pop_front() {
        assert!(matches!(request, BackendRequest::Publish(_)));
        let result = Ok(TabletErrors::default().into());
        world.step(Event::Answer { call, result });
    }
    assert!(world.reply(token).expect("visible").is_ok());
}

/// The disk of a replica that is behind is full: another backend takes a whole copy, and the replica goes.
#[test]
fn a_replica_on_a_full_path_is_made_anew_elsewhere() {
    let mut world = cluster(4, 3);
    let (tablet, all) = (world.tablets()[0], world.backends());
    world.full.insert(all[0]);
    world.wait(1, &all);
    assert_eq!(
        said(&mut world),
        [format!(
            "storage path /data of backend {} (h1:8040) is full, 0 bytes are left: nothing is copied to it until it has room",
            all[0]
        )]
    );
    missed_by_the_first(&mut world);
    world.wait(21, &all);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!(to, all[3], "the one with room and without a replica");
    world.cloned(call, &request);
    world.wait(2, &all);
    let held: Vec<BackendId> = world.replicas(tablet).iter().map(|(id, _)| *id).collect();
    assert_eq!(held, all[1..], "three whole ones");
    assert_eq!(world.core.census.remarkable(), []);
    let lines = said(&mut world);
    assert!(lines[0].starts_with(&format!(
        "repair of tablet {tablet} (VERSION_INCOMPLETE) begins"
    )));
    assert_eq!(
        lines[1],
        format!("repair of tablet {tablet} is done: 1000 bytes in 10 ms")
    );
    // It has room again, which is said once.
    world.full.clear();
    world.wait(10, &all);
    let back = format!(
        "storage path /data of backend {} (h1:8040) works and has room again",
        all[0]
    );
    assert_eq!(said(&mut world), [back]);
    world.check();
}

/// No other backend has room: the replica waits with a reason that names the path, and is brought forward when there is room.
#[test]
fn a_replica_on_a_full_path_waits_where_nobody_else_has_room() {
    let mut world = cluster(3, 3);
    let (tablet, all) = (world.tablets()[0], world.backends());
    world.full.insert(all[0]);
    world.wait(1, &all);
    missed_by_the_first(&mut world);
    world.wait(30, &all);
    assert!(world.clone_call().is_none());
    let task = world.pending(tablet).expect("it waits");
    assert_eq!(task.reason, Some(Reason::PathFull(all[0])));
    world.full.clear();
    world.wait(10, &all);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!(to, all[0]);
    world.cloned(call, &request);
    assert_eq!(world.core.census.remarkable(), []);
    world.check();
}

/// A backend refuses a copy for want of room although it told of some: no other as large goes there until it tells of more.
#[test]
fn a_path_that_refused_a_copy_is_not_asked_again_before_it_has_more_room() {
    let mut world = cluster(4, 3);
    let (tablet, all) = (world.tablets()[0], world.backends());
    missed_by_the_first(&mut world);
    world.wait(21, &all);
    let (call, to, _) = world.clone_call().expect("a clone");
    assert_eq!(to, all[0]);
    let why = "storage path /data is full".to_owned();
    let result = Ok(BackendReply::NoRoom(why.clone()));
    world.step(Event::Answer { call, result });
    assert_eq!(world.core.healing().refused.len(), 1);
    world.wait(10, &all);
    let (call, to, request) = world.clone_call().expect("a clone elsewhere");
    assert_eq!(to, all[3]);
    world.cloned(call, &request);
    world.wait(2, &all);
    assert_eq!(world.core.census.remarkable(), []);
    let lines = said(&mut world);
    assert!(
        lines.contains(&format!("repair of tablet {tablet} has failed: {why}")),
        "{lines:?}"
    );
    world.check();
}

/// No partition is placed on a path without room, and none is made where too few have any.
#[test]
fn new_tablets_do_not_come_to_a_full_path() {
    let mut world = World::new(4);
    let all = world.backends();
    world.full.insert(all[1]);
    world.wait(1, &all);
    world.table(8, 3, WriteQuorum::Majority);
    assert_eq!(world.core.head.tablets.replicas_on(all[1]), 0);
    for id in [all[0], all[2], all[3]] {
        assert_eq!(world.core.head.tablets.replicas_on(id), 8);
    }
}

/// Each change is said once, whatever number of heartbeats tells of it.
#[test]
fn what_happens_to_backends_and_settings_is_said_once() {
    let mut world = World::new(2);
    let all = world.backends();
    world.wait(20, &all);
    world.dead(all[0]);
    world.wait(20, &all[1..]);
    world.wait(20, &all);
    world
        .ask(Request::SetConfig {
            key: "heartbeat_retry_times".to_owned(),
            value: "4".to_owned(),
            persistent: false,
        })
        .expect("set");
    let drop = Request::DropBackends {
        backends: vec![("h2".to_owned(), 8040)],
        force: true,
    };
    world.ask(drop).expect("dropped");
    let lines: Vec<String> = world.notices.iter().map(Notice::to_string).collect();
    let (one, two) = (all[0], all[1]);
    assert_eq!(
        lines,
        [
            format!("backend {one} (h1:8040) was added"),
            format!("backend {two} (h2:8040) was added"),
            format!("backend {one} (h1:8040) is alive"),
            format!("backend {two} (h2:8040) is alive"),
            format!("backend {one} (h1:8040) is dead: no answer"),
            format!("backend {one} (h1:8040) is alive"),
            "setting heartbeat_retry_times was '3' and is '4', until the restart".to_owned(),
            format!("backend {two} (h2:8040) was dropped by force"),
        ]
    );
}
