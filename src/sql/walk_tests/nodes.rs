//! Backends, settings, and loads.

use expect_test::expect;

use super::check;

#[test]
fn backends_and_their_paths() {
    check(
        "SHOW BACKENDS WHERE BackendId != 10002",
        expect![[r#"
        BackendId | IP | HeartbeatPort | BePort | HttpPort | BrpcPort | LastStartTime | LastHeartbeat | Alive | SystemDecommissioned | ClusterDecommissioned | TabletNum | DataUsedCapacity | AvailCapacity | TotalCapacity | UsedPct | MaxDiskUsedPct | ErrMsg | Version | Status | DataTotalCapacity | DataUsedPct | CpuCores | MemLimit | NumRunningQueries | MemUsedPct | CpuUsedPct | DataCacheMetrics | Location | StatusCode
        10001 | 127.0.0.1 | 8040 | 8040 | 8040 | 8040 | N/A | T | true | false | false | 4 | 1.000 MB | 6.000 MB | 8.000 MB | 25.00 % | 25.00 % |  | 0.1.0 | {"lastSuccessReportTabletsTime":"N/A"} | 7.000 MB | 14.29 % | N/A | N/A | 0 | N/A | N/A | N/A |  | OK
        10003 | 127.0.0.1 | 8042 | 8042 | 8042 | 8042 | N/A | N/A | false | false | false | 4 | 0.000 B | 0.000 B | 0.000 B | 0.00 % | 0.00 % |  |  | {"lastSuccessReportTabletsTime":"N/A"} | 0.000 B | 0.00 % | N/A | N/A | 0 | N/A | N/A | N/A |  | CONNECTING
    "#]],
    );
    check(
        "SHOW PROC '/backends/10001'",
        expect![[r#"
            RootPath | DataUsedCapacity | OtherUsedCapacity | AvailCapacity | TotalCapacity | TotalUsedPct | State | PathHash | StorageMedium | TabletNum | DataTotalCapacity | DataUsedPct | ErrMsg | TrashUsedCapacity
            /disk10001 | 1.000 MB | 1.000 MB | 6.000 MB | 8.000 MB | 25.00 % | ONLINE | 17001 | SSD | 2 | 7.000 MB | 14.29 % | N/A | 0.000 B
        "#]],
    );
    check(
        "SHOW PROC '/backends/7'",
        expect![[r#"
        1105: Unknown proc node path: /backends/7. msg: Backend[7] does not exist.
    "#]],
    );
}

#[test]
fn loads_are_listed_by_state() {
    check(
        "SHOW PROC '/transactions/shop'",
        expect![[r#"
        State | Number
        running | 1
        finished | 1
    "#]],
    );
    check(
        "SHOW PROC '/transactions/shop/finished'",
        expect![[r#"
        TransactionId | Label | Coordinator | TransactionStatus | LoadJobSourceType | PrepareTime | PreparedTime | CommitTime | PublishTime | FinishTime | Reason | ErrorReplicasCount | ListenerId | TimeoutMs | PreparedTimeoutMs | ErrMsg
        1 | first | BE: 127.0.0.1 | VISIBLE | BACKEND_STREAMING | T | N/A | T | T | T |  | 2 | -1 | 600000 | -1 | 
    "#]],
    );
    check(
        "SHOW PROC '/transactions/shop/running/2'",
        expect![[r#"
        TableId | CommittedPartitionIds
        12000 | []
    "#]],
    );
    check(
        "SHOW PROC '/transactions/shop/finished/1/12000'",
        expect![[r#"
            PartitionId | CommittedVersion
            12001 | 2
        "#]],
    );
    check(
        "SHOW PROC '/transactions/shop/ended'",
        expect![[r#"
        1105: Unknown proc node path: /transactions/shop/ended. msg: State is invalid
    "#]],
    );
    check(
        "SHOW TRANSACTION FROM shop WHERE label = 'first'",
        expect![[r#"
            TransactionId | Label | Coordinator | TransactionStatus | LoadJobSourceType | PrepareTime | PreparedTime | CommitTime | PublishTime | FinishTime | Reason | ErrorReplicasCount | ListenerId | TimeoutMs | PreparedTimeoutMs | ErrMsg
            1 | first | BE: 127.0.0.1 | VISIBLE | BACKEND_STREAMING | T | N/A | T | T | T |  | 2 | -1 | 600000 | -1 | 
        "#]],
    );
}

#[test]
fn data_of_a_table() {
    check(
        "SHOW DATA FROM shop.orders",
        expect![[r#"
        TableName | IndexName | Size | ReplicaCount | RowCount
        orders | orders | 1.531 KB | 12 | 3
         | Total | 1.531 KB | 12 | 
    "#]],
    );
    check(
        "SHOW DATA",
        expect![[r#"
        1046: no database selected; say USE db, or write db.table
    "#]],
    );
}

#[test]
fn settings_are_listed_and_checked_before_they_are_set() {
    check(
        "ADMIN SHOW FRONTEND CONFIG LIKE 'heartbeat%' ORDER BY Key DESC LIMIT 1",
        expect![[r#"
            Key | AliasNames | Value | Type | IsMutable | Comment
            heartbeat_timeout_second | [] | 5 | long | true | Seconds without an answer after which a heartbeat has failed.
        "#]],
    );
    check(
        "ADMIN SET FRONTEND CONFIG ('no_such' = '1')",
        expect![[r#"
        5102: unknown setting 'no_such'; ADMIN SHOW FRONTEND CONFIG lists them
    "#]],
    );
    check(
        "ADMIN SET FRONTEND CONFIG ('heartbeat_retry_times' = 'x')",
        expect![[r#"
            5101: setting 'heartbeat_retry_times' takes long, not 'x'
        "#]],
    );
    check(
        "ADMIN SET FRONTEND CONFIG ('a' = '1', 'b' = '2')",
        expect![[r#"
            5064: one setting at a time, not 2
        "#]],
    );
}

#[test]
fn backends_are_checked_before_they_are_added_or_dropped() {
    check(
        "ALTER SYSTEM ADD BACKEND '127.0.0.1:8040'",
        expect![[r#"
        5064: Backend already exists with same host 127.0.0.1 and port 8040
    "#]],
    );
    check(
        "ALTER SYSTEM ADD BACKEND '127.0.0.1:99999'",
        expect![[r#"
        5064: Port is out of range: 99999
    "#]],
    );
    check(
        "ALTER SYSTEM DROP BACKEND '127.0.0.1:9999'",
        expect![[r#"
        5064: backend does not exists[127.0.0.1:9999]; SHOW BACKENDS lists them
    "#]],
    );
}
