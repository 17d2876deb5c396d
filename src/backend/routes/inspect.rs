//! What an operator may look at: the URLs of MetaUrl and CompactionStatus, health and metrics.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::backend::error::Error;
use crate::backend::rowset::Rowset;
use crate::backend::state::State;
use crate::clock::Timestamp;
use crate::ids::TabletId;

/// `GET /api/meta/header/{tablet}`: everything that metadata says of a tablet.
pub(super) async fn header(
    Shared(state): Shared<State>,
    Path(tablet): Path<String>,
) -> Result<Response, Error> {
    let (path, tablet) = state.find(id(&tablet)?)?;
    let spec = &tablet.spec;
    let contents = path.shared.contents();
    let pending: Vec<_> = contents
        .pending
        .iter()
        .filter(|((_, id), _)| *id == tablet.id())
        .map(|((txn, _), p)| json!({"txn_id": txn, "creation_time": p.created.to_string()}))
        .collect();
    let columns: Vec<_> = tablet
        .columns
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            json!({
                "name": column.name,
                "type": column.data_type.to_string(),
                "is_key": at < tablet.columns.key_columns,
                "is_nullable": column.nullable,
            })
        })
        .collect();
    Ok(pretty(&json!({
        "table_id": spec.table,
        "partition_id": spec.partition,
        "tablet_id": spec.tablet,
        "replica_id": spec.replica,
        "epoch": spec.epoch,
        "creation_time": tablet.created.to_string(),
        "tablet_state": if tablet.damage.is_some() { "BAD" } else { "RUNNING" },
        "damage": tablet.damage.as_ref().map(|d| d.text()),
        "storage_path": path.options.dir.display().to_string(),
        "path_hash": path.identity().path,
        "storage_medium": path.options.medium.word(),
        "version": tablet.version,
        "max_version": tablet.max_version(),
        "schema": { "columns": columns },
        "rs_metas": tablet.rowsets.iter().map(|r| rowset(r)).collect::<Vec<_>>(),
        "pending": pending,
    })))
}

/// What `GET /api/compaction/show` is asked.
#[derive(Debug, Deserialize)]
pub(super) struct CompactionQuery {
    tablet_id: String,
}

/// `GET /api/compaction/show?tablet_id=`: rowsets and holes. Its keys hold blanks, as operators' scripts expect.
pub(super) async fn compaction(
    Shared(state): Shared<State>,
    query: Result<Query<CompactionQuery>, QueryRejection>,
) -> Result<Response, Error> {
    let Query(query) =
        query.map_err(|_| Error::Request("name a tablet: ?tablet_id=".to_owned()))?;
    let (_, tablet) = state.find(id(&query.tablet_id)?)?;
    let last = state.compaction().last(tablet.id());
    let rowsets: Vec<_> = tablet
        .rowsets
        .iter()
        .map(|r| {
            format!(
                "[{}-{}] {} DATA NONOVERLAPPING {} rows {}",
                r.start,
                r.end,
                r.segments.len(),
                r.rows(),
                crate::rows::size(i64::try_from(r.bytes()).unwrap_or(i64::MAX)),
            )
        })
        .collect();
    let missing: Vec<_> = tablet
        .missing()
        .iter()
        .map(|(from, to)| format!("[{from}-{to}]"))
        .collect();
    let time = |at: Option<Timestamp>| at.map_or("N/A".to_owned(), |at| at.to_string());
    Ok(pretty(&json!({
        "cumulative policy type": "SIZE_TIERED",
        "cumulative point": tablet.version + 1,
        "last cumulative failure time": time(last.failure.as_ref().map(|(at, _)| *at)),
        "last cumulative success time": time(last.success),
        "last cumulative failure": last.failure.map(|(_, why)| why),
        "rowsets": rowsets,
        "missing_rowsets": missing,
    })))
}

/// `GET /api/health`: OK while at least one storage path works.
pub(super) async fn health(Shared(state): Shared<State>) -> Response {
    let offline: Vec<String> = state
        .paths()
        .iter()
        .filter_map(|p| p.shared.online().err())
        .map(|e| e.to_string())
        .collect();
    if offline.len() == state.paths().len() {
        let body = json!({"status": "INTERNAL_ERROR", "msg": offline.join("; ")});
        return (axum::http::StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    let msg = match offline.join("; ") {
        none if none.is_empty() => "OK".to_owned(),
        some => some,
    };
    Json(json!({"status": "OK", "msg": msg})).into_response()
}

/// `GET /metrics`.
pub(super) async fn metrics(Shared(state): Shared<State>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], state.metrics().text(&state)).into_response()
}

fn rowset(rowset: &Rowset) -> Value {
    let segments: Vec<_> = rowset
        .segments
        .iter()
        .map(|s| {
            json!({
                "file": s.path().display().to_string(),
                "rows": s.record.rows,
                "bytes": s.record.bytes,
                "crc32": s.record.crc,
            })
        })
        .collect();
    json!({
        "start_version": rowset.start,
        "end_version": rowset.end,
        "num_rows": rowset.rows(),
        "data_disk_size": rowset.bytes(),
        "num_segments": rowset.segments.len(),
        "creation_time": rowset.created.to_string(),
        "txn_id": rowset.txn,
        "segments": segments,
    })
}

fn id(text: &str) -> Result<TabletId, Error> {
    text.parse()
        .map_err(|_| Error::Request(format!("'{text}' is not the id of a tablet")))
}

fn pretty(value: &Value) -> Response {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
