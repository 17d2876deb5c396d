//! Repair and balance: what waits, what runs, what has ended, and the loads behind it.

use std::sync::Arc;

use expect_test::expect;

use super::{check_in, rows_in};
use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, PartitionId, TableId, TabletId};
use crate::proc::sample;
use crate::tablet::healing::{Hint, Slots};
use crate::tablet::health::{Priority, TabletStatus};
use crate::tablet::load::LoadStatistics;
use crate::tablet::reason::Reason;
use crate::tablet::task::{Kind, Spot, State, Task};
use crate::view::View;

/// When the seed's task was made, 2019-02-21 15:00:20 in UTC.
const MADE: i64 = 1_550_761_220_000;

fn task(tablet: u64, dynamic: Priority, state: State) -> Task {
    Task {
        tablet: TabletId(tablet),
        db: DbId(11_000),
        table: TableId(12_000),
        partition: PartitionId(12_001),
        kind: Kind::Repair,
        status: TabletStatus::ReplicaMissing,
        state,
        original: Priority::High,
        dynamic,
        medium: Medium::Hdd,
        source: None,
        destination: None,
        timeout_ms: 0,
        created: Timestamp::at(MADE),
        scheduled: None,
        visited: None,
        copied: None,
        finished: None,
        adjusted: None,
        bytes: 0,
        millis: 0,
        full: None,
        failed_scheduling: 0,
        failed_running: 0,
        failed_on: None,
        visible: 1,
        committed: 2,
        retiring: None,
        reason: None,
    }
}

/// The sample cluster with tasks: of those that wait the first is the seed's.
fn view() -> View {
    let mut view = sample::view();
    let at = |ms: i64| Some(Timestamp::at(MADE + ms));
    let seed = Task {
        scheduled: at(246_000_000),
        visited: at(246_000_000),
        adjusted: at(23_000),
        failed_scheduling: 2,
        reason: Some(Reason::NoSource),
        ..task(13_000, Priority::Low, State::Pending)
    };
    let visited = |tablet, ms| Task {
        visited: at(ms),
        ..task(tablet, Priority::Low, State::Pending)
    };
    let copying = |tablet, state| Task {
        source: spot(10_001, 17_001),
        destination: spot(10_003, -1),
        timeout_ms: 180_000,
        scheduled: at(1000),
        ..task(tablet, Priority::High, state)
    };
    let done = Task {
        finished: at(9000),
        bytes: 3 << 20,
        millis: 2000,
        reason: Some(Reason::Cloned),
        ..copying(13_003, State::Finished)
    };
    let pending = [
        seed,
        visited(13_002, 5000),
        task(13_001, Priority::VeryHigh, State::Pending),
        visited(12_999, 5000),
    ];
    let healing = &mut view.healing;
    healing.pending = pending
        .map(|t| (t.tablet, Arc::new(t)))
        .into_iter()
        .collect();
    let running = Arc::new(copying(13_004, State::Running));
    healing.running.insert(running.tablet, running);
    healing.history.push_back(Arc::new(done));
    healing.load = Arc::new(LoadStatistics::of(&view.catalog, &view.config, view.now));
    healing.slots.insert(
        (BackendId(10_001), 17_001),
        Slots {
            repair_total: 2,
            repair_used: 1,
            balance_total: 2,
            bytes: 3000,
            millis: 1500,
            ..Slots::default()
        },
    );
    healing.counters.checker_rounds = 7;
    healing.noted = Some((Timestamp::at(MADE), healing.counters));
    healing.counters.scheduled = 3;
    let hint = Hint {
        db: DbId(11_000),
        table: TableId(12_000),
        until: view.now.plus_ms(14_400_000),
    };
    healing.hints.insert(PartitionId(12_002), hint);
    view
}

fn spot(backend: u64, path: i64) -> Option<Spot> {
    Some(Spot {
        backend: BackendId(backend),
        path,
        replica: None,
    })
}

#[test]
fn cluster_balance_counts_its_items() {
    check_in(
        &view(),
        "SHOW PROC '/cluster_balance'",
        expect![[r#"
        Item | Number
        balance_stat | 2
        cluster_load_stat | 1
        working_slots | 1
        sched_stat | 1
        priority_repair | 1
        pending_tablets | 4
        running_tablets | 1
        history_tablets | 1
        all_tablets | 5
    "#]],
    );
}

#[test]
fn tasks_that_wait_are_listed_in_the_order_in_which_they_are_tried() {
    let view = view();
    check_in(
        &view,
        "SHOW PROC '/cluster_balance/pending_tablets'",
        expect![[r#"
            TabletId | Type | Status | State | OrigPrio | DynmPrio | SrcBe | SrcPath | DestBe | DestPath | Timeout | Create | LstSched | LstVisit | Finished | Rate | FailedSched | FailedRunning | LstAdjPrio | VisibleVer | VisibleVerHash | CmtVer | CmtVerHash | ErrMsg | Medium
            13001 | REPAIR | REPLICA_MISSING | PENDING | HIGH | VERY_HIGH | -1 | -1 | -1 | -1 | 0 | T | N/A | N/A | N/A | N/A | 0 | 0 | N/A | 1 | 0 | 2 | 0 |  | HDD
            12999 | REPAIR | REPLICA_MISSING | PENDING | HIGH | LOW | -1 | -1 | -1 | -1 | 0 | T | N/A | T | N/A | N/A | 0 | 0 | N/A | 1 | 0 | 2 | 0 |  | HDD
            13002 | REPAIR | REPLICA_MISSING | PENDING | HIGH | LOW | -1 | -1 | -1 | -1 | 0 | T | N/A | T | N/A | N/A | 0 | 0 | N/A | 1 | 0 | 2 | 0 |  | HDD
            13000 | REPAIR | REPLICA_MISSING | PENDING | HIGH | LOW | -1 | -1 | -1 | -1 | 0 | T | T | T | N/A | N/A | 2 | 0 | T | 1 | 0 | 2 | 0 | unable to find source replica | HDD
        "#]],
    );
    let rows = rows_in(&view, "SHOW PROC '/cluster_balance/pending_tablets'").unwrap();
    let order: Vec<_> = (0..4)
        .map(|row| rows.text(row, "TabletId").unwrap())
        .collect();
    assert_eq!(order, ["13001", "12999", "13002", "13000"]);
}

#[test]
fn tasks_that_run_and_have_ended_show_their_copying() {
    let view = view();
    check_in(
        &view,
        "SHOW PROC '/cluster_balance/running_tablets'",
        expect![[r#"
            TabletId | Type | Status | State | OrigPrio | DynmPrio | SrcBe | SrcPath | DestBe | DestPath | Timeout | Create | LstSched | LstVisit | Finished | Rate | FailedSched | FailedRunning | LstAdjPrio | VisibleVer | VisibleVerHash | CmtVer | CmtVerHash | ErrMsg | Medium
            13004 | REPAIR | REPLICA_MISSING | RUNNING | HIGH | HIGH | 10001 | 17001 | 10003 | -1 | 180 | T | T | N/A | N/A | N/A | 0 | 0 | N/A | 1 | 0 | 2 | 0 |  | HDD
        "#]],
    );
    check_in(
        &view,
        "SHOW PROC '/cluster_balance/history_tablets'",
        expect![[r#"
            TabletId | Type | Status | State | OrigPrio | DynmPrio | SrcBe | SrcPath | DestBe | DestPath | Timeout | Create | LstSched | LstVisit | Finished | Rate | FailedSched | FailedRunning | LstAdjPrio | VisibleVer | VisibleVerHash | CmtVer | CmtVerHash | ErrMsg | Medium
            13003 | REPAIR | REPLICA_MISSING | FINISHED | HIGH | HIGH | 10001 | 17001 | 10003 | -1 | 180 | T | T | N/A | T | 1.500 | 0 | 0 | N/A | 1 | 0 | 2 | 0 |  | HDD
        "#]],
    );
    check_in(
        &view,
        "SHOW PROC '/cluster_balance/all_tablets'",
        expect![[r#"
            TabletId
            12999
            13000
            13001
            13002
            13004
        "#]],
    );
}

#[test]
fn below_a_task_are_the_replicas_of_its_tablet() {
    let view = view();
    let replicas = rows_in(&view, "SHOW PROC '/cluster_balance/history_tablets/13003'").unwrap();
    assert_eq!(replicas.rows.len(), 3);
    check_in(
        &view,
        "SHOW PROC '/cluster_balance/running_tablets/13003'",
        expect![[r#"
            1105: Unknown proc node path: /cluster_balance/running_tablets/13003. msg: Tablet[13003] has no such task
        "#]],
    );
    check_in(
        &view,
        "SHOW PROC '/cluster_balance/pending_tablets/x'",
        expect![[r#"
            1105: Unknown proc node path: /cluster_balance/pending_tablets/x. msg: Invalid tablet id format: x
        "#]],
    );
}

#[test]
fn loads_and_slots() {
    let view = view();
    for (path, expected) in [
        (
            "balance_stat",
            expect![[r#"
            StorageMedium | BalanceType | Balanced | PendingTablets | RunningTablets
            SSD | inter-node load score | true | 0 | 0
            SSD | inter-node tablet distribution | true | 0 | 0
        "#]],
        ),
        (
            "cluster_load_stat",
            expect![[r#"
            StorageMedium | ClusterDiskBalanceStat | BackendNum | AvgScore | AvgReplicaNum | UsedPercent | Computed
            SSD | {"maxUsedPercent":14.286,"minUsedPercent":14.286,"balanced":true} | 2 | 1.000 | 2.000 | 14.29 % | T
        "#]],
        ),
        (
            "cluster_load_stat/ssd",
            expect![[r#"
            BeId | Cluster | Available | UsedCapacity | Capacity | UsedPercent | ReplicaNum | CapCoeff | ReplCoeff | Score | Class
            10001 | default_cluster | true | 1048576 | 7340032 | 14.286 | 2 | 0.500 | 0.500 | 1.000 | MID
            10002 | default_cluster | true | 1048576 | 7340032 | 14.286 | 2 | 0.500 | 0.500 | 1.000 | MID
        "#]],
        ),
        (
            "cluster_load_stat/SSD/10001",
            expect![[r#"
                RootPath | DataUsedCapacity | OtherUsedCapacity | AvailCapacity | TotalCapacity | TotalUsedPct | State | PathHash | StorageMedium | TabletNum | DataTotalCapacity | DataUsedPct | ErrMsg | TrashUsedCapacity
                /disk10001 | 1.000 MB | 1.000 MB | 6.000 MB | 8.000 MB | 25.00 % | ONLINE | 17001 | SSD | 2 | 7.000 MB | 14.29 % | N/A | 0.000 B
            "#]],
        ),
        (
            "cluster_load_stat/tape",
            expect![[r#"
            1105: Unknown proc node path: /cluster_balance/cluster_load_stat/tape. msg: no such storage medium: tape
        "#]],
        ),
        (
            "working_slots",
            expect![[r#"
            BeId | PathHash | AvailSlots | TotalSlots | BalanceSlot | AvgRate | TotalBalanceSlots | RootPath
            10001 | 17001 | 1 | 2 | 2 | 2000 | 2 | /disk10001
        "#]],
        ),
        (
            "working_slots/10002",
            expect![[r#"
            BeId | PathHash | AvailSlots | TotalSlots | BalanceSlot | AvgRate | TotalBalanceSlots | RootPath
        "#]],
        ),
    ] {
        check_in(
            &view,
            &format!("SHOW PROC '/cluster_balance/{path}'"),
            expected,
        );
    }
}

#[test]
fn counters_and_hints() {
    let view = view();
    for (path, expected) in [
        (
            "sched_stat",
            expect![[r#"
                Item | Value | Increase | Since
                num of tablet check round | 7 | 0 | T
                num of tablet checked in tablet checker | 0 | 0 | T
                num of unhealthy tablet checked in tablet checker | 0 | 0 | T
                num of tablet being added to tablet scheduler | 0 | 0 | T
                num of tablet schedule round | 0 | 0 | T
                num of tablet being scheduled | 0 | 3 | T
                num of tablet being scheduled succeeded | 0 | 0 | T
                num of tablet being scheduled failed | 0 | 0 | T
                num of tablet being scheduled discard | 0 | 0 | T
                num of tablet priority upgraded | 0 | 0 | T
                num of clone task | 0 | 0 | T
                num of clone task succeeded | 0 | 0 | T
                num of clone task failed | 0 | 0 | T
                num of clone task timeout | 0 | 0 | T
                num of replica missing error | 0 | 0 | T
                num of replica version missing error | 0 | 0 | T
                num of replica unavailable error | 0 | 0 | T
                num of replica redundant error | 0 | 0 | T
                num of replica missing in cluster error | 0 | 0 | T
                num of balance scheduled | 0 | 0 | T
                num of colocate replica mismatch | 0 | 0 | T
                num of colocate replica redundant | 0 | 0 | T
                num of colocate balancer running round | 0 | 0 | T
                num of task finished | 0 | 0 | T
                num of task cancelled | 0 | 0 | T
                num of full clone | 0 | 0 | T
                num of incremental clone | 0 | 0 | T
                bytes of clone | 0 | 0 | T
                cost of clone(ms) | 0 | 0 | T
                num of replica relocating | 0 | 0 | T
                num of replica removed | 0 | 0 | T
                num of balance move | 0 | 0 | T
            "#]],
        ),
        (
            "priority_repair",
            expect![[r#"
            Database | Table | Partition | RemainingTimeMs | DbId | TableId | PartitionId
            shop | orders | p2 | 14400000 | 11000 | 12000 | 12002
        "#]],
        ),
        (
            "nothing",
            expect![[r#"
            1105: Unknown proc node path: /cluster_balance/nothing. msg: Cannot find path: /cluster_balance/nothing
        "#]],
        ),
    ] {
        check_in(
            &view,
            &format!("SHOW PROC '/cluster_balance/{path}'"),
            expected,
        );
    }
}
