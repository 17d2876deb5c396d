//! Calls to a listener that answers as it is told.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::code::{Code, Coded};

/// Answers every connection with `answer` and closes it, or never when there is none.
async fn node(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut asked = vec![0; 4096];
                let n = socket.read(&mut asked).await.unwrap();
                if n == 0 {
                    return;
                }
                assert!(String::from_utf8_lossy(&asked[..n]).contains("x-quorate-token: secret"));
                match answer {
                    Some(answer) => socket.write_all(answer.as_bytes()).await.unwrap(),
                    None => std::future::pending().await,
                }
            });
        }
    });
    address
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
