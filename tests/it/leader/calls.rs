//! Calls to one backend do not wait for another one, and each ends exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate::backend::api::{Abort, Publish};
use quorate::backend::client::Client;
use quorate::ids::{BackendId, TxnId};
use quorate::leader::action::{BackendRequest, CallId};
use quorate::leader::event::Event;
use quorate::leader::run::calls::{Calls, Wanted};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Fake;

fn wanted(call: u64, backend: u64, port: u16, timeout: Duration) -> Wanted {
    Wanted {
        call: CallId(call),
        backend: BackendId(backend),
        address: format!("127.0.0.1:{port}"),
        timeout,
        silent_wait: Duration::from_secs(1),
        request: BackendRequest::Abort(Abort { txn: TxnId(call) }),
    }
}

#[tokio::test]
async fn a_silent_backend_holds_up_itself_only() {
    let (silent, prompt) = (Fake::default(), Fake::default());
    silent.set(|s| s.silent = Some("abort"));
    let (slow, fast) = (silent.listen().await, prompt.listen().await);
    let (happened, mut events) = mpsc::channel(1000);
    let client = Client::new("secret").unwrap();
    let mut calls = Calls::new(
        client,
        happened,
        CancellationToken::new(),
        TaskTracker::new(),
    );
    for call in 0..100 {
        calls.start(wanted(call, 1, slow, Duration::from_secs(2)));
    }
    for call in 100..200 {
        calls.start(wanted(call, 2, fast, Duration::from_secs(2)));
    }
    let mut ended = BTreeMap::new();
    while ended.len() < 200 {
        let event = tokio::time::timeout(Duration::from_secs(20), events.recv());
        let Some(Event::Answer { call, result }) = event.await.unwrap() else {
            panic!("no answer");
        };
        assert!(
            ended.insert(call.0, result).is_none(),
            "{call:?} ended twice"
        );
        // All of the prompt one's answers come before the first of the silent one's.
        if ended.len() == 100 {
            assert!(ended.keys().all(|call| *call >= 100));
            let at_once = silent.seen("abort").len();
            assert!(at_once <= 16, "{at_once} calls at once");
        }
    }
    let right = |(call, result): (&u64, &Result<_, _>)| (*call >= 100) == result.is_ok();
    assert!(ended.iter().all(right));
}

#[tokio::test]
async fn a_publish_to_a_backend_that_hangs_ends_long_before_its_time() {
    let hung = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (happened, mut events) = mpsc::channel(10);
    let client = Client::new("secret").unwrap();
    let stop = CancellationToken::new();
    let mut calls = Calls::new(client.clone(), happened, stop, TaskTracker::new());
    let timeout = Duration::from_secs(60);
    let wanted = Wanted {
        silent_wait: Duration::from_millis(300),
        request: BackendRequest::Publish(Publish {
            txn: TxnId(1),
            tablets: Vec::new(),
        }),
        ..wanted(1, 1, hung.local_addr().unwrap().port(), timeout)
    };
    let address = wanted.address.clone();
    calls.start(wanted);
    let event = tokio::time::timeout(timeout / 2, events.recv());
    let Some(Event::Answer { result, .. }) = event.await.unwrap() else {
        panic!("no answer");
    };
    let why = result.unwrap_err();
    assert!(why.contains("gave no sign of life for 300 ms"), "{why}");
    assert!(client.doubts(&address));
}
