//! Files of replicas are lost or wrong although all metadata is fine (seed: Check All Tablet Segment Lost; doris.md R0, R5).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::super::harness::{Cluster, http};
use super::super::runbooks::run_book;
use super::{alike, ask, counted, id_of, load, settle, table, unhealthy, ward};

/// The tablets of `h.t` that a backend has a replica of, ascending.
async fn tablets_on(cluster: &Cluster, at: usize) -> Vec<u64> {
    let id = id_of(cluster, at).await;
    let rows = ask(cluster, "SHOW TABLET FROM h.t").await;
    let here = rows.iter().filter(|row| row["BackendId"] == id);
    let tablets: BTreeSet<u64> = here
        .map(|row| row["TabletId"].parse().expect("an id"))
        .collect();
    tablets.into_iter().collect()
}

fn files_of(cluster: &Cluster, at: usize, tablet: u64) -> Vec<PathBuf> {
    let files = cluster.parquet_files_of(at).into_iter();
    let of = |file: &PathBuf| {
        let dir = file.parent().and_then(Path::file_name);
        dir.is_some_and(|dir| dir.to_string_lossy() == tablet.to_string())
    };
    files.filter(of).collect()
}

/// Adds one to the byte in the middle: the length and the end of the file stay as they were.
fn flip(file: &Path) {
    let mut bytes = fs::read(file).expect("a file");
    let at = bytes.len() / 2;
    bytes[at] = bytes[at].wrapping_add(1);
    fs::write(file, bytes).expect("it is written");
}

fn cut(file: &Path) {
    let bytes = fs::read(file).expect("a file");
    fs::write(file, &bytes[..bytes.len() / 2]).expect("it is written");
}

/// The seed's call.
async fn segment_lost(cluster: &Cluster, at: usize, method: &str, query: &str) -> (String, Json) {
    let address = cluster.backend_address(at);
    let url = format!("http://{address}/api/check_tablet_segment_lost{query}");
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let answer = http().request(method, url).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.expect("a text");
    let json = serde_json::from_str(&text).expect("JSON");
    (text, json)
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_and_cut_files_are_found_by_the_seeds_call_and_a_flipped_byte_by_content() {
    let cluster = ward(4, 1).await;
    table(&cluster, 12, 3).await;
    load(&cluster, 1, 12_000).await;
    settle(&cluster).await;
    let tablets = tablets_on(&cluster, 0).await;
    let (lost, short, flipped) = (&tablets[..5], tablets[5], tablets[6]);
    for tablet in lost {
        for file in files_of(&cluster, 0, *tablet) {
            fs::remove_file(file).expect("it is deleted");
        }
    }
    cut(&files_of(&cluster, 0, short)[0]);
    flip(&files_of(&cluster, 0, flipped)[0]);

    // Dry runs by both methods: the seed's keys in its order, what is lost, and nothing is done.
    for (method, query) in [("GET", "?repair=false"), ("POST", "")] {
        let (text, found) = segment_lost(&cluster, 0, method, query).await;
        let keys = ["status", "msg", "num", "bad_tablets", "set_bad", "host"];
        let places: Vec<_> = keys
            .iter()
            .map(|k| text.find(&format!("\"{k}\"")))
            .collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{text}"
        );
        assert_eq!(found["status"], "Success");
        assert_eq!(found["msg"], "Succeed to check all tablet segment");
        assert_eq!(found["num"], 6);
        assert_eq!(found["bad_tablets"], serde_json::json!(tablets[..6]));
        assert_eq!(found["set_bad"], "false");
        assert_eq!(found["host"], "127.0.0.1");
    }
    let (_, wrong) = segment_lost(&cluster, 0, "GET", "?repair=maybe").await;
    assert_eq!(wrong["status"], "Fail");
    let (_, none) = segment_lost(&cluster, 1, "GET", "").await;
    assert_eq!(none["num"], 0);
    assert_eq!(unhealthy(&cluster).await, 0);

    let text = run_book(&cluster, "lost_segments.sql", &[]);
    for tablet in &tablets[..6] {
        assert!(text.contains(&tablet.to_string()), "no {tablet} in {text}");
    }
    let (_, none) = segment_lost(&cluster, 0, "GET", "").await;
    assert_eq!(none["num"], 0, "{none}");

    // The flipped byte has a right length and a right end: only the rows, or the checksum of the file, tell.
    let id = flipped.to_string();
    run_book(&cluster, "checksum_mismatch.sql", &[("<tablet>", &id)]);
    settle(&cluster).await;
    alike(&cluster, "h.t").await;
    assert!(counted(&cluster, "num of full clone").await >= 7);
    let rows = "SELECT count(*), sum(k), count(DISTINCT v) FROM h.t";
    let rows = ask(&cluster, rows).await;
    assert!(rows[0].values().any(|v| v == "71994000"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_copy_is_kept_listed_and_said_so() {
    let cluster = ward(3, 1).await;
    table(&cluster, 2, 1).await;
    load(&cluster, 1, 1_000).await;
    settle(&cluster).await;
    let rows = ask(&cluster, "SHOW TABLET FROM h.t").await;
    let tablet: u64 = rows[0]["TabletId"].parse().expect("an id");
    let mut at = 0;
    while id_of(&cluster, at).await != rows[0]["BackendId"] {
        at += 1;
    }
    let file = files_of(&cluster, at, tablet).remove(0);
    let aside = file.with_extension("aside");
    fs::rename(&file, &aside).expect("it goes");
    let others = cluster.parquet_files();

    let (_, answer) = segment_lost(&cluster, at, "POST", "?repair=true").await;
    assert_eq!(answer["bad_tablets"], serde_json::json!([tablet]));
    assert_eq!(answer["set_bad"], "false");
    assert_eq!(answer["kept_tablets"], serde_json::json!([tablet]));
    let message = answer["msg"].as_str().expect("a message");
    assert!(message.contains("no other replica"), "{message}");
    let said = ask(&cluster, "ADMIN CHECK TABLET SEGMENTS REPAIR").await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["TabletId"], tablet.to_string());
    assert_eq!((&*said[0]["SetBad"], &*said[0]["Kept"]), ("false", "true"));
    let replicas = ask(&cluster, "SHOW TABLET FROM h.t").await;
    assert_eq!(replicas.len(), 2);
    assert_eq!(cluster.parquet_files(), others, "nothing was destroyed");

    // The operator finds the file in a backup.
    fs::rename(&aside, &file).expect("it is back");
    let rows = cluster.number("SELECT count(*) FROM h.t").await;
    assert_eq!(rows, Ok(1_000));
}
