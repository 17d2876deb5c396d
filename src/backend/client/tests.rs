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
    let call = Call::new(address, "publish", Duration::from_millis(300));
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
