//! A backend under test, and what a frontend and a coordinator would say to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, UInt64Type};
use arrow::ipc::reader::StreamReader;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::api::{
    Abort, CloneAnswer, CloneTablet, CreateTablets, DropTablets, LoadAnswer, Publish,
    PublishTablet, ReportAnswer, ReportRequest, ScanRequest, SegmentHeader, TabletErrors,
    TabletReport, TabletSpec,
};
use crate::backend::client::{self, Client};
use crate::backend::options::{Options, Settings, StoragePath};
use crate::backend::run::{Running, start};
use crate::catalog::schema::{ColumnDef, DataType};
use crate::catalog::table::Medium;
use crate::ids::{DbId, PartitionId, ReplicaId, TableId, TabletId, TxnId, Version};
use crate::load::types;

pub(super) const TOKEN: &str = "secret";

/// A backend that runs.
pub(super) struct Node {
    pub(super) running: Running,
    client: Client,
    http: reqwest::Client,
}

/// Settings under which nothing happens on its own.
pub(super) fn quiet() -> Settings {
    Settings {
        compaction_threads: 0,
        clean_interval: Duration::from_secs(3600),
        // Tests look at streams, and their files are small.
        clone_small_bytes: 0,
        ..Settings::default()
    }
}

pub(super) fn path(dir: &Path) -> StoragePath {
    StoragePath {
        dir: dir.to_owned(),
        medium: Medium::Hdd,
        capacity: None,
    }
}

pub(super) fn options(paths: Vec<StoragePath>, settings: Settings) -> Options {
    Options {
        paths,
        http_addr: ([127, 0, 0, 1], 0).into(),
        token: TOKEN.to_owned(),
        memory: crate::memory::Account::new(u64::MAX),
        settings,
    }
}

pub(super) fn columns() -> Vec<ColumnDef> {
    let column = |name: &str, data_type, nullable| ColumnDef {
        name: name.to_owned(),
        data_type,
        nullable,
        default: None,
        comment: String::new(),
    };
    vec![
        column("id", DataType::BigInt, false),
        column("name", DataType::Varchar(64), true),
    ]
}

/// A Parquet file of the ids, in row groups of `group` rows.
pub(super) fn parquet(ids: std::ops::Range<i64>, group: usize) -> Vec<u8> {
    let names = ids.clone().map(|id| format!("name of {id}"));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(StringArray::from_iter_values(names)),
    ];
    let schema = types::schema(&columns());
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// One part of a load.
pub(super) fn part(tablet: u64, ordinal: u32, ids: std::ops::Range<i64>) -> Vec<u8> {
    // The writer recurses once a row group.
    let group = usize::try_from((ids.end - ids.start) / 100)
        .unwrap()
        .max(100);
    let data = parquet(ids.clone(), group);
    let header = SegmentHeader {
        tablet: TabletId(tablet),
        ordinal,
        rows: u64::try_from(ids.end - ids.start).unwrap(),
        bytes: data.len() as u64,
        crc: crc32fast::hash(&data),
    };
    framed(&header, &data)
}

pub(super) fn framed(header: &SegmentHeader, data: &[u8]) -> Vec<u8> {
    let json = serde_json::to_vec(header).unwrap();
    let mut part = u32::try_from(json.len()).unwrap().to_be_bytes().to_vec();
    part.extend(json);
    part.extend_from_slice(data);
    part
}

pub(super) fn spec(tablet: u64) -> TabletSpec {
    TabletSpec {
        db: DbId(1),
        table: TableId(2),
        partition: PartitionId(3),
        tablet: TabletId(tablet),
        replica: ReplicaId(tablet + 1000),
        epoch: 1,
        version: 1,
        medium: Medium::Hdd,
    }
}

pub(super) fn create_request(tablets: &[u64]) -> CreateTablets {
    CreateTablets {
        tablets: tablets.iter().map(|t| spec(*t)).collect(),
        columns: columns(),
        key_columns: 1,
    }
}

pub(super) fn publish_request(txn: u64, tablet: u64, version: Version) -> Vec<u8> {
    let tablets = vec![PublishTablet {
        tablet: TabletId(tablet),
        replica: spec(tablet).replica,
        version,
        rows: true,
    }];
    let txn = TxnId(txn);
    serde_json::to_vec(&Publish { txn, tablets }).unwrap()
}

pub(super) fn scan_all(tablet: u64, version: Version) -> ScanRequest {
    ScanRequest {
        tablet: TabletId(tablet),
        version,
        columns: vec![0],
        from_ordinal: 0,
        limit: None,
        filters: Vec::new(),
    }
}

impl Node {
    pub(super) async fn start(dir: &Path, settings: Settings) -> Node {
        Node::start_with(options(vec![path(dir)], settings)).await
    }

    pub(super) async fn start_with(options: Options) -> Node {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = start(options, |_, _| axum::Router::new()).await.unwrap();
        Node {
            running,
            client: Client::new(TOKEN).unwrap(),
            http: reqwest::Client::new(),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    /// Sends a request as a node does.
    pub(super) async fn proven(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, client::Error> {
        let address = self.running.addr.to_string();
        self.client.send(&address, request).await
    }

    /// A call with any body; status and text of the answer.
    pub(super) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Vec<u8>) {
        let request = self
            .http
            .post(self.url(path))
            .header("content-type", "application/json")
            .body(body);
        let answer = self.proven(request).await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            answer.bytes().await.map(Into::into).unwrap_or_default(),
        )
    }

    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        let request = self.http.get(self.url(path));
        let answer = self.proven(request).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(super) async fn call<T: DeserializeOwned>(&self, call: &str, body: &impl Serialize) -> T {
        let path = format!("/api/internal/{call}");
        let (status, text) = self.post(&path, serde_json::to_vec(body).unwrap()).await;
        let text = String::from_utf8(text).unwrap();
        assert_eq!(status, 200, "{call}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(super) async fn create(&self, tablets: &[u64]) -> TabletErrors {
        self.call("create_tablets", &create_request(tablets)).await
    }

    pub(super) async fn send(&self, txn: u64, body: Vec<u8>) -> (u16, Vec<u8>) {
        self.post(&format!("/api/internal/load/{txn}"), body).await
    }

    /// Loads ids into one tablet.
    pub(super) async fn load(
        &self,
        txn: u64,
        tablet: u64,
        ids: std::ops::Range<i64>,
    ) -> LoadAnswer {
        let (status, text) = self.send(txn, part(tablet, 0, ids)).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&text));
        serde_json::from_slice(&text).unwrap()
    }

    pub(super) async fn publish(
        &self,
        txn: u64,
        tablets: &[(u64, Version, bool)],
    ) -> Vec<(TabletId, String)> {
        let tablets = tablets.iter().map(|(tablet, version, rows)| PublishTablet {
            tablet: TabletId(*tablet),
            replica: spec(*tablet).replica,
            version: *version,
            rows: *rows,
        });
        let request = Publish {
            txn: TxnId(txn),
            tablets: tablets.collect(),
        };
        let answer: TabletErrors = self.call("publish", &request).await;
        answer.failed
    }

    /// Loads and publishes ids of one tablet.
    pub(super) async fn put(
        &self,
        txn: u64,
        tablet: u64,
        version: Version,
        ids: std::ops::Range<i64>,
    ) {
        let answer = self.load(txn, tablet, ids).await;
        assert_eq!(answer.failed, [], "load {txn}");
        assert_eq!(self.publish(txn, &[(tablet, version, true)]).await, []);
    }

    pub(super) async fn abort(&self, txn: u64) {
        let _: TabletErrors = self.call("abort", &Abort { txn: TxnId(txn) }).await;
    }

    pub(super) async fn drop_tablet(&self, tablet: u64, replica: u64, epoch: u64) -> TabletErrors {
        let tablets = vec![(TabletId(tablet), ReplicaId(replica), epoch)];
        self.call("drop_tablets", &DropTablets { tablets }).await
    }

    /// What a frontend asks, to get a replica of a tablet that `source` has as its replica `tablet + 1000`.
    pub(super) fn clone_request(
        source: &Node,
        tablet: u64,
        replica: u64,
        version: Version,
    ) -> CloneTablet {
        CloneTablet {
            spec: TabletSpec {
                replica: ReplicaId(replica),
                ..spec(tablet)
            },
            columns: columns(),
            key_columns: 1,
            source_replica: ReplicaId(tablet + 1000),
            source: source.running.addr.to_string(),
            version,
            path_hash: -1,
            bytes_per_second: 0,
        }
    }

    /// Clones a replica to this backend; the answer, or status and text of the error.
    pub(super) async fn clone_tablet(
        &self,
        request: &CloneTablet,
    ) -> Result<CloneAnswer, (u16, String)> {
        let body = serde_json::to_vec(request).unwrap();
        let (status, text) = self.post("/api/internal/clone", body).await;
        if status != 200 {
            return Err((status, String::from_utf8(text).unwrap()));
        }
        Ok(serde_json::from_slice(&text).unwrap())
    }

    pub(super) async fn report(&self, since: u64) -> ReportAnswer {
        self.call("report", &ReportRequest { since }).await
    }

    pub(super) async fn reported(&self, tablet: u64) -> Option<TabletReport> {
        let all = self.report(0).await.tablets;
        all.into_iter().find(|t| t.tablet == TabletId(tablet))
    }

    /// Ordinal and id of each row that a scan gives, or its error.
    pub(super) async fn scan(
        &self,
        request: &ScanRequest,
    ) -> Result<Vec<(u64, i64)>, (u16, String)> {
        let body = serde_json::to_vec(request).unwrap();
        let (status, bytes) = self.post("/api/internal/scan", body).await;
        if status != 200 {
            return Err((status, String::from_utf8(bytes).unwrap()));
        }
        Ok(rows(&bytes))
    }

    /// The ids of a tablet at a version.
    pub(super) async fn ids(&self, tablet: u64, version: Version) -> Vec<i64> {
        let rows = self.scan(&scan_all(tablet, version)).await.unwrap();
        rows.into_iter().map(|(_, id)| id).collect()
    }

    /// The files that metadata names, of all paths.
    pub(super) fn named(&self) -> BTreeSet<PathBuf> {
        let mut named = BTreeSet::new();
        for path in self.running.state.paths() {
            let contents = path.shared.contents();
            let trash = contents.trash.values().map(|t| &t.tablet);
            for tablet in contents.tablets.values().chain(trash) {
                let segments = tablet.rowsets.iter().flat_map(|r| &r.segments);
                named.extend(segments.map(|s| s.path()));
            }
            let pending = contents.pending.values().flat_map(|p| &p.segments);
            named.extend(pending.map(|s| s.path()));
        }
        named
    }
}

pub(super) fn rows(bytes: &[u8]) -> Vec<(u64, i64)> {
    let reader = StreamReader::try_new(bytes, None).unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let ordinals = batch.column(0).as_primitive::<UInt64Type>();
        let ids = batch.column(1).as_primitive::<Int64Type>();
        rows.extend(
            ordinals
                .values()
                .iter()
                .copied()
                .zip(ids.values().iter().copied()),
        );
    }
    rows
}

/// Asserts that two backends show the same rows in the same order, at every version up to `version`.
pub(super) async fn assert_same_rows(a: &Node, b: &Node, tablet: u64, version: Version) {
    for version in 1..=version {
        let request = scan_all(tablet, version);
        let (of_a, of_b) = (
            a.scan(&request).await.unwrap(),
            b.scan(&request).await.unwrap(),
        );
        assert_eq!(of_a, of_b, "version {version}");
    }
}

/// Every file below `data` of a storage path.
pub(super) fn files(dir: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for tablet in std::fs::read_dir(dir.join("data")).unwrap() {
        for file in std::fs::read_dir(tablet.unwrap().path()).unwrap() {
            files.insert(file.unwrap().path());
        }
    }
    files
}
