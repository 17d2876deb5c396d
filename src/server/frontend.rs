//! A frontend: data directory, leader, engine, MySQL and HTTP listeners.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backend::client::Client;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::door::Guard;
use crate::frontend::engine::Engine;
use crate::frontend::guesses::Guesses;
use crate::frontend::sessions::Sessions;
use crate::http::auth::Accounts;
use crate::leader::handle::Handle;
use crate::leader::run::{Leader, Start};
use crate::listener::{self, Limits};
use crate::memory::Account;
use crate::mysql::Terms;
use crate::server::{Advertised, Error, StoreError, advertised};
use crate::store::identity::DataDir;
use crate::store::journal::Journal;
use crate::view::FrontendInfo;
use crate::{http, mysql};

/// How long open connections may take to end when the node stops.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// What a frontend is started with.
#[derive(Debug, Clone)]
pub struct FrontendOptions {
    /// Directory of journal, identity and token.
    pub data_dir: PathBuf,
    /// Address of the MySQL listener; port 0 takes a free one.
    pub mysql_addr: SocketAddr,
    /// Address of the HTTP listener; port 0 takes a free one.
    pub http_addr: SocketAddr,
    /// The address that is given to others, where it is not that of the HTTP listener.
    pub advertise: Option<Advertised>,
    /// Takes the cluster over though its backends know of a longer journal.
    pub take_over: bool,
    /// Settings of the config file.
    pub config: Config,
}

/// A frontend that serves.
pub struct Frontend {
    /// Where MySQL clients reach it.
    pub mysql: SocketAddr,
    /// Where loaders and nodes reach it.
    pub http: SocketAddr,
    /// The cluster token.
    pub token: String,
    /// What the process holds, as far as it is counted.
    pub memory: Account,
    leader: Leader,
    stop: CancellationToken,
    listeners: Vec<JoinHandle<()>>,
}

/// Starts a frontend. When this returns, clients can connect.
///
/// # Errors
/// The directory is in use, damaged or unreadable; an address is taken.
pub async fn frontend(options: FrontendOptions) -> Result<Frontend, Error> {
    let mysql_socket = bind(options.mysql_addr).await?;
    let http_socket = bind(options.http_addr).await?;
    let (mysql, http) = (address(&mysql_socket)?, address(&http_socket)?);
    let (host, http_port) = advertised::own(options.advertise.as_ref(), http)?;
    let limits = connections(&options.config);
    let body_idle = Duration::from_secs(options.config.http_body_idle_timeout_second.max(1));
    let clock = Arc::new(SystemClock::new());
    let (data, journal) = open(options.data_dir.clone(), options.take_over).await?;
    let token = data.token().to_owned();
    let client = Client::new(&token).map_err(|e| Error::System(e.to_string()))?;
    let info = info(&data, mysql.port(), (host, http_port));
    let start = Start {
        journal,
        epochs: Box::new(data),
        config: options.config,
        frontend: info,
        client: client.clone(),
        clock: clock.clone(),
    };
    let leader = Leader::start(start).await.map_err(Error::Leader)?;
    let sessions = Sessions::new(clock.clone());
    // The engine gives it its limit, by the settings in force: now, and at each statement.
    let memory = Account::new(u64::MAX);
    let engine = Engine::new(
        leader.handle(),
        client.clone(),
        sessions.clone(),
        clock,
        memory.clone(),
    );
    let engine = Arc::new(engine.map_err(|e| Error::System(e.to_string()))?);
    let stop = CancellationToken::new();
    let accounts = Accounts {
        leader: leader.handle(),
        guesses: Guesses::default(),
    };
    let terms = Terms {
        tls: None,
        memory: engine.session_memory(),
        guesses: accounts.guesses.clone(),
    };
    let guard = Guard::new(&token, accounts.clone(), memory.clone(), body_idle);
    let router = http::router(&accounts, client, sessions.clone(), &guard);
    let listeners = vec![
        tokio::spawn(mysql::serve(
            mysql_socket,
            engine,
            sessions,
            terms,
            stop.clone(),
        )),
        tokio::spawn(listener::serve(
            http_socket,
            router,
            limits,
            stop.clone().cancelled_owned(),
        )),
    ];
    Ok(Frontend {
        mysql,
        http,
        token,
        memory,
        leader,
        stop,
        listeners,
    })
}

impl Frontend {
    /// A way to the leader.
    pub fn handle(&self) -> Handle {
        self.leader.handle()
    }

    /// Stops: no new connections, those that are open end, the journal is closed in order.
    pub async fn stop(self) {
        self.stop.cancel();
        for listener in self.listeners {
            let abort = listener.abort_handle();
            if tokio::time::timeout(STOP_WAIT, listener).await.is_err() {
                abort.abort();
            }
        }
        self.leader.stop().await;
    }
}

/// What the frontend says of itself; HTTP is where it is advertised.
fn info(data: &DataDir, mysql_port: u16, (host, http_port): (String, u16)) -> FrontendInfo {
    let identity = data.identity();
    FrontendInfo {
        name: identity.name.clone(),
        host,
        mysql_port,
        http_port,
        cluster_id: identity.cluster_id,
        start: rand::random(),
        takeovers: identity.takeovers,
        ..FrontendInfo::default()
    }
}

/// Takes the data directory, and opens the journal in it.
async fn open(dir: PathBuf, take_over: bool) -> Result<(DataDir, impl Journal), Error> {
    let opened = tokio::task::spawn_blocking(move || {
        let (mut data, journal) = DataDir::open(&dir)?;
        if take_over {
            data.take_over()?;
        }
        Ok::<_, StoreError>((data, journal))
    });
    let opened = opened.await.map_err(|e| Error::System(e.to_string()))?;
    Ok(opened?)
}

/// What HTTP connections may cost, by the settings at the start.
fn connections(config: &Config) -> Limits {
    let count = |setting: u64| usize::try_from(setting).unwrap_or(usize::MAX);
    Limits {
        connections: count(config.http_connections_max),
        by_peer: count(config.http_connections_by_peer_max),
        head: Duration::from_secs(config.http_head_timeout_second),
    }
    .with_files(listener::open_files())
}

async fn bind(wanted: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(wanted)
        .await
        .map_err(|e| Error::Bind(wanted, e))
}

fn address(socket: &TcpListener) -> Result<SocketAddr, Error> {
    socket
        .local_addr()
        .map_err(|e| Error::System(e.to_string()))
}
