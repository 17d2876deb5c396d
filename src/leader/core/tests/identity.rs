//! Who answers at a backend's address: a node has one name, and keeps its id and its replicas wherever it listens.

use super::*;
use crate::ids::NodeId;

fn place(host: &str) -> (String, u16) {
    (host.to_owned(), 8040)
}

/// The one storage path of a backend.
fn path(backend: BackendId) -> i64 {
    7_000 + backend.0.cast_signed()
}

/// Backends that have said who they are.
fn known(backends: u16) -> World {
    let mut world = World::new(backends);
    for id in world.backends() {
        world.itself(id);
    }
    world
}

impl World {
    fn itself(&mut self, backend: BackendId) {
        self.answers(backend, backend.0, path(backend));
    }

    /// A heartbeat of `backend` is answered by `node`, whose one storage path is `hash`.
    fn answers(&mut self, backend: BackendId, node: u64, hash: i64) {
        let mut answer = self.heart(backend, 0);
        answer.node = Some(NodeId(node));
        answer.paths[0].hash = hash;
        let result = Ok(answer);
        self.step(Event::Heartbeat { backend, result });
    }

    fn add(&mut self, host: &str) -> BackendId {
        self.ask(Request::AddBackends(vec![place(host)]))
            .expect("a place");
        let found = self.core.head.backend_at(host, 8040);
        found.expect("it is added").id
    }

    fn says(&self, backend: BackendId) -> String {
        self.core.head.backend_states[&backend].error.clone()
    }
}

#[test]
fn a_node_under_a_second_name_never_counts_as_a_second_backend() {
    let mut world = known(3);
    world.table(4, 3, WriteQuorum::Majority);
    let first = world.backends()[0];
    let second = world.add("other");
    for _ in 0..10 {
        world.itself(first);
        world.answers(second, first.0, path(first));
    }
    assert!(world.core.head.alive(first) && !world.core.head.alive(second));
    let says = world.says(second);
    assert!(
        says.contains(&format!("this is backend {first}, known as h1:8040")),
        "{says}"
    );
    assert!(says.contains("other:8040"), "{says}");
    // What it reports are the replicas of the other, and none of them is dropped as unknown.
    let tablets = world.core.head.tablets.on_backend(first);
    let view = world.core.head.tablets.view(tablets[0]).expect("a tablet");
    let replica = view.on(first).expect("a replica").id;
    world.obliging = false;
    world.pass(600_000);
    world.step(Event::Report {
        backend: second,
        asked: Timestamp::at(world.now),
        result: Ok(ReportAnswer {
            seq: 1,
            full: true,
            tablets: vec![TabletReport {
                tablet: tablets[0],
                replica,
                epoch: replica.0,
                version: 1,
                max_version: 1,
                bad: false,
                why: None,
                data_size: 0,
                row_count: 0,
                version_count: 0,
                path_hash: path(first),
                dropped: false,
            }],
            pending: Vec::new(),
        }),
    });
    world.pass(600_000);
    let to_second = world.calls.iter().filter(|(_, to, _)| *to == second);
    assert_eq!(to_second.count(), 0);
    world
        .ask(Request::DropBackends {
            backends: vec![place("other")],
            force: false,
        })
        .expect("nothing is there");
    world.check();
}

#[test]
fn a_node_that_moved_keeps_its_id_by_modify_and_by_add() {
    let mut world = known(3);
    world.table(4, 3, WriteQuorum::Majority);
    let id = world.backends()[0];
    let held = world.core.head.tablets.on_backend(id);
    let modify = Request::MoveBackend {
        from: place("h1"),
        to: place("new"),
    };
    world.ask(modify).expect("it moves");
    world.itself(id);
    assert_eq!(world.core.head.backends[&id].host, "new");

    // By ADD: nobody answers at the old address any more.
    let added = world.add("newer");
    world.answers(added, id.0, path(id));
    assert!(world.says(added).contains("known as new:8040"));
    world.dead(id);
    world.answers(added, id.0, path(id));
    assert!(!world.core.head.backends.contains_key(&added));
    assert_eq!(world.core.head.backends[&id].host, "newer");
    world.itself(id);
    assert!(world.core.head.alive(id));
    assert_eq!(world.core.head.tablets.on_backend(id), held);
    let old = world.ask(Request::DropBackends {
        backends: vec![place("h1")],
        force: true,
    });
    assert!(old.is_err(), "nobody is known by the old name");
    let taken = world.ask(Request::MoveBackend {
        from: place("newer"),
        to: place("h2"),
    });
    assert!(taken.is_err(), "another backend is there");
    world.check();
}

#[test]
fn a_copy_of_a_storage_path_is_refused_while_the_original_is_in_use() {
    let mut world = known(2);
    let first = world.backends()[0];
    let other = world.add("h3");
    world.answers(other, 99, path(first));
    assert!(!world.core.head.alive(other));
    let says = world.says(other);
    assert!(
        says.contains("is a copy of") && says.contains("h1:8040"),
        "{says}"
    );
    world.answers(other, 99, 1);
    assert!(world.core.head.alive(other));
}

#[test]
fn another_known_node_at_a_backends_address_is_not_that_backend_and_a_new_one_is() {
    let mut world = known(2);
    let ids = world.backends();
    world.answers(ids[0], ids[1].0, 1);
    assert!(!world.core.head.alive(ids[0]));
    let says = world.says(ids[0]);
    assert!(says.contains(&format!("but backend {}", ids[1])), "{says}");
    // Its disks were replaced.
    world.answers(ids[0], 99, 2);
    assert!(world.core.head.alive(ids[0]));
    assert_eq!(world.core.head.backends[&ids[0]].node, Some(NodeId(99)));
    world.check();
}

/// Who answers first after a start may be a copy of a backend that answers a moment later.
#[test]
fn a_place_that_is_new_waits_until_those_with_replicas_have_answered_or_are_dead() {
    for answers in [true, false] {
        let mut world = known(2);
        world.table(4, 2, WriteQuorum::Majority);
        let (first, second) = (world.backends()[0], world.backends()[1]);
        let new = world.add("h9");
        let mut restorer = Restorer::default();
        for (at, changes) in world.journal.iter().enumerate() {
            let fits = restorer.record(at as u64 + 1, changes);
            fits.expect("it fitted once");
        }
        let (seq, now) = (world.journal.len() as u64, Timestamp::at(world.now));
        world.core = Core::recover(restorer.finish(), seq, Config::default(), now);
        world.itself(second);
        world.answers(new, 99, path(first));
        assert!(!world.core.head.alive(new));
        assert!(world.says(new).contains("h1:8040"), "{}", world.says(new));
        match answers {
            true => world.itself(first),
            false => world.dead(first),
        }
        world.answers(new, 99, path(first));
        assert_eq!(world.core.head.alive(new), !answers);
        world.answers(new, 99, 1);
        assert!(world.core.head.alive(new));
        world.check();
    }
}
