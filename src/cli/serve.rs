//! Runs a node until it is told to stop: the ready line on standard output, logs on standard error, SIGTERM and SIGINT.

use std::fs;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use crate::backend::Settings;
use crate::cli::args;
use crate::config::{Config, file};
use crate::memory::{self, Account};
use crate::server::{self, BackendOptions, FrontendOptions};

/// Why a node could not start or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The config file can't be used.
    #[error(transparent)]
    Config(#[from] file::Error),
    /// The node can't start.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// There is no cluster token.
    #[error(
        "no cluster token: give --cluster-token-file (the frontend's DIR/cluster.token) or QUORATE_CLUSTER_TOKEN"
    )]
    NoToken,
    /// The token file can't be read.
    #[error("can't read the cluster token from {0}: {1}")]
    Token(String, std::io::Error),
    /// Signals can't be listened for.
    #[error("can't listen for signals: {0}")]
    Signal(std::io::Error),
}

/// `quorate standalone`.
pub async fn standalone(args: &args::Standalone) -> Result<(), Error> {
    let options = FrontendOptions {
        data_dir: args.data_dir.clone(),
        mysql_addr: args.mysql_addr,
        http_addr: args.http_addr,
        advertise: args.advertise_addr.clone(),
        take_over: args.take_over,
        config: config(args.config.as_deref())?,
    };
    let node = server::standalone(options, args.backends).await?;
    let backends: Vec<String> = node
        .backends
        .iter()
        .map(|b| b.address.to_string())
        .collect();
    ready(&format!(
        "mysql={} http={} backends={}",
        node.frontend.mysql,
        node.frontend.http,
        backends.join(",")
    ));
    stopped().await?;
    node.stop().await;
    Ok(())
}

/// `quorate frontend`.
pub async fn frontend(args: &args::Frontend) -> Result<(), Error> {
    let options = FrontendOptions {
        data_dir: args.data_dir.clone(),
        mysql_addr: args.mysql_addr,
        http_addr: args.http_addr,
        advertise: args.advertise_addr.clone(),
        take_over: args.take_over,
        config: config(args.config.as_deref())?,
    };
    let node = server::frontend(options).await?;
    ready(&format!("mysql={} http={}", node.mysql, node.http));
    stopped().await?;
    node.stop().await;
    Ok(())
}

/// `quorate backend`.
pub async fn backend(args: &args::Backend) -> Result<(), Error> {
    let token = match (&args.cluster_token, &args.cluster_token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(path)) => {
            fs::read_to_string(path).map_err(|e| Error::Token(path.display().to_string(), e))?
        }
        (None, None) => return Err(Error::NoToken),
    };
    let options = BackendOptions {
        paths: args.storage_path.clone(),
        http_addr: args.http_addr,
        advertise: args.advertise_addr.clone(),
        token: token.trim().to_owned(),
        memory: Account::new(memory::machine().map_or(u64::MAX, |bytes| bytes / 5 * 4)),
        settings: args
            .config
            .as_deref()
            .map_or_else(|| Ok(Settings::default()), server::settings)?,
    };
    let node = server::backend(options).await?;
    ready(&format!("http={}", node.address));
    stopped().await?;
    node.stop().await;
    Ok(())
}

fn config(path: Option<&Path>) -> Result<Config, file::Error> {
    path.map_or_else(|| Ok(Config::default()), file::load)
}

/// The one line on standard output: scripts wait for it.
fn ready(what: &str) {
    println!("ready {what}");
}

/// Waits for SIGTERM or SIGINT.
async fn stopped() -> Result<(), Error> {
    let mut term = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    let mut int = signal(SignalKind::interrupt()).map_err(Error::Signal)?;
    tokio::select! {
        _ = term.recv() => tracing::info!("SIGTERM: stopping"),
        _ = int.recv() => tracing::info!("SIGINT: stopping"),
    }
    Ok(())
}
