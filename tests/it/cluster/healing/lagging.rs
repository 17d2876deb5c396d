//! A backend that was away for a while lacks some loads, and gets those only (seed: incremental clone).

use super::super::runbooks::run_book;
use super::{alike, counted, load, replicas, settle, table, unhealthy, ward};

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_missed_three_loads_gets_only_what_it_lacks() {
    let mut cluster = ward(3, 1).await;
    table(&cluster, 4, 3).await;
    load(&cluster, 1, 40_000).await;
    settle(&cluster).await;
    cluster.kill_backend(2);
    cluster.wait_alive(2).await;
    for no in 2..=4 {
        load(&cluster, no, 100).await;
    }
    assert_eq!(unhealthy(&cluster).await, 4);

    cluster.start_backend(2);
    cluster.wait_alive(3).await;
    settle(&cluster).await;
    assert_eq!(counted(&cluster, "num of full clone").await, 0);
    assert_eq!(counted(&cluster, "num of incremental clone").await, 4);
    let moved = counted(&cluster, "bytes of clone").await;
    let size: i64 = replicas(&cluster)
        .await
        .iter()
        .map(|row| row["DataSize"].parse::<i64>().expect("a size"))
        .sum();
    println!("{moved} bytes moved for {} bytes of one copy", size / 3);
    assert!(moved > 0 && moved < size / 3 / 20, "{moved} of {size}");
    let rows = cluster.number("SELECT count(*) FROM h.t").await;
    assert_eq!(rows, Ok(40_300));
    alike(&cluster, "h.t").await;
    run_book(&cluster, "health.sql", &[]);
}
