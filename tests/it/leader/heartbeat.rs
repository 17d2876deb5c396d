//! Heartbeats come in their interval, which is live; reports ask for what is new.

use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;
use quorate::backend::client::Client;
use quorate::catalog::backend::Backend;
use quorate::clock::SystemClock;
use quorate::config::Config;
use quorate::ids::BackendId;
use quorate::leader::event::Event;
use quorate::leader::heartbeat::{Wanted, Watch};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{Fake, until};

struct Watching {
    wanted: watch::Sender<Wanted>,
    events: mpsc::Receiver<Event>,
    _stop: DropGuard,
}

fn wanted(port: Option<u16>, heartbeat_interval_second: u64) -> Wanted {
    let backends: OrdMap<_, _> = port
        .map(|port| Backend {
            id: BackendId(7),
            host: "127.0.0.1".to_owned(),
            port,
            decommissioned: false,
            node: None,
        })
        .into_iter()
        .map(|b| (b.id, Arc::new(b)))
        .collect();
    let config = Arc::new(Config {
        heartbeat_interval_second,
        heartbeat_timeout_second: 1,
        ..Config::default()
    });
    Wanted { config, backends }
}

fn watching(first: Wanted) -> Watching {
    let (wanted, seen) = watch::channel(first);
    let (happened, events) = mpsc::channel(1000);
    let stop = CancellationToken::new();
    let watch = Watch {
        client: Client::new("secret").unwrap(),
        wanted: seen,
        events: happened,
        cluster_id: 11,
        epoch: 3,
        frontend: "127.0.0.1:8030".to_owned(),
        clock: Arc::new(SystemClock::new()),
    };
    tokio::spawn(watch.run(stop.clone(), TaskTracker::new()));
    Watching {
        wanted,
        events,
        _stop: stop.drop_guard(),
    }
}

#[tokio::test]
async fn a_backend_is_asked_from_its_adding_to_its_dropping() {
    let fake = Fake::default();
    let port = fake.listen().await;
    let mut watching = watching(wanted(None, 3600));
    watching.wanted.send_replace(wanted(Some(port), 3600));
    until("a heartbeat", || fake.seen("heartbeat").len() == 1).await;
    let asked = fake.seen("heartbeat").remove(0);
    assert_eq!(
        (&asked["cluster_id"], &asked["epoch"]),
        (&11.into(), &3.into())
    );
    let event = watching.events.recv().await.unwrap();
    assert!(matches!(
        event,
        Event::Heartbeat {
            backend: BackendId(7),
            result: Ok(_)
        }
    ));

    // A shorter interval counts at once.
    watching.wanted.send_replace(wanted(Some(port), 1));
    until("a second heartbeat", || fake.seen("heartbeat").len() >= 2).await;

    watching.wanted.send_replace(wanted(None, 1));
    let before = fake.seen("heartbeat").len();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    // One may have been on its way.
    assert!(fake.seen("heartbeat").len() <= before + 1);
}

#[tokio::test]
async fn reports_ask_for_all_after_a_start_and_then_for_what_changed() {
    let fake = Fake::default();
    let port = fake.listen().await;
    fake.set(|s| s.seq = 5);
    let _watching = watching(wanted(Some(port), 1));
    let since = || -> Vec<u64> {
        let reports = fake.seen("report");
        reports
            .iter()
            .map(|r| r["since"].as_u64().unwrap())
            .collect()
    };
    until("a full report", || since() == [0]).await;
    fake.set(|s| s.seq = 6);
    until("what changed", || since() == [0, 5]).await;
    let beats = fake.seen("heartbeat").len();
    until("heartbeats that tell nothing new", || {
        fake.seen("heartbeat").len() > beats + 1
    })
    .await;
    assert_eq!(since(), [0, 5]);
    fake.set(|s| s.started = 99);
    until("a full report of the new process", || since() == [0, 5, 0]).await;
}

#[tokio::test]
async fn a_report_without_an_answer_does_not_hold_up_heartbeats() {
    let fake = Fake::default();
    let port = fake.listen().await;
    fake.set(|s| s.silent = Some("report"));
    let _watching = watching(wanted(Some(port), 1));
    until("a report is asked for", || fake.seen("report").len() == 1).await;
    until("heartbeats go on", || fake.seen("heartbeat").len() >= 3).await;
}

#[tokio::test]
async fn silence_is_told_after_the_time_limit() {
    let fake = Fake::default();
    let port = fake.listen().await;
    fake.set(|s| s.silent = Some("heartbeat"));
    let mut watching = watching(wanted(Some(port), 1));
    match watching.events.recv().await {
        Some(Event::Heartbeat {
            result: Err(cause), ..
        }) => {
            assert!(
                cause.contains(&port.to_string()) && cause.contains("1000 ms"),
                "{cause}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_backend_that_starts_late_is_heard_soon() {
    let fake = Fake::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut watching = watching(wanted(Some(port), 3600));
    let first = watching.events.recv().await;
    assert!(
        matches!(first, Some(Event::Heartbeat { result: Err(_), .. })),
        "{first:?}"
    );
    fake.listen_at(port).await;
    until("a heartbeat", || fake.seen("heartbeat").len() == 1).await;
}
