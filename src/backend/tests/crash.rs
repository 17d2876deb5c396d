//! Death at every fault point, and a disk that fails there: what was answered stays, nothing else does.
//!
//! Fault points are of the whole process, so a child process (this test binary again) works through each script. One
//! dies at the n-th passing of a point, and the parent opens what it left; the other meets failures and goes on.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::backend::api::LoadAnswer;
use crate::backend::compact::compact;
use crate::backend::run::{clean_once, recover_once};
use crate::backend::tests::node::{
    Node, create_request, files, part, publish_request, quiet, scan_all,
};
use crate::fault;
use crate::ids::TabletId;

pub(super) const DIR: &str = "QUORATE_TEST_CRASH_DIR";

/// Every point of a backend's script.
const POINTS: &[&str] = &[
    "backend::before_probe",
    "backend::before_meta_rename",
    "backend::before_create",
    "backend::before_write",
    "backend::before_fsync",
    "backend::before_dir_fsync",
    "backend::before_pending",
    "backend::before_meta_commit",
    "backend::after_meta_commit",
    "backend::before_load_answer",
    "backend::before_publish_answer",
    "backend::before_create_answer",
    "backend::before_drop_answer",
    "backend::before_compaction_finish",
];

#[test]
fn death_at_any_point_loses_nothing_that_was_answered() {
    for point in POINTS {
        let script = "crash::script_of_the_child";
        die_at(point, script, &[0, 1, 2, 3, 5, 8, 13, 21], check);
    }
}

/// Has a script die at a point that it has passed so many times, until it passes it no more often; after each death what is
/// left is checked.
pub(super) fn die_at(point: &str, script: &str, passed: &[u32], check: impl Fn(&Path, &str)) {
    let mut deaths = 0;
    for nth in passed {
        let dir = tempfile::tempdir().unwrap();
        let points = format!("{point}={nth}*off->return(abort)");
        let alive = child(script, dir.path(), &points);
        check(dir.path(), &format!("{point} passed {nth} times"));
        if alive {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 0, "the script never passes {point}");
}

#[test]
fn a_disk_that_fails_anywhere_leaves_nothing_and_works_again() {
    let dir = tempfile::tempdir().unwrap();
    assert!(child("crash::script_of_a_failing_disk", dir.path(), ""));
    let said = std::fs::read_to_string(dir.path().join("said")).unwrap();
    assert_eq!(said.lines().count(), 2 * POINTS.len() - 2, "{said}");
}

#[test]
fn publishes_that_wait_together_share_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    assert!(child("crash::script_of_a_slow_disk", dir.path(), ""));
    assert!(dir.path().join("said").exists());
}

#[test]
fn a_common_flush_that_fails_is_followed_by_one_of_each_file() {
    let dir = tempfile::tempdir().unwrap();
    assert!(child(
        "crash::script_of_a_failing_common_flush",
        dir.path(),
        ""
    ));
    assert!(dir.path().join("said").exists());
}

/// Runs a script in a process of its own; false when it died.
pub(super) fn child(script: &str, dir: &Path, points: &str) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("backend::tests::{script}")])
        .env(DIR, dir)
        .env("FAILPOINTS", points)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_ne!(status.code(), Some(101), "the script failed at {points}");
    status.success()
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_the_child() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    fault::from_env().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(script(Path::new(&dir)));
}

pub(super) fn say(dir: &Path, line: &str) {
    use std::io::Write;
    let mut file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(dir.join("said"))
        .unwrap();
    writeln!(file, "{line}").unwrap();
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_a_failing_disk() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(failing_disk(Path::new(&dir)));
}

async fn failing_disk(dir: &Path) {
    let path = dir.join("path");
    let node = Node::start(&path, quiet()).await;
    let (mut txn, mut ids) = (10, 0);
    node.create(&[1]).await;
    // Making the store happens once, at the first start.
    let points = POINTS.iter().filter(|p| !p.ends_with("meta_rename"));
    for (point, action) in points.flat_map(|p| [(p, "return(full)"), (p, "return")]) {
        fault::set(point, action).unwrap();
        // Everything that passes a point; whatever comes of it is fine.
        let tablet = 1000 + txn;
        let body = serde_json::to_vec(&create_request(&[tablet])).unwrap();
        node.post("/api/internal/create_tablets", body).await;
        node.send(txn, part(tablet, 0, 0..10)).await;
        let publish = publish_request(txn, tablet, 2);
        node.post("/api/internal/publish", publish).await;
        let _ = compact(&node.running.state, TabletId(1)).await;
        let drop = format!(r#"{{"tablets":[[{tablet},{},1]]}}"#, tablet + 1000);
        node.post("/api/internal/drop_tablets", drop).await;
        clean_once(&node.running.state).await;
        fault::set(point, "off").unwrap();

        if node.running.state.paths()[0].shared.online().is_err() {
            assert!(point.ends_with("meta_commit"), "{point} {action}");
            assert!(node.reported(1).await.unwrap().bad);
            assert_eq!(node.scan(&scan_all(1, 1)).await.unwrap_err().0, 500);
            recover_once(&node.running.state).await;
            assert!(!node.reported(1).await.unwrap().bad);
        }
        clean_once(&node.running.state).await;
        let state = node.running.state.paths()[0].state();
        assert!(state.online, "{point} {action}: the path stays offline");
        assert_eq!(files(&path), node.named(), "{point} {action}");
        node.abort(txn).await;
        let version = node.reported(1).await.unwrap().version;
        node.put(txn + 1, 1, version + 1, ids..ids + 10).await;
        ids += 10;
        assert_eq!(node.ids(1, version + 1).await, (0..ids).collect::<Vec<_>>());
        assert_eq!(files(&path), node.named(), "{point} {action}");
        txn += 2;
        say(dir, point);
    }
    node.running.stop().await;
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_a_slow_disk() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let dir = Path::new(&dir);
        let node = Node::start(&dir.join("path"), quiet()).await;
        let tablets: Vec<u64> = (1..=40).collect();
        node.create(&tablets).await;
        fault::set("backend::before_meta_commit", "sleep(500)").unwrap();
        let began = std::time::Instant::now();
        let publishes = tablets.iter().map(|t| {
            let node = &node;
            async move { node.publish(100 + t, &[(*t, 2, false)]).await }
        });
        let failed = futures::future::join_all(publishes).await.concat();
        assert_eq!(failed, []);
        // One by one they would take 20 seconds.
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
        fault::set("backend::before_meta_commit", "off").unwrap();
        node.running.stop().await;
        say(dir, "done");
    });
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_a_failing_common_flush() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let dir = Path::new(&dir);
        let path = dir.join("path");
        let node = Node::start(&path, quiet()).await;
        let tablets: Vec<u64> = (1..=10).collect();
        node.create(&tablets).await;
        // The first passing is that of all files together, the next ones those of each; the sixth file fails once more.
        for (txn, action, lost) in [
            (10, "1*return", None),
            (11, "1*return->5*off->1*return", Some(6)),
        ] {
            fault::set("backend::before_fsync", action).unwrap();
            let body = tablets.iter().flat_map(|id| part(*id, 0, 0..10));
            let (status, text) = node.send(txn, body.collect()).await;
            fault::set("backend::before_fsync", "off").unwrap();
            assert_eq!(status, 200);
            let answer: LoadAnswer = serde_json::from_slice(&text).unwrap();
            let failed: Vec<_> = answer.failed.iter().map(|(id, _)| id.0).collect();
            assert_eq!(failed, Vec::from_iter(lost), "{answer:?}");
            assert_eq!(answer.written.len(), tablets.len() - failed.len());
            assert_eq!(files(&path), node.named());
            assert_eq!(files(&path).len(), 10 * (txn as usize - 9) - failed.len());
        }
        node.running.stop().await;
        say(dir, "done");
    });
}

async fn script(dir: &Path) {
    let say = |line: String| say(dir, &line);
    let node = Node::start(&dir.join("path"), quiet()).await;
    assert_eq!(node.create(&[1, 2]).await.failed, []);
    say("created".to_owned());
    for n in 0..5_i64 {
        node.put(10 + n as u64, 1, 2 + n, n * 10..n * 10 + 10).await;
        say(format!("published {}", 2 + n));
    }
    node.load(20, 1, 0..10).await;
    node.abort(20).await;
    node.load(21, 2, 0..10).await;
    compact(&node.running.state, TabletId(1)).await.unwrap();
    say("compacted".to_owned());
    assert_eq!(node.drop_tablet(2, 1002, 1).await.failed, []);
    say("dropped".to_owned());
    node.running.stop().await;
}

/// Opens what a script left and holds it against what it said.
fn check(dir: &Path, context: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let said = std::fs::read_to_string(dir.join("said")).unwrap_or_default();
        let path = dir.join("path");
        let node = Node::start(&path, quiet()).await;
        assert_eq!(
            files(&path),
            node.named(),
            "{context}: files and metadata differ"
        );
        let reports = node.report(0).await;
        assert!(reports.tablets.iter().all(|t| !t.bad), "{context}");
        let published = said.lines().filter(|l| l.starts_with("published")).count();
        let published = i64::try_from(published).unwrap();
        if let Some(report) = node.reported(1).await {
            let held = report.version - 1;
            assert!(
                held == published || held == published + 1,
                "{context}: {published} loads were published, {held} are there"
            );
            for version in 1..=report.version {
                let expect: Vec<_> = (0..(version - 1) * 10).collect();
                assert_eq!(node.ids(1, version).await, expect, "{context}: {version}");
            }
        } else {
            assert!(
                !said.contains("created"),
                "{context}: a created tablet is gone"
            );
        }
        let second = node.reported(2).await.is_some();
        assert!(
            !(second && said.contains("dropped")),
            "{context}: a dropped replica is back"
        );
        for txn in reports.pending {
            node.abort(txn.0).await;
        }
        assert_eq!(files(&path), node.named(), "{context}: an abort left files");
        node.running.stop().await;
    });
}
