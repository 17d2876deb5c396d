//! Replicas whose files are whole and whose rows differ (seed: anti-entropy): found, shown, and repaired where a majority
//! holds the same; three different contents are shown and left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::compute::concat_batches;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use quorate::backend::meta::{Meta, Op, Table, pair};
use quorate::backend::rowset::RowsetRecord;
use reqwest::Method;
use serde_json::Value as Json;

use super::harness::{Cluster, http};

const ROWS: i64 = 500;

/// A cluster of four backends with a table of one tablet, which is on three of them. Nothing is checked or repaired that
/// nobody asked for.
async fn cluster() -> (Cluster, u64) {
    let cluster = Cluster::start(4).await;
    for (key, value) in [
        ("consistency_repair_by_majority", "false"),
        ("consistency_check_start_time", "0"),
        ("consistency_check_end_time", "0"),
        ("tablet_sched_checker_interval_seconds", "1"),
        ("tablet_sched_disable_balance", "true"),
        ("tablet_report_interval_second", "2"),
    ] {
        let set = format!("ADMIN SET FRONTEND CONFIG (\"{key}\" = \"{value}\") WITH PERSISTENT");
        cluster.sql(&set).await.expect("a setting is set");
    }
    cluster.sql("CREATE DATABASE c").await.expect("a database");
    let create = "CREATE TABLE c.t (day DATE NOT NULL, v BIGINT) DUPLICATE KEY (day) \
                  PARTITION BY RANGE (day) (PARTITION p1 VALUES [('1969-12-29'), ('1970-01-05'))) \
                  DISTRIBUTED BY HASH (day) BUCKETS 1 PROPERTIES (\"replication_num\" = \"3\")";
    cluster.sql(create).await.expect("a table");
    let body: String = (0..ROWS).map(|v| format!("1970-01-01,{v}\n")).collect();
    let loaded = cluster
        .load("c", "t", body.into_bytes(), &[("column_separator", ",")])
        .await
        .expect("the load is answered");
    assert_eq!(loaded["Status"], "Success", "{loaded}\n{}", cluster.logs());
    // A replica that was late with the load would not be at home yet.
    let wait = "ADMIN WAIT UNTIL HEALTHY TABLE c.t FOR '60s'";
    cluster.sql(wait).await.expect("all replicas have the load");
    let tablet = cluster.sql("SHOW TABLET FROM c.t").await.expect("tablets");
    let tablet = tablet[0]["TabletId"].parse().expect("an id");
    (cluster, tablet)
}

/// Which backends have a replica of the tablet, counted from 0.
fn homes(cluster: &Cluster, tablet: u64) -> Vec<usize> {
    let has = |at: &usize| !segments(&data(cluster, *at, tablet)).is_empty();
    (0..cluster.backends.len()).filter(has).collect()
}

fn data(cluster: &Cluster, backend: usize, tablet: u64) -> PathBuf {
    PathBuf::from(cluster.path(&format!("be{backend}/data/{tablet}")))
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "parquet"))
        .collect()
}

/// Changes the first value of the table's segment on a stopped backend, and what its metadata says of the file: size and
/// checksum fit, only the rows are others.
fn alter(cluster: &Cluster, backend: usize, tablet: u64, value: i64) {
    let store = PathBuf::from(cluster.path(&format!("be{backend}")));
    let mut meta = Meta::open(&store, &[]).expect("the store of a stopped backend");
    let mut found: Option<(u64, RowsetRecord)> = None;
    meta.scan(Table::Rowsets, |(of, start), rowset: RowsetRecord| {
        if of == tablet && rowset.segments.iter().any(|segment| segment.rows > 0) {
            found = Some((start, rowset));
        }
        Ok(())
    })
    .expect("the rowsets");
    let (start, mut rowset) = found.expect("a rowset with rows");
    let segment = &mut rowset.segments[0];
    let path = data(cluster, backend, tablet).join(&segment.file);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).expect("the segment"))
        .expect("it is Parquet");
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader
        .build()
        .expect("a reader")
        .map(|batch| batch.expect("a batch"))
        .collect();
    let rows = concat_batches(&schema, &batches).expect("one batch");
    let mut columns = rows.columns().to_vec();
    let values = columns[1].as_any().downcast_ref::<Int64Array>();
    let mut values: Vec<Option<i64>> = values.expect("BIGINT").iter().collect();
    values[0] = Some(value);
    columns[1] = Arc::new(Int64Array::from(values)) as ArrayRef;
    let altered = RecordBatch::try_new(schema.clone(), columns).expect("the same columns");
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).expect("a writer");
    writer.write(&altered).expect("rows are written");
    let bytes = writer.into_inner().expect("the file");
    segment.bytes = bytes.len() as u64;
    segment.crc = crc32fast::hash(&bytes);
    segment.sums.clear();
    std::fs::write(&path, bytes).expect("the file is written");
    let op = Op::put(Table::Rowsets, pair(tablet, start), &rowset);
    meta.commit(&[op.expect("a record")])
        .expect("the metadata is written");
}

/// Stops a backend, changes its replica, and starts it again.
async fn altered(cluster: &mut Cluster, backend: usize, tablet: u64, value: i64) {
    cluster.kill_backend(backend);
    alter(cluster, backend, tablet, value);
    cluster.start_backend(backend);
    cluster.wait_alive(4).await;
}

async fn call(address: &str, method: Method, call: &str) -> (u16, String) {
    let url = format!("http://{address}/shard-repair/{call}");
    let answer = http().request(method, url).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a body"))
}

async fn status(cluster: &Cluster) -> Json {
    let (code, body) = call(cluster.http_address(), Method::GET, "status").await;
    assert_eq!(code, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

/// Checks the tablet, and waits until the difference is listed.
async fn check_differs(cluster: &Cluster, tablet: u64) {
    let check = format!("ADMIN CHECK TABLET ({tablet}) PROPERTIES (\"type\" = \"consistency\")");
    cluster.sql(&check).await.expect("the check is begun");
    cluster
        .until("the difference is listed", async || {
            status(cluster).await["shards"][0]["id"].as_str() == Some(&tablet.to_string())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_with_other_rows_is_found_and_made_anew() {
    let (mut cluster, tablet) = cluster().await;
    let homes = homes(&cluster, tablet);
    assert_eq!(homes.len(), 3);
    let before: Vec<String> = replicas(&cluster).await.into_keys().collect();
    altered(&mut cluster, homes[1], tablet, 1_000_000).await;
    check_differs(&cluster, tablet).await;
    let expected = format!(
        r#"{{
  "shards": [
    {{
      "id": "{tablet}",
      "database": "c",
      "retention_policy": "t.p1",
      "start_time": "-259200000000000",
      "end_time": "345600000000000",
      "expires": "0",
      "status": "diff"
    }}
  ],
  "queued_shards": [],
  "processing_shards": []
}}"#
    );
    let (_, shown) = call(cluster.http_address(), Method::GET, "status").await;
    assert_eq!(shown, expected);
    let elsewhere = (0..4).find(|at| !homes.contains(at)).expect("a fourth");
    for (at, listed) in [(homes[0], 1), (elsewhere, 0)] {
        let address = cluster.backend_address(at).to_owned();
        let (_, local) = call(&address, Method::GET, "status?local=true").await;
        let local: Json = serde_json::from_str(&local).expect("JSON");
        assert_eq!(local["shards"].as_array().map(Vec::len), Some(listed));
    }
    cluster.frontend.take().expect("the frontend runs").kill();
    cluster.start_frontend();
    cluster.wait_alive(4).await;
    let (_, shown) = call(cluster.http_address(), Method::GET, "status").await;
    assert_eq!(shown, expected, "what was found outlives the frontend");
    let statistic = cluster.sql("SHOW PROC '/statistic'").await.expect("it");
    let total = statistic.last().expect("a total");
    assert_eq!(total["InconsistentTabletNum"], "1");

    // A backend takes the same calls; the seed's queue it is put into is the cluster's.
    let backend = cluster.backend_address(homes[0]).to_owned();
    let repair = format!("repair?id={tablet}");
    let queued = call(&backend, Method::POST, &repair).await;
    assert_eq!(queued, (204, String::new()));
    cluster
        .until("the repair is listed or over", async || {
            let listed = status(&cluster).await;
            listed["queued_shards"][0].as_str() == Some(&tablet.to_string())
                || listed["shards"] == Json::Array(vec![])
        })
        .await;
    cluster
        .until("nothing differs any more", async || {
            let listed = status(&cluster).await;
            let none = Json::Array(Vec::new());
            listed["shards"] == none && listed["queued_shards"] == none
        })
        .await;
    let after = replicas(&cluster).await;
    let kept = before.iter().filter(|id| after.contains_key(*id)).count();
    assert_eq!((after.len(), kept), (3, 2), "{before:?} {after:?}");
    let checksums: BTreeSet<&String> = after.values().collect();
    assert_eq!(checksums.len(), 1, "{after:?}");
    let sum = cluster.number("SELECT sum(v) FROM c.t").await;
    assert_eq!(sum, Ok((0..ROWS).sum::<i64>()));
    assert_eq!(homes_in_use(&cluster).await, 3);
}

/// The replicas of the table, each with its digest.
async fn replicas(cluster: &Cluster) -> BTreeMap<String, String> {
    let shown = cluster.sql("SHOW TABLET FROM c.t").await.expect("replicas");
    let each = shown.into_iter();
    each.map(|mut row| {
        let take = |row: &mut BTreeMap<String, String>, name| row.remove(name).expect("a cell");
        (take(&mut row, "ReplicaId"), take(&mut row, "Checksum"))
    })
    .collect()
}

async fn homes_in_use(cluster: &Cluster) -> usize {
    let replicas = cluster
        .sql("ADMIN SHOW REPLICA STATUS FROM c.t WHERE STATUS = 'OK'")
        .await;
    replicas.expect("the replicas").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_contents_are_shown_and_not_touched() {
    let (mut cluster, tablet) = cluster().await;
    let homes = homes(&cluster, tablet);
    altered(&mut cluster, homes[0], tablet, 1_000_000).await;
    altered(&mut cluster, homes[1], tablet, 2_000_000).await;
    check_differs(&cluster, tablet).await;
    let before = replicas(&cluster).await;
    let contents: BTreeSet<&String> = before.values().collect();
    assert_eq!(contents.len(), 3, "{before:?}");
    let set = "ADMIN SET FRONTEND CONFIG (\"consistency_repair_by_majority\" = \"true\")";
    cluster.sql(set).await.expect("repaired by majority");
    let repair = format!("repair?id={tablet}");
    let queued = call(cluster.http_address(), Method::POST, &repair).await;
    assert_eq!(queued, (204, String::new()));
    cluster
        .until("it has left the queue", async || {
            status(&cluster).await["queued_shards"] == Json::Array(Vec::new())
        })
        .await;
    check_differs(&cluster, tablet).await;
    assert_eq!(status(&cluster).await["shards"][0]["status"], "diff");
    assert_eq!(replicas(&cluster).await, before);
    assert_eq!(homes_in_use(&cluster).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_get_the_errors_of_the_contract() {
    let cluster = Cluster::start(1).await;
    let backend = cluster.backend_address(0).to_owned();
    for address in [cluster.http_address(), &backend] {
        for (method, asked, code, error) in [
            (
                Method::POST,
                "repair?id=x",
                400,
                r#"invalid shard id: \"x\""#,
            ),
            (Method::POST, "repair?id=99", 400, "shard not found: 99"),
            (
                Method::POST,
                "cancel-repair?id=99",
                400,
                "shard not found: 99",
            ),
            (
                Method::GET,
                "repair?id=99",
                405,
                "method not allowed: use POST",
            ),
        ] {
            let expected = (code, format!("{{\"error\":\"{error}\"}}"));
            assert_eq!(call(address, method, asked).await, expected);
        }
        let empty =
            "{\n  \"shards\": [],\n  \"queued_shards\": [],\n  \"processing_shards\": []\n}";
        let listed = call(address, Method::GET, "status?local=true").await;
        assert_eq!(listed, (200, empty.to_owned()));
    }
}
