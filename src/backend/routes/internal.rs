//! The calls of frontends and coordinators.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Shared};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};

use crate::backend::api::{
    Abort, AdoptTablets, Adopted, CreateTablets, CutTablets, DropTablets, HeartbeatAnswer,
    HeartbeatRequest, Identified, Identify, LEADERSHIP_HEADER, LoadAnswer, Publish, ReportAnswer,
    ReportRequest, SalvageTablets, Salvaged, ScanRequest, TabletErrors, TabletReport,
};
use crate::backend::error::Error;
use crate::backend::machine;
use crate::backend::state::State;
use crate::backend::tablet::{self, Tablet};
use crate::backend::whereabouts::Whereabouts;
use crate::backend::{
    adopt, create, cut, listing, publish as publishing, receive, remove, salvage, scan as scanning,
};
use crate::fault;
use crate::ids::{TabletId, TxnId};

pub(super) type Answer<T> = Result<Json<T>, Error>;
pub(super) type Asked<T> = Result<Json<T>, JsonRejection>;

/// A sign of life: touches no disk and no lock.
pub(super) async fn ping() -> Json<()> {
    Json(())
}

pub(super) async fn heartbeat(
    Shared(state): Shared<State>,
    headers: HeaderMap,
    request: Asked<HeartbeatRequest>,
) -> Answer<HeartbeatAnswer> {
    let named = headers.contains_key(LEADERSHIP_HEADER);
    state.greet(&body(request)?, named).await?;
    if let Some(host) = host(&headers) {
        state.set_host(host);
    }
    // Measuring a disk that hangs must not hold up other calls.
    let paths = state.paths().to_vec();
    let measured = tokio::task::spawn_blocking(move || {
        // A path whose directory was emptied or unmounted is noticed here.
        paths.iter().for_each(|p| p.notice());
        paths.iter().map(|p| p.state()).collect()
    });
    Ok(Json(HeartbeatAnswer {
        started: state.started(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        paths: measured.await.map_err(|_| Error::Stopping)?,
        cpu_cores: machine::cpu_cores(),
        mem_bytes: machine::mem_bytes(),
        running_queries: u32::try_from(state.running_scans()).unwrap_or(u32::MAX),
        report_seq: state.log().seq(),
        clones: state.copying().running.progress(),
        node: Some(state.node()),
    }))
}

pub(super) async fn identify(
    Shared(state): Shared<State>,
    request: Asked<Identify>,
) -> Answer<Identified> {
    let Identify {} = body(request)?;
    let node = state.node();
    Ok(Json(Identified { node }))
}

pub(super) async fn report(
    Shared(state): Shared<State>,
    request: Asked<ReportRequest>,
) -> Answer<ReportAnswer> {
    let request = body(request)?;
    // The order matters: what is read after the log is at least as new as the log says.
    let changes = state.log().since(request.since);
    let full = changes.tablets.is_none();
    let mut tablets = Vec::new();
    let mut pending = Vec::new();
    let mut gone = changes.tablets.clone().unwrap_or_default();
    let here = Whereabouts::now(state.paths());
    for (at, path) in state.paths().iter().enumerate() {
        let contents = path.shared.contents();
        let hash = path.identity().path;
        let offline = path
            .shared
            .online()
            .err()
            .map(|e| tablet::said(&e.to_string()));
        let counts = |t: &&Arc<Tablet>| here.of(t.id()).is_none_or(|(best, _)| best == at);
        let tell = |tablet: &Arc<Tablet>| {
            let mut report = tablet.report(hash);
            // It can't be read, and comes back as it was if its path does.
            report.bad |= offline.is_some();
            report.why = report
                .why
                .or_else(|| state.doubts().of(tablet).map(|why| tablet::said(&why)))
                .or_else(|| offline.clone());
            report
        };
        pending.extend(contents.pending.keys().map(|(txn, _)| *txn));
        match &changes.tablets {
            None => tablets.extend(contents.tablets.values().filter(counts).map(tell)),
            Some(ids) => {
                let changed = ids.iter().filter_map(|id| contents.tablets.get(id));
                for tablet in changed.filter(counts) {
                    gone.remove(&tablet.id());
                    tablets.push(tell(tablet));
                }
            }
        }
    }
    if full {
        // What it finds is told of as a change.
        tokio::spawn(listing::look(state.clone()));
    }
    tablets.extend(gone.into_iter().map(dropped));
    pending.sort_unstable();
    pending.dedup();
    Ok(Json(ReportAnswer {
        seq: changes.seq,
        full,
        tablets,
        pending,
    }))
}

pub(super) async fn create_tablets(
    Shared(state): Shared<State>,
    request: Asked<CreateTablets>,
) -> Answer<TabletErrors> {
    let answer = create::create(&state, body(request)?).await?;
    fault::hit("backend::before_create_answer").map_err(publishing::interrupted)?;
    Ok(Json(answer))
}

pub(super) async fn drop_tablets(
    Shared(state): Shared<State>,
    request: Asked<DropTablets>,
) -> Answer<TabletErrors> {
    let answer = remove::drop_tablets(&state, body(request)?).await;
    fault::hit("backend::before_drop_answer").map_err(publishing::interrupted)?;
    Ok(Json(answer))
}

pub(super) async fn adopt_tablets(
    Shared(state): Shared<State>,
    request: Asked<AdoptTablets>,
) -> Answer<Adopted> {
    Ok(Json(adopt::adopt_tablets(&state, body(request)?).await))
}

pub(super) async fn cut_tablets(
    Shared(state): Shared<State>,
    request: Asked<CutTablets>,
) -> Answer<TabletErrors> {
    Ok(Json(cut::cut(&state, body(request)?).await))
}

pub(super) async fn salvage_tablets(
    Shared(state): Shared<State>,
    request: Asked<SalvageTablets>,
) -> Answer<Salvaged> {
    Ok(Json(salvage::salvage(&state, body(request)?).await))
}

pub(super) async fn publish(
    Shared(state): Shared<State>,
    request: Asked<Publish>,
) -> Answer<TabletErrors> {
    let began = Instant::now();
    let answer = publishing::publish(&state, body(request)?).await?;
    state.metrics().published(began.elapsed());
    Ok(Json(answer))
}

pub(super) async fn abort(
    Shared(state): Shared<State>,
    request: Asked<Abort>,
) -> Answer<TabletErrors> {
    Ok(Json(publishing::abort(&state, body(request)?).await?))
}

pub(super) async fn load(
    Shared(state): Shared<State>,
    Path(txn): Path<u64>,
    body: Body,
) -> Answer<LoadAnswer> {
    let data = body.into_data_stream();
    Ok(Json(receive::receive(&state, TxnId(txn), data).await?))
}

pub(super) async fn scan(
    Shared(state): Shared<State>,
    request: Asked<ScanRequest>,
) -> Result<Response, Error> {
    let rows = scanning::scan(&state, body(request)?).await?;
    let kind = (CONTENT_TYPE, "application/vnd.apache.arrow.stream");
    let body = match rows.rest {
        None => Body::from(rows.first),
        Some(rest) => Body::from_stream(stream::iter([Ok(rows.first)]).chain(rest)),
    };
    Ok(([kind], body).into_response())
}

/// The host that the caller reached this backend by, without a port.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    let named = headers.get(HOST)?.to_str().ok()?;
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let host = match named.rsplit_once(':') {
        Some((host, after)) if port(after) => host,
        _ => named,
    };
    Some(host.trim_start_matches('[').trim_end_matches(']'))
}

pub(super) fn body<T>(request: Asked<T>) -> Result<T, Error> {
    match request {
        Ok(Json(body)) => Ok(body),
        Err(e) => Err(Error::Request(format!(
            "the body can't be read: {}",
            e.body_text()
        ))),
    }
}

fn dropped(tablet: TabletId) -> TabletReport {
    TabletReport {
        tablet,
        replica: Default::default(),
        epoch: 0,
        version: crate::ids::NO_VERSION,
        max_version: crate::ids::NO_VERSION,
        bad: false,
        why: None,
        data_size: 0,
        row_count: 0,
        version_count: 0,
        path_hash: -1,
        dropped: true,
    }
}
