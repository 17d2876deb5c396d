//! Loads whose commit is a call of its own: what keeps them, what ends them, and what they become.

use super::*;
use crate::catalog::txn::TxnState;
use crate::leader::action::BackendRequest;

impl World {
    /// A load of this label is prepared: every replica holds it but those on `failed`.
    fn prepared(&mut self, label: &str, failed: &[BackendId]) -> Arc<LoadPlan> {
        let plan = self.begin(label).expect("a plan");
        let Request::CommitLoad(commit) = commit(&plan, failed) else {
            panic!("a commit");
        };
        let timeout_ms = 0;
        let done = self.ask(Request::PrepareLoad { commit, timeout_ms });
        assert_eq!(done, Ok(Reply::Prepared));
        plan
    }

    fn second(&mut self, plan: &LoadPlan) -> Option<Result<Reply, Failure>> {
        let token = self.send(Request::CommitPrepared { txn: plan.txn });
        self.reply(token)
    }

    fn state(&self, plan: &LoadPlan) -> (TxnState, String) {
        let txn = &self.core.head.txns[&plan.txn];
        (txn.state, txn.reason.clone())
    }

    /// The frontend dies and starts again from its journal.
    fn replayed(&mut self) {
        let mut catalog = Catalog::new();
        for change in self.journal.iter().flatten() {
            catalog.apply(change).expect("it was applied before");
        }
        let (seq, now) = (self.journal.len() as u64, Timestamp::at(self.now));
        self.core = Core::recover(catalog, seq, Config::default(), now);
        for id in self.backends() {
            self.alive(id);
        }
    }
}

#[test]
fn a_prepared_load_survives_the_frontend_and_is_seen_once_it_is_committed() {
    let mut world = World::new(3);
    world.table(2, 3, WriteQuorum::Majority);
    let plan = world.prepared("a", &[]);
    let tablet = world.tablets()[0];
    let backend = world.backends()[0];
    assert_eq!(world.versions(tablet, backend).0, 1);
    world.replayed();
    // Its rows are not taken for the leftovers of a load that nobody knows.
    world.obliging = false;
    let answer = ReportAnswer {
        seq: 1,
        full: false,
        tablets: Vec::new(),
        pending: vec![plan.txn],
    };
    let asked = Timestamp::at(world.now);
    world.step(Event::Report {
        backend,
        asked,
        result: Ok(answer),
    });
    let forgets = |(_, _, of): &_| matches!(of, BackendRequest::Abort(_));
    assert!(!world.calls.iter().any(forgets));
    world.obliging = true;
    assert_eq!(visible(world.second(&plan)), [2]);
    assert_eq!(visible(world.second(&plan)), [2], "twice is once");
    assert_eq!(world.versions(tablet, backend).0, 2);
    world.check();
}

#[test]
fn loads_that_are_committed_meanwhile_have_lower_versions() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let held = world.prepared("a", &[]);
    let plan = world.begin("b").expect("a plan");
    let token = world.send(commit(&plan, &[]));
    assert_eq!(visible(world.reply(token)), [2]);
    assert_eq!(visible(world.second(&held)), [3]);
    world.check();
}

#[test]
fn what_is_given_up_is_forgotten_and_its_label_is_free() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let plan = world.prepared("a", &[]);
    let taken = world.begin("a").expect_err("the label is taken");
    assert!(taken.message.contains("PREPARED"), "{taken}");
    world.obliging = false;
    let abort = Request::AbortLoad {
        txn: plan.txn,
        reason: "rolled back".to_owned(),
    };
    assert_eq!(world.ask(abort.clone()), Ok(Reply::Done));
    assert_eq!(world.calls.len(), 3, "each backend forgets the rows");
    assert_eq!(world.ask(abort), Ok(Reply::Done));
    let late = world
        .second(&plan)
        .expect("an answer")
        .expect_err("it is over");
    assert_eq!(late.code, Code::TXN);
    world.begin("a").expect("the label is free");
}

#[test]
fn a_load_that_nobody_commits_ends_after_its_own_time_and_not_after_that_of_its_writing() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let plan = world.prepared("a", &[]);
    world.pass(86_000_000);
    world.replayed();
    world.pass(399_999);
    assert_eq!(world.state(&plan).0, TxnState::Prepared);
    world.pass(1);
    let (state, why) = world.state(&plan);
    assert_eq!(state, TxnState::Aborted);
    assert!(why.contains("86400000 ms"), "{why}");
}

#[test]
fn the_end_of_its_coordinator_does_not_end_it() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let backend = world.backends()[0];
    world.started(backend, 5);
    let Request::BeginLoad(mut of) = begin("a") else {
        panic!("a begin");
    };
    of.process = Some(Process {
        backend,
        started: Timestamp::at(5),
    });
    let Ok(Reply::Begun(plan)) = world.ask(Request::BeginLoad(of)) else {
        panic!("a plan");
    };
    let Request::CommitLoad(commit) = commit(&plan, &[]) else {
        panic!("a commit");
    };
    let timeout_ms = 1000;
    world
        .ask(Request::PrepareLoad { commit, timeout_ms })
        .expect("prepared");
    world.started(backend, 6);
    world.dead(backend);
    assert_eq!(world.state(&plan).0, TxnState::Prepared);
    assert!(visible(world.second(&plan)) == [2]);
}

#[test]
fn what_only_one_replica_is_left_of_is_committed_and_what_none_is_left_of_is_kept() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let backends = world.backends();
    let tablet = world.tablets()[0];
    let plan = world.prepared("a", &backends[2..]);
    let drop = |world: &mut World, bad: &[BackendId], is: bool| {
        for backend in bad {
            let request = HealRequest::SetReplicaStatus {
                tablet,
                backend: *backend,
                bad: is,
                force: true,
            };
            world.ask(Request::Heal(request)).expect("it is set");
        }
    };
    drop(&mut world, &backends[..2], true);
    let away = world.second(&plan).expect("an answer");
    assert_eq!(away.expect_err("nobody has it").code, Code::QUORUM);
    assert_eq!(world.state(&plan).0, TxnState::Prepared);
    drop(&mut world, &backends[..1], false);
    assert_eq!(visible(world.second(&plan)), [2]);
}

#[test]
fn what_is_prepared_ends_with_its_table_and_with_its_partition() {
    let mut world = World::new(3);
    world.table(1, 3, WriteQuorum::Majority);
    let plan = world.prepared("a", &[]);
    world
        .ask(Request::TruncateTable {
            db: "d".to_owned(),
            name: "t".to_owned(),
            partitions: Vec::new(),
        })
        .expect("truncated");
    let gone = world.second(&plan).expect("an answer").expect_err("gone");
    assert_eq!(gone.code, Code::UNKNOWN_PARTITION);
    assert_eq!(world.state(&plan).0, TxnState::Aborted);
    let plan = world.prepared("b", &[]);
    world
        .ask(Request::DropTable {
            db: "d".to_owned(),
            name: "t".to_owned(),
            if_exists: false,
        })
        .expect("dropped");
    assert_eq!(world.state(&plan).0, TxnState::Aborted);
    world.replayed();
    assert_eq!(world.state(&plan).0, TxnState::Aborted);
    world.check();
}
