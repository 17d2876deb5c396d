//! Statements of repair that are refused before the leader is asked.

use expect_test::expect;

use super::check;

#[test]
fn tables_and_tablets_must_exist() {
    for (text, expected) in [
        (
            "ADMIN REPAIR TABLE shop.nothing",
            expect![[r#"
            1146: Table 'shop.nothing' doesn't exist
        "#]],
        ),
        (
            "ADMIN CANCEL REPAIR TABLE shop.orders PARTITION (p9)",
            expect![[r#"
                1735: partition does not exist: p9 (table orders)
            "#]],
        ),
        (
            "ADMIN REPAIR TABLET 13000, 5",
            expect![[r#"
            5064: tablet 5 does not exist; SHOW TABLET FROM t lists those of a table
        "#]],
        ),
        (
            "ADMIN CANCEL REPAIR TABLET (5)",
            expect![[r#"
            5064: tablet 5 does not exist; SHOW TABLET FROM t lists those of a table
        "#]],
        ),
        (
            "ADMIN CHECK TABLETS 13000",
            expect![[r#"
            5064: Missing necessary properties 'type'; write PROPERTIES ("type" = "consistency")
        "#]],
        ),
        (
            "ADMIN CHECK TABLET (13000) PROPERTIES (\"type\" = \"speed\")",
            expect![[r#"
                5064: Invalid type value 'speed'; it is consistency
            "#]],
        ),
        (
            "ADMIN CHECK TABLET (13000) PROPERTIES (\"kind\" = \"consistency\")",
            expect![[r#"
                5064: Unknown properties 'kind'; there is only 'type'
            "#]],
        ),
        (
            "ADMIN CHECK TABLET 5 PROPERTIES (\"type\" = \"consistency\")",
            expect![[r#"
                5064: tablet 5 does not exist; SHOW TABLET FROM t lists those of a table
            "#]],
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_replica_is_named_by_tablet_and_backend() {
    for (text, expected) in [
        (
            "ADMIN CHECK TABLET SEGMENTS ON BACKEND \"10.0.0.9:1\"",
            expect![[r#"
                5064: Backend does not exist[10.0.0.9:1]; SHOW BACKENDS lists them
            "#]],
        ),
        (
            "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"13000\", \"status\" = \"bad\")",
            expect![[r#"
                5064: Missing necessary properties 'TABLET_ID, BACKEND_ID and STATUS'
            "#]],
        ),
        (
            "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"x\", \"backend_id\" = \"1\", \"status\" = \"bad\")",
            expect![[r#"
                5064: Invalid tablet id format 'x'
            "#]],
        ),
        (
            "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"13000\", \"backend_id\" = \"1\", \"STATUS\" = \"drop\")",
            expect![[r#"
                5064: Invalid replica status value 'drop'; it is bad or ok
            "#]],
        ),
        (
            "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"13000\", \"backend_id\" = \"1\", \"status\" = \"ok\")",
            expect![[r#"
                5064: tablet 13000 has no replica on backend 1; SHOW TABLET 13000 leads to its replicas
            "#]],
        ),
        (
            "ADMIN SET REPLICA STATUS PROPERTIES (\"colour\" = \"red\")",
            expect![[r#"
                5064: Unsupported properties 'colour'; there are tablet_id, backend_id and status
            "#]],
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn backends_and_time_limits_are_checked() {
    for (text, expected) in [
        (
            "ALTER SYSTEM DECOMMISSION BACKEND \"127.0.0.1:1\"",
            expect![[r#"
                5064: Backend does not exist[127.0.0.1:1]; SHOW BACKENDS lists them
            "#]],
        ),
        (
            "CANCEL DECOMMISSION BACKEND \"127.0.0.1:8040\", \"127.0.0.1:8040\"",
            expect![[r#"
                5064: the backend 127.0.0.1:8040 is named twice
            "#]],
        ),
        (
            "ADMIN WAIT UNTIL HEALTHY FOR '10'",
            expect![[r#"
            5064: '10' is no time to wait; write a whole number with s, m or h, such as '10m', up to '720h'
        "#]],
        ),
        (
            "ADMIN WAIT UNTIL HEALTHY TABLE shop.nothing FOR '10s'",
            expect![[r#"
                1146: Table 'shop.nothing' doesn't exist
            "#]],
        ),
    ] {
        check(text, expected);
    }
}
