//! Replicas that go on with what is left, and those that lose what nobody was told of.

use std::path::Path;

use crate::backend::api::{CutTablets, SalvageTablets, Salvaged, TabletErrors};
use crate::backend::tests::node::{Node, files, options, path, quiet};
use crate::ids::{ReplicaId, TabletId, Version};

fn salvage(version: Version, dry_run: bool) -> SalvageTablets {
    SalvageTablets {
        tablets: vec![(TabletId(1), ReplicaId(1001), version)],
        dry_run,
    }
}

/// The files that a load adds.
async fn put(node: &Node, dir: &Path, version: Version) -> Vec<std::path::PathBuf> {
    let before = files(dir);
    let first = version * 100;
    node.put(version as u64, 1, version, first..first + 10)
        .await;
    let after = files(dir).into_iter();
    after.filter(|file| !before.contains(file)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_goes_on_and_nothing_more_is_lost_than_was_said() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    put(&node, dir.path(), 2).await;
    let lost = put(&node, dir.path(), 3).await;
    put(&node, dir.path(), 4).await;
    // Version 5 was missed.
    put(&node, dir.path(), 6).await;
    assert_eq!(lost.len(), 1);
    std::fs::remove_file(&lost[0]).unwrap();
    let said: Salvaged = node.call("salvage_tablets", &salvage(7, true)).await;
    let of = &said.tablets[0];
    assert_eq!(of.lost, [(3, 3), (5, 5), (7, 7)]);
    assert_eq!((of.lost_rows, of.rows, of.missing), (10, 30, true));
    assert_eq!(of.tablet.version, 4, "nothing was done");
    let done: Salvaged = node.call("salvage_tablets", &salvage(7, false)).await;
    assert_eq!(done.tablets[0].lost, of.lost);
    assert_eq!(done.tablets[0].tablet.version, 7);
    let again: Salvaged = node.call("salvage_tablets", &salvage(7, false)).await;
    assert!(again.tablets[0].lost.is_empty(), "{again:?}");
    node.running.stop().await;
    let node = Node::start_with(options(vec![path(dir.path())], quiet())).await;
    let told = node.reported(1).await.unwrap();
    assert!(!told.bad && told.why.is_none(), "{told:?}");
    assert_eq!(node.ids(1, 7).await.len(), 30);
    let other = SalvageTablets {
        tablets: vec![
            (TabletId(9), ReplicaId(1), 7),
            (TabletId(1), ReplicaId(5), 7),
        ],
        dry_run: false,
    };
    let refused: Salvaged = node.call("salvage_tablets", &other).await;
    assert_eq!(refused.absent, [TabletId(9)]);
    assert!(refused.failed[0].1.contains("replica 1001"), "{refused:?}");
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_nobody_was_told_of_go_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    for version in 2..6 {
        put(&node, dir.path(), version).await;
    }
    let cut = |replica| CutTablets {
        tablets: vec![(TabletId(1), ReplicaId(replica), 3)],
    };
    let refused: TabletErrors = node.call("cut_tablets", &cut(7)).await;
    assert_eq!(refused.failed.len(), 1);
    for _ in 0..2 {
        let done: TabletErrors = node.call("cut_tablets", &cut(1001)).await;
        assert!(done.failed.is_empty(), "{done:?}");
    }
    let told = node.reported(1).await.unwrap();
    assert_eq!((told.version, told.max_version), (3, 3));
    // Another load may have the version now.
    node.put(50, 1, 4, 900..905).await;
    node.running.stop().await;
    let node = Node::start_with(options(vec![path(dir.path())], quiet())).await;
    assert_eq!(node.ids(1, 3).await.len(), 20);
    assert_eq!(node.ids(1, 4).await.len(), 25);
    node.running.stop().await;
}
