//! Stream load on a backend: `PUT /api/{db}/{table}/_stream_load` coordinates a load, `GET /api/_load_error_log?file=..` shows
//! rows that did not fit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, HOST, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::backend;
use crate::backend::api::Process;
use crate::backend::client::Call;
use crate::backend::login::Login;
use crate::door::{self, Doors, Guard};
use crate::http::coordinating::Coordinating;
use crate::http::{redirect, rules, two_phase};
use crate::listener::Standing;
use crate::load::answer::Answer;
use crate::load::client::{Begin, Committed, Remote, Told};
use crate::load::coordinator::{Coordinator, Load, Progress, Tolerance};
use crate::load::error::Error;
use crate::load::feed::{FeedWriter, feed};
use crate::load::headers::given::Given;
use crate::load::insert::fresh_label;
use crate::load::options::{self, Options};
use crate::load::report::Reports;
use crate::load::source;

mod misfits;

use self::misfits::error_log;

/// Pieces of a body that wait for the reader.
const QUEUE: usize = 4;

/// Loads that one backend coordinates at once; each takes some hundred megabytes at most. More wait their turn.
const LOADS_MAX: usize = 8;

/// How long a load waits for its turn, where it does not say how long it may take: as the frontend's setting
/// `stream_load_default_timeout_second` is by default.
const TURN_WAIT: Duration = Duration::from_secs(600);
/// How long a load waits for the first word of a frontend: some heartbeats.
const FRONTEND_WAIT: Duration = Duration::from_secs(15);
/// How long one that was known before may take to accept a connection.
const CONNECT_WAIT: Duration = Duration::from_millis(500);
/// How long the frontend may take to say whether it knows a user.
const LOGIN_WAIT: Duration = Duration::from_secs(30);
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
    /// How long a client may send nothing before its load is given up.
    pub idle: Duration,
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
pub fn routes(node: StreamLoad, guard: &Guard) -> Router {
    let shared = Shared {
        node,
        reports: Reports::default(),
        room: Semaphore::new(LOADS_MAX),
    };
    let report = rules::ERROR_REPORT;
    let second = two_phase::PATHS
        .iter()
        .fold(Doors::new(guard), |doors, path| {
            doors.route(path, rules::SENT_ON, put(second_call))
        });
    second
        .route("/api/{db}/{table}/_stream_load", rules::LOAD, put(load))
        .route("/api/_load_error_log", report, get(error_log))
        .with_state(Arc::new(shared))
}

async fn load(
    State(shared): State<Arc<Shared>>,
    Path((db, table)): Path<(String, String)>,
    uri: Uri,
    standing: Option<Extension<Standing>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match shared.node.coordinating.begin() {
        Some(_running) => {
            let standing = standing.map(|Extension(standing)| standing);
            let answer = shared.answer((db, table), &headers, standing, body).await;
            Json(answer).into_response()
        }
        None => {
            door::drain(body, &headers);
            shared.elsewhere(&uri, &headers)
        }
    }
}

/// The second call of a load is the frontend's.
async fn second_call(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    shared.elsewhere(&uri, &headers)
}

struct Request {
    db: String,
    table: String,
    label: String,
    authorization: Option<String>,
    standing: Option<Standing>,
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
        standing: Option<Standing>,
        body: Body,
    ) -> Answer {
        let clock = &self.node.coordinator.clock;
        let start = clock.now();
        let progress = Arc::new(Progress::default());
        let header = |name: &str| {
            let value = headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let given = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        let given = Given::new(given);
        let held = options::hold(&given).is_ok_and(|hold| hold.is_some());
        let options = Options::read(&given);
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
                    standing,
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
        answer.error_url = self.error_url(&label, &progress, headers, now);
        let existing = match result {
            Err(Error::LabelExists { existing, .. }) => Some(existing),
            _ => None,
        };
        match held {
            true => answer.held(existing),
            false => answer,
        }
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

    /// Asks the frontend whether it knows the user, so that no stranger takes a place.
    async fn log_in(
        &self,
        address: &str,
        authorization: Option<&str>,
        standing: Option<&Standing>,
    ) -> Result<(), Error> {
        let call = Call {
            authorization,
            ..Call::new(address, "login", LOGIN_WAIT)
        };
        let asked = Login {
            or_root: false,
            peer: standing.map(Standing::peer),
        };
        let client = &self.node.coordinator.client;
        let told: Result<Told<()>, _> = client.post_json(&call, &asked).await;
        let told = told.map_err(|e| Error::Frontend {
            address: address.to_owned(),
            why: e.to_string(),
        })?;
        told.done().map_err(Error::Refused)?;
        if let Some(standing) = standing {
            standing.is_known(false);
        }
        Ok(())
    }

    /// A place among the loads that run at once. The time of a load has begun when it came.
    async fn turn(&self, timeout_ms: u64, arrived: Instant) -> Result<SemaphorePermit<'_>, Error> {
        let limit = match timeout_ms {
            0 => TURN_WAIT,
            ms => Duration::from_millis(ms),
        };
        let left = limit.saturating_sub(arrived.elapsed());
        match tokio::time::timeout(left, self.room.acquire()).await {
            Ok(turn) => turn.map_err(|e| Error::Internal(e.to_string())),
            Err(_) => Err(Error::NoTurn {
                running: LOADS_MAX,
                waited: arrived.elapsed(),
            }),
        }
    }

    async fn run(
        &self,
        request: Request,
        body: BodyDataStream,
        progress: Arc<Progress>,
    ) -> Result<Committed, Error> {
        let arrived = Instant::now();
        let (address, process) = self.frontend().await?;
        let (authorization, standing) =
            (request.authorization.as_deref(), request.standing.as_ref());
        self.log_in(&address, authorization, standing).await?;
        let _turn = self.turn(request.options.timeout_ms, arrived).await?;
        let timeout_ms = left(request.options.timeout_ms, arrived);
        let coordinator = &self.node.coordinator;
        let frontend = Remote {
            client: coordinator.client.clone(),
            address,
            authorization: request.authorization,
        };
        let begin = Begin {
            db: request.db,
            table: request.table,
            label: request.label,
            timeout_ms,
            coordinator: format!("BE: {}", self.node.host),
            process: Some(process),
            partitions: request.options.partitions.clone(),
        };
        let (writer, reader) = feed(QUEUE);
        let load = Load {
            begin,
            tolerance: Tolerance::Ratio(request.options.max_filter_ratio),
            hold: request.options.hold,
            open: source::open(reader, request.options, self.node.spool_dir.clone()),
            pump: Box::pin(pump(body, writer, progress.clone(), self.node.idle)),
        };
        coordinator.run(Arc::new(frontend), load, progress).await
    }
}

/// What is left of the time of a load that came at `arrived`; 0 leaves it to the frontend.
fn left(timeout_ms: u64, arrived: Instant) -> u64 {
    let passed = u64::try_from(arrived.elapsed().as_millis()).unwrap_or(u64::MAX);
    match timeout_ms {
        0 => 0,
        ms => ms.saturating_sub(passed).max(1),
    }
}

/// Reads the body as fast as the load takes it. A client that sends nothing for `idle` gives its place back.
async fn pump(
    mut body: BodyDataStream,
    writer: FeedWriter<Bytes>,
    progress: Arc<Progress>,
    idle: Duration,
) {
    loop {
        let Ok(next) = tokio::time::timeout(idle, body.next()).await else {
            return writer.fail(Error::Silent(idle)).await;
        };
        let Some(piece) = next else { break };
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

#[cfg(test)]
mod tests;
