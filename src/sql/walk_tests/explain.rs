//! EXPLAIN TABLET of a tablet that lost a replica, and of one that does not exist.

use expect_test::expect;

use super::{check_in, rows_in};
use crate::ids::BackendId;
use crate::proc::sample;
use crate::rows::Rows;
use crate::sql::script::{Limits, split};
use crate::tablet::healing::Slots;
use crate::view::View;

/// The sample cluster with room for copying on its living backends.
fn view() -> View {
    let mut view = sample::view();
    let slots = Slots {
        repair_total: 2,
        balance_total: 2,
        ..Slots::default()
    };
    for (backend, path) in [(10_001, 17_001), (10_002, 17_002)] {
        view.healing.slots.insert((BackendId(backend), path), slots);
    }
    view
}

#[test]
fn the_verdict_stands_first_and_every_backend_follows_in_both_roles() {
    let view = view();
    check_in(
        &view,
        "EXPLAIN TABLET 13000",
        expect![[r#"
            BackendId | Backend | Role | Decider | Ruling | Code | Reason | Setting | Value | Statement
            NULL | NULL | VERDICT | scheduler | WAIT | DELAYED | tablet 13000 is REPLICA_MISSING (2 of 3 replicas alive): repair begins in 120 s, in case backend 10003 comes back | tablet_sched_repair_delay_factor_second | 60 | ADMIN REPAIR TABLE `shop`.`orders` PARTITION (`p1`)
            10001 | 127.0.0.1:8040 | SOURCE | source | YES | FITS | backend 10001 can be used | NULL | NULL | NULL
            10001 | 127.0.0.1:8040 | DESTINATION | destination_new | NO | HAS_REPLICA | backend 10001 has a replica already | NULL | NULL | NULL
            10002 | 127.0.0.1:8041 | SOURCE | source | YES | FITS | backend 10002 can be used | NULL | NULL | NULL
            10002 | 127.0.0.1:8041 | DESTINATION | destination_new | NO | HAS_REPLICA | backend 10002 has a replica already | NULL | NULL | NULL
            10003 | 127.0.0.1:8042 | SOURCE | source | NO | BACKEND_DEAD | backend 10003 is dead: its heartbeats fail | heartbeat_retry_times | 3 | SHOW PROC '/backends'
            10003 | 127.0.0.1:8042 | DESTINATION | destination_new | NO | BACKEND_DEAD | backend 10003 is dead: its heartbeats fail | heartbeat_retry_times | 3 | SHOW PROC '/backends'
        "#]],
    );
    check_in(
        &view,
        "EXPLAIN TABLET 13000 WHERE Ruling = 'NO' AND Role = 'SOURCE'",
        expect![[r#"
            BackendId | Backend | Role | Decider | Ruling | Code | Reason | Setting | Value | Statement
            10003 | 127.0.0.1:8042 | SOURCE | source | NO | BACKEND_DEAD | backend 10003 is dead: its heartbeats fail | heartbeat_retry_times | 3 | SHOW PROC '/backends'
        "#]],
    );
    check_in(
        &view,
        "EXPLAIN TABLET 5",
        expect![[r#"
        5064: tablet 5 does not exist; SHOW TABLET FROM t lists those of a table
    "#]],
    );
}

#[test]
fn every_statement_that_is_named_as_help_can_be_typed() {
    let view = view();
    let mut typed = 0;
    for tablet in 13_000..13_004 {
        let rows = rows_in(&view, &format!("EXPLAIN TABLET {tablet}")).unwrap();
        for statement in statements(&rows) {
            let script = split(&statement, Limits::from(&*view.config))
                .unwrap()
                .remove(0);
            crate::sql::parse(&script, &[]).unwrap_or_else(|e| panic!("{statement}: {e}"));
            typed += 1;
        }
    }
    assert!(typed > 4, "{typed} statements were named");
}

fn statements(rows: &Rows) -> Vec<String> {
    let all = (0..rows.rows.len()).filter_map(|row| rows.text(row, "Statement"));
    all.map(|text| text.into_owned()).collect()
}
