//! Single bits of data files turn over under a table of three copies and one of one copy: every answer is right or an
//! error, compaction included, and where there are other copies all is well in the end. No file is deleted because of it.
//!
//! `FLIPS=n` says how many bits (60), `SEED=n` which: `SEED=7 FLIPS=1000 cargo test --test it flipped_bits`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use quorate::backend::api::{CheckSegments, SegmentsAnswer};
use quorate::backend::client::{Call, Client};

use super::{SETTINGS, alike, ask};
use crate::cluster::harness::{Cluster, SOON, Shape, http};
use crate::seeded::{Seeded, number};

const BUCKETS: u64 = 24;
/// Rows of a load; three loads are not worth a compaction.
const ROWS: i64 = 2400;
const LOADS: i64 = 3;
/// Bits that turn over on one backend, each in another tablet, before the next backend has its turn.
const ROUND: u64 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bits_of_data_never_give_wrong_rows() {
    let (seed, flips) = (number("SEED", 1), number("FLIPS", 60));
    println!("replay with: SEED={seed} FLIPS={flips} cargo test --test it flipped_bits");
    let mut random = Seeded(seed);
    let mut settings = SETTINGS.to_vec();
    settings.push(("tablet_sched_slot_num_per_path", "8"));
    let cluster = Cluster::of(Shape {
        backends: 4,
        paths: 1,
        settings: &settings,
    })
    .await;
    ask(&cluster, "CREATE DATABASE h").await;
    for (table, copies) in [("three", 3), ("one", 1)] {
        let create = format!(
            "CREATE TABLE h.{table} (load_no BIGINT NOT NULL, k BIGINT NOT NULL, v VARCHAR(200)) DUPLICATE KEY (load_no, k) \
             DISTRIBUTED BY HASH (k) BUCKETS {BUCKETS} PROPERTIES (\"replication_num\" = \"{copies}\")"
        );
        ask(&cluster, &create).await;
        for no in 0..LOADS {
            load(&cluster, table, no).await;
        }
        wait_whole(&cluster, table).await;
    }
    let mut seen = Seen::default();
    let mut turned = 0;
    while turned < flips {
        let backend = (turned / ROUND) as usize % cluster.backends.len();
        let count = ROUND.min(flips - turned);
        let mut damaged = Vec::new();
        for _ in 0..count {
            let mut files = files(&cluster, "three", backend).await;
            // A replica that is filled anew twice keeps only the later of its damaged files in the trash.
            files.retain(|f| damaged.iter().all(|d: &PathBuf| d.parent() != f.parent()));
            let file = files[random.below(files.len() as u64) as usize].clone();
            flip(&mut random, &file);
            damaged.push(file);
            look(&cluster, "three", LOADS, &mut seen.three).await;
        }
        turned += count;
        heal(&cluster, backend).await;
        for file in &damaged {
            assert!(file.exists(), "{file:?} was deleted");
        }
        for _ in 0..5 {
            look(&cluster, "three", LOADS, &mut seen.healed).await;
        }
    }
    assert_eq!(seen.three.errors, 0, "{seen:?}: others had whole copies");
    alike(&cluster, "h.three").await;
    damage_is_not_compacted(&cluster, &mut random).await;
    one_copy(&cluster, &mut random, flips, &mut seen).await;
    println!("{seen:?}");
}

/// Answers by what they were; wrong ones end the test.
#[derive(Debug, Default)]
struct Seen {
    three: Answers,
    healed: Answers,
    one: Answers,
}

#[derive(Debug, Default)]
struct Answers {
    right: u64,
    errors: u64,
}

/// Damage on one backend, then loads until every tablet is compacted: the rows are right, and all copies are alike.
async fn damage_is_not_compacted(cluster: &Cluster, random: &mut Seeded) {
    let files = files(cluster, "three", 1).await;
    for file in &files {
        flip(random, file);
    }
    for no in LOADS..LOADS + 4 {
        load(cluster, "three", no).await;
    }
    let mut seen = Answers::default();
    look(cluster, "three", LOADS + 4, &mut seen).await;
    heal(cluster, 1).await;
    wait_whole(cluster, "three").await;
    for _ in 0..10 {
        look(cluster, "three", LOADS + 4, &mut seen).await;
    }
    assert_eq!(seen.errors, 0, "others had whole copies");
    alike(cluster, "h.three").await;
}

/// Where there is one copy, a bit makes an error of an answer, and nothing else; put right, the rows are there again.
async fn one_copy(cluster: &Cluster, random: &mut Seeded, flips: u64, seen: &mut Seen) {
    for n in 0..flips {
        let backend = n as usize % cluster.backends.len();
        let files = files(cluster, "one", backend).await;
        let file = &files[random.below(files.len() as u64) as usize];
        let bit = flip(random, file);
        look(cluster, "one", LOADS, &mut seen.one).await;
        turn(file, bit);
    }
    // Nothing was given up: who puts the bytes back has the rows back.
    let mut again = Answers::default();
    look(cluster, "one", LOADS, &mut again).await;
    assert_eq!((again.right, again.errors), (1, 0), "{seen:?}");
    assert!(seen.one.errors > seen.one.right, "{seen:?}");
}

/// Asks for all rows; what is answered must be right.
async fn look(cluster: &Cluster, table: &str, loads: i64, answers: &mut Answers) {
    let sum = "count(*) n, sum(k) k, sum(load_no) l, count(DISTINCT v) d, sum(length(v)) b";
    let query = format!("SELECT {sum} FROM h.{table}");
    match cluster.sql(&query).await {
        Ok(rows) => {
            let row = &rows[0];
            let cell = |name: &str| row[name].parse::<i64>().expect("a number");
            let per_load = ROWS * (ROWS - 1) / 2;
            let expect = [
                loads * ROWS,
                loads * per_load,
                ROWS * (0..loads).sum::<i64>(),
                loads * ROWS,
                (0..loads).map(bytes_of).sum(),
            ];
            assert_eq!(["n", "k", "l", "d", "b"].map(cell), expect);
            answers.right += 1;
        }
        Err(error) => {
            let known = ["CRC-32", "can't be believed"];
            assert!(known.iter().any(|why| error.contains(why)), "{error}");
            answers.errors += 1;
        }
    }
}

fn text(no: i64, k: i64) -> String {
    let noise = (no * ROWS + k).wrapping_mul(0x5DEE_CE66_D123);
    format!("row {k} of load {no}: {noise:x}")
}

fn bytes_of(no: i64) -> i64 {
    (0..ROWS).map(|k| text(no, k).len() as i64).sum()
}

async fn load(cluster: &Cluster, table: &str, no: i64) {
    let rows = (0..ROWS).map(|k| format!("{no},{k},{}\n", text(no, k)));
    let body: String = rows.collect();
    let headers = [("column_separator", ",")];
    let answer = cluster.load("h", table, body.into_bytes(), &headers).await;
    let answer = answer.unwrap_or_else(|e| panic!("{e}\n{}", cluster.logs()));
    assert_eq!(answer["Status"], "Success", "{answer}\n{}", cluster.logs());
}

async fn wait_whole(cluster: &Cluster, table: &str) {
    let wait = format!("ADMIN WAIT UNTIL HEALTHY TABLE h.{table} FOR '120s'");
    let waited = cluster.sql(&wait).await;
    waited.unwrap_or_else(|e| panic!("{e}\n{}", cluster.logs()));
}

/// Has a backend look at what nobody has read, and waits until the table is whole again.
async fn heal(cluster: &Cluster, backend: usize) {
    let address = cluster.backend_address(backend);
    let token = std::fs::read_to_string(cluster.path("fe/cluster.token")).expect("the token");
    let client = Client::new(token.trim()).expect("a client");
    let call = Call::new(address, "check_segments", SOON);
    let asked = CheckSegments {
        repair: true,
        checksum: true,
    };
    let answer: SegmentsAnswer = client.post_json(&call, &asked).await.expect("an answer");
    assert!(answer.bad.iter().all(|bad| bad.set_bad), "{answer:?}");
    wait_whole(cluster, "three").await;
}

/// The files that the replicas of a table have on a backend.
async fn files(cluster: &Cluster, table: &str, backend: usize) -> Vec<PathBuf> {
    let address = cluster.backend_address(backend);
    let mut files = Vec::new();
    for row in ask(cluster, &format!("SHOW TABLET FROM h.{table}")).await {
        if !row["MetaUrl"].contains(address) {
            continue;
        }
        let header = http().get(&row["MetaUrl"]).send().await.expect("an answer");
        let header = header.json().await.expect("JSON");
        collect(&header, &mut files);
    }
    assert!(!files.is_empty(), "backend {backend} has files of {table}");
    files.sort();
    files
}

fn collect(json: &serde_json::Value, files: &mut Vec<PathBuf>) {
    match json {
        serde_json::Value::Object(fields) => {
            if let Some(file) = fields.get("file").and_then(|f| f.as_str()) {
                files.push(PathBuf::from(file));
            }
            fields.values().for_each(|value| collect(value, files));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|v| collect(v, files)),
        _ => {}
    }
}

/// Turns over a bit of a file; which one.
fn flip(random: &mut Seeded, file: &Path) -> u64 {
    let bytes = std::fs::metadata(file).expect("the file").len();
    let bit = random.below(bytes * 8);
    turn(file, bit);
    bit
}

fn turn(file: &Path, bit: u64) {
    let open = File::options().read(true).write(true).open(file);
    let open = open.expect("the file");
    let mut byte = [0];
    open.read_exact_at(&mut byte, bit / 8).expect("a byte");
    byte[0] ^= 1 << (bit % 8);
    open.write_all_at(&byte, bit / 8).expect("a byte");
}
