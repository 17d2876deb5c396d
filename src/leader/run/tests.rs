//! The shell with the real core over a journal in memory, and a backend that answers as it is told.

mod defect;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::clock::SystemClock;
use crate::leader::request::{Reply, Request};
use crate::store::memory::{MemoryEpochs, MemoryJournal};

async fn leader(journal: &MemoryJournal) -> Leader {
    Leader::start(Start {
        journal: journal.clone(),
        epochs: Box::new(MemoryEpochs::default()),
        config: Config::default(),
        frontend: FrontendInfo::default(),
        client: Client::new("secret").unwrap(),
        clock: Arc::new(SystemClock::new()),
    })
    .await
    .unwrap()
}

async fn create(handle: &Handle, name: &str) -> Result<Reply, Failure> {
    let name = name.to_owned();
    let asked = handle.request(Request::CreateDatabase {
        name,
        if_not_exists: false,
    });
    tokio::time::timeout(Duration::from_secs(10), asked)
        .await
        .expect("an answer in time")
}

fn names(handle: &Handle) -> Vec<String> {
    let view = handle.view();
    view.catalog.database_names.keys().cloned().collect()
}

#[tokio::test]
async fn what_was_answered_is_seen_at_once_and_after_a_restart() {
    let journal = MemoryJournal::default();
    let first = leader(&journal).await;
    let handle = first.handle();
    assert!(handle.view().catalog.users.contains_key("root"));
    for name in ["a", "b"] {
        assert_eq!(create(&handle, name).await, Ok(Reply::Done));
        assert!(names(&handle).contains(&name.to_owned()));
    }
    let again = create(&handle, "a").await.unwrap_err();
    assert_eq!(again.code, Code::DB_CREATE_EXISTS);
    let before = names(&handle);
    first.stop().await;
    let refused = create(&handle, "c").await.unwrap_err();
    assert_eq!(refused.code, Code::SERVER_SHUTDOWN);

    let second = leader(&journal).await;
    assert_eq!(names(&second.handle()), before);
    second.stop().await;
}

#[tokio::test]
async fn a_full_disk_refuses_writers_serves_readers_and_passes() {
    let journal = MemoryJournal::default();
    let leader = leader(&journal).await;
    let handle = leader.handle();
    create(&handle, "before").await.unwrap();
    journal.set_full(true);
    for name in ["x", "y"] {
        let refused = create(&handle, name).await.unwrap_err();
        assert_eq!(refused.code, Code::DISK_FULL, "{refused}");
        assert_eq!(names(&handle), ["before"]);
    }
    journal.set_full(false);
    let mended = async {
        while create(&handle, "after").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), mended)
        .await
        .expect("the journal works again");
    assert_eq!(names(&handle), ["after", "before"]);
    leader.stop().await;
}

#[tokio::test]
async fn many_at_once_are_all_answered_and_a_checkpoint_takes_their_place() {
    let journal = MemoryJournal::default();
    let first = leader(&journal).await;
    let handle = first.handle();
    let set = |key: &str, value: &str| Request::SetConfig {
        key: key.to_owned(),
        value: value.to_owned(),
        persistent: false,
    };
    handle
        .request(set("journal_checkpoint_records", "50"))
        .await
        .unwrap();
    assert_eq!(handle.config().journal_checkpoint_records, 50);
    let asked: BTreeMap<String, _> = (0..200)
        .map(|n| format!("db{n}"))
        .map(|name| {
            (
                name.clone(),
                tokio::spawn({
                    let handle = handle.clone();
                    async move { create(&handle, &name).await }
                }),
            )
        })
        .collect();
    for (name, answer) in asked {
        assert_eq!(answer.await.unwrap(), Ok(Reply::Done), "{name}");
    }
    let covered = async {
        while journal.extent().checkpoint < 100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), covered)
        .await
        .expect("a checkpoint");
    let before = names(&handle);
    assert_eq!(before.len(), 200);
    first.stop().await;
    let second = leader(&journal).await;
    assert_eq!(names(&second.handle()), before);
    second.stop().await;
}
