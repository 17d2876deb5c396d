//! Content: what checks find, what is repaired, and whose replica is not the last.

mod checks;
mod lost_files;
mod repairs;

use super::*;
use crate::backend::api::{Digests, TabletDigest};
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
                asked: Timestamp::at(-1),
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

    pub(super) fn replica(
        &self,
        tablet: TabletId,
        backend: BackendId,
    ) -> crate::catalog::replica::Replica {
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
        self.ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
            .expect("checked");
        self.find(contents);
    }

    /// Checks a tablet whose replicas on some backends hold something else than the others.
    fn finds_on(&mut self, tablet: TabletId, these: &[BackendId]) {
        self.ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
            .expect("checked");
        self.tell(|_, backend| Some(Ok(u64::from(these.contains(&backend)))));
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
        let (replica, at) = (ReplicaId(id), Timestamp::at(self.now));
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
            renewed: false,
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
        let (seq, now) = (self.journal.len() as u64, Timestamp::at(self.now));
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
    Request::Heal(HealRequest::RepairTablets {
        tablets: vec![tablet],
        on,
    })
}

#[test]
fn replicas_are_compared_at_what_readers_see_and_agreement_is_recorded() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    world
        .ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
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
    let ask = Request::Heal(HealRequest::CheckTablets(vec![
        TabletId(1),
        tablet,
        TabletId(2),
    ]));
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
        .ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
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
fn a_copy_votes_like_its_source_until_all_are_found_equal() {
    let mut world = World::new(4);
    let tablet = world.loaded(1, 3)[0];
    let homes = world.homes(tablet);
    let free = world.backends().into_iter().find(|id| !homes.contains(id));
    let free = free.expect("a fourth");
    // The replica on the first backend is altered before the third one's place is taken by a copy of it.
    world.replace(tablet, homes[2], free);
    let copied = Change::Copied {
        tablet,
        replica: world.replica(tablet, free).id,
        source: world.replica(tablet, homes[0]).id,
    };
    world.core.record_own(vec![copied]);
    world.pass(0);
    world.restart();
    world.finds_on(tablet, &[homes[1]]);
    assert_eq!(world.verdict(tablet), Some(Verdict::Differs));
    world.pass(LATER_MS);
    assert!(!world.queued(tablet), "nobody can say who is right");
    assert_eq!(world.bad(tablet), []);
    assert_eq!(world.inconsistent(), 1, "it is shown");

    // Had the copy been altered, its source and the third would say so.
    world.finds_on(tablet, &[homes[0], homes[1]]);
    world.pass(LATER_MS);
    assert_eq!(world.bad(tablet), [free]);

    let mut world = World::new(4);
    let tablet = world.loaded(1, 3)[0];
    let homes = world.homes(tablet);
    let copied = Change::Copied {
        tablet,
        replica: world.replica(tablet, homes[2]).id,
        source: world.replica(tablet, homes[0]).id,
    };
    world.core.record_own(vec![copied]);
    world.pass(0);
    world.finds_on(tablet, &homes);
    assert_eq!(world.verdict(tablet), Some(Verdict::Consistent));
    assert!(world.core.head.lineages.is_empty());
    world.finds_on(tablet, &[homes[1]]);
    world.pass(LATER_MS);
    assert_eq!(
        world.bad(tablet),
        [homes[1]],
        "they are three witnesses again"
    );
}

#[test]
fn loads_go_on_while_replicas_are_compared_and_are_no_part_of_it() {
    let mut world = World::new(3);
    let tablet = world.loaded(1, 3)[0];
    world
        .ask(Request::Heal(HealRequest::CheckTablets(vec![tablet])))
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
