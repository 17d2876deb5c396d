//! Healing on real processes: what breaks is found, repaired, and shown in SQL, while loads and queries go on.
//!
//! Owns the cluster that all of these tests break, and what they ask of it. Times are turned down from minutes to
//! seconds; the rules are the same.

mod dead_backend;
mod decommission;
mod files;
mod flips;
mod frontend;
mod lagging;
mod rolling;
mod sources;
mod traffic;
mod walk;
mod wiped;

use std::collections::{BTreeMap, BTreeSet};

use quorate::backend::api::{DigestTablets, Digests};
use quorate::backend::client::{Call, Client};
use quorate::ids::{ReplicaId, TabletId, Version};

use super::harness::{Cluster, SOON, Shape};

/// Seconds where the defaults are minutes. Balance has tests of its own and would move tablets that are counted here.
const SETTINGS: &[(&str, &str)] = &[
    ("heartbeat_interval_second", "1"),
    ("heartbeat_timeout_second", "2"),
    ("heartbeat_retry_times", "2"),
    ("tablet_report_interval_second", "1"),
    ("tablet_report_drop_tablet_delay_sec", "2"),
    ("tablet_sched_checker_interval_seconds", "1"),
    ("tablet_sched_repair_delay_factor_second", "1"),
    ("tablet_sched_disable_balance", "true"),
    ("quorum_publish_wait_time_ms", "1000"),
    ("safe_mode_max_second", "5"),
];

/// Rows as a query answers them: column and text.
type Rows = Vec<BTreeMap<String, String>>;

/// A cluster that heals within seconds.
async fn ward(backends: usize, paths: usize) -> Cluster {
    let cluster = Cluster::of(Shape {
        backends,
        paths,
        settings: SETTINGS,
    })
    .await;
    ask(&cluster, "CREATE DATABASE h").await;
    cluster
}

/// Table `h.t`: numbered loads of numbered rows.
async fn table(cluster: &Cluster, buckets: u32, replicas: u32) {
    let create = format!(
        "CREATE TABLE h.t (load_no BIGINT NOT NULL, k BIGINT NOT NULL, v VARCHAR(200)) DUPLICATE KEY (load_no, k) \
         DISTRIBUTED BY HASH (k) BUCKETS {buckets} PROPERTIES (\"replication_num\" = \"{replicas}\")"
    );
    ask(cluster, &create).await;
}

/// Loads `count` rows under one number; their texts do not compress to nothing.
async fn load(cluster: &Cluster, load_no: i64, count: i64) {
    let headers = [("column_separator", ",")];
    let answer = cluster.load("h", "t", body(load_no, count), &headers).await;
    let answer = answer.unwrap_or_else(|e| panic!("{e}\n{}", cluster.logs()));
    assert_eq!(answer["Status"], "Success", "{answer}\n{}", cluster.logs());
}

/// The rows of a load as CSV.
fn body(load_no: i64, count: i64) -> Vec<u8> {
    let mut text = String::new();
    let mut noise = load_no.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for k in 0..count {
        text.push_str(&format!("{load_no},{k},"));
        for _ in 0..6 {
            // Xorshift: enough to keep the encoder from folding the texts.
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            text.push_str(&format!("{noise:016x}"));
        }
        text.push('\n');
    }
    text.into_bytes()
}

/// One statement that must succeed.
async fn ask(cluster: &Cluster, statement: &str) -> Rows {
    let rows = cluster.sql(statement).await;
    rows.unwrap_or_else(|e| panic!("{statement}: {e}\n{}", cluster.logs()))
}

/// Waits until nothing is left to repair, remove or move.
async fn settle(cluster: &Cluster) {
    if let Err(left) = cluster.sql("ADMIN WAIT UNTIL HEALTHY FOR '60s'").await {
        let pending = cluster.sql("SHOW PROC '/cluster_balance/pending_tablets'");
        let history = cluster
            .sql("SHOW PROC '/cluster_balance/history_tablets' ORDER BY Finished DESC LIMIT 10");
        let (pending, history) = (pending.await, history.await);
        panic!(
            "{left}\npending: {pending:#?}\nhistory: {history:#?}\n{}",
            cluster.logs()
        );
    }
}

/// `UnhealthyTabletNum` of the whole cluster.
async fn unhealthy(cluster: &Cluster) -> i64 {
    let rows = ask(cluster, "SHOW PROC '/statistic'").await;
    let total = rows.last().expect("a total");
    total["UnhealthyTabletNum"].parse().expect("a number")
}

/// A counter of `/cluster_balance/sched_stat` as it is now.
async fn counted(cluster: &Cluster, item: &str) -> i64 {
    let query = format!("SELECT Value + Increase FROM sys.sched_stat WHERE Item = '{item}'");
    cluster.number(&query).await.expect("the counter")
}

/// The id that the cluster knows a backend by.
async fn id_of(cluster: &Cluster, at: usize) -> String {
    let rows = ask(cluster, "SHOW BACKENDS").await;
    let row = rows
        .iter()
        .find(|row| address(row) == cluster.backend_address(at));
    row.expect("it is listed")["BackendId"].clone()
}

fn address(backend: &BTreeMap<String, String>) -> String {
    format!("{}:{}", backend["IP"], backend["HttpPort"])
}

/// Every replica of `h.t`, as SHOW TABLET FROM lists them.
async fn replicas(cluster: &Cluster) -> Rows {
    ask(cluster, "SHOW TABLET FROM h.t").await
}

/// The backends of each tablet of `h.t`.
async fn places(cluster: &Cluster) -> BTreeMap<String, BTreeSet<String>> {
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    for row in replicas(cluster).await {
        let backends = places.entry(row["TabletId"].clone()).or_default();
        assert!(backends.insert(row["BackendId"].clone()), "twice: {row:?}");
    }
    places
}

/// Every replica of a table gives the same digest of its rows as its siblings, computed from its own files.
async fn alike(cluster: &Cluster, table: &str) {
    let rows = ask(cluster, &format!("SHOW TABLET FROM {table}")).await;
    let backends = ask(cluster, "SHOW BACKENDS").await;
    let token = std::fs::read_to_string(cluster.path("fe/cluster.token")).expect("the token");
    let client = Client::new(token.trim()).expect("a client");
    let mut digests = BTreeMap::<TabletId, BTreeSet<(u64, u64)>>::new();
    for backend in &backends {
        let here = rows
            .iter()
            .filter(|row| row["BackendId"] == backend["BackendId"]);
        let number = |row: &BTreeMap<String, String>, name| row[name].parse::<u64>().expect(name);
        let tablets: Vec<_> = here
            .map(|row| {
                let version = row["Version"].parse::<Version>().expect("a version");
                let tablet = TabletId(number(row, "TabletId"));
                (tablet, ReplicaId(number(row, "ReplicaId")), version)
            })
            .collect();
        let count = tablets.len();
        if count == 0 {
            continue;
        }
        let address = address(backend);
        let call = Call::new(&address, "digest", SOON);
        let asked = client.post_json(&call, &DigestTablets { tablets }).await;
        let answer: Digests = asked.expect("digests");
        assert_eq!(answer.digests.len(), count);
        for digest in answer.digests {
            let result = digest.result.unwrap_or_else(|e| panic!("{e}"));
            digests.entry(digest.tablet).or_default().insert(result);
        }
    }
    let differ: Vec<_> = digests.iter().filter(|(_, all)| all.len() != 1).collect();
    assert!(!digests.is_empty() && differ.is_empty(), "{differ:?}");
}
