//! A frontend and several backends in one process, on real directories: the embedded default.
//!
//! The nodes speak HTTP on loopback like any others. The catalog knows a backend by its port, so each remembers its port
//! in its directory.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::backend::{Settings, StoragePath};
use crate::catalog::table::Medium;
use crate::leader::handle::Handle;
use crate::leader::request::Request;
use crate::server::{Backend, BackendOptions, Error, Frontend, FrontendOptions, backend, frontend};

/// Where the search for free ports of backends begins.
const FIRST_PORT: u16 = 40_001;
/// How long the backends may take to be heard of.
const ALIVE_WAIT: Duration = Duration::from_secs(60);

/// A whole cluster in this process.
pub struct Standalone {
    /// The frontend.
    pub frontend: Frontend,
    /// The backends, in order.
    pub backends: Vec<Backend>,
}

/// Starts a cluster with `count` backends below the data directory. When this returns, all of them are alive.
///
/// # Errors
/// As [`frontend`] and [`backend`]; a remembered port that somebody else has taken meanwhile.
pub async fn standalone(options: FrontendOptions, count: u16) -> Result<Standalone, Error> {
    let dir = options.data_dir.clone();
    let any_port = options.mysql_addr.port() == 0;
    let frontend = frontend(options).await?;
    let mut backends = Vec::new();
    for number in 1..=count {
        let home = dir.join(format!("backend-{number}"));
        let port = port(&home, number, any_port)?;
        let path = StoragePath {
            dir: home.clone(),
            medium: Medium::Hdd,
            capacity: None,
        };
        let node = backend(BackendOptions {
            paths: vec![path],
            http_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            advertise: None,
            token: frontend.token.clone(),
            memory: frontend.memory.clone(),
            settings: Settings::default(),
        })
        .await?;
        remember(&home, node.address.port())?;
        backends.push(node);
    }
    join(&frontend.handle(), &backends).await?;
    Ok(Standalone { frontend, backends })
}

impl Standalone {
    /// Stops the frontend, then the backends.
    pub async fn stop(self) {
        self.frontend.stop().await;
        for node in self.backends {
            node.stop().await;
        }
    }
}

/// Tells the leader of backends that it does not know, and waits until all are alive.
async fn join(handle: &Handle, backends: &[Backend]) -> Result<(), Error> {
    let known: Vec<String> = handle
        .view()
        .catalog
        .backends
        .values()
        .map(|b| b.address())
        .collect();
    let new: Vec<(String, u16)> = backends
        .iter()
        .filter(|b| !known.contains(&b.address.to_string()))
        .map(|b| (b.address.ip().to_string(), b.address.port()))
        .collect();
    if !new.is_empty() {
        handle
            .request(Request::AddBackends(new))
            .await
            .map_err(Error::Leader)?;
    }
    let started = Instant::now();
    let mut views = handle.views();
    loop {
        let view = views.borrow_and_update().clone();
        let alive = view
            .catalog
            .backends
            .values()
            .filter(|b| view.catalog.alive(b.id))
            .count();
        if alive >= backends.len() {
            return Ok(());
        }
        let left = ALIVE_WAIT.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, views.changed()).await {
            Ok(Ok(())) => {}
            _ => return Err(Error::NotAlive(ALIVE_WAIT.as_secs())),
        }
    }
}

/// The port that the backend had before, or a free one. Where the frontend has a fixed port, ports are counted up from
/// [`FIRST_PORT`]; else any will do.
fn port(home: &Path, number: u16, any: bool) -> Result<u16, Error> {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let remembered = fs::read_to_string(home.join("port"))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match remembered {
        Some(port) if free(port) => Ok(port),
        Some(port) => Err(Error::PortTaken(port, number)),
        None if any => Ok(0),
        None => Ok((FIRST_PORT..u16::MAX).find(|port| free(*port)).unwrap_or(0)),
    }
}

fn remember(home: &Path, port: u16) -> Result<(), Error> {
    fs::write(home.join("port"), format!("{port}\n"))
        .map_err(|e| Error::System(format!("{}: {e}", home.display())))
}
