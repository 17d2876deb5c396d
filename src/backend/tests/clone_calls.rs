//! Calls of clones: repeated ones, late ones, and where a replica comes to.

use std::time::Duration;

use crate::backend::tests::clones::{only_named, source};
use crate::backend::tests::node::{Node, assert_same_rows, files, options, path, quiet};
use crate::catalog::table::Medium;
use crate::ids::ReplicaId;

#[tokio::test(flavor = "multi_thread")]
async fn an_older_replica_makes_room_and_never_comes_back() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 2).await;
    let node = Node::start(dirs[1].path(), quiet()).await;
    let clone = async |replica| {
        node.clone_tablet(&Node::clone_request(&source, 1, replica, 3))
            .await
    };
    assert_eq!(clone(2001).await.unwrap().tablet.replica, ReplicaId(2001));
    assert_eq!(clone(2005).await.unwrap().tablet.replica, ReplicaId(2005));
    for late in [2001, 2004] {
        let (status, text) = clone(late).await.unwrap_err();
        assert_eq!(status, 403, "{text}");
        assert!(text.contains("is here as replica 2005"), "{text}");
    }
    let refused = node.drop_tablet(1, 2001, 1).await.failed;
    assert!(refused[0].1.contains("replica 2005"), "{refused:?}");
    assert_eq!(node.drop_tablet(1, 2005, 1).await.failed, []);
    let (status, text) = clone(2005).await.unwrap_err();
    assert_eq!(status, 403, "{text}");
    assert!(text.contains("was dropped"), "{text}");
    assert!(clone(2006).await.is_ok());
    assert_same_rows(&source, &node, 1, 3).await;
    assert_eq!(files(dirs[1].path()), node.named());
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_waits_for_the_clone_that_runs_and_a_newer_replica_ends_it() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 3).await;
    let size = source.reported(1).await.unwrap().data_size;
    let node = Node::start(dirs[1].path(), quiet()).await;
    let mut request = Node::clone_request(&source, 1, 2001, 4);
    request.bytes_per_second = size * 2;
    let (first, second) = tokio::join!(node.clone_tablet(&request), node.clone_tablet(&request));
    assert_eq!(first.as_ref().unwrap(), second.as_ref().unwrap());
    assert_eq!(first.unwrap().bytes, size);
    let mut older = Node::clone_request(&source, 1, 2002, 4);
    older.bytes_per_second = size / 20;
    let newer = Node::clone_request(&source, 1, 2003, 4);
    let (older, (newer, late)) = tokio::join!(node.clone_tablet(&older), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let newer = node.clone_tablet(&newer).await;
        (newer, node.clone_tablet(&older).await)
    });
    assert_eq!(older.unwrap_err().0, 403);
    assert_eq!(newer.unwrap().tablet.replica, ReplicaId(2003));
    assert_eq!(late.unwrap_err().0, 403);
    let mut dropped = Node::clone_request(&source, 1, 2004, 4);
    dropped.bytes_per_second = size / 20;
    let (dropped, ()) = tokio::join!(node.clone_tablet(&dropped), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        node.drop_tablet(1, 2004, 1).await;
    });
    assert_eq!(dropped.unwrap_err().0, 403);
    assert_same_rows(&source, &node, 1, 4).await;
    only_named(dirs[1].path(), &node).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_comes_to_the_path_that_was_named_or_to_its_medium() {
    let dirs: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let source = source(dirs[3].path(), 1).await;
    let mut paths: Vec<_> = dirs[..3].iter().map(|d| path(d.path())).collect();
    paths[0].medium = Medium::Ssd;
    paths[2].capacity = Some(100);
    let node = Node::start_with(options(paths.clone(), quiet())).await;
    let hashes: Vec<i64> = node
        .running
        .state
        .paths()
        .iter()
        .map(|p| p.identity().path)
        .collect();
    let mut request = Node::clone_request(&source, 1, 2001, 2);
    assert_eq!(
        node.clone_tablet(&request).await.unwrap().tablet.path_hash,
        hashes[1]
    );
    request.path_hash = hashes[2];
    request.spec.replica = ReplicaId(2002);
    let (status, text) = node.clone_tablet(&request).await.unwrap_err();
    assert!(text.contains("is full"), "{status} {text}");
    request.path_hash = 5;
    assert_eq!(node.clone_tablet(&request).await.unwrap_err().0, 400);
    // To another path of the same backend: the older replica leaves the first.
    request.path_hash = hashes[0];
    assert_eq!(
        node.clone_tablet(&request).await.unwrap().tablet.path_hash,
        hashes[0]
    );
    let reports = node.report(0).await.tablets;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].replica, ReplicaId(2002));
    let counts: Vec<_> = node
        .running
        .state
        .paths()
        .iter()
        .map(|p| p.state().tablets)
        .collect();
    assert_eq!(counts, [1, 0, 0]);
    assert_same_rows(&source, &node, 1, 2).await;
    node.running.stop().await;
    let node = Node::start_with(options(paths, quiet())).await;
    assert_same_rows(&source, &node, 1, 2).await;
    node.running.stop().await;
    source.running.stop().await;
}
