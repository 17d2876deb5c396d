//! The time of a backend over its starts, with a wall clock that shows anything.

use std::path::Path;
use std::time::Duration;

use super::node::{Node, files, quiet};
use crate::backend::meta::{TIME_KEY, Table};
use crate::backend::run::clean_once;
use crate::clock::Timestamp;

const HOUR_MS: u64 = 3_600_000;

/// A process of a backend whose trash rests for an hour.
async fn start(dir: &Path) -> Node {
    let settings = crate::backend::Settings {
        trash_expire: Duration::from_secs(3600),
        ..quiet()
    };
    Node::start(dir, settings).await
}

/// The next process of the same backend; the one before has been running until `last`.
async fn restart(node: Node, dir: &Path, last: Timestamp) -> Node {
    let noted = node.running.state.paths()[0].change(move |draft| {
        draft.put(Table::Info, TIME_KEY, &last);
        Ok(())
    });
    noted.await.unwrap();
    let before = node.running.state.started();
    node.running.stop().await;
    let node = start(dir).await;
    let (started, now) = (node.running.state.started(), node.running.state.now());
    assert!(started > last && started != before);
    assert!(now.since_ms(last) < HOUR_MS / 2);
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn trash_rests_for_its_time_though_the_wall_clock_is_wrong_by_years() {
    // Earlier processes have counted so much less, or more, than this machine's wall clock shows.
    for days in [-800, 800] {
        let dir = tempfile::tempdir().unwrap();
        let node = start(dir.path()).await;
        let wall = node.running.state.now().wall_ms();
        let earlier = Timestamp::at(wall + days * 24 * 3_600_000);
        let node = restart(node, dir.path(), earlier).await;
        node.create(&[1]).await;
        node.put(10, 1, 2, 0..10).await;
        assert_eq!(node.drop_tablet(1, 1001, 1).await.failed, []);
        let dropped = node.running.state.now();
        let node = restart(node, dir.path(), dropped.plus_ms(HOUR_MS / 2)).await;
        clean_once(&node.running.state).await;
        assert_eq!(
            files(dir.path()).len(),
            1,
            "{days}: half of its time has passed"
        );
        let node = restart(node, dir.path(), dropped.plus_ms(HOUR_MS)).await;
        clean_once(&node.running.state).await;
        assert_eq!(
            files(dir.path()).len(),
            0,
            "{days}: all of its time has passed"
        );
        node.running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_processes_of_a_backend_have_the_same_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut started = Vec::new();
    for _ in 0..4 {
        let node = start(dir.path()).await;
        started.push(node.running.state.started());
        node.running.stop().await;
    }
    assert!(started.is_sorted_by(|one, next| one < next), "{started:?}");
}
