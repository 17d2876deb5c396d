//! Storage paths: locks, damage, capacity, full disks, several at once.

use crate::backend::api::{HeartbeatAnswer, HeartbeatRequest};
use crate::backend::error::Error;
use crate::backend::run::start;
use crate::backend::tests::node::{Node, files, options, path, quiet, scan_all};
use crate::catalog::table::Medium;
use crate::ids::BackendId;

async fn refused(options: crate::backend::Options) -> Error {
    start(options, |_, _| axum::Router::new())
        .await
        .unwrap_err()
}

fn hello(cluster: u64, epoch: u64) -> HeartbeatRequest {
    HeartbeatRequest {
        cluster_id: cluster,
        backend: BackendId(5),
        frontend: "127.0.0.1:8030".to_owned(),
        epoch,
        trash_expire_sec: 60,
        node: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_has_one_process_and_is_free_after_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    let error = refused(options(vec![path(dir.path())], quiet())).await;
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    node.running.stop().await;
    Node::start(dir.path(), quiet()).await.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_can_not_be_used_is_refused_or_offline() {
    let good = tempfile::tempdir().unwrap();
    let bad = tempfile::tempdir().unwrap();
    let node = Node::start(bad.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..10).await;
    node.running.stop().await;
    std::fs::rename(bad.path().join("meta.redb"), bad.path().join("aside")).unwrap();
    let error = refused(options(vec![path(bad.path())], quiet())).await;
    assert!(
        error
            .to_string()
            .contains("its metadata (meta.redb) is gone"),
        "{error}"
    );
    std::fs::write(bad.path().join("meta.redb"), vec![7; 8192]).unwrap();
    let error = refused(options(vec![path(bad.path())], quiet())).await;
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let file = good.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = refused(options(vec![path(&file)], quiet())).await;
    assert!(error.to_string().contains("file"), "{error}");

    let both = vec![path(bad.path()), path(good.path())];
    let node = Node::start_with(options(both.clone(), quiet())).await;
    assert_eq!(node.create(&[2, 3]).await.failed, []);
    let answer: HeartbeatAnswer = node.call("heartbeat", &hello(1, 1)).await;
    let online: Vec<_> = answer.paths.iter().map(|p| (p.online, p.tablets)).collect();
    assert_eq!(online, [(false, 0), (true, 2)]);
    assert_eq!(
        files(bad.path()).len(),
        1,
        "nothing is deleted without metadata"
    );
    node.running.stop().await;
    std::fs::rename(bad.path().join("aside"), bad.path().join("meta.redb")).unwrap();
    let node = Node::start_with(options(both, quiet())).await;
    assert_eq!(node.ids(1, 2).await.len(), 10);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_cluster_and_an_older_leader_are_refused_even_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    assert_eq!(node.running.state.frontend(), None);
    let first: HeartbeatAnswer = node.call("heartbeat", &hello(7, 3)).await;
    assert_eq!(
        node.running.state.frontend().as_deref(),
        Some("127.0.0.1:8030")
    );
    node.running.stop().await;
    let node = Node::start(dir.path(), quiet()).await;
    for (cluster, epoch, expect) in [(8, 3, 409), (7, 2, 403), (7, 4, 200)] {
        let body = serde_json::to_vec(&hello(cluster, epoch)).unwrap();
        let (status, text) = node.post("/api/internal/heartbeat", body).await;
        assert_eq!(status, expect, "{}", String::from_utf8_lossy(&text));
    }
    let again: HeartbeatAnswer = node.call("heartbeat", &hello(7, 4)).await;
    assert_eq!(again.paths[0].hash, first.paths[0].hash);
    assert!(again.paths[0].total > 0 && again.paths[0].available > 0);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_is_a_limit_and_room_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut small = path(dir.path());
    small.capacity = Some(100_000);
    let node = Node::start_with(options(vec![small], quiet())).await;
    node.create(&[1]).await;
    let mut txn = 10;
    let why = loop {
        let answer = node.load(txn, 1, 0..1000).await;
        if let Some((_, why)) = answer.failed.first() {
            break why.clone();
        }
        txn += 1;
        assert!(txn < 30, "the limit was never met");
    };
    assert!(why.contains("is full"), "{why}");
    let state = node.running.state.paths()[0].state();
    assert!(state.data_used <= 100_000 && state.total == 100_000);
    let pending = node.report(0).await.pending;
    assert!(!pending.is_empty(), "the first load fits");
    for txn in &pending {
        node.abort(txn.0).await;
    }
    assert_eq!(files(dir.path()).len(), 0);
    assert_eq!(node.running.state.paths()[0].state().data_used, 0);
    node.put(100, 1, 2, 0..1000).await;
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tablets_go_to_their_medium_and_spread() {
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut paths: Vec<_> = dirs.iter().map(|d| path(d.path())).collect();
    paths[0].medium = Medium::Ssd;
    let node = Node::start_with(options(paths, quiet())).await;
    let ids: Vec<u64> = (1..=10).collect();
    assert_eq!(node.create(&ids).await.failed, []);
    assert_eq!(
        node.create(&ids).await.failed,
        [],
        "a repeated call changes nothing"
    );
    let counts: Vec<_> = node
        .running
        .state
        .paths()
        .iter()
        .map(|p| p.state().tablets)
        .collect();
    assert_eq!(counts, [0, 5, 5]);
    for id in ids {
        assert_eq!(node.scan(&scan_all(id, 1)).await, Ok(Vec::new()));
    }
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("path");
    let node = Node::start(&dir, quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..10).await;
    node.drop_tablet(1, 1001, 1).await;
    node.create(&[2]).await;
    node.load(11, 2, 0..10).await;
    node.running.stop().await;
    let mut left = vec![dir];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let found = std::fs::metadata(&path).unwrap();
        let wanted = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.permissions().mode() & 0o777, wanted, "{path:?}");
        if found.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
        seen += 1;
    }
    // The path, its data, two tablets with a file each, metadata and the lock.
    assert!(seen >= 8, "{seen}");
}
