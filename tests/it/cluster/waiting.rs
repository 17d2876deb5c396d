//! ADMIN WAIT of the client while a backend is down: its progress, its end with an error, and its end when all is well.

use std::process::{Command, Output};

use super::harness::Cluster;

fn wait(cluster: &Cluster, limit: &str) -> Output {
    let address = &cluster.frontend.as_ref().expect("the frontend runs").ready["mysql"];
    let (host, port) = address.rsplit_once(':').expect("host:port");
    let statement = format!("ADMIN WAIT UNTIL HEALTHY TABLE d.t FOR '{limit}'");
    Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(["sql", "-h", host, "-P", port, "-e", &statement])
        .output()
        .expect("the client runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_sees_a_backend_that_was_just_killed_and_ends_when_it_is_back() {
    let mut cluster = Cluster::start(3).await;
    for statement in [
        "CREATE DATABASE d",
        "CREATE TABLE d.t (a INT) DISTRIBUTED BY HASH (a) BUCKETS 2",
    ] {
        cluster.sql(statement).await.expect("the table is made");
    }
    assert!(wait(&cluster, "1m").status.success());

    cluster.kill_backend(1);
    let ended = wait(&cluster, "8s");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("unhealthy tablets in the cluster"), "{said}");
    let left = "ERROR 5820 (HY000): not healthy after 8 s: tablets not healthy: 2 (";
    assert!(said.contains(left), "{said}\n{}", cluster.logs());
    assert!(said.contains("Next: EXPLAIN TABLET "), "{said}");
    let next = said
        .split("Next: ")
        .nth(1)
        .and_then(|text| text.lines().next());
    let explained = cluster.sql(next.expect("a statement")).await.expect("rows");
    assert_eq!(explained[0]["Role"], "VERDICT");
    assert!(explained.len() == 7, "{explained:?}");

    cluster.start_backend(1);
    let ended = wait(&cluster, "1m");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}\n{}", cluster.logs());
}
