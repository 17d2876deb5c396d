//! A backend dies for good, and comes back after all (doris.md R1 and R9 of the runbooks as practised).

use std::time::{Duration, Instant};

use super::super::runbooks::{flights, run_book};
use super::traffic::Traffic;
use super::{alike, ask, counted, id_of, places, settle, table, unhealthy, ward};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backend_is_replaced_under_loads_and_queries_and_its_return_costs_nothing() {
    let mut cluster = ward(4, 1).await;
    table(&cluster, 6, 3).await;
    flights(&cluster).await;
    let traffic = Traffic::begin(cluster.target());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let dead = id_of(&cluster, 1).await;

    let killed = Instant::now();
    cluster.kill_backend(1);
    cluster
        .until("unhealthy tablets", async || unhealthy(&cluster).await > 0)
        .await;
    println!("unhealthy after {:.1} s", killed.elapsed().as_secs_f64());
    let text = run_book(&cluster, "dead_backend.sql", &[]);
    println!("healthy after {:.1} s", killed.elapsed().as_secs_f64());
    assert!(text.contains(&dead), "the dead backend is shown: {text}");
    // A load that went on while a copy was made may be missing on it for a moment more.
    cluster
        .until("healthy tablets", async || unhealthy(&cluster).await == 0)
        .await;
    assert!(counted(&cluster, "num of full clone").await > 0);
    for (tablet, backends) in places(&cluster).await {
        let living = backends.iter().filter(|id| **id != dead).count();
        assert_eq!(living, 3, "tablet {tablet} is on {backends:?}");
    }

    cluster.start_backend(1);
    cluster.wait_alive(4).await;
    settle(&cluster).await;
    for (tablet, backends) in places(&cluster).await {
        assert_eq!(backends.len(), 3, "tablet {tablet} is on {backends:?}");
    }
    let tally = traffic.end().await;
    tally.nothing_failed();
    assert!(tally.misdirected <= 2, "one a loader: {tally:?}");
    settle(&cluster).await;
    alike(&cluster, "h.t").await;
    alike(&cluster, "demo.flights").await;
    assert!(counted(&cluster, "num of replica removed").await > 0);
    let flights = cluster.number("SELECT count(*) FROM demo.flights").await;
    assert_eq!(flights, Ok(3368));

    // Once it is known that it will not come back, it is dropped, and nothing changes.
    let drop = format!(
        "ALTER SYSTEM DROP BACKEND \"{}\" FORCE",
        cluster.backend_address(1)
    );
    cluster.kill_backend(1);
    cluster.wait_alive(3).await;
    settle(&cluster).await;
    ask(&cluster, &drop).await;
    settle(&cluster).await;
    assert!(places(&cluster).await.values().all(|b| b.len() == 3));
    alike(&cluster, "demo.flights").await;
}
