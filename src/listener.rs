//! The loop that accepts HTTP connections, and what each may cost: how many there are, how long a head may take, and who has to go
//! when there are too many ([`Crowd`], which the MySQL listener asks as well).
//!
//! A connection is a stranger's until one of its calls has shown a log-in or the proof of a node. Strangers take a part of the room
//! only, and where that is full the oldest of the peer that has most goes: whoever has something to show needs a moment for it.

mod crowd;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

pub use self::crowd::{Crowd, Places, Standing};

/// A silent connection is asked for a sign of life after this time.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long a peer may take nothing of an answer: longer than anything that reads from here waits for its own reader.
const STUCK: Duration = Duration::from_secs(900);
/// Bytes of a request that are read ahead; a head may be as long.
const BUFFER_BYTES: usize = 128 << 10;
/// Between two attempts when nothing can be accepted.
const PAUSE: Duration = Duration::from_millis(100);
/// Files that any system allows.
const FILES_AT_LEAST: u64 = 1024;
/// The shortest time for a head that is taken from settings.
const HEAD_MIN: Duration = Duration::from_secs(30);
/// Of the files that a process may open, the part that one listener's connections may take.
const PART_OF_FILES: u64 = 6;

/// What connections may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. Strangers have half of them, users three quarters.
    pub connections: usize,
    /// Connections of one peer that have shown nothing yet.
    pub by_peer: usize,
    /// How long the head of a request may take, and how long a connection may be idle before it.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 4096,
            by_peer: 256,
            head: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// The same, for a process that may open so many files: strangers at every listener leave most of them to data files, peers
    /// and clients.
    pub fn with_files(mut self, files: u64) -> Limits {
        let most = usize::try_from(files / PART_OF_FILES).unwrap_or(usize::MAX);
        self.connections = self.connections.clamp(8, most.max(8));
        self.by_peer = self.by_peer.clamp(1, self.connections / 2);
        // Nodes keep connections for a while that they do not use.
        self.head = self.head.max(HEAD_MIN);
        self
    }
}

/// Files that this process may open, raised as far as the system lets it.
pub fn open_files() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files could not be raised");
        files_allowed()
    })
}

/// Files that this process may open now.
pub fn files_allowed() -> u64 {
    let allowed = rlimit::getrlimit(rlimit::Resource::NOFILE);
    allowed.map_or(FILES_AT_LEAST, |(soft, _)| soft)
}

/// Serves until `stop`; calls that run then end first.
pub async fn serve(
    socket: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let crowd = Arc::new(Crowd::new(Places {
        all: limits.connections,
        strangers: limits.connections / 2,
        by_peer: limits.by_peer,
    }));
    let stopping = CancellationToken::new();
    let connections = TaskTracker::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(standing) = crowd.enter(peer.ip()) else {
                    tracing::debug!(%peer, "a connection was refused: there are as many as may be");
                    continue;
                };
                let (router, stopping) = (router.clone(), stopping.clone());
                connections.spawn(connection(stream, router, limits.head, standing, stopping));
            }
            Err(error) => {
                // Out of files, mostly: connections that end will free some.
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(socket);
    stopping.cancel();
    connections.close();
    connections.wait().await;
}

/// Serves one connection to its end, or until it has to go.
async fn connection(
    stream: TcpStream,
    router: Router,
    head: Duration,
    standing: Standing,
    stopping: CancellationToken,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, "a connection could not be set up");
        return;
    }
    let known = standing.clone();
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(known.clone());
        let mut router = router.clone();
        async move { router.call(request.map(Body::new)).await }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(BUFFER_BYTES);
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), answer));
    let mut told = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended before its time");
                }
                return;
            }
            () = standing.shown_out() => return,
            () = stopping.cancelled(), if !told => {
                told = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A small answer is sent at once, and does not wait for the acknowledgement of an earlier one, which takes 40 ms. A peer that is
/// gone, or takes nothing, is noticed.
fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 4);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(STUCK))
}

#[cfg(test)]
mod tests;
