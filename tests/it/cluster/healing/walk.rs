//! The seed's walk on a cluster in trouble: from `/statistic` to the task of a tablet, first in the queue and back, and to
//! the history of what was repaired.

use super::super::runbooks::{flights, run_book};
use super::{Rows, alike, ask, settle, unhealthy, ward};

/// The rows of `/cluster_balance/<state>`.
async fn tasks(cluster: &super::Cluster, state: &str) -> Rows {
    ask(cluster, &format!("SHOW PROC '/cluster_balance/{state}'")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_of_the_seed_from_the_statistic_to_the_history() {
    let mut cluster = ward(3, 1).await;
    flights(&cluster).await;
    cluster.kill_backend(2);
    cluster
        .until("all tablets wait for a backend to go to", async || {
            let waiting = "SELECT count(*) FROM sys.pending_tablets WHERE ErrMsg <> ''";
            cluster.number(waiting).await == Ok(96)
        })
        .await;
    assert_eq!(unhealthy(&cluster).await, 96);

    // The operator copies ids from one answer into the next statement.
    let statistic = ask(&cluster, "SHOW PROC '/statistic'").await;
    let ill = |row: &&std::collections::BTreeMap<String, String>| {
        row["UnhealthyTabletNum"] != "0" && row["DbId"] != "Total"
    };
    let db = &statistic.iter().find(ill).expect("a line")["DbId"];
    let named = ask(&cluster, &format!("SHOW PROC '/statistic/{db}'")).await;
    let list = named[0]["UnhealthyTablets"].trim_matches(['[', ']']);
    let tablet = list.split(", ").next().expect("a tablet");
    let shown = ask(&cluster, &format!("SHOW TABLET {tablet}")).await;
    let detail = shown[0]["DetailCmd"].split('\'').nth(1).expect("a path");
    let task = tasks(&cluster, "pending_tablets").await;
    assert!(task.iter().all(|row| row["OrigPrio"] == "NORMAL"));
    let words = [
        ("<db>", db.as_str()),
        ("<tablet>", tablet),
        ("<detail>", detail),
    ];
    let text = run_book(&cluster, "walk.sql", &words);
    for expected in [
        "REPLICA_MISSING",
        "unable to find dest path for new replica",
        "VERY_HIGH",
        "RemainingTimeMs",
        "VERDICT",
        tablet,
        detail,
    ] {
        assert!(text.contains(expected), "no {expected} in {text}");
    }
    // CANCEL took all hints back.
    assert_eq!(tasks(&cluster, "priority_repair").await.len(), 0);
    let task = tasks(&cluster, "pending_tablets").await;
    let task = task.iter().find(|row| row["TabletId"] == tablet);
    let task = task.expect("its task waits");
    assert_eq!(
        (task["Type"].as_str(), task["State"].as_str()),
        ("REPAIR", "PENDING")
    );
    assert_eq!(task["DynmPrio"], "VERY_HIGH");
    assert_eq!(
        (task["SrcBe"].as_str(), task["Timeout"].as_str()),
        ("-1", "0")
    );
    assert_eq!(
        (task["Rate"].as_str(), task["Finished"].as_str()),
        ("N/A", "N/A")
    );

    let slow = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"3000\")";
    ask(&cluster, slow).await;
    cluster.add_backend().await;
    let mut running = Vec::new();
    cluster
        .until("a clone that runs", async || {
            running = tasks(&cluster, "running_tablets").await;
            !running.is_empty()
        })
        .await;
    let task = &running[0];
    assert_eq!(task["State"], "RUNNING");
    assert!(
        task["DestBe"] != "-1" && task["DestPath"] != "-1",
        "{task:?}"
    );
    assert!(
        task["Timeout"].parse::<u64>().is_ok_and(|s| s >= 180),
        "{task:?}"
    );
    let filled = "SHOW TABLET FROM demo.flights WHERE State = 'CLONE'";
    // That copy may be whole by now; others follow.
    cluster
        .until("a replica that is filled", async || {
            !ask(&cluster, filled).await.is_empty()
        })
        .await;

    let fast = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"0\")";
    ask(&cluster, fast).await;
    let text = run_book(&cluster, "wait.sql", &[]);
    assert!(text.contains("FINISHED"), "{text}");
    assert_eq!(unhealthy(&cluster).await, 0);
    let history = tasks(&cluster, "history_tablets").await;
    let well = history
        .iter()
        .filter(|row| row["State"] == "FINISHED" && row["Rate"] != "N/A");
    assert!(well.clone().count() >= 96, "{}", well.count());
    settle(&cluster).await;
    alike(&cluster, "demo.flights").await;
}
