//! Scans, and what a lost or wrong file does to them.

use crate::backend::api::ScanFilter;
use crate::backend::tests::node::{Node, files, quiet, scan_all};

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_on_from_an_ordinal_and_stops_at_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..250).await;
    node.put(11, 1, 3, 250..500).await;
    let mut request = scan_all(1, 3);
    request.from_ordinal = 120;
    request.limit = Some(200);
    let rows = node.scan(&request).await.unwrap();
    let expect: Vec<_> = (120..320).map(|n| (n, i64::try_from(n).unwrap())).collect();
    assert_eq!(rows, expect);
    request.from_ordinal = 500;
    assert_eq!(node.scan(&request).await.unwrap(), []);
    let (status, text) = node.scan(&scan_all(1, 4)).await.unwrap_err();
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("at version 3"), "{text}");
    let (status, _) = node.scan(&scan_all(9, 1)).await.unwrap_err();
    assert_eq!(status, 404);
    request.columns = vec![7];
    assert_eq!(node.scan(&request).await.unwrap_err().0, 400);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_counted_without_columns() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..250).await;
    let mut request = scan_all(1, 2);
    request.columns = Vec::new();
    request.limit = Some(240);
    let body = serde_json::to_vec(&request).unwrap();
    let (status, bytes) = node.post("/api/internal/scan", body).await;
    assert_eq!(status, 200);
    let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
    let rows: usize = reader.map(|b| b.unwrap().num_rows()).sum();
    assert_eq!(rows, 240);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_groups_that_can_not_match_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..500).await;
    let check = async |column, op: &str, value: &str, expect: Vec<i64>| {
        let mut request = scan_all(1, 2);
        request.filters.push(ScanFilter {
            column,
            op: op.to_owned(),
            value: value.to_owned(),
        });
        let rows = node.scan(&request).await.unwrap();
        let ids: Vec<_> = rows.iter().map(|(_, id)| *id).collect();
        assert_eq!(ids, expect, "{op} {value}");
        assert!(
            rows.iter()
                .all(|(ordinal, id)| i64::try_from(*ordinal) == Ok(*id))
        );
    };
    check(0, "=", "250", (200..300).collect()).await;
    check(0, "<", "100", (0..100).collect()).await;
    check(0, "<=", "100", (0..200).collect()).await;
    check(0, ">", "399", (400..500).collect()).await;
    check(0, ">=", "399", (300..500).collect()).await;
    check(0, "=", "1000", Vec::new()).await;
    check(0, "=", "no number", (0..500).collect()).await;
    check(0, "~", "1", (0..500).collect()).await;
    check(1, "<", "name", Vec::new()).await;
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_makes_the_replica_bad_and_is_seen_at_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1, 2]).await;
    node.put(10, 1, 2, 0..10).await;
    node.put(11, 2, 2, 0..10).await;
    let lost = node.named().into_iter().next().unwrap();
    let aside = dir.path().join("aside");
    std::fs::rename(&lost, &aside).unwrap();
    assert!(!node.reported(1).await.unwrap().bad);
    let seq = node.report(0).await.seq;
    let (status, text) = node.scan(&scan_all(1, 2)).await.unwrap_err();
    assert_eq!(status, 500);
    assert!(text.contains("there is no such file"), "{text}");
    let changed = node.report(seq).await.tablets;
    assert!(changed.len() == 1 && changed[0].bad);
    assert!(!node.reported(2).await.unwrap().bad);
    node.running.stop().await;
    let node = Node::start(dir.path(), quiet()).await;
    assert!(node.reported(1).await.unwrap().bad);
    node.running.stop().await;
    std::fs::rename(&aside, &lost).unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    assert!(!node.reported(1).await.unwrap().bad, "the file is back");
    assert_eq!(node.ids(1, 2).await.len(), 10);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_makes_the_replica_bad_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..1000).await;
    let file = files(dir.path()).into_iter().next().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 6;
    bytes[last] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    let (status, text) = node.scan(&scan_all(1, 2)).await.unwrap_err();
    assert_eq!(status, 500);
    assert!(text.contains("is corrupt"), "{text}");
    node.running.stop().await;
    let node = Node::start(dir.path(), quiet()).await;
    assert!(node.reported(1).await.unwrap().bad);
    let (_, text) = node.scan(&scan_all(1, 2)).await.unwrap_err();
    assert!(text.contains("replica is bad"), "{text}");
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_urls_of_operators_answer() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..10).await;
    node.put(11, 1, 4, 0..10).await;
    let (status, text) = node.get("/api/meta/header/1").await;
    let meta: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    assert_eq!(
        (&meta["tablet_id"], &meta["version"]),
        (&1.into(), &2.into())
    );
    assert_eq!(meta["rs_metas"].as_array().unwrap().len(), 3);
    let (status, text) = node.get("/api/compaction/show?tablet_id=1").await;
    let show: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &show["missing_rowsets"][0]),
        (200, &"[3-3]".into())
    );
    for (path, expect) in [
        ("/api/meta/header/9", 404),
        ("/api/meta/header/x", 400),
        ("/api/compaction/show?tablet_id=9", 404),
        ("/api/compaction/show", 400),
        ("/api/health", 200),
        ("/metrics", 200),
    ] {
        let (status, text) = node.get(path).await;
        assert_eq!(status, expect, "{path}: {text}");
    }
    let (_, text) = node.get("/metrics").await;
    assert!(text.contains("quorate_backend_tablets 1\n"), "{text}");
    assert!(
        text.contains("quorate_backend_load_rows_total 20\n"),
        "{text}"
    );
    for token in [None, Some("wrong")] {
        let mut call = reqwest::Client::new().post(node.url("/api/internal/report"));
        if let Some(token) = token {
            call = call.header(crate::proof::PROOF_HEADER, token);
        }
        assert_eq!(call.send().await.unwrap().status().as_u16(), 403);
    }
    let (status, _) = node.post("/api/internal/report", "{").await;
    assert_eq!(status, 400);
    node.running.stop().await;
}
