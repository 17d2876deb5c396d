//! Compaction changes neither rows, nor their order, nor what older versions show.

use std::time::Duration;

use crate::backend::compact::compact;
use crate::backend::tests::node::{Node, files, quiet, rows, scan_all};
use crate::ids::TabletId;

#[tokio::test(flavor = "multi_thread")]
async fn rows_versions_and_ordinals_stay_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    for n in 0..6 {
        node.put(10 + n as u64, 1, 2 + n, n * 10..n * 10 + 10).await;
    }
    node.put(30, 1, 9, 90..100).await;
    let before: Vec<_> = read_all(&node).await;
    let old = files(dir.path());
    assert_eq!(compact(&node.running.state, TabletId(1)).await, Ok(6));
    let report = node.reported(1).await.unwrap();
    assert_eq!(
        (report.version, report.version_count),
        (7, 2),
        "nothing goes over a gap"
    );
    assert_eq!(read_all(&node).await, before);
    let now = files(dir.path());
    assert_eq!((now.len(), now.intersection(&old).count()), (2, 1));
    assert_eq!(now, node.named());
    assert_eq!(compact(&node.running.state, TabletId(1)).await, Ok(0));
    node.running.stop().await;
    let node = Node::start(dir.path(), quiet()).await;
    assert_eq!(read_all(&node).await, before);
    assert_eq!(
        node.publish(12, &[(1, 4, true)]).await,
        [],
        "still a repetition"
    );
    node.running.stop().await;
}

async fn read_all(node: &Node) -> Vec<Vec<(u64, i64)>> {
    let mut all = Vec::new();
    for version in 1..=7 {
        all.push(node.scan(&scan_all(1, version)).await.unwrap());
    }
    assert_eq!(all[3].len(), 30);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_scan_keeps_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    for n in 0..5 {
        node.put(10 + n as u64, 1, 2 + n, n * 200_000..(n + 1) * 200_000)
            .await;
    }
    let scan = crate::backend::scan::scan(&node.running.state, scan_all(1, 6));
    let scan = scan.await.unwrap();
    let mut bytes = scan.first.to_vec();
    let mut rest = scan.rest.expect("more than one piece");
    assert_eq!(compact(&node.running.state, TabletId(1)).await, Ok(5));
    node.drop_tablet(1, 1001, 1).await;
    assert!(
        files(dir.path()).len() > 1,
        "old files stay while they are read"
    );
    use futures::StreamExt;
    while let Some(chunk) = rest.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    let ids = rows(&bytes).into_iter().map(|(_, id)| id);
    assert!(ids.eq(0..1_000_000));
    for _ in 0..100 {
        if files(dir.path()).len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        files(dir.path()).len(),
        1,
        "the compacted one, in the trash"
    );
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_rowsets_are_compacted_in_the_background() {
    let dir = tempfile::tempdir().unwrap();
    let settings = crate::backend::Settings {
        compaction_threads: 1,
        ..quiet()
    };
    let node = Node::start(dir.path(), settings).await;
    node.create(&[1]).await;
    for n in 0..12 {
        node.put(10 + n as u64, 1, 2 + n, n * 10..n * 10 + 10).await;
    }
    for _ in 0..200 {
        if node.reported(1).await.unwrap().version_count < 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(node.reported(1).await.unwrap().version_count < 5);
    assert_eq!(node.ids(1, 13).await, (0..120).collect::<Vec<_>>());
    node.running.stop().await;
}
