//! The binary: arguments, logging, one command.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use quorate::cli::args::{Cli, Command};
use quorate::cli::{client, serve};
use tracing_subscriber::EnvFilter;

/// Stack of a worker thread: parsing and planning go deep.
const WORKER_STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(WORKER_STACK_BYTES)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    // The first provider that is installed stays; there is only this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = runtime.block_on(async {
        match &cli.command {
            Command::Standalone(args) => serve::standalone(args).await.map_err(|e| fail(&e)),
            Command::Frontend(args) => serve::frontend(args).await.map_err(|e| fail(&e)),
            Command::Backend(args) => serve::backend(args).await.map_err(|e| fail(&e)),
            Command::Sql(args) => client::run(args).await.map_err(|e| fail(&e)),
        }
    });
    result.map_or_else(|code| code, |()| ExitCode::SUCCESS)
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("quorate: {error}");
    ExitCode::FAILURE
}
