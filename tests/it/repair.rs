//! The statements of repair on a standalone cluster, as an operator would type them.

use std::net::SocketAddr;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row};
use quorate::config::Config;
use quorate::server::{FrontendOptions, standalone};

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_marked_bad_is_filled_anew_and_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = FrontendOptions {
        data_dir: dir.path().to_owned(),
        mysql_addr: any,
        http_addr: any,
        config: Config::default(),
    };
    let cluster = standalone(options, 3).await.unwrap();
    let mut conn = connect(cluster.frontend.mysql).await;
    for statement in [
        "CREATE DATABASE d",
        "USE d",
        "CREATE TABLE t (a INT) DISTRIBUTED BY HASH (a) BUCKETS 2",
        "INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), (8)",
        "ADMIN WAIT UNTIL HEALTHY TABLE t FOR '2m'",
    ] {
        conn.query_drop(statement).await.unwrap();
    }
    marks_are_set_and_taken_back(&mut conn).await;
    conn.disconnect().await.unwrap();
    cluster.stop().await;
}

/// ADMIN SET REPLICA STATUS, and ADMIN REPAIR TABLE with what it shows.
async fn marks_are_set_and_taken_back(conn: &mut Conn) {
    let replicas = "ADMIN SHOW REPLICA STATUS FROM t LIMIT 1";
    let tablet = cells(conn, replicas, "TabletId").await[0].clone();
    let backend = cells(conn, replicas, "BackendId").await[0].clone();
    let mark = |status: &str| {
        format!(
            "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"{tablet}\", \
             \"backend_id\" = \"{backend}\", \"status\" = \"{status}\")"
        )
    };
    conn.query_drop(mark("bad")).await.unwrap();
    let wait = "ADMIN WAIT UNTIL HEALTHY TABLE t FOR '2m'";
    conn.query_drop(wait).await.unwrap();
    let states = "ADMIN SHOW REPLICA STATUS FROM t WHERE STATUS != 'OK'";
    assert_eq!(cells(conn, states, "TabletId").await, Vec::<String>::new());
    let done = format!(
        "SELECT SCHEDULE_REASON FROM information_schema.fe_tablet_schedules \
         WHERE state = 'FINISHED' AND tablet_id = {tablet}"
    );
    assert_eq!(
        cells(conn, &done, "SCHEDULE_REASON").await,
        ["REPLICA_MISSING"]
    );
    let nobody = mark("ok").replace(&backend, "99");
    let error = conn.query_drop(nobody).await.unwrap_err().to_string();
    assert!(error.contains("has no replica on backend 99"), "{error}");
}

async fn connect(server: SocketAddr) -> Conn {
    let options = OptsBuilder::default()
        .ip_or_hostname(server.ip().to_string())
        .tcp_port(server.port())
        .user(Some("root"));
    Conn::new(options).await.unwrap()
}

/// One column of a result, as text; NULL as an empty one.
async fn cells(conn: &mut Conn, statement: &str, column: &str) -> Vec<String> {
    let rows: Vec<Row> = conn
        .query(statement)
        .await
        .unwrap_or_else(|e| panic!("{statement}: {e}"));
    let cell = |row: Row| {
        row.get::<Option<String>, _>(column)
            .unwrap()
            .unwrap_or_default()
    };
    rows.into_iter().map(cell).collect()
}
