//! Digests: equal for equal rows, whatever has been compacted; different for any other row.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use crate::backend::api::{DigestTablets, Digests, SegmentHeader, TabletDigest};
use crate::backend::compact::compact;
use crate::backend::tests::node::{Node, columns, files, framed, quiet};
use crate::ids::{ReplicaId, TabletId, Version};
use crate::load::types;

async fn digest(node: &Node, tablet: u64, version: Version) -> TabletDigest {
    let tablets = vec![(TabletId(tablet), ReplicaId(tablet + 1000), version)];
    let answer: Digests = node.call("digest", &DigestTablets { tablets }).await;
    assert_eq!(answer.digests.len(), 1);
    answer.digests.into_iter().next().unwrap()
}

/// Loads rows as one version, in row groups of `group` rows.
async fn put(
    node: &Node,
    tablet: u64,
    version: Version,
    rows: &[(i64, Option<&str>)],
    group: usize,
) {
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.1))),
    ];
    let schema = types::schema(&columns());
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_dictionary_enabled(group == 1)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let data = writer.into_inner().unwrap();
    let header = SegmentHeader {
        tablet: TabletId(tablet),
        ordinal: 0,
        rows: rows.len() as u64,
        bytes: data.len() as u64,
        crc: crc32fast::hash(&data),
    };
    let txn = tablet * 100 + version.unsigned_abs();
    let (status, _) = node.send(txn, framed(&header, &data)).await;
    assert_eq!(status, 200);
    assert_eq!(node.publish(txn, &[(tablet, version, true)]).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_and_encoding_change_no_digest() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1, 2]).await;
    for n in 0..6 {
        node.put(10 + n as u64, 1, 2 + n, n * 3000..(n + 1) * 3000)
            .await;
    }
    // The same rows as one version.
    node.put(30, 2, 2, 0..18_000).await;
    let before = [digest(&node, 1, 4).await, digest(&node, 1, 7).await];
    assert_eq!(before[1].result.as_ref().unwrap().1, 18_000);
    assert_ne!(before[0].result, before[1].result);
    assert_eq!(compact(&node.running.state, TabletId(1)).await, Ok(6));
    let after = [digest(&node, 1, 4).await, digest(&node, 1, 7).await];
    assert_eq!(before, after);
    assert_eq!(digest(&node, 2, 2).await.result, after[1].result);
    for (tablet, version, expect) in [
        (1, 8, "can't be read at version 8"),
        (9, 1, "not on this backend"),
    ] {
        let refused = digest(&node, tablet, version).await;
        let why = refused.result.unwrap_err();
        assert!(why.contains(expect) && !refused.bad, "{why}");
    }
    let tablets = vec![(TabletId(1), ReplicaId(7), 7)];
    let other: Digests = node.call("digest", &DigestTablets { tablets }).await;
    assert!(
        other.digests[0]
            .result
            .as_ref()
            .unwrap_err()
            .contains("replica 1001")
    );
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_other_value_null_or_order_is_another_digest() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    let rows: [&[(i64, Option<&str>)]; 6] = [
        &[(1, Some("a")), (2, Some("")), (3, Some("c"))],
        &[(1, Some("a")), (2, None), (3, Some("c"))],
        &[(1, Some("a")), (2, Some("")), (4, Some("c"))],
        &[(2, Some("")), (1, Some("a")), (3, Some("c"))],
        &[(1, Some("a")), (2, Some("c")), (3, Some(""))],
        &[(1, Some("a")), (2, Some(""))],
    ];
    node.create(&[1, 2, 3, 4, 5, 6, 7]).await;
    let mut digests = std::collections::BTreeSet::new();
    for (tablet, rows) in (1..).zip(rows) {
        put(&node, tablet, 2, rows, 100).await;
        digests.insert(digest(&node, tablet, 2).await.result.unwrap());
    }
    assert_eq!(digests.len(), 6);
    put(&node, 7, 2, rows[1], 1).await;
    assert_eq!(
        digest(&node, 7, 2).await.result,
        digest(&node, 2, 2).await.result
    );
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_a_wrong_file_has_no_digest_and_is_bad() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1, 2]).await;
    node.put(10, 1, 2, 0..1000).await;
    node.put(11, 2, 2, 0..1000).await;
    for (tablet, flip) in [(1, true), (2, false)] {
        let all = files(dir.path());
        let own = format!("/{tablet}/");
        let file = all
            .iter()
            .find(|f| f.to_str().unwrap().contains(&own))
            .unwrap();
        if flip {
            let mut bytes = std::fs::read(file).unwrap();
            bytes[40] ^= 1;
            std::fs::write(file, bytes).unwrap();
        } else {
            std::fs::remove_file(file).unwrap();
        }
        for _ in 0..2 {
            let found = digest(&node, tablet, 2).await;
            assert!(found.bad && found.result.is_err(), "{found:?}");
        }
        assert!(node.reported(tablet).await.unwrap().bad);
    }
    node.running.stop().await;
}
