//! Clients that send nothing more, and clients that wait for them.

use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::backend::client::Client;
use crate::clock::{SystemClock, Timestamp};
use crate::door::Nobody;
use crate::ids::BackendId;
use crate::load::client::Told;
use crate::load::send::Patience;
use crate::load::testing::{Manner, backend, plan};
use crate::memory::Account;

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A backend that coordinates loads for a frontend that begins each.
async fn node(idle: Duration) -> String {
    let (good, _) = backend(Manner::Good).await;
    let plan = plan(&[good], 1);
    let begin = move || {
        let plan = plan.clone();
        async move { Json(Told::Done(plan)) }
    };
    let done = || async { Json(Told::Done(())) };
    let frontend = Router::new()
        .route("/api/internal/load/begin", post(begin))
        .route("/api/internal/load/abort", post(done))
        .route("/api/internal/login", post(done))
        .merge(door::hello_of("token"));
    let address = serve(frontend).await;
    let known = move || {
        Some(Known {
            address: address.clone(),
            process: Process {
                backend: BackendId(1),
                started: Timestamp::at(0),
            },
            heard: true,
        })
    };
    let node = StreamLoad {
        coordinator: Coordinator {
            client: Client::new("token").unwrap(),
            clock: Arc::new(SystemClock::new()),
            patience: Patience::default(),
        },
        frontend: Box::new(known),
        coordinating: Coordinating::default(),
        host: "127.0.0.1".to_owned(),
        spool_dir: std::env::temp_dir(),
        idle,
    };
    let guard = Guard::new("token", Nobody, Account::new(1 << 30), idle);
    serve(routes(node, &guard)).await
}

/// A load of which no more than the first bytes come.
async fn begun(address: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "PUT /api/d/t/_stream_load HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n";
    let text = format!("{head}{headers}\r\n1,a\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What the answer to it says.
async fn said(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let mut piece = [0; 4096];
    while !text.contains("\"Message\"") {
        let n = stream.read(&mut piece).await.unwrap();
        assert!(n > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&piece[..n]));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_nothing_more_gives_its_place_back() {
    let address = node(Duration::from_millis(300)).await;
    let mut silent = Vec::new();
    for _ in 0..2 * LOADS_MAX {
        silent.push(begun(&address, "timeout: 86400\r\n").await);
    }
    for stream in silent {
        let text = said(stream).await;
        assert!(text.contains("sent nothing for"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_turn_is_told_when_its_time_is_over() {
    let address = node(Duration::from_secs(600)).await;
    let mut running = Vec::new();
    for _ in 0..LOADS_MAX {
        running.push(begun(&address, "").await);
    }
    // They have their places once each has begun.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let text = said(begun(&address, "timeout: 1\r\n").await).await;
    assert!(text.contains("waited") && text.contains("turn"), "{text}");
}
