//! Where the frontend sends those who load, and where it does not.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn a_loader_is_sent_to_a_live_backend_or_told_why_not() {
    let mut all = view();
    let backend = listen(&mut all, 10001).await;
    let living = backend.place();
    let address = frontend(all, |_| Ok(Reply::Done)).await;
    let client = loader();
    let put = async |path: &str, user: &str| {
        let request = client.put(format!("http://{address}{path}"));
        let request = request
            .header("authorization", basic(user))
            .header("label", "l");
        request.body("1,a\n").send().await.unwrap()
    };
    let sent = put("/api/shop/t/_stream_load?x=%20y", "root:").await;
    assert_eq!(sent.status(), 307);
    let location = format!("http://{living}/api/shop/t/_stream_load?x=%20y");
    assert_eq!(sent.headers()["location"], location);
    for (path, user, status, why) in [
        (
            "/api/shop/t/_stream_load",
            "root:x",
            401,
            "Access denied for user 'root'",
        ),
        (
            "/api/none/t/_stream_load",
            "root:",
            404,
            "Unknown database 'none'",
        ),
        (
            "/api/shop/u/_stream_load",
            "root:",
            404,
            "Table 'shop.u' doesn't exist",
        ),
    ] {
        let refused = put(path, user).await;
        assert_eq!(refused.status(), status);
        let body: serde_json::Value = refused.json().await.unwrap();
        let expected = (Some("Fail"), Some("l"), Some(why));
        let found = (
            body["Status"].as_str(),
            body["Label"].as_str(),
            body["Message"].as_str(),
        );
        assert_eq!(found, expected);
    }
    let mut dead = view();
    dead.catalog.backend_states.clear();
    let address = frontend(dead, |_| Ok(Reply::Done)).await;
    let request = client.put(format!("http://{address}/api/shop/t/_stream_load"));
    let nobody = request
        .header("authorization", basic("root:"))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), 503);
}

/// A client that loads and follows no redirect.
fn loader() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.build().unwrap()
}

/// The status of the answer to a load of the sample table, and where it sends.
async fn sent(client: &reqwest::Client, address: &str) -> (u16, String) {
    let request = client.put(format!("http://{address}/api/shop/t/_stream_load"));
    let request = request.header("authorization", basic("root:"));
    let answer = request.send().await.unwrap();
    let location = answer.headers().get("location");
    let to = location.map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to.unwrap_or_default())
}

/// A backend that answers until it is dropped.
struct Living {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Living {
    fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A live backend with that id.
async fn listen(view: &mut View, id: u64) -> Living {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    join(view, id, port);
    // To each call on a connection of its own, so that nothing goes on after the end.
    let task = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            let _ = socket.read(&mut asked).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnull";
            socket.write_all(answer).await.unwrap();
        }
    });
    Living { port, task }
}

/// The cluster believes that a backend lives there.
fn join(view: &mut View, id: u64, port: u16) {
    let catalog = &mut view.catalog;
    let sample = catalog.backends.values().next().unwrap().as_ref().clone();
    let backend = crate::catalog::backend::Backend {
        id: BackendId(id),
        host: "127.0.0.1".into(),
        port,
        ..sample
    };
    catalog.backends.insert(backend.id, Arc::new(backend));
    let alive = catalog.backend_states[&BackendId(10001)].clone();
    catalog.backend_states.insert(BackendId(id), alive);
}

#[tokio::test]
async fn no_loader_is_sent_to_a_backend_that_died_before_its_heartbeats_tell() {
    let mut all = view();
    let mut listeners = Vec::new();
    for id in [10001, 10011, 10012] {
        listeners.push(listen(&mut all, id).await);
    }
    let places: Vec<_> = listeners.iter().map(Living::place).collect();
    let address = frontend(all, |_| Ok(Reply::Done)).await;
    let client = loader();
    let sent = async || sent(&client, &address).await;
    let url = |at: usize| format!("http://{}/api/shop/t/_stream_load", places[at]);
    let mut all = [sent().await.1, sent().await.1, sent().await.1];
    all.sort();
    let mut expected = [url(0), url(1), url(2)];
    expected.sort();
    assert_eq!(all, expected, "they take turns");
    listeners.remove(1);
    for _ in 0..6 {
        let (status, to) = sent().await;
        assert_eq!(status, 307);
        assert_ne!(to, url(1));
    }
    listeners.clear();
    assert_eq!(sent().await.0, 503);
}

/// One whose last heartbeat had no answer takes connections still, and may be about to die.
#[tokio::test]
async fn a_backend_in_doubt_coordinates_only_where_no_other_can() {
    let mut all = view();
    let sound = listen(&mut all, 10001).await;
    let doubted = listen(&mut all, 10011).await;
    let states = &mut all.catalog.backend_states;
    let mut state = states[&BackendId(10011)].as_ref().clone();
    state.missed = 1;
    states.insert(BackendId(10011), Arc::new(state));
    let places = [&sound, &doubted].map(Living::place);
    let address = frontend(all, |_| Ok(Reply::Done)).await;
    let client = loader();
    let sent = async || sent(&client, &address).await;
    let url = |at: usize| format!("http://{}/api/shop/t/_stream_load", places[at]);
    for _ in 0..4 {
        assert_eq!(sent().await, (307, url(0)));
    }
    drop(sound);
    assert_eq!(sent().await, (307, url(1)));
}

/// A stopped process takes connections still: its kernel does.
#[tokio::test]
async fn no_loader_is_sent_to_a_backend_that_hangs() {
    let mut all = view();
    let sound = listen(&mut all, 10001).await;
    let hung = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    join(&mut all, 10011, hung.local_addr().unwrap().port());
    let config = crate::config::Config {
        silent_backend_wait_ms: 300,
        ..Default::default()
    };
    all.config = Arc::new(config);
    let address = frontend(all, |_| Ok(Reply::Done)).await;
    let client = loader();
    let url = format!("http://{}/api/shop/t/_stream_load", sound.place());
    for _ in 0..4 {
        assert_eq!(sent(&client, &address).await, (307, url.clone()));
    }
}
