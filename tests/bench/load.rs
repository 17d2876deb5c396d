//! Load throughput against writing the same Parquet bytes with fsync by a plain loop.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quorate::server::Standalone;

use crate::cluster::{execute, start};
use crate::flights;
use crate::stats::median;

const ROUNDS: usize = 5;

/// Who loads; making it reads certificates, and is no part of a load.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

/// A table for flights, 12 months by 8 buckets.
pub const CREATE: &str = "CREATE TABLE flights (year SMALLINT NOT NULL, month TINYINT NOT NULL, day TINYINT NOT NULL, \
    dep_time SMALLINT, sched_dep_time SMALLINT, dep_delay SMALLINT, arr_time SMALLINT, sched_arr_time SMALLINT, \
    arr_delay SMALLINT, carrier CHAR(2), flight INT, tailnum VARCHAR(10), origin CHAR(3), dest CHAR(3), air_time SMALLINT, \
    distance INT, hour TINYINT, minute TINYINT, time_hour DATETIME) DUPLICATE KEY (year, month, day) \
    PARTITION BY RANGE (month) (START (\"1\") END (\"13\") EVERY (1)) DISTRIBUTED BY HASH (carrier, flight) BUCKETS 8 \
    PROPERTIES (\"replication_num\" = \"3\", \"write_quorum\" = \"ALL\")";

/// Alternates: one load, then the plain loop over the files that it wrote.
pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let node = start(dir.path()).await;
        let body = flights::body();
        println!(
            "{} MB of CSV a load, {ROUNDS} rounds, times in ms",
            body.len() / 1_000_000
        );
        LazyLock::force(&CLIENT);
        let (mut loads, mut loops) = (Vec::new(), Vec::new());
        let mut before = BTreeSet::new();
        for round in 0..ROUNDS {
            // Nothing is deleted before the end: for seconds after files were, some file systems take long to make new
            // ones, and one side would pay for what the other left behind.
            let db = format!("b{round}");
            let create = format!("CREATE DATABASE {db}");
            execute(&node, &[&create, &format!("USE {db}"), CREATE]).await;
            let started = Instant::now();
            let answer = load(&node, &db, "once", body.clone()).await;
            loads.push(started.elapsed());
            let there = files(&dir.path().join("data"));
            let written: Vec<PathBuf> = there.difference(&before).cloned().collect();
            let (took, bytes) = plain_loop(&written, &dir.path().join(format!("plain_{round}")));
            loops.push(took);
            println!(
                "round {round}: load {:>5} (read {}, write {}, commit {})  plain loop {:>5}  ({} files, {} kB)",
                loads[round].as_millis(),
                answer["ReadDataTimeMs"],
                answer["WriteDataTimeMs"],
                answer["CommitAndPublishTimeMs"],
                took.as_millis(),
                written.len(),
                bytes / 1000
            );
            before = there;
        }
        let ratio = median(&loops).as_secs_f64() / median(&loads).as_secs_f64();
        println!(
            "median: load {} ms, plain loop {} ms, throughput ratio {ratio:.2}",
            median(&loads).as_millis(),
            median(&loops).as_millis()
        );
        node.stop().await;
    });
}

/// One stream load of flights; a failure ends the benchmark.
pub async fn load(node: &Standalone, db: &str, label: &str, body: Bytes) -> serde_json::Value {
    let url = format!(
        "http://{}/api/{db}/flights/_stream_load",
        node.backends[0].address
    );
    let request = CLIENT
        .put(url)
        .basic_auth("root", Some(""))
        .header("label", label);
    let request = request
        .header("column_separator", ",")
        .header("null_marker", "NA")
        .body(body);
    let answer: serde_json::Value = request
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(answer["Status"], "Success", "{answer}");
    answer
}

fn plain_loop(written: &[PathBuf], target: &Path) -> (Duration, u64) {
    let contents: Vec<Vec<u8>> = written
        .iter()
        .map(|file| fs::read(file).expect("a file"))
        .collect();
    let bytes = contents.iter().map(|c| c.len() as u64).sum();
    fs::create_dir_all(target).expect("a directory");
    let started = Instant::now();
    for (at, content) in contents.iter().enumerate() {
        let mut file = File::create(target.join(at.to_string())).expect("a file");
        file.write_all(content).expect("bytes");
        file.sync_all().expect("an fsync");
    }
    (started.elapsed(), bytes)
}

fn files(dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "parquet") {
            found.insert(path);
        }
    }
    found
}
