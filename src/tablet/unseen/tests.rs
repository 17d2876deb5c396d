//! What a load that is not seen yet asks of the replicas of its tablets.

use super::*;
use crate::catalog::change::{Change, Committed};
use crate::catalog::table::Medium;
use crate::catalog::tablets::{Belief, Reported};
use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, TabletId, TxnId, Version};
use crate::tablet::health::{Priority, TabletStatus, tablet_health};
use crate::tablet::reason::Reason;
use crate::tablet::schedule::{Decision, decide};
use crate::tablet::task::{Kind, Task};
use crate::tablet::testing::{GB, Model};

/// A tablet of three replicas, on the first three of four backends.
fn cluster() -> (Model, TabletId, Vec<BackendId>) {
    let mut model = Model::with(4, 100 * GB);
    let all = model.backends();
    let tablet = model.table(&[all[..3].to_vec()], GB, Medium::Hdd)[0];
    model.apply(Change::ReserveTxns { below: 1000 });
    model.measure();
    (model, tablet, all)
}

impl Model {
    fn of(&self, tablet: TabletId, backend: BackendId) -> Replica {
        let view = self.catalog.tablets.view(tablet).expect("a tablet");
        view.on(backend).expect("a replica")
    }

    /// A load with rows for the tablet that so many backends missed has got its version.
    fn commits(&mut self, id: u64, tablet: TabletId, missed: &[BackendId]) -> TxnId {
        let view = self.catalog.tablets.view(tablet).expect("a tablet");
        let partition = self.catalog.partitions[&view.partition()].clone();
        let missed = missed.iter().map(|id| (tablet, self.of(tablet, *id).id));
        let writes = Writes {
            with_rows: vec![tablet],
            missed: missed.collect(),
            ..Writes::default()
        };
        let txn = Txn {
            id: TxnId(id),
            label: format!("l{id}"),
            db: DbId(9),
            table: partition.table,
            coordinator: String::new(),
            source: String::new(),
            state: TxnState::Committed,
            prepared: Timestamp::at(0),
            committed: Some(Timestamp::at(0)),
            published: None,
            finished: None,
            timeout_ms: 1,
            reason: String::new(),
            versions: vec![(partition.id, partition.next_version)],
            failed_replicas: 0,
            rows: 1,
            backend: None,
            hold: None,
        };
        self.apply(Change::Commit(Box::new(Committed { txn, writes })));
        TxnId(id)
    }

    /// Readers see it; these backends missed its version.
    fn shows(&mut self, txn: TxnId, tablet: TabletId, missed: &[BackendId]) {
        let missed = missed.iter().map(|id| (tablet, self.of(tablet, *id).id));
        let missed = missed.collect();
        self.apply(Change::Visible {
            txn,
            at: Timestamp::at(1),
            published: None,
            missed,
        });
    }

    /// A backend says up to where its replica holds everything.
    fn reports(&mut self, tablet: TabletId, backend: BackendId, version: Version, bad: bool) {
        let of = self.of(tablet, backend);
        let reported = Reported {
            replica: of.id,
            version,
            newest: version,
            belief: Belief::All,
            bad,
            bytes: GB,
            rows: 1,
            rowsets: 1,
            path: of.path_hash,
        };
        self.catalog
            .observe_replica(tablet, backend, &reported, Timestamp::at(2));
    }

    fn retires(&mut self, tablet: TabletId, backend: BackendId) -> Task {
        let replica = self.of(tablet, backend).id;
        self.apply(Change::RetireReplica {
            tablet,
            replica,
            on: true,
        });
        let mut task = self.task(tablet);
        task.retiring = Some((replica, TxnId(1000)));
        task
    }

    fn task(&self, tablet: TabletId) -> Task {
        let view = self.catalog.tablets.view(tablet).expect("a tablet");
        let (db, partition) = (view.db(), view.partition());
        let now = Timestamp::at(self.now);
        Task::new(
            tablet,
            (db, partition),
            Kind::Repair,
            TabletStatus::Healthy,
            Priority::Normal,
            now,
        )
    }

    fn dies(&mut self, backend: BackendId) {
        self.catalog
            .observe_backend(backend, |state| state.alive = false);
    }

    fn spares(&self, tablet: TabletId, backend: BackendId) -> bool {
        let view = self.catalog.tablets.view(tablet).expect("a tablet");
        can_spare(&self.catalog, &view, &[self.of(tablet, backend).id])
    }
}

#[test]
fn the_last_replica_that_holds_an_unseen_load_and_can_be_read_is_not_spared() {
    let (mut model, tablet, all) = cluster();
    assert!(model.spares(tablet, all[0]), "no load waits");
    let txn = model.commits(5, tablet, &[all[2]]);
    assert!(model.spares(tablet, all[0]) && model.spares(tablet, all[2]));
    model.dies(all[1]);
    assert!(!model.spares(tablet, all[0]), "the other holder is dead");
    assert!(model.spares(tablet, all[2]), "it does not hold it");
    let replica = model.of(tablet, all[2]).id;
    model.catalog.observe_brought(txn, tablet, replica, true);
    assert!(model.spares(tablet, all[0]), "a copy has brought it");
    model.catalog.observe_brought(txn, tablet, replica, false);
    assert!(!model.spares(tablet, all[0]), "and it is gone again");
}

/// Found by the simulator (seed 402299): a replica on a backend that was dead for seconds went with a load's rows, and the other
/// one that held them had a damaged file.
#[test]
fn what_may_still_be_read_stays_until_the_loads_that_it_holds_are_seen() {
    let (mut model, tablet, all) = cluster();
    let replica = ReplicaId(9_999);
    model.apply(Change::AddReplica {
        tablet,
        replica,
        backend: all[3],
        at: Timestamp::at(1),
    });
    model.apply(Change::FinishClone {
        tablet,
        replica,
        version: 1,
        renewed: false,
        at: Timestamp::at(1),
    });
    let txn = model.commits(5, tablet, &all[3..]);
    let marked = model.of(tablet, all[0]).id;
    let new = model.task(tablet);
    let waits = Decision::Later(Reason::WaitsForLoads(txn));
    let decided = |model: &Model, task: &Task| model.desk(|desk| decide(desk, task));
    model.dies(all[0]);
    assert_eq!(decided(&model, &new), Decision::Retire(marked));
    let task = model.retires(tablet, all[0]);
    assert_eq!(decided(&model, &task), waits, "it may come back");
    model.reports(tablet, all[0], 1, true);
    assert_eq!(
        decided(&model, &task),
        Decision::Remove(marked),
        "it is bad"
    );
    for other in &all[1..3] {
        model.reports(tablet, *other, 1, true);
    }
    assert_ne!(decided(&model, &task), Decision::Remove(marked));
}

/// Found by the simulator (seed 202162): the only replica with a load's rows was behind, and its tablet had all the replicas
/// that were wanted, and one too many that waited for the load.
#[test]
fn a_replica_that_a_load_hinges_on_is_brought_forward_before_anything_else() {
    let (mut model, tablet, all) = cluster();
    let first = model.commits(5, tablet, &[all[0]]);
    model.shows(first, tablet, &[all[0]]);
    for backend in &all[1..3] {
        model.reports(tablet, *backend, 2, false);
    }
    let partition = model.catalog.tablets.view(tablet).expect("it").partition();
    model.apply(Change::SetPartition {
        partition,
        replication_num: 1,
        medium: Medium::Hdd,
    });
    model.commits(6, tablet, &all[1..3]);
    let task = model.retires(tablet, all[2]);
    let view = model.catalog.tablets.view(tablet).expect("it");
    let status = model.desk(|desk| tablet_health(desk.cluster, &view).status);
    assert_eq!(status, TabletStatus::Redundant);
    let behind = model.of(tablet, all[0]).id;
    let decision = model.desk(|desk| decide(desk, &task));
    let Decision::Copy { destination, .. } = decision else {
        panic!("a copy and not {decision:?}");
    };
    assert_eq!(destination.replica, Some(behind));
    model.reports(tablet, all[0], 2, false);
    let decision = model.desk(|desk| decide(desk, &task));
    assert!(matches!(decision, Decision::Later(_)), "{decision:?}");
}

/// Found by the simulator (seed 723404): a retired replica waited for a load, the load for a replica that was behind, and nobody
/// brought that forward, as another one held the load as well.
#[test]
fn nothing_waits_for_a_load_that_waits_for_a_replica_which_can_be_brought_forward() {
    let (mut model, tablet, all) = cluster();
    let behind = model.commits(1, tablet, &[all[1]]);
    model.shows(behind, tablet, &[all[1]]);
    let partition = model.catalog.tablets.view(tablet).expect("it").partition();
    model.apply(Change::SetPartition {
        partition,
        replication_num: 1,
        medium: Medium::Hdd,
    });
    model.commits(2, tablet, &[all[2]]);
    let task = model.retires(tablet, all[2]);
    let decided = model.desk(|desk| decide(desk, &task));
    let Decision::Copy { destination, .. } = decided else {
        panic!("it is copied: {decided:?}");
    };
    assert_eq!(destination.backend, all[1]);
}
