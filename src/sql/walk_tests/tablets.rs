//! Databases, tables, tablets and replicas.

use expect_test::expect;

use super::{check, rows};

#[test]
fn statistic_counts_and_names_unhealthy_tablets() {
    check(
        "SHOW PROC '/statistic'",
        expect![[r#"
        DbId | DbName | TableNum | PartitionNum | IndexNum | TabletNum | ReplicaNum | UnhealthyTabletNum | InconsistentTabletNum | CloningTabletNum | ErrorStateTabletNum
        11001 | empty | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0
        11000 | shop | 1 | 2 | 2 | 4 | 12 | 4 | 0 | 0 | 0
        Total | 2 | 1 | 2 | 2 | 4 | 12 | 4 | 0 | 0 | 0
    "#]],
    );
    check(
        "SHOW PROC '/statistic/11000'",
        expect![[r#"
        UnhealthyTablets | InconsistentTablets | CloningTablets | ErrorStateTablets
        [13000, 13001, 13002, 13003] | [] | [] | []
    "#]],
    );
    check(
        "SHOW PROC '/statistic/x'",
        expect![[r#"
        1105: Unknown proc node path: /statistic/x. msg: Invalid db id format: x
    "#]],
    );
    check(
        "SHOW PROC '/statistic/5'",
        expect![[r#"
        1105: Unknown proc node path: /statistic/5. msg: Invalid db id: 5
    "#]],
    );
}

#[test]
fn the_tree_leads_from_databases_to_replicas() {
    check(
        "SHOW PROC '/dbs'",
        expect![[r#"
        DbId | DbName | TableNum | Quota | LastConsistencyCheckTime | ReplicaQuota
        11000 | shop | 1 | N/A | N/A | N/A
        11001 | empty | 0 | N/A | N/A | N/A
    "#]],
    );
    check(
        "SHOW PROC '/dbs/shop'",
        expect![[r#"
        TableId | TableName | IndexNum | PartitionColumnName | PartitionNum | State | Type | LastConsistencyCheckTime | ReplicaCount | PartitionType | StoragePath
        12000 | orders | 1 | day | 2 | NORMAL | OLAP | N/A | 12 | RANGE | N/A
    "#]],
    );
    check(
        "SHOW PROC '/dbs/11000/orders'",
        expect![[r#"
        Nodes
        partitions
        temp_partitions
        index_schema
    "#]],
    );
    check(
        "SHOW PROC '/dbs/11000/12000/partitions'",
        expect![[r#"
        PartitionId | PartitionName | VisibleVersion | VisibleVersionTime | VisibleVersionHash | State | PartitionKey | Range | DistributionKey | Buckets | ReplicationNum | StorageMedium | CooldownTime | LastConsistencyCheckTime | DataSize | StorageSize | IsInMemory | RowCount | DataVersion | VersionEpoch | VersionTxnType | TabletBalanced
        12001 | p1 | 2 | T | 0 | NORMAL | day | [types: [DATE]; keys: [MINVALUE]; ..types: [DATE]; keys: [2013-02-01]; ) | id | 2 | 3 | HDD | N/A | N/A | 784B | 1.5KB | false | 3 | 2 | N/A | TXN_NORMAL | N/A
        12002 | p2 | 1 | T | 0 | NORMAL | day | [types: [DATE]; keys: [2013-02-01]; ..types: [DATE]; keys: [2013-03-01]; ) | id | 2 | 3 | HDD | N/A | N/A | 0B | 0B | false | 0 | 1 | N/A | TXN_NORMAL | N/A
    "#]],
    );
    check(
        "SHOW PROC '/dbs/11000/12000/partitions/P1'",
        expect![[r#"
        IndexId | IndexName | State | LastConsistencyCheckTime | TabletBalanceStat | Tablets
        12009 | orders | NORMAL | N/A | N/A | 2
    "#]],
    );
    check(
        "SHOW PROC '/dbs/shop/orders/index_schema'",
        expect![[r#"
        IndexId | IndexName | SchemaVersion | SchemaHash | ShortKeyColumnCount | StorageType | Keys
        12009 | orders | 0 | 1896600571 | 0 | COLUMN | DUP_KEYS
    "#]],
    );
    check(
        "SHOW PROC '/dbs/shop/orders/index_schema/12009'",
        expect![[r#"
            Field | Type | Null | Key | Default | Extra
            day | date | NO | true | NULL | 
            id | bigint | NO | false | 0 | 
        "#]],
    );
    check(
        "SHOW PROC '/dbs/shop/nothing'",
        expect![[r#"
        1105: Unknown proc node path: /dbs/shop/nothing. msg: unknown table id or name "nothing"
    "#]],
    );
    check(
        "SHOW PROC '/dbs/shop/orders/partitions/p9'",
        expect![[r#"
        1105: Unknown proc node path: /dbs/shop/orders/partitions/p9. msg: unknown partition id or name "p9"
    "#]],
    );
}

#[test]
fn the_detail_command_of_a_tablet_shows_its_replicas() {
    check(
        "SHOW TABLET 13000",
        expect![[r#"
        DbName | TableName | PartitionName | IndexName | DbId | TableId | PartitionId | IndexId | IsSync | DetailCmd
        shop | orders | p1 | orders | 11000 | 12000 | 12001 | 12009 | true | SHOW PROC '/dbs/11000/12000/partitions/12001/12009/13000';
    "#]],
    );
    let rows = rows("SHOW TABLET 13000").unwrap();
    check(
        &rows.text(0, "DetailCmd").unwrap(),
        expect![[r#"
            ReplicaId | BackendId | Version | VersionHash | LstSuccessVersion | LstSuccessVersionHash | LstFailedVersion | LstFailedVersionHash | LstFailedTime | SchemaHash | DataSize | RowCount | State | IsBad | VersionCount | PathHash | MetaUrl | CompactionStatus | IsSetBadForce | IsErrorState | Cause
            14000 | 10001 | 2 | 0 | 2 | 0 | -1 | 0 | N/A | -1 | 784 | 3 | NORMAL | false | 2 | 17001 | http://127.0.0.1:8040/api/meta/header/13000 | http://127.0.0.1:8040/api/compaction/show?tablet_id=13000 | false | false | N/A
            14001 | 10002 | 2 | 0 | 2 | 0 | -1 | 0 | N/A | -1 | 784 | 3 | NORMAL | false | 2 | 17002 | http://127.0.0.1:8041/api/meta/header/13000 | http://127.0.0.1:8041/api/compaction/show?tablet_id=13000 | false | false | N/A
            14002 | 10003 | 1 | 0 | 1 | 0 | 2 | 0 | T | -1 | 0 | 0 | NORMAL | false | 1 | -1 | http://127.0.0.1:8042/api/meta/header/13000 | http://127.0.0.1:8042/api/compaction/show?tablet_id=13000 | false | false | N/A
        "#]],
    );
    check(
        "SHOW TABLET 5",
        expect![[r#"
        DbName | TableName | PartitionName | IndexName | DbId | TableId | PartitionId | IndexId | IsSync | DetailCmd
        NULL | NULL | NULL | NULL | -1 | -1 | -1 | -1 | false | SHOW PROC '/dbs/-1/-1/partitions/-1/-1/5';
    "#]],
    );
}

#[test]
fn tablets_of_a_table_are_listed_and_filtered() {
    check(
        "SHOW TABLET FROM shop.orders PARTITION (p1) LIMIT 3",
        expect![[r#"
            TabletId | ReplicaId | BackendId | SchemaHash | Version | VersionHash | LstSuccessVersion | LstSuccessVersionHash | LstFailedVersion | LstFailedVersionHash | LstFailedTime | DataSize | RowCount | State | LstConsistencyCheckTime | CheckVersion | CheckVersionHash | VersionCount | PathHash | MetaUrl | CompactionStatus | DiskRootPath | IsConsistent | Checksum | Cause
            13000 | 14000 | 10001 | 1896600571 | 2 | 0 | 2 | 0 | -1 | 0 | N/A | 784 | 3 | NORMAL | N/A | -1 | -1 | 2 | 17001 | http://127.0.0.1:8040/api/meta/header/13000 | http://127.0.0.1:8040/api/compaction/show?tablet_id=13000 | /disk10001 | N/A | -1 | N/A
            13000 | 14001 | 10002 | 1896600571 | 2 | 0 | 2 | 0 | -1 | 0 | N/A | 784 | 3 | NORMAL | N/A | -1 | -1 | 2 | 17002 | http://127.0.0.1:8041/api/meta/header/13000 | http://127.0.0.1:8041/api/compaction/show?tablet_id=13000 | /disk10002 | N/A | -1 | N/A
            13000 | 14002 | 10003 | 1896600571 | 1 | 0 | 1 | 0 | 2 | 0 | T | 0 | 0 | NORMAL | N/A | -1 | -1 | 1 | -1 | http://127.0.0.1:8042/api/meta/header/13000 | http://127.0.0.1:8042/api/compaction/show?tablet_id=13000 | N/A | N/A | -1 | N/A
        "#]],
    );
    let count = |text| rows(text).unwrap().rows.len();
    assert_eq!(count("SHOW TABLETS FROM shop.orders"), 12);
    assert_eq!(
        count("SHOW TABLET FROM shop.orders WHERE BackendId = 10003 AND version = 1"),
        4
    );
    assert_eq!(
        count("SHOW TABLET FROM shop.orders WHERE IndexName = 'orders' LIMIT 2, 5"),
        5
    );
    check(
        "SHOW TABLET FROM shop.orders PARTITION p9",
        expect![[r#"
        1735: partition does not exist: p9 (table orders)
    "#]],
    );
}

#[test]
fn replica_status_follows_the_rules() {
    check(
        "ADMIN SHOW REPLICA STATUS FROM shop.orders PARTITIONS p1",
        expect![[r#"
            TabletId | ReplicaId | BackendId | Version | LastFailedVersion | LastSuccessVersion | CommittedVersion | SchemaHash | VersionNum | IsBad | State | Status | IsSetBadForce
            13000 | 14000 | 10001 | 2 | -1 | 2 | 2 | -1 | 2 | false | NORMAL | OK | false
            13000 | 14001 | 10002 | 2 | -1 | 2 | 2 | -1 | 2 | false | NORMAL | OK | false
            13000 | 14002 | 10003 | 1 | 2 | 1 | 2 | -1 | 1 | false | NORMAL | DEAD | false
            13001 | 14003 | 10001 | 2 | -1 | 2 | 2 | -1 | 1 | false | NORMAL | OK | false
            13001 | 14004 | 10002 | 2 | -1 | 2 | 2 | -1 | 1 | false | NORMAL | OK | false
            13001 | 14005 | 10003 | 1 | 2 | 1 | 2 | -1 | 1 | false | NORMAL | DEAD | false
        "#]],
    );
    let count = |text: &str| {
        let text = format!("ADMIN SHOW REPLICA STATUS FROM shop.orders {text}");
        rows(&text).unwrap().rows.len()
    };
    assert_eq!(count("WHERE STATUS != 'ok'"), 4);
    assert_eq!(count("PARTITION ('p2') WHERE status = \"DEAD\""), 2);
    assert_eq!(count("WHERE STATUS = 'MISSING'"), 0);
    for wrong in [
        "WHERE STATUS > 'OK'",
        "WHERE version = 1",
        "WHERE status = 'OK' AND 1 = 1",
    ] {
        let text = format!("ADMIN SHOW REPLICA STATUS FROM shop.orders {wrong}");
        let error = rows(&text).unwrap_err();
        assert!(
            error.contains("WHERE can only be STATUS = or !="),
            "{text}: {error}"
        );
    }
}

#[test]
fn distribution_counts_replicas_of_every_backend() {
    check(
        "ADMIN SHOW REPLICA DISTRIBUTION FROM shop.orders",
        expect![[r#"
            BackendId | ReplicaNum | Graph | Percent
            10001 | 4 | > | 33.33 %
            10002 | 4 | > | 33.33 %
            10003 | 4 | > | 33.33 %
        "#]],
    );
}
