//! Who repeats the label of a load that is committed hears that it is finished once its rows can be read, and not before.

use std::time::Duration;

use serde_json::Value as Json;

use super::harness::{Cluster, Shape, Target, http};

const COUNT: &str = "SELECT count(*) FROM r.t WHERE v = 'once'";

async fn load(target: Target, row: String, label: &str) -> Json {
    let headers = [("column_separator", ","), ("label", label)];
    let answer = target.load("r", "t", row.into_bytes(), &headers).await;
    answer.expect("an answer")
}

/// A table of two tablets, one on each backend; gives a key whose rows go to the first backend.
async fn table(cluster: &Cluster) -> i64 {
    for statement in [
        "CREATE DATABASE r",
        "CREATE TABLE r.t (k BIGINT NOT NULL, v VARCHAR(9)) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 2 \
         PROPERTIES (\"replication_num\" = \"1\")",
    ] {
        cluster.sql(statement).await.expect("the table is made");
    }
    for k in 0..64 {
        let answer = load(
            cluster.target(),
            format!("{k},first\n"),
            &format!("key_{k}"),
        )
        .await;
        assert_eq!(answer["Status"], "Success", "{answer}\n{}", cluster.logs());
        if !cluster.parquet_files_of(0).is_empty() {
            return k;
        }
    }
    panic!("no key goes to the first backend");
}

async fn state(cluster: &Cluster) -> String {
    let address = cluster.http_address();
    let url = format!("http://{address}/api/r/get_load_state?label=once");
    let request = http().get(url).basic_auth("root", Some(""));
    let answer = request.send().await.expect("an answer");
    let json: Json = answer.json().await.expect("JSON");
    json["state"].as_str().expect("a state").to_owned()
}

/// As a loader does whose coordinator was killed after the commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_of_a_load_that_is_committed_is_answered_once_the_rows_are_seen() {
    // No heartbeat tells that the backend is gone: the load begins in any case, however slow the machine is.
    let mut cluster = Cluster::of(Shape {
        backends: 2,
        paths: 1,
        settings: &[("heartbeat_interval_second", "60")],
    })
    .await;
    let k = table(&cluster).await;
    // The rows go to the backend that lives; the version of the other tablet can't be published.
    cluster.kill_backend(1);
    let row = format!("{k},once\n");
    let first = tokio::spawn(load(cluster.target(), row.clone(), "once"));
    cluster
        .until("the load is committed", async || {
            state(&cluster).await == "COMMITTED"
        })
        .await;

    let target = cluster.target();
    let stream = tokio::spawn(async move {
        let answer = load(target.clone(), row, "once").await;
        (answer.to_string(), target.sql(COUNT).await)
    });
    let target = cluster.target();
    let insert = tokio::spawn(async move {
        let statement = format!("INSERT INTO r.t WITH LABEL once VALUES ({k}, 'once')");
        let refused = target.sql(&statement).await;
        let refused = refused.expect_err("the label is taken");
        (refused, target.sql(COUNT).await)
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!stream.is_finished(), "{:?}", stream.await);
    assert!(!insert.is_finished(), "{:?}", insert.await);

    cluster.start_backend(1);
    let (answer, seen) = stream.await.expect("it ends");
    let seen = seen.unwrap_or_else(|e| panic!("{answer}: {e}\n{}", cluster.logs()));
    assert!(answer.contains("Label Already Exists"), "{answer}");
    assert!(answer.contains("FINISHED"), "{answer}");
    assert_eq!(seen[0].values().next().map(String::as_str), Some("1"));
    let (refused, seen) = insert.await.expect("it ends");
    let seen = seen.unwrap_or_else(|e| panic!("{refused}: {e}\n{}", cluster.logs()));
    assert!(refused.starts_with("5805"), "{refused}");
    assert_eq!(seen[0].values().next().map(String::as_str), Some("1"));
    let first = first.await.expect("it ends");
    assert_eq!(first["Status"], "Success", "{first}");
}
