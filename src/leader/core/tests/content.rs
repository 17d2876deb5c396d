//! Content: what checks find, what is repaired, and whose replica is not the last.

use super::*;
use crate::backend::api::{BadSegment, CheckSegments, Digests, SegmentsAnswer, TabletDigest};
use crate::catalog::check::{Check, Verdict};
use crate::ids::ReplicaId;

/// Longer than a pause between two attempts, and than a look at the queue of repairs.
const LATER_MS: i64 = 6_000;

impl World {
    /// A table of such tablets at version 2, and calls that wait for the test.
    fn loaded(&mut self, buckets: u32, replicas: u16) -> Vec<TabletId> {
        self.table(buckets, replicas, WriteQuorum::Majority);
        let plan = self.begin("l").expect("a plan");
        self.ask(commit(&plan, &[])).expect("it is visible");
        for id in self.backends() {
            self.step(Event::Report {
                backend: id,
                asked: Timestamp(-1),
                result: Ok(ReportAnswer {
                    seq: 1,
                    full: true,
                    tablets: Vec::new(),
                    pending: Vec::new(),
                }),
            });
        }
        // The scheduler's part is the test's.
        self.ask(Request::SetConfig {
            key: "tablet_sched_max_scheduling_tablets".to_owned(),
            value: "0".to_owned(),
            persistent: false,
        })
        .expect("a setting is set");
        self.obliging = false;
        self.tablets()
    }

    /// Backends with a replica of a tablet.
    pub(super) fn homes(&self, tablet: TabletId) -> Vec<BackendId> {
        let view = self.core.head.tablets.view(tablet).expect("a tablet");
        view.replicas().map(|replica| replica.backend).collect()
    }

    fn replica(&self, tablet: TabletId, backend: BackendId) -> crate::catalog::replica::Replica {
        let view = self.core.head.tablets.view(tablet).expect("a tablet");
        view.on(backend).expect("a replica")
    }

    /// Digests that backends have been asked for: call, backend, tablet, replica and version.
    fn asked(&self) -> Vec<(CallId, BackendId, TabletId, ReplicaId, Version)> {
        let asked = self.calls.iter().filter_map(|(call, backend, request)| {
            let BackendRequest::Digest(of) = request else {
                return None;
            };
            let (tablet, replica, version) = of.tablets[0];
            Some((*call, *backend, tablet, replica, version))
        });
        asked.collect()
    }

    /// Answers every digest that was asked for; nobody answers where `content` gives nothing. What has ended is recorded.
    fn tell(&mut self, content: impl Fn(TabletId, BackendId) -> Option<Result<u64, bool>>) {
        self.answer(content);
        self.pass(0);
    }

    fn answer(&mut self, content: impl Fn(TabletId, BackendId) -> Option<Result<u64, bool>>) {
        for (call, backend, tablet, replica, version) in self.asked() {
            let Some(told) = content(tablet, backend) else {
                continue;
            };
            self.calls.retain(|(of, _, _)| *of != call);
            let digest = TabletDigest {
                tablet,
                replica,
                version,
                result: told.map(|digest| (digest, 7)).map_err(|_| "no".to_owned()),
                bad: told == Err(true),
            };
            let result = Ok(BackendReply::Digests(Digests {
                digests: vec![digest],
            }));
            self.step(Event::Answer { call, result });
        }
    }

    /// Checks a tablet whose replicas on the backends in order hold these contents.
    fn check_finds(&mut self, tablet: TabletId, contents: &[u64]) {
        self.ask(Request::CheckTablets(vec![tablet]))
            .expect("checked");
        self.find(contents);
    }

    fn find(&mut self, contents: &[u64]) {
        let backends = self.backends();
        self.tell(|_, backend| {
            let at = backends.iter().position(|id| *id == backend);
            at.and_then(|at| contents.get(at))
                .map(|content| Ok(*content))
        });
    }

    fn last_check(&self, tablet: TabletId) -> Option<Check> {
        let check = self.core.head.checks.get(&tablet)?;
        Some(check.as_ref().clone())
    }

    fn verdict(&self, tablet: TabletId) -> Option<Verdict> {
        self.last_check(tablet).map(|check| check.verdict)
    }

    fn queued(&self, tablet: TabletId) -> bool {
        self.core.head.repairs.contains_key(&tablet)
    }

    fn bad(&self, tablet: TabletId) -> Vec<BackendId> {
        let view = self.core.head.tablets.view(tablet).expect("a tablet");
        let bad = view.replicas().filter(|replica| replica.bad);
        bad.map(|replica| replica.backend).collect()
    }

    fn inconsistent(&self) -> u64 {
        let db = *self.core.head.databases.keys().next().expect("a database");
        self.check();
        self.core.census.statistic(db).inconsistent
    }

    /// What the scheduler does about a bad replica: another one in its place.
    fn replace(&mut self, tablet: TabletId, from: BackendId, to: BackendId) {
        let old = self.replica(tablet, from).id;
        let mut changes = Vec::new();
        let id = self.core.numbers.ids(1, &self.core.head, &mut changes);
        let (replica, at) = (ReplicaId(id), Timestamp(self.now));
        changes.push(Change::RemoveReplica {
            tablet,
            replica: old,
        });
        changes.push(Change::AddReplica {
            tablet,
            replica,
            backend: to,
            at,
        });
        changes.push(Change::FinishClone {
            tablet,
            replica,
            version: 2,
            at,
        });
        self.core.record_own(changes);
        self.pass(0);
    }

    /// The frontend starts again, with nothing but its journal; the backends are heard of again.
    fn restart(&mut self) {
        let mut restorer = Restorer::default();
        for (seq, changes) in (1..).zip(&self.journal) {
            restorer.record(seq, changes).expect("it fitted once");
        }
        let (seq, now) = (self.journal.len() as u64, Timestamp(self.now));
        let config = Config::clone(&self.core.config);
        self.core = Core::recover(restorer.finish(), seq, config, now);
        self.calls.clear();
        for id in self.backends() {
            self.alive(id);
        }
        self.now += 300_000;
        self.pass(0);
        assert!(!self.core.safe_mode());
    }
}

fn repair(tablet: TabletId, on: bool) -> Request {
    Request::RepairTablets {
        tablets: vec![tablet],
        on,
    }
}

#[test]
fn replicas_are_compared_at_what_readers_see_and_agreement_is_recorded() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    world
        .ask(Request::CheckTablets(vec![tablet]))
        .expect("checked");
    assert_eq!(world.asked().len(), 3);
    assert!(world.asked().iter().all(|of| of.4 == 2));
    assert!(world.core.healing().checking.contains(&tablet));
    world.find(&[5, 5, 5]);
    let check = world.last_check(tablet).expect("a result");
    assert_eq!((check.verdict, check.version), (Verdict::Consistent, 2));
    assert_eq!(check.digests.len(), 3);
    assert!(world.core.healing().checking.is_empty());
    assert!(!world.queued(tablet));
}

#[test]
fn unknown_tablets_are_named() {
    let mut world = World::new(1);
    let tablet = world.loaded(1, 1)[0];
    let ask = Request::CheckTablets(vec![TabletId(1), tablet, TabletId(2)]);
    let refused = world.ask(ask).expect_err("two are unknown");
    assert_eq!(refused.message, "tablets 1, 2 do not exist");
    assert!(world.asked().is_empty());
    let refused = world.ask(repair(TabletId(9), true)).expect_err("unknown");
    assert_eq!(refused.message, "tablet 9 does not exist");
}

#[test]
fn what_differs_from_the_majority_is_made_anew_and_compared_again_also_after_a_restart() {
    let mut world = World::new(4);
    let tablet = world.loaded(1, 3)[0];
    let homes: Vec<BackendId> = world.homes(tablet);
    world
        .ask(Request::CheckTablets(vec![tablet]))
        .expect("checked");
    world.tell(|_, backend| Some(Ok(u64::from(backend == homes[1]))));
    assert_eq!(world.verdict(tablet), Some(Verdict::Differs));
    assert!(world.queued(tablet));
    assert_eq!(world.inconsistent(), 1);
    world.pass(LATER_MS);
    assert_eq!(world.bad(tablet), [homes[1]]);
    assert!(world.core.healing().repairing.contains(&tablet));
    // What is worked on is not cancelled, and that is no error.
    world.ask(repair(tablet, false)).expect("no error");
    assert!(world.queued(tablet));

    world.restart();
    assert!(world.queued(tablet));
    assert_eq!(world.bad(tablet), [homes[1]]);
    let all = world.backends();
    let free = all.into_iter().find(|id| !homes.contains(id));
    world.replace(tablet, homes[1], free.expect("a fourth"));
    world.pass(LATER_MS);
    world.pass(LATER_MS);
    world.tell(|_, _| Some(Ok(0)));
    assert_eq!(world.verdict(tablet), Some(Verdict::Consistent));
    world.pass(LATER_MS);
    assert!(!world.queued(tablet));
    assert!(world.core.healing().repairing.is_empty());
    assert_eq!(world.inconsistent(), 0);
}

#[test]
fn loads_go_on_while_replicas_are_compared_and_are_no_part_of_it() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    world
        .ask(Request::CheckTablets(vec![tablet]))
        .expect("checked");
    world.obliging = true;
    let plan = world.begin("m").expect("a plan");
    world.ask(commit(&plan, &[])).expect("it is visible");
    world.obliging = false;
    let view = world.core.head.tablets.view(tablet).expect("a tablet");
    assert_eq!(view.visible(), 3);
    world.find(&[1, 1, 1]);
    let check = world.last_check(tablet).expect("a result");
    assert_eq!((check.verdict, check.version), (Verdict::Consistent, 2));
}

#[test]
fn all_who_are_not_of_the_majority_are_made_anew() {
    let mut world = World::new(5);
    let tablet = world.loaded(1, 5)[0];
    world.check_finds(tablet, &[1, 2, 1, 3, 1]);
    world.pass(LATER_MS);
    let [_, b, _, d, _] = world.backends()[..] else {
        panic!("five backends")
    };
    assert_eq!(world.bad(tablet), [b, d]);
}

#[test]
fn three_contents_are_shown_and_not_touched_whoever_asks() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    world.check_finds(tablet, &[1, 2, 3]);
    assert_eq!(world.verdict(tablet), Some(Verdict::Differs));
    assert!(!world.queued(tablet));
    assert_eq!(world.inconsistent(), 1);
    world.ask(repair(tablet, true)).expect("queued");
    assert!(world.queued(tablet));
    world.pass(LATER_MS);
    world.find(&[1, 2, 3]);
    world.pass(LATER_MS);
    assert!(!world.queued(tablet));
    assert!(world.bad(tablet).is_empty());
    assert_eq!(world.inconsistent(), 1);
}

#[test]
fn a_difference_is_only_shown_where_the_setting_says_so_until_somebody_asks() {
    let config = Config {
        consistency_repair_by_majority: false,
        consistency_check_end_time: 23,
        ..Config::default()
    };
    let mut world = World::with(3, config);
    let tablet = world.loaded(1, 3)[0];
    world.check_finds(tablet, &[1, 1, 2]);
    world.pass(LATER_MS);
    assert!(!world.queued(tablet) && world.bad(tablet).is_empty());
    world.ask(repair(tablet, true)).expect("queued");
    world.pass(LATER_MS);
    world.find(&[1, 1, 2]);
    world.pass(LATER_MS);
    assert_eq!(world.bad(tablet), [world.backends()[2]]);
}

#[test]
fn a_replica_is_not_taken_for_bad_while_too_few_others_could_serve() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    let homes = world.homes(tablet);
    world
        .ask(Request::CheckTablets(vec![tablet]))
        .expect("checked");
    world.answer(|_, backend| Some(Ok(u64::from(backend == homes[2]))));
    world.dead(homes[0]);
    world.pass(0);
    assert!(world.queued(tablet));
    for _ in 0..100 {
        world.pass(LATER_MS);
        world.find(&[1, 1, 2]);
    }
    assert!(world.bad(tablet).is_empty());
    assert!(!world.queued(tablet));
    assert_eq!(world.verdict(tablet), Some(Verdict::Differs));
}

#[test]
fn who_is_not_in_need_leaves_the_queue_and_who_is_not_begun_can_be_cancelled() {
    let mut world = World::new(3);
    let tablets = world.loaded(2, 3);
    for tablet in &tablets {
        world.ask(repair(*tablet, true)).expect("queued");
        world
            .ask(repair(*tablet, true))
            .expect("once more is no error");
    }
    world.ask(repair(tablets[1], false)).expect("cancelled");
    world.ask(repair(tablets[1], false)).expect("no error");
    assert!(!world.queued(tablets[1]));
    world.pass(LATER_MS);
    world.find(&[1, 1, 1]);
    world.pass(LATER_MS);
    assert!(!world.queued(tablets[0]));
    assert_eq!(world.verdict(tablets[1]), None);
}

#[test]
fn silence_is_no_agreement_and_takes_no_difference_back() {
    let mut world = World::new(3);
    let tablets = world.loaded(2, 3);
    world.check_finds(tablets[0], &[1, 2, 3]);
    let mute = world.backends()[2];
    world
        .ask(Request::CheckTablets(tablets.clone()))
        .expect("checked");
    world.tell(|_, backend| (backend != mute).then_some(Ok(1)));
    assert_eq!(world.verdict(tablets[1]), None);
    world.pass(600_000);
    world.pass(0);
    assert_eq!(world.verdict(tablets[1]), Some(Verdict::TimedOut));
    assert_eq!(world.verdict(tablets[0]), Some(Verdict::Differs));
    assert_eq!(world.inconsistent(), 1);
    // Its answer comes too late for this check, and is none for the next.
    world.tell(|_, _| Some(Ok(1)));
    assert_eq!(world.verdict(tablets[1]), Some(Verdict::TimedOut));
}

#[test]
fn a_check_begins_again_without_the_dead_and_with_who_took_their_place() {
    let mut world = World::new(4);
    let tablet = world.loaded(1, 3)[0];
    let homes = world.homes(tablet);
    world
        .ask(Request::CheckTablets(vec![tablet]))
        .expect("checked");
    world.tell(|_, backend| (backend != homes[2]).then_some(Ok(1)));
    world.dead(homes[2]);
    world.pass(0);
    world.calls.clear();
    world.pass(LATER_MS);
    assert_eq!(world.asked().len(), 2);
    let all = world.backends();
    let free = all.into_iter().find(|id| !homes.contains(id));
    world.replace(tablet, homes[1], free.expect("a fourth"));
    world.calls.clear();
    world.pass(LATER_MS);
    world.tell(|_, _| Some(Ok(1)));
    assert_eq!(world.verdict(tablet), Some(Verdict::Consistent));
    let check = world.last_check(tablet).expect("a result");
    let new = world.replica(tablet, free.expect("a fourth")).id;
    assert!(check.digests.iter().any(|(id, _, _)| *id == new));
}

#[test]
fn a_replica_whose_files_turn_out_lost_is_repaired_and_the_others_are_compared() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    let broken = world.backends()[0];
    world
        .ask(Request::CheckTablets(vec![tablet]))
        .expect("checked");
    world.tell(|_, backend| Some(if backend == broken { Err(true) } else { Ok(1) }));
    assert_eq!(world.bad(tablet), [broken]);
    assert_eq!(world.verdict(tablet), Some(Verdict::Consistent));
    assert!(!world.replica(tablet, broken).set_bad_force);
    world.check();
}

#[test]
fn a_backend_computes_few_digests_at_once_and_all_are_done_in_the_end() {
    let mut world = World::new(3);
    let tablets = world.loaded(30, 3);
    world
        .ask(Request::CheckTablets(tablets.clone()))
        .expect("checked");
    for _ in 0..30 {
        let asked = world.asked();
        for backend in world.backends() {
            assert!(asked.iter().filter(|of| of.1 == backend).count() <= 4);
        }
        world.find(&[1, 1, 1]);
    }
    let done = |tablet: &TabletId| world.verdict(*tablet) == Some(Verdict::Consistent);
    assert!(tablets.iter().all(done));
}

#[test]
fn in_its_hours_everything_is_checked_once_and_a_restart_goes_on() {
    let config = Config {
        consistency_check_start_time: 1,
        consistency_check_end_time: 3,
        ..Config::default()
    };
    let mut world = World::with(3, config);
    let tablets = world.loaded(6, 3);
    world.pass(1_000);
    assert!(world.asked().is_empty(), "it is not one o'clock");
    world.pass(3_600_000);
    world.pass(0);
    assert_eq!(world.asked().len(), 12);
    world.find(&[1, 1, 1]);
    let done = |world: &World| {
        let checked = tablets.iter().filter(|id| world.verdict(**id).is_some());
        checked.copied().collect::<Vec<_>>()
    };
    let first = done(&world);
    assert_eq!(first, tablets[..4]);
    world.restart();
    world.pass(0);
    let second: Vec<TabletId> = world.asked().iter().map(|of| of.2).collect();
    assert!(second.iter().all(|id| !first.contains(id)) && second.len() == 6);
    world.find(&[1, 1, 1]);
    assert_eq!(done(&world).len(), 6);
    world.pass(LATER_MS);
    world.pass(700_000);
    assert!(world.asked().is_empty(), "nothing was loaded since");
}

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
        Request::Spare { backend, tablets }
    };
    let home = world.homes(single)[0];
    let other = if home == a { b } else { a };
    // The replica that is meant was replaced meanwhile: the one that is there by now is not in question.
    let replaced = vec![(tablet, ReplicaId(1))];
    let late = Request::Spare {
        backend: home,
        tablets: replaced,
    };
    assert_eq!(world.ask(late), Ok(Reply::Spared(vec![tablet])));
    assert_eq!(world.bad(tablet), []);
    let asked = spare(&world, home);
    assert_eq!(world.ask(asked), Ok(Reply::Spared(vec![tablet])));
    assert_eq!(world.bad(tablet), [home]);
    // A report that was under way says that the replica is good: it is not believed.
    world.core.head.observe_loss(tablet, home, false);
    let asked = spare(&world, other);
    let answer = world.ask(asked).expect("an answer");
    // The other one has no replica of the second table, so that is served without it.
    assert_eq!(answer, Reply::Spared(vec![single]));
    assert!(world.bad(tablet).is_empty());
}

#[test]
fn lost_segments_are_looked_for_everywhere_and_believed_at_once() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    let [a, b, c] = world.backends()[..] else {
        panic!("three backends")
    };
    world.dead(c);
    let token = world.send(Request::CheckSegments {
        backends: Vec::new(),
        repair: true,
    });
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
    let nobody = Request::CheckSegments {
        backends: vec![c, BackendId(1)],
        repair: false,
    };
    let Ok(Reply::Segments(told)) = world.ask(nobody) else {
        panic!("an answer")
    };
    assert!(told.len() == 2 && told.iter().all(|(_, told)| told.is_err()));
}
