//! The statements of repair on a standalone cluster, as an operator would type them: content, lost files, marks.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row};
use quorate::config::Config;
use quorate::server::{FrontendOptions, standalone};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn content_is_compared_lost_files_come_back_and_marked_replicas_are_filled_anew() {
    let dir = tempfile::tempdir().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = FrontendOptions {
        data_dir: dir.path().to_owned(),
        mysql_addr: any,
        http_addr: any,
        advertise: None,
        take_over: false,
        config: Config {
            heartbeat_interval_second: 1,
            ..Config::default()
        },
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
    content_is_compared(&mut conn).await;
    segments_are_lost_and_come_back(&mut conn, dir.path()).await;
    a_marked_replica_is_filled_anew(&mut conn).await;
    conn.disconnect().await.unwrap();
    cluster.stop().await;
}

/// ADMIN CHECK TABLET and ADMIN REPAIR TABLET of replicas that hold the same.
async fn content_is_compared(conn: &mut Conn) {
    let tablet = cells(conn, "SHOW TABLET FROM t LIMIT 1", "TabletId").await[0].clone();
    let check = format!("ADMIN CHECK TABLET ({tablet}) PROPERTIES (\"type\" = \"consistency\")");
    conn.query_drop(check).await.unwrap();
    let of_tablet = format!("SHOW TABLET FROM t WHERE TabletId = {tablet}");
    let began = Instant::now();
    while cells(conn, &of_tablet, "IsConsistent").await != ["true"; 3] {
        assert!(began.elapsed() < PATIENCE, "no verdict");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let sums = cells(conn, &of_tablet, "Checksum").await;
    let hashes = cells(conn, &of_tablet, "CheckVersionHash").await;
    assert_eq!(sums, vec![sums[0].clone(); 3]);
    assert_eq!(sums, hashes);
    assert_ne!(cells(conn, &of_tablet, "CheckVersion").await[0], "-1");
    let repair = format!("ADMIN REPAIR TABLET {tablet}");
    conn.query_drop(repair).await.unwrap();
    let began = Instant::now();
    while !cells(conn, "SHOW SHARD REPAIR", "TabletId")
        .await
        .is_empty()
    {
        assert!(began.elapsed() < PATIENCE, "nothing was to be repaired");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// ADMIN CHECK TABLET SEGMENTS, without and with REPAIR, then ADMIN WAIT.
async fn segments_are_lost_and_come_back(conn: &mut Conn, dir: &Path) {
    let find = "ADMIN CHECK TABLET SEGMENTS";
    assert_eq!(cells(conn, find, "TabletId").await, Vec::<String>::new());
    let note = cells(conn, "SHOW WARNINGS", "Message").await;
    assert_eq!(note, ["checked 6 replicas on 3 of 3 backends"]);

    let mut segments = Vec::new();
    parquet(dir, &mut segments);
    segments.sort();
    fs::remove_file(&segments[0]).unwrap();
    let lost = cells(conn, find, "TabletId").await;
    assert_eq!(lost.len(), 1, "one file was removed");
    assert_eq!(cells(conn, find, "SetBad").await, ["false"]);
    let marked = cells(conn, &format!("{find} REPAIR"), "SetBad").await;
    assert_eq!(marked, ["true"]);
    let wait = "ADMIN WAIT UNTIL HEALTHY TABLE t FOR '2m'";
    conn.query_drop(wait).await.unwrap();
    assert_eq!(cells(conn, find, "TabletId").await, Vec::<String>::new());
    let done = format!(
        "SELECT TABLET_ID FROM information_schema.fe_tablet_schedules \
         WHERE state = 'FINISHED' AND tablet_id = {}",
        lost[0]
    );
    assert!(!cells(conn, &done, "TABLET_ID").await.is_empty());
}

/// ADMIN SET REPLICA STATUS, and ADMIN REPAIR TABLE with what it shows.
async fn a_marked_replica_is_filled_anew(conn: &mut Conn) {
    let replicas = "ADMIN SHOW REPLICA STATUS FROM t LIMIT 1";
    let tablet = cells(conn, replicas, "TabletId").await[0].clone();
    let backend = cells(conn, replicas, "BackendId").await[0].clone();
    let mark = |status: &str| {
        format!(
            "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"{tablet}\", \
             \"backend_id\" = \"{backend}\", \"status\" = \"{status}\")"
        )
    };
    let done = format!(
        "SELECT TABLET_ID FROM information_schema.fe_tablet_schedules \
         WHERE state = 'FINISHED' AND tablet_id = {tablet}"
    );
    let before = cells(conn, &done, "TABLET_ID").await.len();
    conn.query_drop(mark("bad")).await.unwrap();
    let wait = "ADMIN WAIT UNTIL HEALTHY TABLE t FOR '2m'";
    conn.query_drop(wait).await.unwrap();
    let states = "ADMIN SHOW REPLICA STATUS FROM t WHERE STATUS != 'OK'";
    assert_eq!(cells(conn, states, "TabletId").await, Vec::<String>::new());
    assert_eq!(cells(conn, &done, "TABLET_ID").await.len(), before + 1);
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

/// Every segment below a folder.
fn parquet(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            parquet(&path, found);
        } else if path.extension().is_some_and(|e| e == "parquet") {
            found.push(path);
        }
    }
}
