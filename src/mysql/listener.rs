//! Accepts connections, each in a task of its own, and counts them.
//!
//! Those that have not logged in have places of their own, which nobody keeps for long: see [`Crowd`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::frontend::guesses::Guesses;
use crate::frontend::service::Service;
use crate::frontend::sessions::{Error, Sessions};
use crate::listener::{Crowd, Places, files_allowed};
use crate::memory::Account;
use crate::mysql::gate::{self, House, Visitor};
use crate::mysql::packets;
use crate::mysql::transport::Transport;

/// Connections at once that have said nothing yet, and as many that prove their passwords: enough that whoever needs only a moment is
/// done before so many others have come.
const WAITING: usize = 1024;
/// Of the files that a process may open, the part that either of the two may take.
const PART_OF_FILES: u64 = 16;
/// How long a connection may take to end when the frontend stops.
const STOP: Duration = Duration::from_secs(10);
/// A silent connection is asked for a sign of life after this time.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What the listener shares with the rest of the frontend.
pub struct Terms {
    /// The certificate, where TLS is offered.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// What all sessions hold.
    pub memory: Account,
    /// Wrong passwords, whichever listener they came to.
    pub guesses: Guesses,
}

/// Serves the MySQL protocol on `listener` until `stop` is cancelled and every connection has ended.
///
/// A panic in a connection ends that connection only. Statements that run at the stop are cancelled.
pub async fn serve(
    listener: TcpListener,
    service: Arc<dyn Service>,
    sessions: Sessions,
    terms: Terms,
    stop: CancellationToken,
) {
    let house = Arc::new(House {
        service,
        sessions,
        terms,
        silent: Arc::new(Crowd::new(waiting(files_allowed()))),
        proving: Arc::new(Crowd::new(waiting(files_allowed()))),
    });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(ended) = connections.join_next() => {
                note(ended);
                continue;
            }
        };
        match accepted {
            Ok((socket, peer)) => {
                let work = admit(house.clone(), socket, peer, stop.clone());
                connections.spawn(work);
            }
            Err(error) => {
                // Out of file descriptors, mostly: connections that end will free some.
                tracing::warn!(%error, "can't accept a connection");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let ended = timeout(STOP, async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    });
    if ended.await.is_err() {
        tracing::warn!(left = connections.len(), "connections did not end in time");
    }
}

/// Places for those that wait, in a process that may open so many files.
fn waiting(files: u64) -> Places {
    let most = usize::try_from(files / PART_OF_FILES).unwrap_or(usize::MAX);
    let all = most.clamp(16, WAITING);
    Places {
        all,
        strangers: all,
        by_peer: all / 2,
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection ended by a panic");
    }
}

async fn admit(house: Arc<House>, socket: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    if let Err(error) = prepare(&socket) {
        tracing::debug!(%error, %peer, "can't set up a connection");
        return;
    }
    // One more than the limit gets as far as the log-in: it may be root.
    // Half of the files are left to HTTP and data.
    let files = files_allowed() / 2;
    let limit = house.service.config().max_connections.min(files);
    let limit = limit.saturating_add(1);
    let full = house.sessions.logged_in() >= limit;
    let (Some(standing), false) = (house.silent.enter(peer.ip()), full) else {
        refuse(socket).await;
        return;
    };
    let visitor = Visitor {
        transport: Transport::Plain(socket),
        host: peer.ip().to_canonical().to_string(),
        connection: Arc::new(house.sessions.open(peer.to_string(), &stop)),
        standing,
    };
    gate::serve(house, visitor).await;
}

fn prepare(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 4);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

/// Says "too many connections" in the place of a greeting.
async fn refuse(mut socket: TcpStream) {
    let error = packets::err(&Error::Full.into());
    let [length, ..] = error.len().to_le_bytes();
    let packet = [&[length, 0, 0, 0], error.as_slice()].concat();
    let _ = timeout(Duration::from_secs(1), async {
        socket.write_all(&packet).await?;
        socket.shutdown().await
    })
    .await;
}
