//! Stream load on a backend: `PUT /api/{db}/{table}/_stream_load` coordinates a load, `GET /api/_load_error_log?file=..` shows
//! rows that did not fit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, HOST, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::backend;
use crate::backend::api::Process;
use crate::http::coordinating::Coordinating;
use crate::http::redirect;
use crate::load::answer::Answer;
use crate::load::client::{Begin, Committed, Remote};
use crate::load::coordinator::{Coordinator, Load, Progress, Tolerance};
use crate::load::error::Error;
use crate::load::feed::{FeedWriter, feed};
use crate::load::insert::fresh_label;
use crate::load::options::Options;
use crate::load::report::Reports;
use crate::load::source;

/// Pieces of a body that wait for the reader.
const QUEUE: usize = 4;

/// Loads that one backend coordinates at once; each takes some hundred megabytes at most. More wait their turn.
const LOADS_MAX: usize = 8;

/// How long a load waits for the first word of a frontend: some heartbeats.
const FRONTEND_WAIT: Duration = Duration::from_secs(15);
/// How long one that was known before may take to accept a connection.
const CONNECT_WAIT: Duration = Duration::from_millis(500);
/// Between two looks for it.
const FRONTEND_LOOK: Duration = Duration::from_millis(50);

/// What a backend gives its coordinator.
pub struct StreamLoad {
    /// Runs the loads.
    pub coordinator: Coordinator,
    /// The frontend; `None` until one has been heard of.
    pub frontend: Box<dyn Fn() -> Option<Known> + Send + Sync>,
    /// The loads that run.
    pub coordinating: Coordinating,
    /// This backend's name, for SHOW PROC '/transactions'.
    pub host: String,
    /// Where Parquet bodies wait on disk.
    pub spool_dir: PathBuf,
}

/// The frontend as this backend knows it.
pub struct Known {
    /// `host:port` of its HTTP listener.
    pub address: String,
    /// What it knows this process by.
    pub process: Process,
    /// It has been heard since this process began; otherwise an earlier one heard it.
    pub heard: bool,
}

struct Shared {
    node: StreamLoad,
    reports: Reports,
    room: Semaphore,
}

/// The routes.
pub fn routes(node: StreamLoad) -> Router {
    let shared = Shared {
        node,
        reports: Reports::default(),
        room: Semaphore::new(LOADS_MAX),
    };
    Router::new()
        .route("/api/{db}/{table}/_stream_load", put(load))
        .route("/api/_load_error_log", get(error_log))
        .with_state(Arc::new(shared))
}

#[derive(Deserialize)]
struct Params {
    file: Option<String>,
}

async fn error_log(State(shared): State<Arc<Shared>>, Query(params): Query<Params>) -> Response {
    let now = shared.node.coordinator.clock.now();
    let name = params.file.unwrap_or_default();
    match shared.reports.get(&name, now) {
        Some(text) => text.into_response(),
        None => {
            let message = "no such error report; reports are kept for two days, on the backend that ran the load\n";
            (StatusCode::NOT_FOUND, message).into_response()
        }
    }
}

async fn load(
    State(shared): State<Arc<Shared>>,
    Path((db, table)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match shared.node.coordinating.begin() {
        Some(_running) => {
            let answer = shared.answer((db, table), &headers, body).await;
            Json(answer).into_response()
        }
        None => shared.elsewhere(&uri, &headers),
    }
}

struct Request {
    db: String,
    table: String,
    label: String,
    authorization: Option<String>,
    options: Options,
}

impl Shared {
    /// This backend stops: the frontend knows another one. The body has not been read, so it can be sent there.
    fn elsewhere(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        let known = (self.node.frontend)();
        let own = headers.get(HOST).and_then(|host| host.to_str().ok());
        let own = own.unwrap_or_default();
        let location = known.map(|known| redirect::back_to(&known.address, own, uri));
        match location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            Some(location) => {
                (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response()
            }
            None => {
                let label = headers.get("label").and_then(|v| v.to_str().ok());
                let why = backend::Error::Stopping;
                let answer = Answer::refused(label.unwrap_or_default(), why.to_string());
                (StatusCode::SERVICE_UNAVAILABLE, Json(answer)).into_response()
            }
        }
    }

    async fn answer(
        &self,
        (db, table): (String, String),
        headers: &HeaderMap,
        body: Body,
    ) -> Answer {
        let clock = &self.node.coordinator.clock;
        let start = clock.now();
        let progress = Arc::new(Progress::default());
        let header = |name: &str| {
            let value = headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let options = Options::read(header);
        let given = || header("label").unwrap_or_default();
        let label = match &options {
            Ok(options) => options.label.clone().unwrap_or_else(|| fresh_label("load")),
            Err(_) => given(),
        };
        let result = match options {
            Ok(options) => {
                let load = Request {
                    db,
                    table,
                    label: label.clone(),
                    authorization: header(AUTHORIZATION.as_str()),
                    options,
                };
                self.run(load, body.into_data_stream(), progress.clone())
                    .await
            }
            Err(error) => Err(error),
        };
        let now = clock.now();
        let mut answer = Answer::new(
            &label,
            &progress,
            result.as_ref().copied(),
            now.since_ms(start),
        );
        let misfits = progress.misfits.lock().clone();
        if misfits.count > 0 {
            let name = self.reports.add(&label, &misfits, now);
            let host = header(HOST.as_str()).unwrap_or_else(|| self.node.host.clone());
            answer.error_url = Some(format!("http://{host}/api/_load_error_log?file={name}"));
        }
        answer
    }

    /// Where the frontend is. A backend that was just started asks the one that it knew before; where that is gone, or there
    /// was none, the next heartbeat tells, and a load waits for it: the frontend sends loads to backends that it has not
    /// seen dying.
    async fn frontend(&self) -> Result<(String, Process), Error> {
        let began = Instant::now();
        loop {
            if let Some(known) = (self.node.frontend)() {
                let client = &self.node.coordinator.client;
                if known.heard || client.answers(&known.address, CONNECT_WAIT).await {
                    return Ok((known.address, known.process));
                }
            }
            if began.elapsed() >= FRONTEND_WAIT {
                return Err(Error::Frontend {
                    address: "unknown".to_owned(),
                    why: "this backend has not heard of its frontend yet; has ALTER SYSTEM ADD BACKEND named it?".to_owned(),
                });
            }
            tokio::time::sleep(FRONTEND_LOOK).await;
        }
    }

    async fn run(
        &self,
        request: Request,
        body: BodyDataStream,
        progress: Arc<Progress>,
    ) -> Result<Committed, Error> {
        let (address, process) = self.frontend().await?;
        let room = self.room.acquire().await;
        let _room = room.map_err(|e| Error::Internal(e.to_string()))?;
        let coordinator = &self.node.coordinator;
        let frontend = Remote {
            client: coordinator.client.clone(),
            address,
            authorization: request.authorization,
            clock: coordinator.clock.clone(),
        };
        let begin = Begin {
            db: request.db,
            table: request.table,
            label: request.label,
            timeout_ms: request.options.timeout_ms,
            coordinator: format!("BE: {}", self.node.host),
            process: Some(process),
            partitions: request.options.partitions.clone(),
        };
        let (writer, reader) = feed(QUEUE);
        let load = Load {
            begin,
            tolerance: Tolerance::Ratio(request.options.max_filter_ratio),
            open: source::open(reader, request.options, self.node.spool_dir.clone()),
            pump: Box::pin(pump(body, writer, progress.clone())),
        };
        coordinator.run(Arc::new(frontend), load, progress).await
    }
}

/// Reads the body as fast as the load takes it.
async fn pump(mut body: BodyDataStream, writer: FeedWriter<Bytes>, progress: Arc<Progress>) {
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => {
                progress
                    .bytes
                    .fetch_add(piece.len() as u64, Ordering::Relaxed);
                if writer.send(piece).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let why = format!("the client broke off: {error}");
                return writer.fail(Error::Input(why)).await;
            }
        }
    }
    writer.end().await;
}
