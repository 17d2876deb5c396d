//! Storage paths that are emptied or taken away under a running backend.

use std::path::Path;

use crate::backend::api::{HeartbeatAnswer, HeartbeatRequest};
use crate::backend::run::recover_once;
use crate::backend::tests::node::{Node, assert_same_rows, files, options, path, quiet, scan_all};
use crate::ids::{BackendId, ReplicaId, TabletId};

async fn heartbeat(node: &Node) -> HeartbeatAnswer {
    let hello = HeartbeatRequest {
        cluster_id: 1,
        backend: BackendId(5),
        frontend: "127.0.0.1:1".to_owned(),
        epoch: 1,
        trash_expire_sec: 60,
        node: None,
    };
    node.call("heartbeat", &hello).await
}

fn wipe(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap().path();
        if entry.is_dir() {
            std::fs::remove_dir_all(entry).unwrap();
        } else {
            std::fs::remove_file(entry).unwrap();
        }
    }
}

/// A backend of two paths with a tablet on each, and a source that has both.
async fn two(dirs: &[tempfile::TempDir]) -> (Node, Node) {
    let source = Node::start(dirs[2].path(), quiet()).await;
    let paths = dirs[..2].iter().map(|d| path(d.path())).collect();
    let node = Node::start_with(options(paths, quiet())).await;
    for of in [&source, &node] {
        of.create(&[1, 2]).await;
        of.put(10, 1, 2, 0..100).await;
        of.put(11, 2, 2, 0..100).await;
    }
    let (own, _) = node.running.state.find(TabletId(1)).unwrap();
    assert_eq!(own.options.dir, dirs[0].path());
    (source, node)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_path_is_noticed_and_comes_back_empty() {
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let (source, node) = two(&dirs).await;
    let before = heartbeat(&node).await;
    let seq = node.report(0).await.seq;
    wipe(dirs[0].path());
    let after = heartbeat(&node).await;
    assert_eq!(
        after.paths.iter().map(|p| p.online).collect::<Vec<_>>(),
        [false, true]
    );
    assert!(
        after.report_seq > before.report_seq,
        "the frontend asks again"
    );
    let changed = node.report(seq).await.tablets;
    assert!(changed.len() == 1 && changed[0].bad && changed[0].tablet == TabletId(1));
    let (status, text) = node.scan(&scan_all(1, 2)).await.unwrap_err();
    assert!(
        status == 500 && text.contains("everything in it is gone"),
        "{text}"
    );
    assert_same_rows(&source, &node, 2, 2).await;

    let clone = Node::clone_request(&source, 1, 2001, 2);
    let answer = node.clone_tablet(&clone).await.unwrap();
    assert_eq!(answer.tablet.path_hash, after.paths[1].hash);
    assert_same_rows(&source, &node, 1, 2).await;
    let reports = node.report(0).await.tablets;
    assert_eq!(
        reports.len(),
        2,
        "the lost replica is not told of beside the new one"
    );
    assert!(reports.iter().all(|t| !t.bad));

    recover_once(&node.running.state).await;
    let back = heartbeat(&node).await;
    assert!(back.paths[0].online);
    assert_eq!((back.paths[0].tablets, back.paths[1].tablets), (0, 2));
    assert_ne!(back.paths[0].hash, before.paths[0].hash);
    assert_eq!(node.running.state.paths()[0].state().data_used, 0);
    node.create(&[3]).await;
    node.put(20, 3, 2, 0..50).await;
    assert_eq!(files(dirs[0].path()).len(), 1);
    let paths = dirs[..2].iter().map(|d| path(d.path())).collect::<Vec<_>>();
    let taken =
        crate::backend::run::start(options(paths.clone(), quiet()), |_, _| axum::Router::new());
    let error = taken.await.unwrap_err().to_string();
    assert!(error.contains("in use by another process"), "{error}");
    node.running.stop().await;
    let node = Node::start_with(options(paths, quiet())).await;
    assert_eq!(heartbeat(&node).await.paths[0].hash, back.paths[0].hash);
    assert_eq!(node.ids(3, 2).await.len(), 50);
    assert_same_rows(&source, &node, 1, 2).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_went_away_is_waited_for_and_brings_back_only_what_is_still_wanted() {
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let (source, node) = two(&dirs).await;
    let aside = dirs[0].path().with_extension("aside");
    std::fs::rename(dirs[0].path(), &aside).unwrap();
    assert!(!heartbeat(&node).await.paths[0].online);
    recover_once(&node.running.state).await;
    assert!(
        !heartbeat(&node).await.paths[0].online,
        "nothing is made in its place"
    );
    assert!(!dirs[0].path().exists());
    let clone = Node::clone_request(&source, 1, 2001, 2);
    node.clone_tablet(&clone).await.unwrap();
    std::fs::rename(&aside, dirs[0].path()).unwrap();
    recover_once(&node.running.state).await;
    let back = heartbeat(&node).await;
    assert!(back.paths[0].online);
    assert_eq!((back.paths[0].tablets, back.paths[1].tablets), (0, 2));
    let trash = node.running.state.paths()[0]
        .shared
        .contents()
        .trash
        .clone();
    assert!(
        trash.contains_key(&(TabletId(1), ReplicaId(1001))),
        "the older one rests"
    );
    assert_eq!(node.reported(1).await.unwrap().replica, ReplicaId(2001));
    assert_same_rows(&source, &node, 1, 2).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_its_data_or_only_without_its_metadata_is_not_taken_for_empty() {
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let (source, node) = two(&dirs).await;
    std::fs::remove_dir_all(dirs[0].path().join("data")).unwrap();
    assert!(!heartbeat(&node).await.paths[0].online);
    recover_once(&node.running.state).await;
    assert!(heartbeat(&node).await.paths[0].online);
    assert!(node.reported(1).await.unwrap().bad);
    let clone = Node::clone_request(&source, 1, 1001, 2);
    assert!(node.clone_tablet(&clone).await.unwrap().full);
    assert_same_rows(&source, &node, 1, 2).await;

    std::fs::remove_file(dirs[0].path().join("meta.redb")).unwrap();
    assert!(!heartbeat(&node).await.paths[0].online);
    recover_once(&node.running.state).await;
    assert!(!heartbeat(&node).await.paths[0].online);
    assert_eq!(files(dirs[0].path()).len(), 1, "data files are left alone");
    node.running.stop().await;
    source.running.stop().await;
}
