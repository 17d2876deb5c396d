//! A backend is to leave: emptied and removed, or told to stay half-way (doris.md R6).

use super::super::runbooks::run_book;
use super::traffic::Traffic;
use super::{alike, ask, id_of, load, places, settle, table, ward};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_five_is_emptied_and_removed_and_may_stay_half_way() {
    let cluster = ward(5, 1).await;
    table(&cluster, 12, 3).await;
    load(&cluster, 1, 20_000).await;
    settle(&cluster).await;
    let traffic = Traffic::begin(cluster.target());
    let leaving = cluster.backend_address(4).to_owned();
    let id = id_of(&cluster, 4).await;
    let here = || async {
        let of = format!("SELECT TabletNum FROM sys.backends WHERE BackendId = {id}");
        cluster.number(&of).await
    };

    let slow = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"100000\")";
    ask(&cluster, slow).await;
    let had = here().await.expect("a number");
    ask(
        &cluster,
        &format!("ALTER SYSTEM DECOMMISSION BACKEND \"{leaving}\""),
    )
    .await;
    cluster
        .until("some tablets have left", async || {
            here().await.is_ok_and(|now| now < had)
        })
        .await;
    let words = [("10.0.0.5:8040", leaving.as_str())];
    run_book(&cluster, "decommission_cancel.sql", &words);
    let stays = here().await.expect("it is still there");
    assert!(stays > 0 && stays < had, "{stays} of {had}");

    let fast = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"0\")";
    ask(&cluster, fast).await;
    run_book(&cluster, "decommission.sql", &words);
    assert!(here().await.is_err(), "it is still listed");
    for (tablet, backends) in places(&cluster).await {
        assert_eq!(backends.len(), 3, "tablet {tablet} is on {backends:?}");
        assert!(
            !backends.contains(&id),
            "tablet {tablet} is on {backends:?}"
        );
    }
    traffic.end().await.nothing_failed();
    settle(&cluster).await;
    alike(&cluster, "h.t").await;

    // Two more could leave for good only if fewer than three replicas were wanted.
    let (a, b) = (cluster.backend_address(3), cluster.backend_address(2));
    let refused = cluster
        .sql(&format!(
            "ALTER SYSTEM DECOMMISSION BACKEND \"{a}\", \"{b}\""
        ))
        .await
        .expect_err("too few would stay");
    assert!(refused.contains('3') && refused.contains('t'), "{refused}");
}
