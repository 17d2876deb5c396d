//! What comparing the content of replicas has shown.

use std::sync::Arc;

use expect_test::expect;

use super::{check_in, rows_in};
use crate::catalog::check::{Check, Verdict};
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId};
use crate::proc::sample;
use crate::tablet::census::Census;

/// When the comparison ended.
const MADE: i64 = 1_550_761_220_000;

fn compared(verdict: Verdict, digests: [u64; 3]) -> Arc<Check> {
    let replicas = [14_000, 14_001, 14_002].map(ReplicaId);
    Arc::new(Check {
        at: Timestamp::at(MADE),
        version: 2,
        verdict,
        digests: replicas
            .into_iter()
            .zip(digests)
            .map(|(r, d)| (r, d, 3))
            .collect(),
    })
}

#[test]
fn content_that_differs_is_listed_and_shown_at_the_replicas() {
    let mut view = sample::view();
    let differs = compared(Verdict::Differs, [7, 7, u64::MAX - 4]);
    view.catalog.checks.insert(TabletId(13_000), differs);
    let same = compared(Verdict::Consistent, [1, 1, 1]);
    view.catalog.checks.insert(TabletId(13_001), same);
    view.catalog
        .repairs
        .insert(TabletId(13_003), Timestamp::at(MADE));
    view.healing.repairing.insert(TabletId(13_003));
    view.census = Census::audit(&view.catalog);
    check_in(
        &view,
        "SHOW SHARD REPAIR",
        expect![[r#"
        TabletId | Database | Table | Partition | StartTime | EndTime | Status | Queued | Processing | LastCheck | Verdict | Version | Digests | QueuedAt
        13000 | shop | orders | p1 | MINVALUE | 2013-02-01 | diff | false | false | T | DIFFERS | 2 | 14000 on 10001: 0000000000000007, 3 rows; 14001 on 10002: 0000000000000007, 3 rows; 14002 on 10003: fffffffffffffffb, 3 rows | N/A
        13003 | shop | orders | p2 | 2013-02-01 | 2013-03-01 | unchecked | true | true | N/A | N/A | -1 | N/A | T
    "#]],
    );
    check_in(
        &view,
        "SHOW SHARD REPAIR LIKE 'order%' WHERE Queued = 'true' AND Table = 'x'",
        expect![[r#"
            TabletId | Database | Table | Partition | StartTime | EndTime | Status | Queued | Processing | LastCheck | Verdict | Version | Digests | QueuedAt
        "#]],
    );
    let replicas = rows_in(&view, "SHOW TABLET FROM shop.orders PARTITION (p1)").unwrap();
    let cells = |row| {
        [
            "CheckVersion",
            "CheckVersionHash",
            "IsConsistent",
            "Checksum",
        ]
        .map(|name| replicas.text(row, name).unwrap().into_owned())
    };
    assert_eq!(cells(0), ["2", "7", "false", "7"]);
    assert_eq!(cells(2), ["2", "7", "false", "-5"]);
    let counted = rows_in(&view, "SHOW PROC '/statistic' WHERE DbName = 'shop'").unwrap();
    let counted = counted.text(0, "InconsistentTabletNum");
    assert_eq!(counted.as_deref(), Some("1"));
    let named = rows_in(&view, "SHOW PROC '/statistic/11000'").unwrap();
    let named = named.text(0, "InconsistentTablets");
    assert_eq!(named.as_deref(), Some("[13000]"));
    check_in(
        &view,
        "SHOW PROC '/dbs/shop/orders/partitions/p2'",
        expect![[r#"
            IndexId | IndexName | State | LastConsistencyCheckTime | TabletBalanceStat | Tablets
            12009 | orders | NORMAL | N/A | N/A | 2
        "#]],
    );
    let checked = |path: &str| {
        let rows = rows_in(&view, &format!("SHOW PROC '{path}'")).unwrap();
        rows.text(0, "LastConsistencyCheckTime")
            .unwrap()
            .into_owned()
    };
    for path in [
        "/dbs",
        "/dbs/shop",
        "/dbs/shop/orders/partitions",
        "/dbs/shop/orders/partitions/p1",
    ] {
        assert_eq!(checked(path), Timestamp::at(MADE).to_string(), "{path}");
    }
}
