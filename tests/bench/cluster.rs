//! A standalone cluster for benchmarks, in this process and on a temporary directory.

use std::path::Path;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use quorate::config::Config;
use quorate::server::{self, FrontendOptions, Standalone};

/// Starts a frontend and three backends on free ports.
pub async fn start(dir: &Path) -> Standalone {
    let any = "127.0.0.1:0".parse().expect("an address");
    let config = Config {
        tablet_create_timeout_second: 120,
        ..Config::default()
    };
    let options = FrontendOptions {
        data_dir: dir.join("data"),
        mysql_addr: any,
        http_addr: any,
        advertise: None,
        take_over: false,
        config,
    };
    server::standalone(options, 3).await.expect("a cluster")
}

/// A MySQL connection as root.
pub async fn connect(node: &Standalone) -> Conn {
    let address = node.frontend.mysql;
    let options = OptsBuilder::default()
        .ip_or_hostname(address.ip().to_string())
        .tcp_port(address.port())
        .user(Some("root"));
    Conn::new(options.prefer_socket(false))
        .await
        .expect("a connection")
}

/// Runs statements one by one; a failure ends the benchmark.
pub async fn execute(node: &Standalone, statements: &[&str]) {
    let mut conn = connect(node).await;
    for statement in statements {
        conn.query_drop(*statement)
            .await
            .unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
    let _ = conn.disconnect().await;
}
