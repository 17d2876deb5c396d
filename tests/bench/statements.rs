//! Statements a second at 1, 8 and 64 connections over a catalog of 100,000 tablets, with p99; then the restart of the
//! same cluster. `TABLETS=n` changes the size.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use quorate::server::Standalone;

use crate::cluster::{connect, execute, start};
use crate::stats::{median, percentile};

const STATEMENTS: [&str; 3] = [
    "SELECT 1",
    "SHOW PROC '/statistic'",
    "ADMIN SHOW REPLICA STATUS FROM s.small",
];
const CONNECTIONS: [usize; 3] = [1, 8, 64];
const SPAN: Duration = Duration::from_secs(3);
/// Tablets of one large table: partitions times buckets.
const TABLE: usize = 100 * 100;

/// Makes the catalog, then measures each statement at each number of connections.
pub fn run() {
    let tablets: usize = std::env::var("TABLETS")
        .ok()
        .and_then(|t| t.parse().ok())
        .unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let node = start(dir.path()).await;
        let began = Instant::now();
        fill(&node, tablets).await;
        println!(
            "{tablets} tablets x 3 replicas created in {:.1} s",
            began.elapsed().as_secs_f64()
        );
        println!(
            "{:<42} {:>5} {:>12} {:>10} {:>10}",
            "statement", "conns", "a second", "p50 us", "p99 us"
        );
        for statement in STATEMENTS {
            for connections in CONNECTIONS {
                let times = hammer(&node, statement, connections).await;
                println!(
                    "{statement:<42} {connections:>5} {:>12.0} {:>10} {:>10}",
                    times.len() as f64 / SPAN.as_secs_f64(),
                    median(&times).as_micros(),
                    percentile(&times, 99).as_micros()
                );
            }
        }
        node.stop().await;
        let began = Instant::now();
        let node = start(dir.path()).await;
        println!(
            "stopped and started again, frontend and 3 backends: ready after {:.2} s",
            began.elapsed().as_secs_f64()
        );
        node.stop().await;
    });
}

async fn fill(node: &Standalone, tablets: usize) {
    execute(node, &["CREATE DATABASE s"]).await;
    let small = "CREATE TABLE s.small (k BIGINT NOT NULL) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 8 \
                 PROPERTIES (\"replication_num\" = \"3\")";
    execute(node, &[small]).await;
    for at in 0..tablets.div_ceil(TABLE) {
        let large = format!(
            "CREATE TABLE s.large_{at} (k BIGINT NOT NULL) DUPLICATE KEY (k) PARTITION BY RANGE (k) \
             (START (\"0\") END (\"100\") EVERY (1)) DISTRIBUTED BY HASH (k) BUCKETS 100 PROPERTIES (\"replication_num\" = \"3\")"
        );
        execute(node, &[&large]).await;
    }
}

async fn hammer(node: &Standalone, statement: &'static str, connections: usize) -> Vec<Duration> {
    let mut lanes = Vec::new();
    for _ in 0..connections {
        let mut conn = connect(node).await;
        lanes.push(tokio::spawn(async move {
            let mut times = Vec::new();
            let end = Instant::now() + SPAN;
            while Instant::now() < end {
                let began = Instant::now();
                conn.query_drop(statement).await.expect("an answer");
                times.push(began.elapsed());
            }
            let _ = conn.disconnect().await;
            times
        }));
    }
    let mut all = Vec::new();
    for lane in lanes {
        all.extend(lane.await.expect("a lane ends"));
    }
    all
}
