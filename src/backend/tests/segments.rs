//! Lost, truncated and wrong files: which check finds them, what a repair marks, and what it keeps.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::routing::post;
use parking_lot::Mutex;

use crate::backend::Settings;
use crate::backend::api::{
    CheckSegments, HeartbeatAnswer, HeartbeatRequest, SegmentsAnswer, Spare, Spared,
};
use crate::backend::check;
use crate::backend::pace::Pace;
use crate::backend::scrub::scrub;
use crate::backend::tests::crash::{DIR, child, say};
use crate::backend::tests::node::{Node, files, quiet};
use crate::fault;
use crate::ids::{BackendId, ReplicaId, TabletId};

/// A backend with ten tablets of one file each.
async fn ten(dir: &std::path::Path, settings: Settings) -> Node {
    let node = Node::start(dir, settings).await;
    let ids: Vec<u64> = (1..=10).collect();
    node.create(&ids).await;
    for id in ids {
        node.put(100 + id, id, 2, 0..1000).await;
    }
    node
}

fn file(dir: &std::path::Path, tablet: u64) -> PathBuf {
    let of = |f: &PathBuf| f.parent().unwrap().ends_with(tablet.to_string());
    files(dir).into_iter().find(of).unwrap()
}

/// Tablet 3 loses its file, that of tablet 5 is cut, that of tablet 8 gets another byte.
fn damage(dir: &std::path::Path) {
    std::fs::remove_file(file(dir, 3)).unwrap();
    let cut = std::fs::File::options()
        .write(true)
        .open(file(dir, 5))
        .unwrap();
    cut.set_len(700).unwrap();
    let mut bytes = std::fs::read(file(dir, 8)).unwrap();
    bytes[50] ^= 4;
    std::fs::write(file(dir, 8), bytes).unwrap();
}

/// A frontend that can do without some tablets, and remembers what it was asked.
async fn frontend(node: &Node, spared: &[u64]) -> Arc<Mutex<Vec<Spare>>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, spared) = (asked.clone(), spared.to_vec());
    let answer = move |Json(request): Json<Spare>| async move {
        let tablets = request.tablets.iter().map(|(tablet, _)| *tablet);
        let tablets = tablets.filter(|t| spared.contains(&t.0)).collect();
        seen.lock().push(request);
        Json(Spared { tablets })
    };
    let router = axum::Router::new()
        .route("/api/internal/spare", post(answer))
        .merge(crate::door::hello_of("secret"));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, router).await });
    greet(node, &address.to_string()).await;
    asked
}

async fn greet(node: &Node, frontend: &str) {
    let hello = HeartbeatRequest {
        cluster_id: 1,
        backend: BackendId(5),
        frontend: frontend.to_owned(),
        epoch: 1,
        trash_expire_sec: 60,
        node: None,
    };
    let _: HeartbeatAnswer = node.call("heartbeat", &hello).await;
}

async fn check(node: &Node, repair: bool, checksum: bool) -> SegmentsAnswer {
    node.call("check_segments", &CheckSegments { repair, checksum })
        .await
}

fn ids(answer: &SegmentsAnswer) -> Vec<u64> {
    answer.bad.iter().map(|b| b.tablet.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_finds_lost_and_cut_files_and_the_checksum_finds_a_wrong_byte() {
    let dir = tempfile::tempdir().unwrap();
    let node = ten(dir.path(), quiet()).await;
    let answer = check(&node, false, true).await;
    assert_eq!((answer.checked, answer.bad.len()), (10, 0));
    damage(dir.path());
    let answer = check(&node, false, false).await;
    // A file as small as that of tablet 8 is compared as a whole with the footer.
    assert_eq!((answer.checked, ids(&answer)), (10, vec![3, 5, 8]));
    assert!(
        answer.bad[0].why.contains("there is no such file"),
        "{answer:?}"
    );
    assert!(answer.bad[1].why.contains("700 bytes"), "{answer:?}");
    let answer = check(&node, false, true).await;
    assert_eq!(ids(&answer), [3, 5, 8]);
    assert!(answer.bad[2].why.contains("CRC-32"), "{answer:?}");
    assert!(answer.bad.iter().all(|b| !b.set_bad && !b.kept));
    assert!(
        node.report(0).await.tablets.iter().all(|t| !t.bad),
        "nothing is done"
    );

    let asked = frontend(&node, &[3, 8]).await;
    let seq = node.running.state.log().seq();
    let answer = check(&node, true, true).await;
    assert_eq!(ids(&answer), [3, 5, 8]);
    let marked: Vec<_> = answer.bad.iter().map(|b| (b.set_bad, b.kept)).collect();
    assert_eq!(marked, [(true, false), (false, true), (true, false)]);
    assert!(answer.bad[1].why.contains("no other replica"), "{answer:?}");
    let changed = node.report(seq).await.tablets;
    let changed = changed.iter().filter(|t| t.bad).map(|t| t.tablet.0);
    assert_eq!(changed.collect::<Vec<_>>(), [3, 8]);
    // Of what is kept, people hear as well.
    let kept = node.reported(5).await.unwrap();
    assert!(kept.why.unwrap().contains("700 bytes") && !kept.bad);
    let request = asked.lock().pop().unwrap();
    assert_eq!(request.backend, BackendId(5));
    let held = |tablet: u64| (TabletId(tablet), ReplicaId(tablet + 1000));
    assert_eq!(request.tablets, [3, 5, 8].map(held));
    // What is marked is not asked for again.
    check(&node, true, false).await;
    assert_eq!(asked.lock().pop().unwrap().tablets, [held(5)]);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_as_its_document_says() {
    let dir = tempfile::tempdir().unwrap();
    let node = ten(dir.path(), quiet()).await;
    damage(dir.path());
    let url = |query: &str| format!("/api/check_tablet_segment_lost{query}");
    let document = |set_bad: &str| {
        format!(
            "{{\n    \"status\": \"Success\",\n    \"msg\": \"Succeed to check all tablet segment\",\n    \"num\": 3,\n    \
             \"bad_tablets\": [\n        3,\n        5,\n        8\n    ],\n    \"set_bad\": \"{set_bad}\",\n    \
             \"host\": \"127.0.0.1\"\n}}"
        )
    };
    for query in ["", "?repair=", "?repair=false", "?x=1&repair=false"] {
        let (status, text) = node.get(&url(query)).await;
        assert_eq!((status, text), (200, document("false")), "{query}");
    }
    for query in ["?repair=True", "?repair=1", "?repair=yes"] {
        let (status, text) = node.get(&url(query)).await;
        let expect = "{\n    \"status\": \"Fail\",\n    \"msg\": \"Parameter 'repair' must be set to 'true' or 'false'\"\n}";
        assert_eq!((status, text.as_str()), (200, expect), "{query}");
    }
    // Nobody can be asked: nothing is marked.
    for address in [None, Some("127.0.0.1:1")] {
        if let Some(address) = address {
            greet(&node, address).await;
        }
        let (status, text) = node.post(&url("?repair=true"), "").await;
        let text = String::from_utf8(text).unwrap();
        assert_eq!(status, 200);
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            answer["kept_tablets"],
            serde_json::json!([3, 5, 8]),
            "{text}"
        );
        assert_eq!(answer["set_bad"], "false");
        assert!(
            answer["msg"].as_str().unwrap().contains("frontend"),
            "{text}"
        );
        assert!(node.report(0).await.tablets.iter().all(|t| !t.bad));
    }
    frontend(&node, &[3]).await;
    let (_, text) = node.get(&url("?repair=true")).await;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["bad_tablets"], serde_json::json!([3, 5, 8]));
    assert_eq!(answer["kept_tablets"], serde_json::json!([5, 8]));
    assert_eq!(answer["set_bad"], "true");
    assert!(answer["msg"].as_str().unwrap().contains("2 of 3"), "{text}");
    assert!(
        files(dir.path())
            .iter()
            .any(|f| f.parent().unwrap().ends_with("5"))
    );
    frontend(&node, &[3, 5, 8]).await;
    let (_, text) = node.get(&url("?repair=true")).await;
    assert_eq!(text, document("true"));
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_ask_while_one_looks_share_the_next_look() {
    let dir = tempfile::tempdir().unwrap();
    let node = ten(dir.path(), quiet()).await;
    damage(dir.path());
    let state = &node.running.state;
    let request = CheckSegments {
        repair: false,
        checksum: false,
    };
    let (go_on, told) = tokio::sync::oneshot::channel::<()>();
    let other = state.checks().take((true, true), async {
        told.await.unwrap();
        SegmentsAnswer::default()
    });
    let all = futures::future::join_all((0..20).map(|_| check::check(state, request)));
    let release = async { go_on.send(()).unwrap() };
    let (_, answers, ()) = tokio::join!(other, all, release);
    for answer in answers {
        assert_eq!(ids(&answer), [3, 5, 8]);
    }
    assert_eq!(state.checks().begun(), 2);
    node.running.stop().await;
}

#[test]
fn a_scrub_gives_up_what_the_disk_does_not_read_unless_nobody_else_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let done = child("segments::script_of_an_unreadable_disk", dir.path(), "");
    assert!(done && dir.path().join("said").exists());
}

/// Does nothing unless the parent test started it: fault points are of the whole process.
#[test]
fn script_of_an_unreadable_disk() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(unreadable_disk(std::path::Path::new(&dir)));
}

async fn unreadable_disk(dir: &std::path::Path) {
    const READ: &str = "backend::before_verify_read";
    let node = ten(&dir.join("path"), quiet()).await;
    let state = &node.running.state;
    let path = state.paths()[0].clone();
    let bad = async || {
        let tablets = node.report(0).await.tablets;
        let bad = tablets.iter().filter(|t| t.bad).map(|t| t.tablet.0);
        bad.collect::<Vec<_>>()
    };
    // Nobody says that others have it: it stays, and is still read as far as that goes.
    fault::set(READ, "return").unwrap();
    assert_eq!(scrub(state, &path, &Pace::new(0)).await, 10);
    assert_eq!(bad().await, Vec::<u64>::new());
    let asked = frontend(&node, &[1, 4]).await;
    assert_eq!(scrub(state, &path, &Pace::new(0)).await, 10);
    assert_eq!(asked.lock().len(), 10);
    assert_eq!(bad().await, [1, 4]);
    // What is read at the second attempt is well.
    fault::set(READ, "1*return->off").unwrap();
    assert_eq!(scrub(state, &path, &Pace::new(0)).await, 0);
    fault::set(READ, "off").unwrap();
    assert_eq!(bad().await, [1, 4]);
    node.running.stop().await;
    say(dir, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrub_finds_within_its_interval_what_nobody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        scrub_interval: Duration::from_millis(200),
        ..quiet()
    };
    let node = ten(dir.path(), settings).await;
    let before = files(dir.path());
    let seq = node.report(0).await.seq;
    damage(dir.path());
    let mut bad = Vec::new();
    for _ in 0..100 {
        let changed = node.report(seq).await.tablets;
        bad = changed
            .iter()
            .filter(|t| t.bad)
            .map(|t| t.tablet.0)
            .collect();
        if bad.len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(bad, [3, 5, 8]);
    assert_eq!(
        files(dir.path()).len(),
        before.len() - 1,
        "nothing is deleted"
    );
    node.running.stop().await;
}
