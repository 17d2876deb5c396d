//! The frontend dies in the middle of repairs. It forgets its queue, and finds again what is to be done.

use std::time::Duration;

use super::{alike, ask, counted, load, places, settle, table, unhealthy, ward};

#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_that_dies_in_the_middle_of_repairs_finishes_them_after_its_return() {
    let mut cluster = ward(4, 1).await;
    table(&cluster, 12, 3).await;
    load(&cluster, 1, 20_000).await;
    settle(&cluster).await;
    // Some seconds a copy, so that much is left after two deaths.
    let slow = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"30000\") WITH PERSISTENT";
    ask(&cluster, slow).await;
    cluster.kill_backend(3);
    cluster.wait_alive(3).await;
    ask(&cluster, "ADMIN REPAIR TABLE h.t").await;
    let hints = "SELECT count(*) FROM sys.priority_repair";
    assert_eq!(cluster.number(hints).await, Ok(1));
    for _ in 0..2 {
        cluster
            .until("clones run", async || {
                let running = cluster
                    .sql("SHOW PROC '/cluster_balance/running_tablets'")
                    .await;
                !running.unwrap_or_default().is_empty()
            })
            .await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.frontend.take().expect("it runs").kill();
        cluster.start_frontend();
        // Seed: the hint expires when the leader is restarted. What is to be repaired is found again all the same.
        assert_eq!(cluster.number(hints).await, Ok(0));
        cluster.wait_alive(3).await;
    }
    assert!(unhealthy(&cluster).await > 0, "there is something left");
    let fast = "ADMIN SET FRONTEND CONFIG (\"clone_bytes_per_second\" = \"0\") WITH PERSISTENT";
    ask(&cluster, fast).await;
    settle(&cluster).await;
    assert!(counted(&cluster, "num of full clone").await > 0);

    cluster.start_backend(3);
    cluster.wait_alive(4).await;
    settle(&cluster).await;
    for (tablet, backends) in places(&cluster).await {
        assert_eq!(backends.len(), 3, "tablet {tablet} is on {backends:?}");
    }
    let rows = cluster.number("SELECT count(*) FROM h.t").await;
    assert_eq!(rows, Ok(20_000));
    alike(&cluster, "h.t").await;
    let clones = "SELECT count(*) FROM sys.replicas WHERE State <> 'NORMAL'";
    assert_eq!(cluster.number(clones).await, Ok(0));
}
