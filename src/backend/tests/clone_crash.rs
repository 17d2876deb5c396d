//! Death and a failing disk at every fault point of a clone, on both of its sides at once.

use std::path::Path;

use crate::backend::options::Settings;
use crate::backend::run::{clean_once, recover_once};
use crate::backend::tests::clones::small;
use crate::backend::tests::crash::{DIR, child, die_at, say};
use crate::backend::tests::node::{Node, assert_same_rows, files, quiet};
use crate::fault;

/// Every point that a clone passes.
const POINTS: &[&str] = &[
    "backend::before_describe_answer",
    "backend::before_clone_chunk",
    "backend::before_create",
    "backend::before_write",
    "backend::before_fsync",
    "backend::before_dir_fsync",
    "backend::before_clone_publish",
    "backend::before_meta_commit",
    "backend::after_meta_commit",
    "backend::before_clone_answer",
];

#[test]
fn death_at_any_point_of_a_clone_leaves_whole_replicas_only() {
    for point in POINTS {
        let script = "clone_crash::script_of_a_clone";
        die_at(point, script, &[0, 1, 2, 4, 6], check);
    }
}

#[test]
fn nor_does_death_in_a_clone_whose_files_come_with_their_description() {
    for point in POINTS {
        let script = "clone_crash::script_of_a_small_clone";
        die_at(point, script, &[0, 1, 2, 4], check);
    }
}

#[test]
fn a_clone_that_meets_a_failing_disk_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    assert!(child(
        "clone_crash::script_of_a_failing_clone",
        dir.path(),
        ""
    ));
    let said = std::fs::read_to_string(dir.path().join("said")).unwrap();
    assert_eq!(said.lines().count(), 2 * POINTS.len(), "{said}");
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_a_clone() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(script(Path::new(&dir), quiet()));
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_a_small_clone() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(script(Path::new(&dir), small()));
}

/// Does nothing unless the parent test started it.
#[test]
fn script_of_a_failing_clone() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(failing(Path::new(&dir)));
}

async fn both(dir: &Path, settings: Settings) -> (Node, Node) {
    let source = Node::start(&dir.join("source"), quiet()).await;
    let node = Node::start(&dir.join("path"), settings).await;
    (source, node)
}

async fn put(source: &Node, version: i64) {
    let ids = (version - 2) * 10..(version - 1) * 10;
    source
        .put(10 + version.unsigned_abs(), 1, version, ids)
        .await;
}

async fn script(dir: &Path, settings: Settings) {
    let (source, node) = both(dir, settings).await;
    source.create(&[1]).await;
    for version in 2..=7 {
        put(&source, version).await;
    }
    fault::from_env().unwrap();
    let full = Node::clone_request(&source, 1, 2001, 7);
    node.clone_tablet(&full).await.unwrap();
    say(dir, "cloned");
    put(&source, 8).await;
    let rest = Node::clone_request(&source, 1, 2001, 8);
    node.clone_tablet(&rest).await.unwrap();
    say(dir, "cloned");
    let newer = Node::clone_request(&source, 1, 2002, 8);
    node.clone_tablet(&newer).await.unwrap();
    say(dir, "cloned");
    node.running.stop().await;
    source.running.stop().await;
}

fn check(dir: &Path, context: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let said = std::fs::read_to_string(dir.join("said")).unwrap_or_default();
        let said = said.lines().count();
        let (source, node) = both(dir, quiet()).await;
        for (of, name) in [(&source, "source"), (&node, "path")] {
            assert_eq!(files(&dir.join(name)), of.named(), "{context}: {name}");
            let reports = of.report(0).await;
            assert!(reports.tablets.iter().all(|t| !t.bad), "{context}");
        }
        let held = node.reported(1).await;
        assert!(
            held.is_some() || said == 0,
            "{context}: an answered clone is gone"
        );
        if let Some(held) = held {
            let least = [1, 7, 8, 8][said];
            let replica = if said == 3 { 2002 } else { 2001 };
            assert!(held.version >= least.max(7), "{context}: {held:?}");
            assert!(held.replica.0 >= replica, "{context}: {held:?}");
            assert_same_rows(&source, &node, 1, held.version).await;
        }
        let version = source.reported(1).await.unwrap().version;
        let again = Node::clone_request(&source, 1, 2003, version);
        node.clone_tablet(&again).await.unwrap();
        assert_same_rows(&source, &node, 1, version).await;
        node.running.stop().await;
        source.running.stop().await;
    });
}

async fn failing(dir: &Path) {
    let (source, node) = both(dir, quiet()).await;
    source.create(&[1]).await;
    for version in 2..=4 {
        put(&source, version).await;
    }
    let faults = POINTS
        .iter()
        .flat_map(|p| [(p, "return(full)"), (p, "return")]);
    for (replica, (point, action)) in (2001..).zip(faults) {
        let request = Node::clone_request(&source, 1, replica, 4);
        fault::set(point, action).unwrap();
        let failed = node.clone_tablet(&request).await;
        // A full disk after a commit is found not to have undone it.
        let done = point.ends_with("after_meta_commit") && action.contains("full");
        assert_eq!(failed.is_ok(), done, "{point} {action}: {failed:?}");
        fault::set(point, "off").unwrap();
        recover_once(&node.running.state).await;
        clean_once(&node.running.state).await;
        assert_eq!(files(&dir.join("path")), node.named(), "{point} {action}");
        node.clone_tablet(&request).await.unwrap();
        assert_same_rows(&source, &node, 1, 4).await;
        assert_eq!(files(&dir.join("path")), node.named(), "{point} {action}");
        say(dir, point);
    }
    node.running.stop().await;
    source.running.stop().await;
}
