//! A storage path loses its files under a running backend, or goes away as a whole (doris.md R2).

use std::fs;
use std::path::Path;

use super::super::harness::Cluster;
use super::super::runbooks::run_book;
use super::traffic::Traffic;
use super::{alike, counted, id_of, load, places, settle, table, unhealthy, ward};

fn empty(dir: &Path) {
    for entry in fs::read_dir(dir).expect("the path is there").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        }
        .expect("it is deleted");
    }
}

/// How many storage paths of a backend are offline.
async fn offline(cluster: &Cluster, at: usize) -> i64 {
    let id = id_of(cluster, at).await;
    let count = format!(
        "SELECT count(*) FROM sys.backend_paths WHERE BackendId = {id} AND State = 'OFFLINE'"
    );
    cluster.number(&count).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_a_wiped_storage_path_are_made_anew_whole() {
    let mut cluster = ward(3, 2).await;
    table(&cluster, 6, 3).await;
    load(&cluster, 1, 10_000).await;
    settle(&cluster).await;
    let traffic = Traffic::begin(cluster.target());
    empty(&cluster.storage_paths(0)[1]);
    cluster
        .until("full clones", async || {
            counted(&cluster, "num of full clone").await >= 3
        })
        .await;
    settle(&cluster).await;
    traffic.end().await.nothing_failed();
    settle(&cluster).await;
    assert!(places(&cluster).await.values().all(|b| b.len() == 3));
    alike(&cluster, "h.t").await;

    // The path has begun anew, and works after a restart as well.
    cluster.stop_backend(0);
    cluster.start_backend(0);
    cluster.wait_alive(3).await;
    settle(&cluster).await;
    assert_eq!(offline(&cluster, 0).await, 0);
    alike(&cluster, "h.t").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_disk_is_left_and_used_again_when_it_works() {
    let cluster = ward(4, 2).await;
    table(&cluster, 8, 3).await;
    load(&cluster, 1, 10_000).await;
    settle(&cluster).await;
    let traffic = Traffic::begin(cluster.target());
    let broken = &cluster.storage_paths(0)[1];
    let away = broken.with_extension("away");
    fs::rename(broken, &away).expect("the disk goes");
    cluster
        .until("the path is offline", async || {
            offline(&cluster, 0).await == 1
        })
        .await;
    let text = run_book(&cluster, "broken_disk.sql", &[]);
    assert!(text.contains("OFFLINE"), "{text}");
    // A load that went on meanwhile may be missing on a replica for a moment more.
    cluster
        .until("healthy tablets", async || unhealthy(&cluster).await == 0)
        .await;

    fs::rename(&away, broken).expect("the disk is back");
    cluster
        .until("the path is online", async || {
            offline(&cluster, 0).await == 0
        })
        .await;
    settle(&cluster).await;
    traffic.end().await.nothing_failed();
    settle(&cluster).await;
    assert!(places(&cluster).await.values().all(|b| b.len() == 3));
    alike(&cluster, "h.t").await;
}
