//! Connections that cost something, before a listener with narrow limits.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::door::{Doors, Guard, Needs, Nobody, Rule, Takes, refused_in_short};
use crate::memory::Account;

/// A listener with one route, and what ends it.
async fn listen(limits: Limits) -> (SocketAddr, CancellationToken) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let rule = Rule {
        needs: Needs::Nothing,
        takes: Takes::Nothing,
        changes: false,
        refused: refused_in_short,
    };
    let idle = Duration::from_secs(60);
    let guard = Guard::new("token", Nobody, Account::new(u64::MAX), idle);
    let router = Doors::new(&guard)
        .route("/", rule, get(|| async { "here" }))
        .with_state(());
    let stop = CancellationToken::new();
    tokio::spawn(serve(
        socket,
        router,
        limits,
        stop.clone().cancelled_owned(),
    ));
    (address, stop)
}

async fn asked(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// Ends when the node closes the connection.
async fn closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection() {
    let limits = Limits {
        head: Duration::from_millis(200),
        ..Limits::default()
    };
    let (address, _stop) = listen(limits).await;
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    closed(half).await;
    let silent = TcpStream::connect(address).await.unwrap();
    closed(silent).await;
    assert!(asked(address).await.ends_with("here"));
}

#[tokio::test]
async fn strangers_that_stay_do_not_keep_others_out() {
    let limits = Limits {
        connections: 16,
        by_peer: 6,
        ..Limits::default()
    };
    let (address, _stop) = listen(limits).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(TcpStream::connect(address).await.unwrap());
        assert!(asked(address).await.ends_with("here"));
    }
    // The first ones had to go.
    closed(idle.swap_remove(0)).await;
}

#[tokio::test]
async fn calls_that_run_end_before_the_listener_does() {
    let (address, stop) = listen(Limits::default()).await;
    let stream = TcpStream::connect(address).await.unwrap();
    assert!(asked(address).await.ends_with("here"));
    stop.cancel();
    closed(stream).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn strangers_leave_most_files_to_others() {
    for files in [64, 1024, 1 << 20] {
        let limits = Limits::default().with_files(files);
        assert!(limits.connections as u64 <= (files / PART_OF_FILES).max(8));
        assert!(limits.by_peer <= limits.connections / 2);
    }
}
