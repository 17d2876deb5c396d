//! Repair by its events: what is found, queued, copied, removed, and in which order.

mod extremes;
mod full;
mod kept;
mod leaving;
mod pace;
mod renewed;
mod unseen;

use super::*;
use crate::backend::api::{Adopted, CloneAnswer, CloneTablet, Process};
use crate::catalog::replica::ReplicaState;
use crate::tablet::health::Priority;
use crate::tablet::reason::Reason;
use crate::tablet::task::{State, Task};

/// Backends that have reported everything, a table of one tablet, and calls that the test answers.
fn cluster(backends: u16, replicas: u16) -> World {
    let mut world = World::new(backends);
    world.table(1, replicas, WriteQuorum::Majority);
    for id in world.backends() {
        world.shows(id);
    }
    world.obliging = false;
    world
}

impl World {
    /// ADMIN REPAIR TABLE of the table.
    fn hint(&mut self) {
        let repair = Request::Heal(HealRequest::RepairTable {
            db: "d".to_owned(),
            table: "t".to_owned(),
            partitions: Vec::new(),
            on: true,
        });
        assert_eq!(self.ask(repair), Ok(Reply::Done));
    }

    /// A backend reports its replicas as the catalog has them, on its path.
    fn shows(&mut self, backend: BackendId) {
        let tablets = self.core.head.tablets.on_backend(backend);
        let told = tablets.into_iter().map(|id| {
            let view = self.core.head.tablets.view(id).expect("a tablet");
            let of = view.on(backend).expect("a replica");
            report(id, of.id, of.version)
        });
        let result = Ok(ReportAnswer {
            seq: 1,
            full: true,
            tablets: told.collect(),
            pending: Vec::new(),
        });
        let asked = Timestamp::at(self.now + 1);
        self.step(Event::Report {
            backend,
            asked,
            result,
        });
    }

    /// Time passes with heartbeats of those that live.
    fn wait(&mut self, seconds: i64, living: &[BackendId]) {
        for _ in 0..seconds {
            for id in living {
                self.alive(*id);
            }
            self.pass(1000);
        }
    }

    fn pending(&self, tablet: TabletId) -> Option<Task> {
        let healing = self.core.healing();
        healing.pending.get(&tablet).map(|task| Task::clone(task))
    }

    fn last(&self) -> Option<Task> {
        let healing = self.core.healing();
        healing.history.last().map(|task| Task::clone(task))
    }

    /// The clone that was asked for, taken out of the calls.
    fn clone_call(&mut self) -> Option<(CallId, BackendId, CloneTablet)> {
        let clone = |(_, _, request): &(CallId, BackendId, BackendRequest)| {
            matches!(request, BackendRequest::Clone(_))
        };
        let at = self.calls.iter().position(clone)?;
        match self.calls.remove(at)? {
            (call, backend, BackendRequest::Clone(request)) => Some((call, backend, *request)),
            _ => None,
        }
    }

    /// The clone has been made.
    fn cloned(&mut self, call: CallId, request: &CloneTablet) {
        let answer = CloneAnswer {
            tablet: report(request.spec.tablet, request.spec.replica, request.version),
            full: true,
            bytes: 1000,
            files: 1,
            millis: 10,
        };
        let result = Ok(BackendReply::Cloned(Box::new(answer)));
        self.step(Event::Answer { call, result });
    }

    /// The replicas of a tablet: where, in which state.
    fn replicas(&self, tablet: TabletId) -> Vec<(BackendId, ReplicaState)> {
        let view = self.core.head.tablets.view(tablet).expect("a tablet");
        view.replicas().map(|of| (of.backend, of.state)).collect()
    }
}

#[test]
fn a_lost_replica_is_made_anew_elsewhere_after_the_delay_and_what_comes_back_goes() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let (dead, living) = (all[0], all[1..].to_vec());
    world.dead(dead);
    world.wait(119, &living);
    assert!(world.clone_call().is_none() && world.pending(tablet).is_none());
    world.wait(30, &living);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!(to, all[3], "the one backend without a replica");
    assert_eq!(world.core.healing().running.len(), 1);
    assert!(world.replicas(tablet).contains(&(to, ReplicaState::Clone)));
    world.check();
    world.cloned(call, &request);
    assert_eq!(world.last().map(|task| task.state), Some(State::Finished));
    // Four replicas, three of them good: the one on the dead backend goes from the catalog at once.
    world.wait(2, &living);
    assert!(
        world
            .core
            .head
            .tablets
            .view(tablet)
            .is_some_and(|view| view.on(dead).is_none())
    );
    assert_eq!(world.core.census.remarkable(), []);
    world.check();
    let before = world.core.head.tablets.replicas();
    world.wait(200, &all);
    assert_eq!(
        world.core.head.tablets.replicas(),
        before,
        "nothing moves any more"
    );
}

#[test]
fn a_replica_that_is_behind_is_brought_forward_where_it_is_without_delay() {
    let mut world = cluster(3, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let plan = world.begin("l").expect("a load");
    let token = world.send(commit(&plan, &all[..1]));
    while let Some((call, _, request)) = world.calls.pop_front() {
        assert!(matches!(request, BackendRequest::Publish(_)));
        let result = Ok(TabletErrors::default().into());
        world.step(Event::Answer { call, result });
    }
    assert!(world.reply(token).expect("visible").is_ok());
    assert_eq!(world.versions(tablet, all[0]), (1, 2, 1));
    world.wait(21, &all);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!((to, request.version), (all[0], 2));
    assert_eq!(world.replicas(tablet).len(), 3, "no replica is made");
    world.cloned(call, &request);
    assert_eq!(world.versions(tablet, all[0]), (2, -1, 2));
    world.check();
}

/// A dying backend misses a load before its heartbeats have failed often enough: its replica is behind, and a task is queued.
#[test]
fn what_was_queued_as_behind_waits_for_its_backend_once_that_is_dead() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let (dead, living) = (all[0], all[1..].to_vec());
    let plan = world.begin("l").expect("a load");
    let token = world.send(commit(&plan, &all[..1]));
    while let Some((call, _, request)) = world.calls.pop_front() {
        assert!(matches!(request, BackendRequest::Publish(_)));
        let result = Ok(TabletErrors::default().into());
        world.step(Event::Answer { call, result });
    }
    assert!(world.reply(token).expect("visible").is_ok());
    world.wait(21, &all);
    let (call, to, _) = world.clone_call().expect("a clone of what it lacks");
    assert_eq!(to, dead);
    world.dead(dead);
    let result = Err("connection refused".to_owned());
    world.step(Event::Answer { call, result });
    world.wait(100, &living);
    let ended = world.last().expect("what was queued has ended");
    assert!(
        matches!(ended.reason, Some(Reason::Delayed { .. })),
        "{ended:?}"
    );
    assert!(world.clone_call().is_none() && world.pending(tablet).is_none());
    world.wait(61, &living);
    let (_, to, _) = world.clone_call().expect("a clone after the delay");
    assert_eq!(to, all[3], "the one backend without a replica");
    world.check();
}

#[test]
fn a_bad_replica_makes_room_where_no_backend_is_free_and_never_the_last_good_one() {
    let mut world = cluster(3, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let bad = |world: &mut World, backend: BackendId| {
        world.ask(Request::Heal(HealRequest::SetReplicaStatus {
            tablet,
            backend,
            bad: true,
            force: false,
        }))
    };
    assert_eq!(bad(&mut world, all[0]), Ok(Reply::Done));
    world.wait(2, &all);
    let (call, to, request) = world.clone_call().expect("a clone in its place");
    assert_eq!(to, all[0]);
    world.cloned(call, &request);
    world.wait(1, &all);
    assert_eq!(world.core.census.remarkable(), []);
    for backend in &all[..2] {
        bad(&mut world, *backend).expect("marked");
    }
    let refused = bad(&mut world, all[2]).expect_err("the last one that can be read");
    assert!(
        refused.message.contains("is the last copy") && refused.message.contains("FORCE"),
        "{refused}"
    );
    world
        .ask(Request::Heal(HealRequest::SetReplicaStatus {
            tablet,
            backend: all[2],
            bad: true,
            force: true,
        }))
        .expect("marked by force");
    world.wait(60, &all);
    assert!(world.clone_call().is_none());
    assert_eq!(world.replicas(tablet).len(), 3, "nothing is removed");
    let task = world.pending(tablet).expect("it stays in the queue");
    assert_eq!(task.reason, Some(Reason::NoSource));
    world.check();
}

/// The seed's sample of pending tablets: it came as HIGH, is LOW by now, FailedSched 2, "unable to find source replica".
#[test]
fn a_task_that_never_finds_a_source_goes_down_from_high_to_low_as_the_seed_shows() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    for id in &all[..3] {
        world.dead(*id);
    }
    world.wait(90, &all[3..]);
    let task = world.pending(tablet).expect("queued");
    assert_eq!(
        (task.original, task.dynamic),
        (Priority::High, Priority::High)
    );
    let first = task.adjusted;
    assert!(first.is_some());
    world.wait(1800, &all[3..]);
    while world.pending(tablet).expect("queued").failed_scheduling != 2 {
        world.wait(1, &all[3..]);
    }
    let task = world.pending(tablet).expect("it is never given up");
    assert_eq!(
        (task.original, task.dynamic),
        (Priority::High, Priority::Low)
    );
    assert_eq!((task.state, task.failed_scheduling), (State::Pending, 2));
    assert_eq!(task.adjusted, first, "LstAdjPrio is the first look");
    let said = task.reason.map(|reason| reason.to_string());
    assert_eq!(said.as_deref(), Some("unable to find source replica"));
}

#[test]
fn a_hint_puts_a_partition_first_for_hours_and_is_gone_when_all_is_well() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    world.dead(all[0]);
    world.hint();
    world.wait(2, &all[1..]);
    let (call, _, request) = world.clone_call().expect("no delay for what is hinted");
    let running = world.core.healing().running.get(&tablet).cloned();
    assert_eq!(running.map(|task| task.original), Some(Priority::VeryHigh));
    assert_eq!(world.core.healing().hints.len(), 1);
    world.cloned(call, &request);
    world.wait(25, &all[1..]);
    assert_eq!(world.core.healing().hints.len(), 0);
}

#[test]
fn a_copy_whose_source_dies_is_taken_from_another_and_one_that_never_ends_is_given_up() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    world.dead(all[0]);
    world.wait(160, &all[1..]);
    let (_, _, first) = world.clone_call().expect("a clone");
    let running = world.core.healing().running[&tablet].clone();
    let source = running.source.expect("a source").backend;
    world.dead(source);
    let left: Vec<BackendId> = all[1..]
        .iter()
        .copied()
        .filter(|id| *id != source)
        .collect();
    world.wait(10, &left);
    let (_, _, second) = world.clone_call().expect("another clone");
    assert_ne!(first.source, second.source);
    assert!(
        second.spec.replica > first.spec.replica,
        "a replica is placed once"
    );
    world.wait(181, &left);
    let ended = world.last().expect("it has ended");
    assert_eq!(
        (ended.state, ended.reason),
        (State::Timeout, Some(Reason::TimedOut { seconds: 180 }))
    );
    world.check();
}

/// A disk can be broken in a way that its backend does not notice.
#[test]
fn a_backend_on_which_a_copy_failed_is_tried_again_after_all_others() {
    let mut world = cluster(5, 3);
    let all = world.backends();
    world.dead(all[0]);
    world.wait(160, &all[1..]);
    let mut tried = Vec::new();
    for _ in 0..3 {
        let (call, to, _) = world.clone_call().expect("a clone");
        tried.push(to);
        let result = Err("input/output error".to_owned());
        world.step(Event::Answer { call, result });
        world.wait(10, &all[1..]);
    }
    assert_ne!(tried[0], tried[1], "another one can take it as well");
    assert_eq!(tried[0], tried[2], "it may have been an accident");
    world.check();
}
