//! Write quorum under `kill -9`: MAJORITY goes on, ALL refuses and leaves nothing, ONE needs one (seed: Write quorum).

use std::collections::BTreeSet;

use super::harness::{Cluster, acknowledged};

fn csv(from: i64, count: i64) -> Vec<u8> {
    (from..from + count)
        .map(|k| format!("{k},name {k}\n"))
        .collect::<String>()
        .into_bytes()
}

async fn table(cluster: &Cluster, name: &str, quorum: &str) {
    for statement in [
        "CREATE DATABASE IF NOT EXISTS q".to_owned(),
        format!(
            "CREATE TABLE q.{name} (k BIGINT NOT NULL, v VARCHAR(40)) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 4 \
             PROPERTIES (\"replication_num\" = \"3\", \"write_quorum\" = \"{quorum}\")"
        ),
    ] {
        cluster
            .sql(&statement)
            .await
            .unwrap_or_else(|e| panic!("{statement}: {e}\n{}", cluster.logs()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn majority_survives_one_death_and_says_which_tablets_are_behind() {
    let mut cluster = Cluster::start(3).await;
    table(&cluster, "t", "MAJORITY").await;
    let first = cluster
        .load("q", "t", csv(0, 1000), &[("column_separator", ",")])
        .await
        .expect("the load is answered");
    assert_eq!(first["Status"], "Success", "{first}\n{}", cluster.logs());

    cluster.kill_backend(1);
    let second = cluster
        .load("q", "t", csv(1000, 1000), &[("column_separator", ",")])
        .await;
    // The coordinator itself may have been the one that died: then the client tries again.
    let second = match second {
        Ok(answer) => answer,
        Err(_) => cluster
            .load("q", "t", csv(1000, 1000), &[("column_separator", ",")])
            .await
            .expect("the second try is answered"),
    };
    assert_eq!(second["Status"], "Success", "{second}\n{}", cluster.logs());
    assert_eq!(cluster.number("SELECT count(*) FROM q.t").await, Ok(2000));
    assert_eq!(
        cluster.number("SELECT sum(k) FROM q.t").await,
        Ok(1999 * 1000)
    );

    cluster.wait_alive(2).await;
    let statistic = cluster
        .sql("SHOW PROC '/statistic'")
        .await
        .expect("the statistic");
    let line = statistic
        .iter()
        .find(|row| row["DbName"] == "q")
        .expect("a line for q");
    assert_eq!(line["UnhealthyTabletNum"], "4");
    let named = cluster
        .sql(&format!("SHOW PROC '/statistic/{}'", line["DbId"]))
        .await
        .expect("the tablets by name");
    let listed: BTreeSet<&str> = named[0]["UnhealthyTablets"]
        .trim_matches(['[', ']'])
        .split(", ")
        .collect();
    let replicas = cluster
        .sql("ADMIN SHOW REPLICA STATUS FROM q.t WHERE STATUS = 'DEAD'")
        .await
        .expect("the dead replicas");
    assert_eq!(replicas.len(), 4);
    assert_eq!(
        listed,
        replicas
            .iter()
            .map(|row| row["TabletId"].as_str())
            .collect()
    );
    assert_eq!(cluster.number("SELECT count(*) FROM q.t").await, Ok(2000));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_refuses_and_leaves_nothing_and_one_needs_one() {
    let mut cluster = Cluster::start(3).await;
    table(&cluster, "every", "ALL").await;
    table(&cluster, "single", "ONE").await;
    cluster.kill_backend(2);
    cluster.wait_alive(2).await;
    let refused = cluster
        .load("q", "every", csv(0, 1000), &[("column_separator", ",")])
        .await
        .expect("an answer");
    assert_eq!(refused["Status"], "Fail", "{refused}");
    let message = refused["Message"].as_str().expect("a message");
    let tablets = cluster
        .sql("SHOW TABLET FROM q.every")
        .await
        .expect("tablets");
    assert!(
        tablets.iter().any(|row| message.contains(&row["TabletId"])),
        "names no tablet: {message}"
    );
    assert!(
        message.contains('2') && message.contains('3'),
        "names neither got nor needed: {message}"
    );
    assert_eq!(cluster.number("SELECT count(*) FROM q.every").await, Ok(0));
    cluster
        .until("no file of the refused load", async || {
            cluster.parquet_files().is_empty()
        })
        .await;

    cluster.kill_backend(1);
    cluster.wait_alive(1).await;
    let one = cluster
        .load("q", "single", csv(0, 1000), &[("column_separator", ",")])
        .await
        .expect("an answer");
    assert_eq!(one["Status"], "Success", "{one}\n{}", cluster.logs());
    assert_eq!(
        cluster.number("SELECT count(*) FROM q.single").await,
        Ok(1000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_middle_of_a_load_and_of_queries_is_not_seen_by_clients() {
    let mut cluster = Cluster::start(3).await;
    table(&cluster, "t", "MAJORITY").await;
    let first = cluster
        .load("q", "t", csv(0, 50_000), &[("column_separator", ",")])
        .await
        .expect("an answer");
    assert_eq!(first["Status"], "Success", "{first}\n{}", cluster.logs());
    // The coordinator is the backend that the redirect names; this one is another, or the load is repeated.
    let victim = 2;
    let label = [("column_separator", ","), ("label", "in_the_middle")];
    let body = csv(50_000, 400_000);
    let target = cluster.target();
    let load = tokio::spawn({
        let (target, body) = (target.clone(), body.clone());
        async move { target.load("q", "t", body, &label).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    cluster.kill_backend(victim);
    let mut answer = load.await.expect("it ends");
    cluster
        .until("the load is acknowledged", async || {
            let done = answer.as_ref().is_ok_and(acknowledged);
            if !done {
                answer = target.load("q", "t", body.clone(), &label).await;
            }
            done
        })
        .await;
    cluster
        .until("all rows", async || {
            cluster.number("SELECT count(*) FROM q.t").await == Ok(450_000)
        })
        .await;
    for _ in 0..20 {
        assert_eq!(
            cluster
                .number("SELECT count(*) FROM q.t WHERE k >= 0")
                .await,
            Ok(450_000)
        );
    }
}
