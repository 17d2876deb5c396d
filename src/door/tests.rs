//! Callers of every kind, before routes of every kind.

use axum::routing::{get, put};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Lets in who says `Authorization: yes`, and with `or_root` who says nothing.
struct Sayso;

impl Users for Sayso {
    fn check<'a>(&'a self, caller: Caller<'a>, or_root: bool) -> Checked<'a> {
        let said = caller.headers.get("authorization").map(|v| v.as_bytes());
        let good = said == Some(b"yes") || (or_root && said.is_none());
        Box::pin(async move {
            let why = Failure::new(Code::ACCESS_DENIED, "no");
            good.then_some(()).ok_or(why)
        })
    }
}

const OPEN: Rule = Rule {
    needs: Needs::Nothing,
    takes: Takes::Bytes(10),
    changes: false,
    refused: refused_in_short,
};

/// A listener with a route for each need, and a memory of 100 bytes.
async fn listen() -> String {
    let guard = Guard::new(
        "token",
        Sayso,
        Account::new(100),
        Duration::from_millis(300),
    );
    let rule = |needs| Rule { needs, ..OPEN };
    let length = |body: axum::body::Bytes| async move { body.len().to_string() };
    let large = Rule {
        takes: Takes::Bytes(1000),
        ..OPEN
    };
    let away = Rule {
        needs: Needs::User,
        takes: Takes::Nothing,
        ..OPEN
    };
    let always = Rule {
        changes: true,
        ..rule(Needs::UserOrRoot)
    };
    let router = Doors::new(&guard)
        .route("/open", OPEN, put(length))
        .route("/large", large, put(length))
        .route(
            "/away",
            away,
            put(|| async { StatusCode::TEMPORARY_REDIRECT }),
        )
        .route("/node", rule(Needs::Node), put(length))
        .route("/user", rule(Needs::User), put(length))
        .route("/root", rule(Needs::UserOrRoot), put(length).get(length))
        .route("/always", always, get(length))
        .route("/either", rule(Needs::NodeOrUser), put(length))
        .with_state(());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Status and text of an answer; sends what it is told, and reads until the node closes or has answered.
async fn said(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    answered(&mut stream).await
}

async fn answered(stream: &mut TcpStream) -> (u16, String) {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).await.unwrap_or(0);
        text.extend_from_slice(&piece[..n]);
        let whole = String::from_utf8_lossy(&text).into_owned();
        let body = whole
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned());
        let length = whole.split("content-length: ").nth(1);
        let length = length.and_then(|l| l.split("\r\n").next()?.parse().ok());
        match body {
            Some(body) if n == 0 || body.len() >= length.unwrap_or(0) => {
                let status = whole.split(' ').nth(1).unwrap().parse().unwrap();
                return (status, body);
            }
            _ => assert!(n > 0, "{whole}"),
        }
    }
}

async fn put_to(address: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head = format!("PUT {path} HTTP/1.1\r\nhost: h\r\n{headers}content-length: {length}");
    said(address, &format!("{head}\r\n\r\n{body}")).await
}

#[tokio::test]
async fn each_caller_gets_in_where_the_rule_says() {
    let address = listen().await;
    let (yes, no) = ("authorization: yes\r\n", "authorization: no\r\n");
    let wrong = "x-quorate-proof: 00.00.0.00\r\n";
    for (path, headers, status) in [
        ("/open", "", 200),
        ("/node", "", 403),
        ("/node", yes, 403),
        ("/node", wrong, 403),
        ("/user", "", 401),
        ("/user", no, 401),
        ("/user", yes, 200),
        ("/root", "", 200),
        ("/root", no, 401),
        ("/either", yes, 200),
        ("/either", no, 401),
        ("/either", wrong, 403),
    ] {
        let (told, body) = put_to(&address, path, headers, "12345").await;
        assert_eq!(told, status, "{path} {headers} {body}");
    }
}

#[tokio::test]
async fn strangers_are_refused_before_they_have_sent_their_body() {
    let address = listen().await;
    for path in ["/node", "/user", "/either"] {
        // All but the head never comes.
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: h\r\nauthorization: no\r\ncontent-length: 9\r\n\r\n"
        );
        let (status, _) = said(&address, &head).await;
        assert!(status == 401 || status == 403, "{path}: {status}");
    }
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_limit_and_as_long_as_it_grows_and_there_is_memory() {
    let address = listen().await;
    assert_eq!(put_to(&address, "/open", "", "0123456789").await.0, 200);
    let (status, text) = put_to(&address, "/open", "", "0123456789A").await;
    assert_eq!((status, text.contains("10 bytes")), (413, true), "{text}");
    let (status, text) = put_to(&address, "/large", "", &"x".repeat(101)).await;
    assert_eq!(
        (status, text.contains("process_mem_limit")),
        (503, true),
        "{text}"
    );
    assert_eq!(
        put_to(&address, "/large", "", &"x".repeat(100)).await.0,
        200
    );
    let half = "PUT /open HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n1234";
    assert_eq!(said(&address, half).await.0, 408);
    let chunked =
        "PUT /open HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(said(&address, chunked).await, (200, "3".to_owned()));
}

#[tokio::test]
async fn a_client_that_sends_a_body_nobody_takes_gets_to_the_answer() {
    let address = listen().await;
    for (headers, expected) in [("authorization: yes\r\n", 307), ("", 401)] {
        for chunked in [false, true] {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            let size = 9 << 20;
            let how = match chunked {
                true => "transfer-encoding: chunked\r\n\r\n".to_owned(),
                false => format!("content-length: {size}\r\n\r\n"),
            };
            let head = format!("PUT /away HTTP/1.1\r\nhost: h\r\n{headers}{how}");
            stream.write_all(head.as_bytes()).await.unwrap();
            let piece = vec![b'x'; 1 << 20];
            for _ in 0..9 {
                if chunked {
                    stream.write_all(b"100000\r\n").await.unwrap();
                }
                stream.write_all(&piece).await.unwrap();
                if chunked {
                    stream.write_all(b"\r\n").await.unwrap();
                }
            }
            if chunked {
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
            assert_eq!(answered(&mut stream).await.0, expected);
        }
    }
    let asks = "PUT /away HTTP/1.1\r\nhost: h\r\nauthorization: yes\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    // It is not told to go on.
    assert_eq!(said(&address, asks).await.0, 307);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let address = listen().await;
    for (headers, status) in [
        ("origin: http://h\r\n", 200),
        ("origin: http://evil\r\n", 403),
        ("origin: null\r\n", 403),
        ("sec-fetch-site: cross-site\r\n", 403),
        ("sec-fetch-site: same-origin\r\n", 200),
    ] {
        assert_eq!(
            put_to(&address, "/root", headers, "").await.0,
            status,
            "{headers}"
        );
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: h\r\n{headers}\r\n");
        assert_eq!(said(&address, &get("/root")).await.0, 200, "{headers}");
        assert_eq!(said(&address, &get("/always")).await.0, status, "{headers}");
    }
}
