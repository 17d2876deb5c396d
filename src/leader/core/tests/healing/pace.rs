//! How much is done at once, and how often (seed: Resource control, checker interval, load statistics, balance).

use std::collections::BTreeMap;

use super::*;
use crate::tablet::task::Kind;

/// Backends that have reported everything, and a table of twelve tablets.
fn twelve(backends: u16, replicas: u16) -> World {
    let mut world = World::new(backends);
    world.table(12, replicas, WriteQuorum::Majority);
    for id in world.backends() {
        world.shows(id);
    }
    world.obliging = false;
    world
}

impl World {
    /// On how many copies each backend works, as source or as destination.
    fn busy(&self) -> BTreeMap<BackendId, u32> {
        let mut busy = BTreeMap::new();
        for task in self.core.healing().running.values() {
            for end in [task.source, task.destination].into_iter().flatten() {
                *busy.entry(end.backend).or_default() += 1;
            }
        }
        busy
    }

    fn set(&mut self, key: &str, value: &str) {
        let set = Request::SetConfig {
            key: key.to_owned(),
            value: value.to_owned(),
            persistent: false,
        };
        assert!(self.ask(set).is_ok());
    }
}

#[test]
fn a_path_copies_two_tablets_at_once_at_either_end_until_the_setting_says_more() {
    let mut world = twelve(4, 3);
    let all = world.backends();
    let living = &all[1..];
    world.dead(all[0]);
    world.wait(160, living);
    assert!(world.core.healing().pending.len() >= 5, "the others wait");
    let busy = world.busy();
    assert!(busy.values().all(|copies| *copies <= 2), "{busy:?}");
    assert!(busy.values().any(|copies| *copies == 2), "{busy:?}");
    for (id, copies) in &busy {
        let slots = world.core.healing().slots[&(*id, 7)];
        assert_eq!((slots.repair_total, slots.repair_used), (2, *copies));
    }
    // What is full gets no more, however long it waits.
    world.wait(5, living);
    assert_eq!(world.busy(), busy);

    world.set("tablet_sched_slot_num_per_path", "4");
    world.wait(2, living);
    let more = world.busy();
    assert!(more.values().all(|copies| *copies <= 4), "{more:?}");
    assert!(more.values().sum::<u32>() > busy.values().sum(), "{more:?}");

    // A copy that has ended makes room at both of its ends.
    let (call, _, request) = world.clone_call().expect("a clone");
    world.cloned(call, &request);
    world.wait(1, living);
    let next = world.core.healing().running.len() as u32;
    assert_eq!(next * 2, more.values().sum::<u32>());
}

#[test]
fn repair_leaves_the_slots_of_balance_alone() {
    let mut world = twelve(4, 3);
    let all = world.backends();
    world.dead(all[0]);
    world.wait(160, &all[1..]);
    let slots = &world.core.healing().slots;
    let full = |slots: &&crate::tablet::healing::Slots| slots.free(Kind::Repair) == 0;
    assert!(slots.values().filter(full).count() >= 2);
    for slots in slots.values() {
        assert_eq!((slots.balance_total, slots.balance_used), (2, 0));
        assert_eq!(slots.free(Kind::Balance), 2);
    }
}

#[test]
fn the_checker_looks_every_twenty_seconds() {
    let mut world = cluster(3, 3);
    let all = world.backends();
    world.wait(1, &all);
    let before = world.core.healing().counters.checker_rounds;
    world.wait(200, &all);
    assert_eq!(world.core.healing().counters.checker_rounds, before + 10);
    world.set("tablet_sched_checker_interval_seconds", "5");
    world.wait(100, &all);
    assert_eq!(world.core.healing().counters.checker_rounds, before + 30);
}

#[test]
fn loads_are_measured_every_minute() {
    let mut world = cluster(3, 3);
    let all = world.backends();
    world.wait(1, &all);
    let mut measured = Vec::new();
    for _ in 0..300 {
        world.wait(1, &all);
        let at = world.core.healing().load.at;
        if measured.last() != Some(&at) {
            measured.push(at);
        }
    }
    let gaps: Vec<u64> = measured
        .windows(2)
        .map(|pair| {
            pair[1]
                .expect("measured")
                .since_ms(pair[0].expect("measured"))
        })
        .collect();
    assert_eq!(gaps, [60_000; 5]);
}

#[test]
fn a_move_makes_the_new_replica_before_the_old_one_goes() {
    let mut world = twelve(3, 1);
    let new = vec![("h4".to_owned(), 8040)];
    world.ask(Request::AddBackends(new)).expect("a new backend");
    let all = world.backends();
    let added = all[3];
    world.alive(added);
    world.shows(added);
    let mut found = None;
    for _ in 0..120 {
        world.wait(1, &all);
        found = found.or_else(|| world.clone_call());
    }
    let (call, to, request) = found.expect("a move");
    assert_eq!(to, added);
    let tablet = request.spec.tablet;
    let before = world.replicas(tablet);
    assert_eq!(before.len(), 2);
    assert_eq!(before[0].1, ReplicaState::Normal, "it is read meanwhile");
    assert!(before.contains(&(added, ReplicaState::Clone)));
    let task = world.core.healing().running[&tablet].clone();
    assert_eq!(task.kind, Kind::Balance);
    world.cloned(call, &request);
    world.wait(5, &all);
    assert_eq!(world.replicas(tablet), [(added, ReplicaState::Normal)]);
    assert!(
        world.calls.iter().any(|(_, backend, request)| {
            *backend == before[0].0 && matches!(request, BackendRequest::DropTablets(_))
        }),
        "its backend drops it"
    );
    world.check();
}
