//! Calls to a listener that answers as it is told.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::code::{Code, Coded};
use crate::door;
use crate::proof::{HELLO_PATH, PROOF_HEADER, Proofs};

/// Answers every connection with `answer` and closes it, or never when there is none. A hello is answered as a node of the cluster does.
async fn node(answer: Option<&'static str>) -> String {
    node_that_knows("secret", answer).await
}

async fn node_that_knows(token: &str, answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let proofs = Arc::new(Proofs::new(token));
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let proofs = proofs.clone();
            tokio::spawn(async move {
                let Some(asked) = request(&mut socket).await else {
                    return;
                };
                assert!(!asked.contains("secret"));
                if asked.contains(HELLO_PATH) {
                    let (_, body) = asked.split_once("\r\n\r\n").unwrap();
                    let hello = proofs.hello(&serde_json::from_str(body).unwrap());
                    let body = serde_json::to_string(&hello.unwrap()).unwrap();
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
                    let text = format!("{head} {}\r\n\r\n{body}", body.len());
                    return socket.write_all(text.as_bytes()).await.unwrap();
                }
                assert!(asked.contains(PROOF_HEADER));
                match answer {
                    // Whoever has read enough of it may be gone.
                    Some(answer) => drop(socket.write_all(answer.as_bytes()).await),
                    None => std::future::pending().await,
                }
            });
        }
    });
    address
}

/// A request with its body; `None` where a connection is closed without one.
async fn request(socket: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut piece = vec![0; 4096];
    loop {
        let n = socket.read(&mut piece).await.unwrap();
        if n == 0 {
            return None;
        }
        text.push_str(&String::from_utf8_lossy(&piece[..n]));
        let length = text.split("content-length: ").nth(1);
        let length = length.and_then(|after| after.split("\r\n").next());
        let length: usize = length.map_or(0, |digits| digits.parse().unwrap());
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length
        {
            return Some(text);
        }
    }
}

async fn ask(address: &str) -> Result<u32, Error> {
    let client = Client::new("secret").unwrap();
    let call = Call::new(address, "publish", Duration::from_secs(2));
    client.post_json(&call, &1).await
}

#[tokio::test]
async fn an_answer_is_read() {
    let address = node(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42")).await;
    assert_eq!(ask(&address).await, Ok(42));
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_node() {
    let answer = "HTTP/1.1 409 Conflict\r\ncontent-length: 23\r\n\r\n{\"error\":\"wrong epoch\"}";
    let address = node(Some(answer)).await;
    let error = ask(&address).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("node {address}: publish was refused (409): wrong epoch")
    );
    assert_eq!(error.code(), Code::BACKEND);
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let address = node(None).await;
    let error = ask(&address).await.unwrap_err();
    assert!(matches!(error, Error::Late { .. }), "{error}");
}

#[tokio::test]
async fn a_dead_node_is_named_with_the_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let text = ask(&address).await.unwrap_err().to_string();
    assert!(
        text.starts_with(&format!("node {address}: publish failed: ")),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error() {
    let address = node(Some("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")).await;
    let client = Client::new("secret").unwrap();
    let call = Call::new(&address, "scan", Duration::from_secs(5));
    let mut chunks = client.open_stream(&call, &1).await.unwrap();
    assert_eq!(chunks.next().await, Some(Ok(Bytes::from("abc"))));
    assert!(matches!(chunks.next().await, Some(Err(Error::Lost { .. }))));
}

/// A stopped process: its kernel makes connections and takes bytes, and nothing is answered.
async fn stopped() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap().to_string(), listener)
}

const REFUSAL: &str = "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_node_is_in_doubt_from_a_call_without_an_answer_to_its_next_answer() {
    let client = Client::new("secret").unwrap();
    let limit = Duration::from_secs(2);
    let (address, listener) = stopped().await;
    assert!(!client.doubts(&address));
    drop(listener);
    let call = Call::new(&address, "publish", limit);
    let lost: Result<u32, Error> = client.post_json(&call, &1).await;
    assert!(matches!(lost, Err(Error::Lost { .. })), "{lost:?}");
    assert!(client.clone().doubts(&address));

    let living = node(Some(REFUSAL)).await;
    client.outpaced(&living);
    assert!(!client.doubts.silent_within(&living, limit));
    assert!(client.doubts(&living));
    assert_eq!(client.doubted(), [address, living.clone()].into());
    let call = Call::new(&living, "publish", limit);
    let refused: Result<u32, Error> = client.post_json(&call, &1).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    assert!(!client.doubts(&living));

    let silent = node(None).await;
    let call = Call::new(&silent, "scan", limit);
    assert!(client.open_stream(&call, &1).await.is_err());
    assert!(client.doubts(&silent));
}

#[tokio::test]
async fn a_sign_of_life_is_an_answer_and_no_connection() {
    let client = Client::new("secret").unwrap();
    let limit = Duration::from_millis(300);
    let (address, _listener) = stopped().await;
    assert!(!client.answers(&address, limit).await);
    assert!(client.doubts(&address));
    let living = node(Some(REFUSAL)).await;
    client.outpaced(&living);
    assert!(client.answers(&living, Duration::from_secs(20)).await);
    assert!(!client.doubts(&living));
}

#[tokio::test]
async fn a_node_that_gives_no_sign_of_life_is_gone_and_one_that_is_slow_is_not() {
    let client = Client::new("secret").unwrap();
    let wait = Duration::from_secs(4);
    let within = async |span, address: &str| {
        let gone = client.gone(address, wait);
        tokio::time::timeout(span, gone).await.is_ok()
    };
    let slow = node(Some(REFUSAL)).await;
    assert!(!within(wait * 2, &slow).await);
    for listens in [true, false] {
        let (address, listener) = stopped().await;
        let _listener = listens.then_some(listener);
        assert!(!within(wait / 4, &address).await);
        assert!(within(wait * 3, &address).await);
        // It is not asked again and again.
        assert!(within(wait / 10, &address).await);
    }
}

#[tokio::test]
async fn a_stranger_is_told_nothing_but_a_hello() {
    let other = node_that_knows("other", Some("HTTP/1.1 200 OK\r\n\r\n")).await;
    let error = ask(&other).await.unwrap_err();
    assert!(
        matches!(&error, Error::Stranger { why, .. } if why.contains("token")),
        "{error}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let asked = request(&mut socket).await.unwrap();
            assert!(asked.contains(HELLO_PATH) && !asked.contains(PROOF_HEADER));
            let answer = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let error = ask(&address).await.unwrap_err().to_string();
    assert!(
        error.contains("no node of this cluster") && error.contains("404"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let client = Client::new("secret").unwrap();
    let told = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n1";
    let untold = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n111111111111111111111";
    for answer in [told, untold] {
        let address = node(Some(answer)).await;
        let call = Call {
            answer_max: 20,
            ..Call::new(&address, "report", Duration::from_secs(20))
        };
        let error = client.post_json::<_, u64>(&call, &1).await.unwrap_err();
        assert!(matches!(error, Error::Long { most: 20, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_node_that_was_started_again_is_greeted_again() {
    let client = Client::new("secret").unwrap();
    let call = |address: &str| {
        let (client, address) = (client.clone(), address.to_owned());
        async move {
            let call = Call::new(&address, "publish", Duration::from_secs(20));
            client.post_json::<_, u32>(&call, &1).await
        }
    };
    let serve = |listener: TcpListener| {
        let guard = door::Guard::new(
            "secret",
            door::Nobody,
            crate::memory::Account::new(1 << 20),
            Duration::from_secs(20),
        );
        let rule = door::Rule {
            needs: door::Needs::Node,
            takes: door::Takes::Bytes(100),
            changes: false,
            refused: door::refused_in_short,
        };
        let route = axum::routing::post(|| async { "7" });
        let router = door::Doors::new(&guard)
            .route("/api/internal/publish", rule, route)
            .with_state(())
            .merge(door::hello(&guard));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let limits = crate::listener::Limits::default();
        let serving = crate::listener::serve(listener, router, limits, stopped);
        (stop, tokio::spawn(serving))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, first) = serve(listener);
    assert_eq!(call(&address.to_string()).await, Ok(7));
    stop.cancel();
    first.await.unwrap();
    let again = loop {
        if let Ok(listener) = TcpListener::bind(address).await {
            break listener;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let _second = serve(again);
    assert_eq!(call(&address.to_string()).await, Ok(7));
}
