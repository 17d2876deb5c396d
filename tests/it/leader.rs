//! The leader's shell against backends that answer as they are told.

mod calls;
mod heartbeat;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// A backend whose state the test sets.
#[derive(Clone, Default)]
struct Fake {
    state: Arc<Mutex<FakeState>>,
}

#[derive(Default)]
struct FakeState {
    started: i64,
    seq: u64,
    /// Every call with its body, in the order in which they came.
    calls: Vec<(String, Value)>,
    /// Calls of this name are never answered.
    silent: Option<&'static str>,
}

impl Fake {
    /// Starts it and gives its port.
    async fn listen(&self) -> u16 {
        self.listen_at(0).await
    }

    async fn listen_at(&self, port: u16) -> u16 {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new()
            .route("/api/internal/{call}", post(answer))
            .with_state(self.clone())
            .merge(quorate::door::hello_of("secret"));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        port
    }

    fn set(&self, change: impl FnOnce(&mut FakeState)) {
        change(&mut self.state.lock());
    }

    /// The bodies of all calls of this name so far.
    fn seen(&self, call: &str) -> Vec<Value> {
        let state = self.state.lock();
        let of_name = state.calls.iter().filter(|(name, _)| name == call);
        of_name.map(|(_, body)| body.clone()).collect()
    }
}

async fn answer(
    State(fake): State<Fake>,
    Path(call): Path<String>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let (silent, started, seq) = {
        let mut state = fake.state.lock();
        state.calls.push((call.clone(), body.clone()));
        (state.silent, state.started, state.seq)
    };
    if silent == Some(call.as_str()) {
        std::future::pending::<()>().await;
    }
    Json(match call.as_str() {
        "heartbeat" => json!({"started": started, "version": "t", "paths": [], "cpu_cores": 1,
            "mem_bytes": 1, "running_queries": 0, "report_seq": seq}),
        "report" => json!({"seq": seq, "full": body["since"] == 0, "tablets": [], "pending": []}),
        _ => json!({"failed": []}),
    })
}

/// Waits until `done` holds.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let waited = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), waited)
        .await
        .is_err()
    {
        panic!("in vain: {what}");
    }
}
