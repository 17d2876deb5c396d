//! Clones between two backends: what is copied, and what stays.

use std::path::Path;
use std::time::Duration;

use crate::backend::compact::compact;
use crate::backend::options::Settings;
use crate::backend::run::clean_once;
use crate::backend::tests::node::{Node, assert_same_rows, files, quiet, scan_all};
use crate::ids::{ReplicaId, TabletId};

/// A backend with a tablet of `loads` versions of so many rows each.
pub(super) async fn source_of(dir: &Path, loads: i64, rows: i64) -> Node {
    let node = Node::start(dir, quiet()).await;
    node.create(&[1]).await;
    for n in 0..loads {
        node.put(10 + n as u64, 1, 2 + n, n * rows..(n + 1) * rows)
            .await;
    }
    node
}

/// The same of 1000 rows each.
pub(super) async fn source(dir: &Path, loads: i64) -> Node {
    source_of(dir, loads, 1000).await
}

/// Settings by which all files of the tests are small.
pub(super) fn small() -> Settings {
    Settings {
        clone_small_bytes: 1 << 20,
        ..quiet()
    }
}

/// Waits until a directory holds the files that its backend names, and no others: what is given up is deleted a moment
/// later.
pub(super) async fn only_named(dir: &Path, node: &Node) {
    for _ in 0..100 {
        if files(dir) == node.named() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(files(dir), node.named());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_replica_gets_everything_and_reads_like_its_source() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 5).await;
    let node = Node::start(dirs[1].path(), quiet()).await;
    let mut request = Node::clone_request(&source, 1, 2001, 7);
    let (status, text) = node.clone_tablet(&request).await.unwrap_err();
    assert_eq!(status, 409, "{text}");
    request.version = 6;
    let answer = node.clone_tablet(&request).await.unwrap();
    let told = source.reported(1).await.unwrap();
    assert!(answer.full);
    assert_eq!((answer.bytes, answer.files), (told.data_size, 5));
    assert_eq!(answer.tablet, node.reported(1).await.unwrap());
    assert_eq!((answer.tablet.version, answer.tablet.row_count), (6, 5000));
    assert_same_rows(&source, &node, 1, 6).await;
    assert_eq!(files(dirs[1].path()), node.named());
    let again = node.clone_tablet(&request).await.unwrap();
    assert_eq!((again.full, again.bytes), (false, 0), "nothing is missing");
    let (_, text) = node.get("/metrics").await;
    let counted = format!("quorate_backend_clone_bytes_total {}\n", answer.bytes);
    assert!(text.contains(&counted), "{text}");
    assert!(
        text.contains("quorate_backend_running_clones 0\n"),
        "{text}"
    );
    node.running.stop().await;
    let node = Node::start(dirs[1].path(), quiet()).await;
    assert_same_rows(&source, &node, 1, 6).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_replicas_come_with_their_description_and_nothing_is_held_for_them() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 4).await;
    let node = Node::start(dirs[1].path(), small()).await;
    let request = Node::clone_request(&source, 1, 2001, 5);
    let answer = node.clone_tablet(&request).await.unwrap();
    let told = source.reported(1).await.unwrap();
    assert!(answer.full);
    assert_eq!((answer.bytes, answer.files), (told.data_size, 4));
    assert_same_rows(&source, &node, 1, 5).await;
    source.put(20, 1, 6, 4000..5000).await;
    let rest = Node::clone_request(&source, 1, 2001, 6);
    let answer = node.clone_tablet(&rest).await.unwrap();
    assert_eq!((answer.full, answer.files), (false, 1));
    assert_eq!(files(dirs[1].path()), node.named());
    node.running.stop().await;
    let node = Node::start(dirs[1].path(), small()).await;
    assert_same_rows(&source, &node, 1, 6).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_with_a_wrong_byte_is_not_taken() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 2).await;
    let node = Node::start(dirs[1].path(), small()).await;
    let file = source.running.state.find(TabletId(1)).unwrap().1.rowsets[1].segments[0].path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let request = Node::clone_request(&source, 1, 2001, 3);
    assert!(node.clone_tablet(&request).await.is_err());
    assert!(source.reported(1).await.unwrap().bad, "the source looked");
    only_named(dirs[1].path(), &node).await;
    assert_eq!(node.reported(1).await, None);
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_missing_versions_are_fetched_and_a_compacted_source_fills_the_hole_as_well() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 6).await;
    let node = Node::start(dirs[1].path(), quiet()).await;
    node.create(&[1]).await;
    for n in [0, 1, 4] {
        node.put(10 + n as u64, 1, 2 + n, n * 1000..(n + 1) * 1000)
            .await;
    }
    let request = Node::clone_request(&source, 1, 1001, 7);
    let size = source.reported(1).await.unwrap().data_size;
    let answer = node.clone_tablet(&request).await.unwrap();
    assert_eq!(
        (answer.full, answer.files, answer.tablet.version),
        (false, 3, 7)
    );
    assert!(answer.bytes < size * 3 / 5, "{} of {size}", answer.bytes);
    assert_same_rows(&source, &node, 1, 7).await;

    // What is missing now lies within a rowset that covers all, at the source.
    source.put(20, 1, 8, 6000..7000).await;
    assert_eq!(compact(&source.running.state, TabletId(1)).await, Ok(7));
    let request = Node::clone_request(&source, 1, 1001, 8);
    let answer = node.clone_tablet(&request).await.unwrap();
    assert_eq!((answer.full, answer.files), (false, 1));
    assert_eq!(answer.tablet.version_count, 1);
    assert_same_rows(&source, &node, 1, 8).await;

    // Only a part of it is missing at a third, which holds a version behind the hole.
    let other = tempfile::tempdir().unwrap();
    let third = Node::start(other.path(), quiet()).await;
    third.create(&[1]).await;
    for n in 0..5 {
        third
            .put(10 + n as u64, 1, 2 + n, n * 1000..(n + 1) * 1000)
            .await;
    }
    compact(&third.running.state, TabletId(1)).await.unwrap();
    source.put(21, 1, 9, 7000..8000).await;
    third.put(21, 1, 9, 7000..8000).await;
    let answer = third
        .clone_tablet(&Node::clone_request(&node, 1, 1001, 8))
        .await
        .unwrap();
    assert_eq!(answer.tablet.version, 9, "what was behind the hole stays");
    assert_same_rows(&source, &third, 1, 9).await;
    assert_eq!(files(dirs[1].path()), node.named());
    assert_eq!(files(other.path()), third.named());
    for node in [third, node, source] {
        node.running.stop().await;
    }
}

fn spans(node: &Node) -> Vec<(i64, i64)> {
    let (_, tablet) = node.running.state.find(TabletId(1)).unwrap();
    tablet.rowsets.iter().map(|r| (r.start, r.end)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rowsets_that_do_not_line_up_are_replaced_whole() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let small = async |node: &Node, version: i64| {
        let ids = version * 1000..version * 1000 + 10;
        node.put(10 + version.unsigned_abs(), 1, version, ids).await;
    };
    let first = source(dirs[0].path(), 4).await;
    compact(&first.running.state, TabletId(1)).await.unwrap();
    let size = first.reported(1).await.unwrap().data_size;
    for version in 6..=8 {
        small(&first, version).await;
    }
    first.running.stop().await;
    // So that the second compaction leaves the result of the first alone.
    let settings = crate::backend::Settings {
        compaction_rowsets_min: 2,
        compaction_bytes_max: size + 1,
        ..quiet()
    };
    let source = Node::start(dirs[0].path(), settings).await;
    compact(&source.running.state, TabletId(1)).await.unwrap();
    assert_eq!(spans(&source), [(0, 5), (6, 8)]);
    let node = Node::start(dirs[1].path(), quiet()).await;
    node.create(&[1]).await;
    for n in 0..4 {
        node.put(10 + n as u64, 1, 2 + n, n * 1000..(n + 1) * 1000)
            .await;
    }
    small(&node, 6).await;
    compact(&node.running.state, TabletId(1)).await.unwrap();
    assert_eq!(spans(&node), [(0, 6)]);
    let request = Node::clone_request(&source, 1, 1001, 8);
    let answer = node.clone_tablet(&request).await.unwrap();
    assert!(answer.full);
    assert_eq!(spans(&node), [(0, 5), (6, 8)]);
    assert_same_rows(&source, &node, 1, 8).await;
    assert_eq!(files(dirs[1].path()), node.named());
    source.running.stop().await;
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rowsets_that_are_cut_differently_only_those_above_the_last_common_cut_are_copied() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let put = async |node: &Node, version: i64, rows: i64| {
        let ids = version * 1000..version * 1000 + rows;
        node.put(10 + version.unsigned_abs(), 1, version, ids).await;
    };
    let squeeze = async |node: &Node| compact(&node.running.state, TabletId(1)).await.unwrap();
    let bytes = async |node: &Node| node.reported(1).await.unwrap().data_size;
    // Compactions beyond so many bytes are not made, so that large rowsets stay as they are.
    let again = async |node: Node, dir: &std::path::Path, most: u64| {
        node.running.stop().await;
        let settings = crate::backend::Settings {
            compaction_rowsets_min: 2,
            compaction_bytes_max: most + 1,
            ..quiet()
        };
        Node::start(dir, settings).await
    };
    let mut nodes = Vec::new();
    for dir in &dirs {
        let node = source(dir.path(), 4).await;
        squeeze(&node).await;
        let size = bytes(&node).await;
        let node = again(node, dir.path(), size).await;
        put(&node, 6, 400).await;
        put(&node, 7, 400).await;
        nodes.push((node, size));
    }
    let (node, size) = nodes.pop().unwrap();
    let (source, _) = nodes.pop().unwrap();
    squeeze(&source).await;
    let two = bytes(&source).await - size;
    let source = again(source, dirs[0].path(), two).await;
    for version in 8..=10 {
        put(&source, version, 10).await;
    }
    squeeze(&source).await;
    put(&node, 8, 10).await;
    squeeze(&node).await;
    put(&node, 10, 10).await;
    assert_eq!(spans(&source), [(0, 5), (6, 7), (8, 10)]);
    assert_eq!(spans(&node), [(0, 5), (6, 8), (10, 10)]);
    let request = Node::clone_request(&source, 1, 1001, 10);
    let answer = node.clone_tablet(&request).await.unwrap();
    assert_eq!((answer.full, answer.tablet.version), (false, 10));
    assert!(answer.bytes < size, "{} of {}", answer.bytes, size + two);
    assert_eq!(spans(&node), spans(&source));
    assert_same_rows(&source, &node, 1, 10).await;
    assert_eq!(files(dirs[1].path()), node.named());
    source.running.stop().await;
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_arrives_during_a_clone_is_neither_missed_nor_doubled() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 4).await;
    let size = source.reported(1).await.unwrap().data_size;
    // An old replica, which takes part in loads; and a new one that replaces it, and one that lacks versions.
    for replica in [1001, 2001] {
        let dir = dirs[1].path().join(replica.to_string());
        let node = Node::start(&dir, quiet()).await;
        node.create(&[1]).await;
        node.put(10, 1, 2, 0..1000).await;
        let mut request = Node::clone_request(&source, 1, replica, 5);
        request.bytes_per_second = size;
        let version = source.reported(1).await.unwrap().version + 1;
        let ids = (version - 2) * 1000..(version - 1) * 1000;
        let txn = 100 + replica;
        node.load(txn, 1, ids.clone()).await;
        node.load(txn + 1, 1, 0..10).await;
        let (answer, ()) = tokio::join!(node.clone_tablet(&request), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(node.running.state.copying().running.progress().len(), 1);
            source.put(txn, 1, version, ids).await;
            assert_eq!(node.publish(txn, &[(1, version, true)]).await, []);
        });
        let answer = answer.unwrap();
        assert!(
            answer.millis >= 500,
            "the limit of bytes a second: {answer:?}"
        );
        assert_eq!(
            (answer.full, answer.tablet.version),
            (replica == 2001, version)
        );
        assert_same_rows(&source, &node, 1, version).await;
        assert_eq!(
            node.report(0).await.pending.len(),
            1,
            "loads that wait go on"
        );
        assert_eq!(files(&dir), node.named());
        node.running.stop().await;
    }
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_replica_is_filled_anew_and_its_files_rest() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path(), 3).await;
    let settings = crate::backend::Settings {
        trash_expire: Duration::ZERO,
        ..quiet()
    };
    let node = Node::start(dirs[1].path(), settings).await;
    let request = Node::clone_request(&source, 1, 2001, 4);
    for round in 0..2 {
        node.clone_tablet(&request).await.unwrap();
        let file = node.running.state.find(TabletId(1)).unwrap().1.rowsets[1].segments[0].path();
        std::fs::remove_file(&file).unwrap();
        assert!(node.scan(&scan_all(1, 4)).await.is_err());
        assert!(node.reported(1).await.unwrap().bad);
        let answer = node.clone_tablet(&request).await.unwrap();
        assert!(answer.full && !answer.tablet.bad, "round {round}");
        assert_same_rows(&source, &node, 1, 4).await;
        let trash = node.running.state.paths()[0]
            .shared
            .contents()
            .trash
            .clone();
        assert_eq!(
            trash.keys().copied().collect::<Vec<_>>(),
            [(TabletId(1), ReplicaId(2001))]
        );
    }
    assert_eq!(node.drop_tablet(1, 2001, 1).await.failed, []);
    clean_once(&node.running.state).await;
    assert_eq!(files(dirs[1].path()), node.named());
    assert_eq!(files(dirs[1].path()).len(), 0);
    node.running.stop().await;
    source.running.stop().await;
}
