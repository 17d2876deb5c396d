//! Clones over HTTP against `cp -r` of the same files with fsync: one large tablet, and many small ones.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use bytes::Bytes;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use quorate::backend::api::{
    CloneAnswer, CloneTablet, CreateTablets, LoadAnswer, Publish, PublishTablet, SegmentHeader,
    TabletErrors, TabletSpec,
};
use quorate::backend::client::{Call, Client};
use quorate::backend::{Options, Running, Settings, StoragePath, start};
use quorate::catalog::schema::{ColumnDef, DataType};
use quorate::catalog::table::Medium;
use quorate::ids::{DbId, PartitionId, ReplicaId, TableId, TabletId, TxnId};
use quorate::memory::Account;

use crate::stats::median;

const TOKEN: &str = "benchmark";
const ROUNDS: u64 = 5;
const TIMEOUT: Duration = Duration::from_secs(600);
/// The large tablet: segments of so many rows of two numbers each, about 16 MB.
const LARGE_SEGMENTS: u32 = 16;
const LARGE_ROWS: i64 = 1 << 20;
/// The small tablets, and their rows.
const SMALL_TABLETS: u64 = 2000;
const SMALL_ROWS: i64 = 1000;
/// Clones that run at once: what two paths of two slots each allow a backend, twice.
const AT_ONCE: usize = 8;

/// Alternates: clones, then `cp -r` and fsync of the files that they copied.
pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let large = segment(LARGE_ROWS);
        let parts = (0..LARGE_SEGMENTS).map(|at| part(1, at, &large, LARGE_ROWS));
        compare("one large tablet", 1, parts.collect()).await;
        let small = segment(SMALL_ROWS);
        let parts = (1..=SMALL_TABLETS).map(|id| part(id, 0, &small, SMALL_ROWS));
        compare("2000 small tablets", SMALL_TABLETS, parts.collect()).await;
    });
}

async fn compare(name: &str, tablets: u64, body: Vec<Bytes>) {
    let dir = tempfile::tempdir().expect("a directory");
    let client = Client::new(TOKEN).expect("a client");
    let source = backend(&dir.path().join("source")).await;
    let address = source.addr.to_string();
    create(&client, &address, tablets).await;
    load(&client, &address, tablets, body).await;
    let (files, bytes) = size(&dir.path().join("source/data"));
    println!(
        "{name}: {files} files, {} MB, {AT_ONCE} clones at once, times in ms",
        bytes / 1_000_000
    );
    let (mut clones, mut copies) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let target = dir.path().join(format!("clone{round}"));
        let node = backend(&target).await;
        let began = Instant::now();
        let calls = (1..=tablets).map(|id| clone(&client, node.addr.to_string(), &address, id));
        let fetched: u64 = futures::stream::iter(calls)
            .buffer_unordered(AT_ONCE)
            .fold(0, async |sum, bytes| sum + bytes)
            .await;
        clones.push(began.elapsed());
        assert_eq!(
            (fetched, size(&target.join("data"))),
            (bytes, (files, bytes))
        );
        node.stop().await;
        fs::remove_dir_all(&target).expect("removed");
        let copy = dir.path().join("copy");
        copies.push(plain_copy(&dir.path().join("source/data"), &copy));
        fs::remove_dir_all(&copy).expect("removed");
        println!(
            "round {round}: clones {:>6}  cp -r and fsync {:>6}",
            clones.last().map_or(0, Duration::as_millis),
            copies.last().map_or(0, Duration::as_millis)
        );
    }
    source.stop().await;
    let (cloned, copied) = (median(&clones), median(&copies));
    let speed = |took: Duration| bytes as f64 / 1e6 / took.as_secs_f64();
    println!(
        "median: clones {} ms ({:.0} MB/s), cp -r and fsync {} ms ({:.0} MB/s), throughput ratio {:.2}",
        cloned.as_millis(),
        speed(cloned),
        copied.as_millis(),
        speed(copied),
        copied.as_secs_f64() / cloned.as_secs_f64()
    );
}

async fn backend(dir: &Path) -> Running {
    let options = Options {
        paths: vec![StoragePath {
            dir: dir.to_owned(),
            medium: Medium::Hdd,
            capacity: None,
        }],
        http_addr: ([127, 0, 0, 1], 0).into(),
        token: TOKEN.to_owned(),
        memory: Account::new(u64::MAX),
        settings: Settings {
            compaction_threads: 0,
            ..Settings::default()
        },
    };
    start(options, |_, _| axum::Router::new())
        .await
        .expect("a backend")
}

fn columns() -> Vec<ColumnDef> {
    let column = |name: &str| ColumnDef {
        name: name.to_owned(),
        data_type: DataType::BigInt,
        nullable: false,
        default: None,
        comment: String::new(),
    };
    vec![column("a"), column("b")]
}

fn spec(id: u64, replica: u64) -> TabletSpec {
    TabletSpec {
        db: DbId(1),
        table: TableId(2),
        partition: PartitionId(3),
        tablet: TabletId(id),
        replica: ReplicaId(replica),
        epoch: 1,
        version: 1,
        medium: Medium::Hdd,
    }
}

async fn create(client: &Client, address: &str, tablets: u64) {
    let request = CreateTablets {
        tablets: (1..=tablets).map(|id| spec(id, id)).collect(),
        columns: columns(),
        key_columns: 1,
    };
    let call = Call::new(address, "create_tablets", TIMEOUT);
    let answer: TabletErrors = client.post_json(&call, &request).await.expect("created");
    assert_eq!(answer.failed, []);
}

async fn load(client: &Client, address: &str, tablets: u64, body: Vec<Bytes>) {
    let call = Call::new(address, "load/7", TIMEOUT);
    let body = futures::stream::iter(body.into_iter().map(Ok::<_, std::io::Error>));
    let answer: LoadAnswer = client.post_stream(&call, body).await.expect("loaded");
    assert_eq!(answer.failed, []);
    let request = Publish {
        txn: TxnId(7),
        tablets: (1..=tablets)
            .map(|id| PublishTablet {
                tablet: TabletId(id),
                replica: ReplicaId(id),
                version: 2,
                rows: true,
            })
            .collect(),
    };
    let call = Call::new(address, "publish", TIMEOUT);
    let answer: TabletErrors = client.post_json(&call, &request).await.expect("published");
    assert_eq!(answer.failed, []);
}

/// Clones one tablet; the bytes that were fetched.
async fn clone(client: &Client, to: String, from: &str, id: u64) -> u64 {
    let request = CloneTablet {
        spec: spec(id, id + 1_000_000),
        columns: columns(),
        key_columns: 1,
        source_replica: ReplicaId(id),
        source: from.to_owned(),
        version: 2,
        path_hash: -1,
        bytes_per_second: 0,
    };
    let call = Call::new(&to, "clone", TIMEOUT);
    let answer: CloneAnswer = client.post_json(&call, &request).await.expect("a clone");
    answer.bytes
}

/// Parquet bytes of rows that compress badly.
fn segment(rows: i64) -> Bytes {
    let mixed = |salt: i64| {
        let value = move |n: i64| (n ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
        Arc::new(Int64Array::from_iter_values((0..rows).map(value))) as ArrayRef
    };
    let fields = ["a", "b"].map(|name| Field::new(name, ArrowType::Int64, false));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let batch = RecordBatch::try_new(schema.clone(), vec![mixed(1), mixed(2)]).expect("a batch");
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.into_inner().expect("a file").into()
}

/// One part of the body of a load.
fn part(tablet: u64, ordinal: u32, data: &Bytes, rows: i64) -> Bytes {
    let header = SegmentHeader {
        tablet: TabletId(tablet),
        ordinal,
        rows: rows.unsigned_abs(),
        bytes: data.len() as u64,
        crc: crc32fast::hash(data),
    };
    let json = serde_json::to_vec(&header).expect("JSON");
    let length = u32::try_from(json.len()).expect("a short header");
    let mut part = length.to_be_bytes().to_vec();
    part.extend(json);
    part.extend_from_slice(data);
    part.into()
}

/// `cp -r`, then an fsync of every file and directory.
fn plain_copy(from: &Path, to: &Path) -> Duration {
    let began = Instant::now();
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "cp failed");
    for path in walk(to) {
        let file = File::open(&path).expect("a copied file");
        file.sync_all().expect("an fsync");
    }
    began.elapsed()
}

fn size(dir: &Path) -> (usize, u64) {
    let files = walk(dir).into_iter().filter(|path| path.is_file());
    let sizes: Vec<u64> = files
        .map(|file| fs::metadata(file).expect("a file").len())
        .collect();
    (sizes.len(), sizes.iter().sum())
}

/// Every file and directory below `dir`, and itself last.
fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found.push(dir.to_owned());
    found
}
