//! What clients feel of repair: queries and loads, first alone, then while replicas are marked bad and copied anew without
//! a pause. Same cluster, same data, one run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use quorate::server::Standalone;

use crate::cluster::{connect, execute, start};
use crate::flights::body;
use crate::load::{CREATE, load};
use crate::stats::{median, percentile};

/// How long each of the two phases is.
const SPAN: Duration = Duration::from_secs(10);
/// Connections that query.
const READERS: usize = 2;

/// Measures both phases.
pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let node = Arc::new(start(dir.path()).await);
        let small = "CREATE TABLE b.small (k BIGINT NOT NULL) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 4 \
                     PROPERTIES (\"replication_num\" = \"3\")";
        execute(&node, &["CREATE DATABASE b", "USE b", CREATE, small]).await;
        load(&node, "b", "foreground", body()).await;
        println!(
            "{:<24} {:>8} {:>10} {:>10} {:>8} {:>10} {:>10} {:>8}",
            "", "queries", "p50 us", "p99 us", "loads", "p50 us", "p99 us", "copies"
        );
        phase("alone", &node, false).await;
        phase("while repair runs", &node, true).await;
        if let Ok(node) = Arc::try_unwrap(node) {
            node.stop().await;
        }
    });
}

async fn phase(name: &str, node: &Arc<Standalone>, repair: bool) {
    let over = Arc::new(AtomicBool::new(false));
    let before = clones(node).await;
    let breaker = repair.then(|| tokio::spawn(break_replicas(node.clone(), over.clone())));
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let query = "SELECT carrier, count(*), sum(distance) FROM b.flights WHERE month = 7 GROUP BY carrier";
        let again = move |_| query.to_owned();
        readers.push(tokio::spawn(repeat(node.clone(), again)));
    }
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let insert = |_| {
        format!(
            "INSERT INTO b.small VALUES ({})",
            NEXT.fetch_add(1, Ordering::Relaxed)
        )
    };
    let loads = repeat(node.clone(), insert).await;
    let mut queries = Vec::new();
    for reader in readers {
        queries.extend(reader.await.expect("a reader ends"));
    }
    over.store(true, Ordering::Relaxed);
    if let Some(breaker) = breaker {
        breaker.await.expect("the breaker ends");
    }
    println!(
        "{name:<24} {:>8} {:>10} {:>10} {:>8} {:>10} {:>10} {:>8}",
        queries.len(),
        median(&queries).as_micros(),
        percentile(&queries, 99).as_micros(),
        loads.len(),
        median(&loads).as_micros(),
        percentile(&loads, 99).as_micros(),
        clones(node).await - before
    );
}

/// Runs statements one after the other for the time of a phase; each has to succeed.
async fn repeat(node: Arc<Standalone>, statement: impl Fn(usize) -> String) -> Vec<Duration> {
    let mut conn = connect(&node).await;
    let mut times = Vec::new();
    let end = Instant::now() + SPAN;
    while Instant::now() < end {
        let began = Instant::now();
        conn.query_drop(statement(times.len()))
            .await
            .expect("an answer");
        times.push(began.elapsed());
    }
    let _ = conn.disconnect().await;
    times
}

/// Marks one replica after the other as bad, of tablets that are whole; each is then copied anew.
async fn break_replicas(node: Arc<Standalone>, over: Arc<AtomicBool>) {
    let mut conn = connect(&node).await;
    let mut turn = 0;
    while !over.load(Ordering::Relaxed) {
        let rows: Vec<(String, String)> = conn
            .query("SELECT TabletId, BackendId FROM sys.replicas WHERE TableName = 'flights' AND IsBad = false ORDER BY TabletId, BackendId")
            .await
            .expect("the replicas");
        let of_turn = rows.chunk_by(|a, b| a.0 == b.0).filter(|of| of.len() == 3);
        for of in of_turn {
            let (tablet, backend) = &of[turn % 3];
            let mark = format!(
                "ADMIN SET REPLICA STATUS PROPERTIES (\"tablet_id\" = \"{tablet}\", \"backend_id\" = \"{backend}\", \"status\" = \"bad\")"
            );
            conn.query_drop(mark).await.expect("a mark");
        }
        turn += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let _ = conn.disconnect().await;
}

/// Copies of everything so far.
async fn clones(node: &Standalone) -> i64 {
    let mut conn = connect(node).await;
    let rows: Vec<mysql_async::Row> = conn
        .query("SHOW PROC '/cluster_balance/sched_stat'")
        .await
        .expect("the counters");
    let _ = conn.disconnect().await;
    let cell = |row: &mysql_async::Row, at| row.get::<String, usize>(at).unwrap_or_default();
    let number = |row: &mysql_async::Row, at| cell(row, at).parse().unwrap_or(0);
    let full = rows.iter().find(|row| cell(row, 0) == "num of full clone");
    full.map_or(0, |row| number(row, 1) + number(row, 2))
}
