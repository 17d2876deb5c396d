//! Starts and stops a backend: listener, storage paths, background work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::backend::error::Error;
use crate::backend::login::AskFrontend;
use crate::backend::meta::{TIME_KEY, Table};
use crate::backend::options::{Options, Settings};
use crate::backend::path::Path;
use crate::backend::state::State;
use crate::backend::{clean, compact, routes, scrub, whereabouts};
use crate::clock::{self, Clock, Timestamp};
use crate::door::Guard;
use crate::listener;

/// How long calls that run may take after the stop was asked for.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// A backend that serves.
#[derive(Debug)]
pub struct Running {
    /// Where it listens; the port is the one taken when 0 was asked for.
    pub addr: SocketAddr,
    /// The backend itself.
    pub state: State,
    stop: watch::Sender<bool>,
    listener: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
}

/// Starts a backend. `more` adds paths of other parts to the listener.
///
/// # Errors
/// A storage path or the address can't be used.
pub async fn start(
    options: Options,
    more: impl FnOnce(State, &Guard) -> Router,
) -> Result<Running, Error> {
    let bind = |e: std::io::Error| Error::Bind {
        addr: options.http_addr.to_string(),
        cause: e.to_string(),
    };
    let socket = TcpListener::bind(options.http_addr).await.map_err(bind)?;
    let addr = socket.local_addr().map_err(bind)?;
    let opening = options.clone();
    let state = tokio::task::spawn_blocking(move || State::open(&opening))
        .await
        .map_err(|_| Error::Stopping)??;
    state.mark_paths().await?;
    // Before anybody hears when it started: the next process starts later.
    note_time(&state).await;
    let (stop, stopped) = watch::channel(false);
    let Settings {
        http, body_idle, ..
    } = options.settings;
    let users = AskFrontend(state.clone());
    let guard = Guard::new(&options.token, users, options.memory, body_idle);
    let router = routes::routes(state.clone(), &guard).merge(more(state.clone(), &guard));
    let limits = http.with_files(listener::open_files());
    let serving = tokio::spawn(async move {
        let ended = async move {
            let mut stopped = stopped;
            // The sender goes away only with the whole backend.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        listener::serve(socket, router, limits, ended).await;
    });
    let mut background = vec![
        tokio::spawn(clean_up(state.clone())),
        tokio::spawn(recover(state.clone())),
    ];
    for path in state.paths() {
        background.push(tokio::spawn(scrub::run(state.clone(), path.clone())));
    }
    for _ in 0..state.settings().compaction_threads {
        background.push(tokio::spawn(compact::run(state.clone())));
    }
    whereabouts::drop_surplus(&state, None).await;
    tracing::info!(%addr, paths = state.paths().len(), "the backend serves");
    Ok(Running {
        addr,
        state,
        stop,
        listener: serving,
        background,
    })
}

impl Running {
    /// Stops: no new calls, those that run get some time, what waits becomes durable, the storage paths are given up.
    pub async fn stop(self) {
        self.stop_within(STOP_WAIT).await;
    }

    /// The same, with this much time for calls that run.
    pub async fn stop_within(mut self, wait: Duration) {
        self.stop.send_replace(true);
        // Their callers would wait for the end of them.
        self.state.copying().running.give_up_all();
        if tokio::time::timeout(wait, &mut self.listener)
            .await
            .is_err()
        {
            tracing::warn!("calls that still ran were cut off");
            self.listener.abort();
        }
        for task in &self.background {
            task.abort();
        }
        let state = self.state;
        // A panic of a writer was logged by whoever met it.
        let _ = tokio::task::spawn_blocking(move || state.close()).await;
    }
}

/// Sweeps and empties the trash, again and again. The start has just done so.
async fn clean_up(state: State) {
    loop {
        tokio::time::sleep(state.settings().clean_interval).await;
        clean_once(&state).await;
    }
}

impl Clock for State {
    fn now(&self) -> Timestamp {
        State::now(self)
    }
}

/// Writes down on every path that works how far this backend's time is: the next process goes on from there.
async fn note_time(state: &State) {
    let now = state.now();
    for path in state.paths().iter().filter(|p| p.shared.online().is_ok()) {
        let noted = path.change(move |draft| {
            draft.put(Table::Info, TIME_KEY, &now);
            Ok(())
        });
        if let Err(error) = noted.await {
            let dir = path.options.dir.display();
            tracing::warn!(%dir, %error, "the time could not be noted, so the next process goes on from an earlier one");
        }
    }
}

/// Tries paths that are offline, and looks at the clock of the machine, again and again.
async fn recover(state: State) {
    let mut wall = clock::Watch::new(state.now());
    loop {
        tokio::time::sleep(state.settings().recover_interval).await;
        if let Some(jump) = wall.look(state.now()) {
            tracing::warn!("{jump}");
        }
        recover_once(&state).await;
    }
}

/// Looks at every path that works, and tries every one that went offline.
pub async fn recover_once(state: &State) {
    state.copying().holds.expire();
    let mut back = false;
    for path in state.paths() {
        if path.shared.online().is_ok() {
            let path = path.clone();
            // A panic was logged; the next look is soon.
            let _ = tokio::task::spawn_blocking(move || path.notice()).await;
            continue;
        }
        match path.recover().await {
            Ok(()) => back = true,
            Err(error) => {
                let dir = path.options.dir.display();
                tracing::debug!(%dir, %error, "a storage path stays offline");
            }
        }
    }
    if back {
        whereabouts::drop_surplus(state, None).await;
    }
}

/// One clean-up of every path that works.
pub async fn clean_once(state: &State) {
    state.copying().holds.expire();
    let ages = |path: &Arc<Path>| !path.shared.contents().trash.is_empty();
    if state.paths().iter().any(ages) {
        note_time(state).await;
    }
    for path in state.paths() {
        let dir = path.options.dir.display();
        if path.shared.online().is_err() {
            continue;
        }
        let now = state.now();
        if let Err(error) = clean::empty_trash(path, now, state.trash_expire()).await {
            tracing::warn!(%dir, %error, "the trash could not be emptied");
        }
        let shared = path.shared.clone();
        let swept = tokio::task::spawn_blocking(move || clean::sweep(&shared)).await;
        match swept {
            Ok(Ok(swept)) => state.metrics().swept(swept.files),
            Ok(Err(error)) => tracing::warn!(%dir, %error, "a clean-up failed"),
            Err(error) => tracing::warn!(%dir, %error, "a clean-up broke off"),
        }
    }
}
