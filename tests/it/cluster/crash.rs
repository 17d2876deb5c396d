//! `kill -9` at any time under a load loop: nothing acknowledged is lost or doubled, nothing unacknowledged is seen, and
//! no file is left that nothing names.
//!
//! `SEED=n` chooses the times of the kills; `KILLS=n` how many there are (50 of the frontend, 10 of everything).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::harness::{Cluster, acknowledged, http};
use crate::seeded::{Seeded, number};

/// Rows of each load.
const ROWS: i64 = 20;
/// With so many loads acknowledged or less, the loop did hardly load.
const ENOUGH: usize = 10;

/// What is known of a load by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The answer was Success, or its label was found visible.
    Acknowledged,
    /// The answer was a failure.
    Refused,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frontend_is_killed_under_load() {
    let kills = number("KILLS", 50);
    crash(
        "the_frontend_is_killed_under_load",
        kills,
        async |cluster: &mut Cluster| {
            cluster.frontend.take().expect("the frontend runs").kill();
            cluster.start_frontend();
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_killed_under_load() {
    let kills = number("KILLS", 10);
    crash(
        "everything_is_killed_under_load",
        kills,
        async |cluster: &mut Cluster| {
            cluster.frontend.take().expect("the frontend runs").kill();
            for at in 0..cluster.backends.len() {
                cluster.kill_backend(at);
            }
            for at in 0..cluster.backends.len() {
                cluster.start_backend(at);
            }
            cluster.start_frontend();
        },
    )
    .await;
}

async fn crash(test: &str, kills: u64, mut kill: impl AsyncFnMut(&mut Cluster)) {
    let seed = number("SEED", 1);
    println!("replay with: SEED={seed} KILLS={kills} cargo test --test it {test}");
    let mut random = Seeded(seed);
    let cluster = Cluster::start(3).await;
    cluster.sql("CREATE DATABASE c").await.expect("a database");
    let create = "CREATE TABLE c.t (load_no BIGINT NOT NULL, k BIGINT) DUPLICATE KEY (load_no) DISTRIBUTED BY HASH (load_no, k) \
                  BUCKETS 3 PROPERTIES (\"replication_num\" = \"3\")";
    cluster.sql(create).await.expect("a table");

    let stop = Arc::new(AtomicBool::new(false));
    let fates = Fates::default();
    let shared = Arc::new(tokio::sync::RwLock::new(cluster));
    let loaders: Vec<_> = (0..3)
        .map(|lane| tokio::spawn(load_loop(shared.clone(), lane, stop.clone(), fates.clone())))
        .collect();
    for no in 0..kills {
        if no % 5 == 0 {
            // However slow the machine is, there shall be something that can get lost.
            let before = acknowledgements(&fates);
            more_than(before, &fates, &*shared.read().await).await;
        }
        tokio::time::sleep(Duration::from_millis(50 + random.below(700))).await;
        // The loaders hold the cluster only to ask where it is, never while they wait for an answer.
        kill(&mut *shared.write().await).await;
    }
    more_than(ENOUGH, &fates, &*shared.read().await).await;
    stop.store(true, Ordering::Relaxed);
    for loader in loaders {
        loader.await.expect("a loader ends");
    }
    let cluster = shared.read().await;
    println!("{} loads acknowledged", acknowledgements(&fates));
    let fates = fates.lock().clone();
    verify(&cluster, &fates).await;
}

type Fates = Arc<Mutex<BTreeMap<i64, Fate>>>;

fn acknowledgements(fates: &Fates) -> usize {
    let fates = fates.lock();
    let acknowledged = fates.values().filter(|f| **f == Fate::Acknowledged);
    acknowledged.count()
}

/// Waits until more loads than that have been acknowledged.
async fn more_than(count: usize, fates: &Fates, cluster: &Cluster) {
    cluster
        .until("acknowledged loads", async || {
            acknowledgements(fates) > count
        })
        .await;
}

/// Loads one batch after another; after an unclear answer it asks again with the same label until it is clear.
async fn load_loop(
    shared: Arc<tokio::sync::RwLock<Cluster>>,
    lane: i64,
    stop: Arc<AtomicBool>,
    fates: Fates,
) {
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let no = lane + round * 3;
        let fate = one_load(&shared, no).await;
        fates.lock().insert(no, fate);
    }
}

async fn one_load(shared: &tokio::sync::RwLock<Cluster>, no: i64) -> Fate {
    let body: String = (0..ROWS).map(|k| format!("{no},{k}\n")).collect();
    let label = format!("load_{no}");
    let headers = [("column_separator", ","), ("label", label.as_str())];
    loop {
        let target = { shared.read().await.target() };
        match target
            .load("c", "t", body.clone().into_bytes(), &headers)
            .await
        {
            Ok(answer) if acknowledged(&answer) => return Fate::Acknowledged,
            // Committed and not yet visible, still running, or no clear word: ask again.
            Ok(answer) if answer["Status"] == "Fail" && refused(&answer) => return Fate::Refused,
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Whether a failure says that the load is surely aborted, which a lost connection on the way does not.
fn refused(answer: &serde_json::Value) -> bool {
    answer["Message"]
        .as_str()
        .is_some_and(|m| m.contains("Commit failed") || m.contains("lost replicas"))
}

async fn verify(cluster: &Cluster, fates: &BTreeMap<i64, Fate>) {
    cluster.wait_alive(3).await;
    cluster
        .until("no load that is still running", async || {
            running(cluster).await == Some(0)
        })
        .await;
    let rows = cluster
        .sql("SELECT load_no, count(*) AS n, count(DISTINCT k) AS d FROM c.t GROUP BY load_no")
        .await
        .expect("the counts");
    let seen: BTreeMap<i64, (i64, i64)> = rows
        .iter()
        .map(|row| {
            (
                row["load_no"].parse().expect("a number"),
                (row["n"].parse().expect("n"), row["d"].parse().expect("d")),
            )
        })
        .collect();
    for (no, fate) in fates {
        let expected = (*fate == Fate::Acknowledged).then_some((ROWS, ROWS));
        assert_eq!(
            seen.get(no).copied(),
            expected,
            "load {no} was {fate:?}\n{}",
            cluster.logs()
        );
    }
    assert!(
        seen.keys().all(|no| fates.contains_key(no)),
        "rows of a load that nobody asked for"
    );
    let statistic = cluster
        .sql("SHOW PROC '/statistic'")
        .await
        .expect("the statistic");
    println!(
        "unhealthy tablets at the end: {}",
        statistic.last().expect("a total")["UnhealthyTabletNum"]
    );
    orphans(cluster).await;
}

async fn running(cluster: &Cluster) -> Option<i64> {
    let dbs = cluster.sql("SHOW PROC '/dbs'").await.ok()?;
    let id = &dbs.iter().find(|row| row["DbName"] == "c")?["DbId"];
    let states = cluster
        .sql(&format!("SHOW PROC '/transactions/{id}'"))
        .await
        .ok()?;
    states.iter().find(|row| row["State"] == "running")?["Number"]
        .parse()
        .ok()
}

/// After the next clean-up, every file below the storage paths is named by some tablet's metadata.
async fn orphans(cluster: &Cluster) {
    cluster
        .until("no orphan file", async || {
            let mut named = String::new();
            let tablets = cluster
                .sql("SHOW TABLET FROM c.t")
                .await
                .unwrap_or_default();
            for tablet in &tablets {
                let header = match http().get(&tablet["MetaUrl"]).send().await {
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(_) => return false,
                };
                named.push_str(&header);
            }
            let files = cluster.parquet_files();
            files.iter().all(|file| {
                file.file_name()
                    .is_some_and(|name| named.contains(&*name.to_string_lossy()))
            })
        })
        .await;
}
