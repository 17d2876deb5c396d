//! The backend that is copied from dies half-way.

use super::{alike, ask, load, settle, table, ward};

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_whose_source_dies_half_way_is_taken_from_another() {
    let mut cluster = ward(4, 1).await;
    table(&cluster, 1, 2).await;
    load(&cluster, 1, 20_000).await;
    settle(&cluster).await;
    // Two megabytes at 100 kB a second.
    let slow = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"100000\")";
    ask(&cluster, slow).await;
    ask(
        &cluster,
        "ALTER TABLE h.t SET (\"replication_num\" = \"3\")",
    )
    .await;

    let mut first = None;
    cluster
        .until("a clone that is half-way", async || {
            let rows = cluster
                .sql("SHOW PROC '/cluster_balance/running_tablets'")
                .await;
            first = rows.unwrap_or_default().pop();
            first.as_ref().is_some_and(|row| row["Rate"] != "N/A")
        })
        .await;
    let first = first.expect("a task");
    assert_eq!(first["State"], "RUNNING");
    let mut source = None;
    for at in 0..4 {
        if super::id_of(&cluster, at).await == first["SrcBe"] {
            source = Some(at);
        }
    }
    cluster.kill_backend(source.expect("the source is a backend"));
    let fast = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"0\")";
    ask(&cluster, fast).await;
    settle(&cluster).await;

    let history = ask(&cluster, "SHOW PROC '/cluster_balance/history_tablets'").await;
    let finished: Vec<_> = history
        .iter()
        .filter(|row| row["State"] == "FINISHED" && row["SrcBe"] != "-1")
        .collect();
    assert!(!finished.is_empty(), "{history:#?}");
    assert!(
        finished.iter().all(|row| row["SrcBe"] != first["SrcBe"]),
        "{finished:#?}"
    );
    assert!(
        finished.iter().any(|row| row["FailedRunning"] != "0"),
        "{finished:#?}"
    );
    let rows = cluster.number("SELECT count(*) FROM h.t").await;
    assert_eq!(rows, Ok(20_000));
    cluster.start_backend(source.expect("known"));
    cluster.wait_alive(4).await;
    settle(&cluster).await;
    alike(&cluster, "h.t").await;
}
