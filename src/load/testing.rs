//! For the tests of loads: a plan, and backends that keep what they get in memory and misbehave as they are told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use parking_lot::Mutex;

use crate::backend::api::{LoadAnswer, SegmentHeader};
use crate::catalog::partition::{Bound, Range};
use crate::catalog::schema::{ColumnDef, DataType};
use crate::catalog::table::{Distribution, Partitioning, TableProperties, TableSpec, WriteQuorum};
use crate::clock::{Clock, SystemClock};
use crate::ids::{BackendId, PartitionId, TableId, TabletId, TxnId};
use crate::load::plan::{LoadPlan, PartitionPlan, TabletPlan};

/// How a backend behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Keeps everything.
    Good,
    /// Answers 500 before it has read anything.
    Broken,
    /// Reads nothing and never answers.
    Stuck,
    /// Says that one row less was written.
    Lying,
    /// Fails the tablet 10.
    NotTen,
}

/// What a backend got.
#[derive(Debug, Default)]
pub struct Held {
    /// Segments in the order of their arrival.
    pub segments: Vec<(SegmentHeader, Bytes)>,
    /// Whether the load was aborted.
    pub aborted: bool,
}

/// Starts a backend; the answer is its address and what it holds.
pub async fn backend(manner: Manner) -> (String, Arc<Mutex<Held>>) {
    let held = Arc::new(Mutex::new(Held::default()));
    let router = Router::new()
        .route("/api/internal/load/{txn}", post(receive))
        .route("/api/internal/abort", post(abort))
        .with_state((manner, held.clone()))
        .merge(crate::door::hello_of("token"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, held)
}

type Node = (Manner, Arc<Mutex<Held>>);

async fn abort(State((_, held)): State<Node>) -> axum::Json<serde_json::Value> {
    held.lock().aborted = true;
    axum::Json(serde_json::json!({"failed": []}))
}

async fn receive(State((manner, held)): State<Node>, body: Body) -> Response {
    match manner {
        Manner::Broken => {
            let body = axum::Json(serde_json::json!({"error": "the disk is gone"}));
            return (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
        }
        Manner::Stuck => {
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        _ => {}
    }
    let Ok(mut rest) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut rows: BTreeMap<TabletId, u64> = BTreeMap::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest.split_to(4).as_ref().try_into().unwrap());
        if length == 0 {
            continue;
        }
        let header: SegmentHeader =
            serde_json::from_slice(&rest.split_to(length as usize)).unwrap();
        let bytes = rest.split_to(header.bytes as usize);
        assert_eq!(crc32fast::hash(&bytes), header.crc);
        *rows.entry(header.tablet).or_default() += header.rows;
        held.lock().segments.push((header, bytes));
    }
    let mut answer = LoadAnswer::default();
    for (tablet, rows) in rows {
        match manner {
            Manner::NotTen if tablet == TabletId(10) => {
                answer.failed.push((tablet, "no space".to_owned()));
            }
            Manner::Lying => answer.written.push((tablet, rows - 1)),
            _ => answer.written.push((tablet, rows)),
        }
    }
    axum::Json(answer).into_response()
}

/// A table `id INT NOT NULL, name VARCHAR(10)` of two partitions, `id < 100` (tablets 10, 11) and
/// `[100, 200)` (tablets 12, 13), by hash of `id`, each tablet on all of these backends.
pub fn plan(addresses: &[String], quorum: u16) -> LoadPlan {
    let column = |name: &str, data_type, nullable| ColumnDef {
        name: name.into(),
        data_type,
        nullable,
        default: None,
        comment: String::new(),
    };
    let spec = TableSpec {
        columns: vec![
            column("id", DataType::Int, true),
            column("name", DataType::Varchar(10), true),
        ],
        key_columns: 1,
        comment: String::new(),
        partitioning: Partitioning::Range { column: 0 },
        distribution: Distribution {
            columns: vec![0],
            buckets: Some(2),
        },
        properties: TableProperties {
            replication_num: addresses.len() as u16,
            write_quorum: WriteQuorum::Majority,
            storage_medium: None,
            bucket_size: 0,
        },
    };
    let ids = 1..=addresses.len() as u64;
    let backends: Vec<BackendId> = ids.map(BackendId).collect();
    let tablet = |id| TabletPlan {
        id: TabletId(id),
        backends: backends.clone(),
    };
    let partition = |id, lower, upper, tablets: [u64; 2]| PartitionPlan {
        id: PartitionId(id),
        name: format!("p{id}"),
        range: Some(Range {
            lower,
            upper: Some(upper),
        }),
        quorum,
        tablets: tablets.map(tablet).to_vec(),
    };
    let now = SystemClock::new().now();
    LoadPlan {
        txn: TxnId(7),
        label: "l".into(),
        db: "d".into(),
        table: "t".into(),
        table_id: TableId(1),
        spec,
        partitions: vec![
            partition(1, None, Bound::Int(100), [10, 11]),
            partition(2, Some(Bound::Int(100)), Bound::Int(200), [12, 13]),
        ],
        backends: backends
            .iter()
            .copied()
            .zip(addresses.iter().cloned())
            .collect(),
        left_ms: 20_000,
        began: now,
        silent_wait_ms: 1000,
    }
}
