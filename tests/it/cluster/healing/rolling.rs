//! Every backend is restarted, one after the other, by the runbook.

use super::super::runbooks::run_book;
use super::traffic::Traffic;
use super::{alike, ask, counted, load, places, replicas, settle, table, ward};

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_by_the_runbook_fails_no_load_and_no_query() {
    let mut cluster = ward(4, 1).await;
    table(&cluster, 8, 3).await;
    load(&cluster, 1, 20_000).await;
    settle(&cluster).await;
    // As it is by default: even where a restart takes so long that the backend is held for dead, it gets some time.
    let delay = "ADMIN SET FRONTEND CONFIG (\"tablet_sched_repair_delay_factor_second\" = \"60\")";
    ask(&cluster, delay).await;
    let before = places(&cluster).await;
    let traffic = Traffic::begin(cluster.target());
    for at in 0..4 {
        run_book(&cluster, "rolling_restart.sql", &[]);
        cluster.stop_backend(at);
        cluster.start_backend(at);
    }
    run_book(&cluster, "rolling_restart.sql", &[]);
    traffic.end().await.nothing_failed();
    settle(&cluster).await;
    alike(&cluster, "h.t").await;
    let full = counted(&cluster, "num of full clone").await;
    let incremental = counted(&cluster, "num of incremental clone").await;
    let moved = counted(&cluster, "bytes of clone").await;
    println!("{full} full and {incremental} incremental clones, {moved} bytes");
    // A backend is back before its replicas are given up: nothing is made anew elsewhere, and it only gets the loads that
    // it missed. (Or what its peer has compacted them into meanwhile.)
    assert_eq!(places(&cluster).await, before);
    let size: i64 = replicas(&cluster)
        .await
        .iter()
        .map(|row| row["DataSize"].parse::<i64>().expect("a size"))
        .sum();
    assert!(moved < size, "{moved} bytes of {size} were moved");
}
