//! Loads, publishes, aborts, and what they leave on the disk.

use std::time::Duration;

use bytes::Bytes;

use crate::backend::api::{LoadAnswer, SegmentHeader};
use crate::backend::tests::node::{Node, files, framed, parquet, part, quiet};
use crate::ids::{TabletId, TxnId};

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_back_in_order_after_a_publish_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1, 2]).await;
    let mut body = part(1, 1, 50..100);
    body.extend(part(2, 0, 500..510));
    body.extend(part(1, 0, 0..50));
    let (status, text) = node.send(10, body).await;
    assert_eq!(status, 200);
    let answer: LoadAnswer = serde_json::from_slice(&text).unwrap();
    assert_eq!(answer.written, [(TabletId(1), 100), (TabletId(2), 10)]);
    assert_eq!(answer.failed, []);
    assert_eq!(node.report(0).await.pending, [TxnId(10)]);
    assert!(node.ids(1, 1).await.is_empty(), "not visible yet");
    assert_eq!(node.publish(10, &[(1, 2, true), (2, 2, true)]).await, []);
    assert_eq!(node.ids(1, 2).await, (0..100).collect::<Vec<_>>());
    node.running.stop().await;
    let node = Node::start(dir.path(), quiet()).await;
    assert_eq!(node.ids(1, 2).await, (0..100).collect::<Vec<_>>());
    assert_eq!(node.ids(2, 2).await, (500..510).collect::<Vec<_>>());
    assert!(node.ids(1, 1).await.is_empty());
    assert_eq!(files(dir.path()), node.named());
    let report = node.reported(1).await.unwrap();
    assert_eq!((report.version, report.row_count), (2, 100));
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_may_be_repeated_and_a_gap_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..10).await;
    assert_eq!(node.publish(10, &[(1, 2, true)]).await, []);
    let failed = node.publish(11, &[(1, 3, true), (9, 3, false)]).await;
    assert_eq!(failed.len(), 2, "{failed:?}");
    let other = node.publish(12, &[(1, 2, true)]).await;
    assert!(other[0].1.contains("transaction 10"), "{other:?}");
    node.put(13, 1, 4, 10..20).await;
    let report = node.reported(1).await.unwrap();
    assert_eq!((report.version, report.max_version), (2, 4));
    assert_eq!(node.publish(14, &[(1, 3, false)]).await, []);
    let report = node.reported(1).await.unwrap();
    assert_eq!((report.version, report.row_count), (4, 20));
    let late = node.publish(15, &[(1, 3, true)]).await;
    assert!(late[0].1.contains("without rows"), "{late:?}");
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_load_leaves_nothing_and_late_rows_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.load(10, 1, 0..10).await;
    node.load(10, 1, 0..10).await;
    assert_eq!(
        files(dir.path()).len(),
        1,
        "a repeated load takes the place of the first"
    );
    node.abort(10).await;
    node.abort(10).await;
    assert_eq!(files(dir.path()).len(), 0);
    assert_eq!(node.report(0).await.pending, []);
    let (status, text) = node.send(10, part(1, 0, 0..10)).await;
    assert_eq!(status, 409, "{}", String::from_utf8_lossy(&text));
    assert_eq!(node.running.state.paths()[0].state().data_used, 0);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_breaks_off_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1, 2]).await;
    let mut body = part(1, 0, 0..1000);
    body.extend(part(2, 0, 0..1000));
    let cut = body.len() - 100;
    let (status, text) = node.send(10, body[..cut].to_vec()).await;
    assert_eq!(status, 400, "{}", String::from_utf8_lossy(&text));
    let first = Bytes::from(body[..cut].to_vec());
    let broken = futures::stream::iter([Ok(first), Err(std::io::Error::other("client died"))]);
    let sent = reqwest::Client::new()
        .post(node.url("/api/internal/load/11"))
        .body(reqwest::Body::wrap_stream(broken));
    assert!(node.proven(sent).await.is_err());
    for _ in 0..100 {
        if files(dir.path()).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(files(dir.path()).len(), 0);
    assert_eq!(node.report(0).await.pending, []);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_segment_fails_its_tablet_only() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1, 2, 3, 4]).await;
    let good = parquet(0..10, 100);
    let header = |tablet, rows, data: &[u8]| SegmentHeader {
        tablet: TabletId(tablet),
        ordinal: 0,
        rows,
        bytes: data.len() as u64,
        crc: crc32fast::hash(data),
    };
    let mut body = framed(&header(1, 11, &good), &good);
    let mut damaged = good.clone();
    damaged[20] ^= 1;
    body.extend(framed(&header(2, 10, &good), &damaged));
    body.extend(framed(&header(3, 10, b"not parquet"), b"not parquet"));
    body.extend(framed(&header(4, 10, &good), &good));
    body.extend(framed(&header(5, 10, &good), &good));
    let (status, text) = node.send(10, body).await;
    assert_eq!(status, 200);
    let answer: LoadAnswer = serde_json::from_slice(&text).unwrap();
    assert_eq!(answer.written, [(TabletId(4), 10)]);
    let why = |id: u64| {
        let found = answer.failed.iter().find(|(t, _)| t.0 == id);
        found.map(|(_, why)| why.clone()).unwrap()
    };
    assert!(why(1).contains("holds 10 rows, not 11"), "{}", why(1));
    assert!(why(2).contains("CRC-32"), "{}", why(2));
    assert!(why(3).contains("not a Parquet file"), "{}", why(3));
    assert!(why(5).contains("not on this backend"), "{}", why(5));
    assert_eq!(files(dir.path()).len(), 1);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_replicas_rest_and_only_the_right_one_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let settings = crate::backend::Settings {
        trash_expire: Duration::ZERO,
        ..quiet()
    };
    let node = Node::start(dir.path(), settings).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..10).await;
    node.load(11, 1, 10..20).await;
    let seq = node.report(0).await.seq;
    for (replica, epoch) in [(7, 1), (1001, 2)] {
        let refused = node.drop_tablet(1, replica, epoch).await.failed;
        assert!(
            refused[0].1.contains("replica 1001 of epoch 1"),
            "{refused:?}"
        );
    }
    assert_eq!(node.drop_tablet(1, 1001, 1).await.failed, []);
    assert_eq!(node.drop_tablet(1, 1001, 1).await.failed, []);
    let report = node.report(seq).await;
    assert!(!report.full);
    assert!(report.tablets[0].dropped && report.pending.is_empty());
    assert_eq!(
        files(dir.path()).len(),
        1,
        "the published rows rest in the trash"
    );
    assert!(
        !node.create(&[1]).await.failed.is_empty(),
        "a dropped replica does not come back"
    );
    crate::backend::run::clean_once(&node.running.state).await;
    assert_eq!(files(dir.path()).len(), 0);
    node.running.stop().await;
}
