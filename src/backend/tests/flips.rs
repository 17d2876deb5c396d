//! Single bits that turn over on the disk: a read is right or an error, compaction never makes damage look right, metadata
//! is what was written or is refused, and no file is deleted because of it.
//!
//! `FLIPS=n` says how many bits (60), `SEED=n` which: `SEED=7 FLIPS=1000 cargo test --lib flips`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::backend::api::{ScanFilter, ScanRequest};
use crate::backend::compact::compact;
use crate::backend::error::Error;
use crate::backend::run::start;
use crate::backend::scan::cursor::Cursor;
use crate::backend::tablet::Tablet;
use crate::backend::tests::node::{Node, columns, files, options, path, quiet, scan_all};
use crate::ids::TabletId;

/// Random numbers that a seed fixes (SplitMix64).
struct Seeded(u64);

impl Seeded {
    fn begin(test: &str) -> (Seeded, u64) {
        let number = |variable: &str, otherwise| {
            let text = std::env::var(variable).ok();
            text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
        };
        let (seed, flips) = (number("SEED", 1), number("FLIPS", 60));
        println!("replay with: SEED={seed} FLIPS={flips} cargo test --lib {test}");
        (Seeded(seed), flips)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

/// Turns a bit over; the same again puts it right.
fn flip(file: &Path, bit: u64) {
    let open = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    open.read_exact_at(&mut byte, bit / 8).unwrap();
    byte[0] ^= 1 << (bit % 8);
    open.write_all_at(&byte, bit / 8).unwrap();
}

fn bits(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len() * 8
}

/// All rows that a scan gives; the first error ends it.
fn read(tablet: &Tablet, request: ScanRequest) -> Result<Vec<RecordBatch>, Error> {
    let mut cursor = Cursor::new(tablet, request)?;
    let mut rows = Vec::new();
    while let Some(batch) = cursor.next_batch()? {
        rows.push(batch);
    }
    Ok(rows)
}

/// Scans of different parts of a tablet.
fn requests(tablet: u64, version: i64) -> Vec<ScanRequest> {
    let all = ScanRequest {
        columns: (0..columns().len()).collect(),
        ..scan_all(tablet, version)
    };
    let some = ScanRequest {
        columns: vec![1],
        from_ordinal: 333,
        limit: Some(400),
        ..scan_all(tablet, version)
    };
    let filtered = ScanRequest {
        filters: vec![ScanFilter {
            column: 0,
            op: ">=".to_owned(),
            value: "900".to_owned(),
        }],
        ..scan_all(tablet, version)
    };
    let counted = ScanRequest {
        columns: Vec::new(),
        ..scan_all(tablet, version)
    };
    vec![all, some, filtered, counted]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_never_read_as_rows() {
    let (mut random, flips) = Seeded::begin("a_flipped_bit_is_never_read_as_rows");
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    // A small file, one of several blocks, and several files.
    node.create(&[1, 2, 3]).await;
    node.put(10, 1, 2, 0..1000).await;
    node.put(11, 2, 2, 0..20_000).await;
    for n in 0..3 {
        node.put(20 + n as u64, 3, 2 + n, n * 3000..(n + 1) * 3000)
            .await;
    }
    let state = &node.running.state;
    let held = |id: u64| -> Arc<Tablet> { state.find(TabletId(id)).unwrap().1 };
    let versions = BTreeMap::from([(1, 2), (2, 2), (3, 4)]);
    let before = files(dir.path());
    let (mut errors, mut right) = (0, 0);
    for (id, version) in versions {
        let tablet = held(id);
        let expect: Vec<_> = requests(id, version)
            .into_iter()
            .map(|request| read(&tablet, request).unwrap())
            .collect();
        assert!(expect.iter().all(|batches| !batches.is_empty()));
        let own: Vec<PathBuf> = before
            .iter()
            .filter(|f| f.parent().unwrap().ends_with(id.to_string()))
            .cloned()
            .collect();
        for _ in 0..flips.div_ceil(3) {
            let file = &own[random.below(own.len() as u64) as usize];
            let bit = random.below(bits(file));
            flip(file, bit);
            for (request, expect) in requests(id, version).into_iter().zip(&expect) {
                match read(&tablet, request.clone()) {
                    Ok(rows) => {
                        assert!(rows == *expect, "bit {bit} of {file:?}: {request:?}");
                        right += 1;
                    }
                    Err(error) => {
                        assert!(error.is_damage(), "{error}");
                        assert!(error.to_string().contains("CRC-32"), "{error}");
                        errors += 1;
                    }
                }
            }
            flip(file, bit);
        }
    }
    println!("{errors} errors, {right} right");
    assert!(errors > right, "{errors} errors, {right} right");
    assert_eq!(files(dir.path()), before, "nothing is deleted");
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_never_writes_damage_anew() {
    let (mut random, flips) = Seeded::begin("compaction_never_writes_damage_anew");
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    let ids: Vec<u64> = (1..=flips.div_ceil(6)).collect();
    node.create(&ids).await;
    for id in &ids {
        for n in 0..5 {
            let txn = id * 10 + n as u64;
            node.put(txn, *id, 2 + n, n * 200..(n + 1) * 200).await;
        }
    }
    let expect: Vec<i64> = (0..1000).collect();
    for id in ids {
        let own = files(dir.path());
        let own: Vec<_> = own
            .iter()
            .filter(|f| f.parent().unwrap().ends_with(id.to_string()))
            .collect();
        let file = own[random.below(own.len() as u64) as usize];
        flip(file, random.below(bits(file)));
        let error = compact(&node.running.state, TabletId(id))
            .await
            .unwrap_err();
        assert!(error.is_damage(), "{error}");
        let now = files(dir.path());
        assert!(own.iter().all(|f| now.contains(*f)), "nothing is deleted");
        // Nobody could be asked whether the replica is needed: it is marked, with its cause.
        let report = node.reported(id).await.unwrap();
        assert!(report.bad);
        let why = report.why.unwrap();
        assert!(why.contains("CRC-32") && why.contains(".parquet"), "{why}");
        let (_, text) = node.scan(&scan_all(id, 6)).await.unwrap_err();
        assert!(text.contains(&why), "{text}");
    }
    // One that is whole is compacted, and gives the same rows.
    node.create(&[9_000]).await;
    for n in 0..5 {
        let txn = 90_000 + n as u64;
        node.put(txn, 9_000, 2 + n, n * 200..(n + 1) * 200).await;
    }
    assert_eq!(compact(&node.running.state, TabletId(9_000)).await, Ok(5));
    assert_eq!(node.ids(9_000, 6).await, expect);
    node.running.stop().await;
}

/// Everything that a backend says of its tablets, and their rows.
async fn said(node: &Node, tablets: &[(u64, i64)]) -> Vec<String> {
    let mut said = Vec::new();
    for (id, version) in tablets {
        let report = node.reported(*id).await.unwrap();
        said.push(format!("{report:?} {:?}", node.ids(*id, *version).await));
    }
    said.push(format!("{:?}", node.named()));
    said
}

/// The files of metadata.
const META: [&str; 2] = ["meta.redb", "meta.log"];

/// Their bytes.
type Store = [Vec<u8>; 2];

fn store(dir: &Path) -> Store {
    META.map(|name| std::fs::read(dir.join(name)).unwrap())
}

fn put_back(dir: &Path, store: &Store) {
    for (name, bytes) in META.iter().zip(store) {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
}

/// What a backend wrote, and its metadata after a stop and after a kill.
async fn written(dir: &Path) -> (Vec<String>, Vec<Store>) {
    let node = Node::start(dir, quiet()).await;
    node.create(&[1, 2, 3, 4]).await;
    for n in 0..4 {
        for id in [1, 2] {
            let txn = 10 * id + n as u64;
            node.put(txn, id, 2 + n, n * 100..(n + 1) * 100).await;
        }
    }
    node.put(50, 3, 2, 0..100).await;
    node.put(51, 4, 2, 0..100).await;
    node.drop_tablet(4, 1004, 1).await;
    node.load(60, 3, 100..200).await;
    compact(&node.running.state, TabletId(1)).await.unwrap();
    let said = said(&node, TABLETS).await;
    let killed = store(dir);
    node.running.stop().await;
    (said, vec![killed, store(dir)])
}

const TABLETS: &[(u64, i64)] = &[(1, 5), (2, 5), (3, 2)];

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bits_of_metadata_are_harmless_or_refused_and_nothing_is_deleted() {
    let (mut random, flips) = Seeded::begin("flipped_bits_of_metadata");
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (expect, stores) = written(dir.path()).await;
    let before: BTreeSet<PathBuf> = files(dir.path());
    let (mut same, mut refused) = (0, 0);
    for n in 0..flips {
        let mut flipped = stores[n as usize % stores.len()].clone();
        for _ in 0..1 + random.below(2) {
            let bytes = &mut flipped[random.below(3) as usize / 2];
            // Most of a log is empty: its beginning is of interest.
            let within = bytes.len().min(64 << 10) as u64 * 8;
            let bit = match random.below(2) {
                0 => random.below(within),
                _ => random.below(bytes.len() as u64 * 8),
            };
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
        put_back(dir.path(), &flipped);
        // Beside another storage path: the one that is refused does not take it along.
        let both = options(vec![path(dir.path()), path(other.path())], quiet());
        let running = start(both, |_, _| axum::Router::new()).await.unwrap();
        let offline = running.state.paths()[0].shared.online().err();
        running.stop().await;
        assert_eq!(files(dir.path()), before, "nothing is deleted");
        match offline {
            Some(error) => {
                assert!(
                    error.to_string().contains("it was left as it is"),
                    "{error}"
                );
                let now = store(dir.path());
                assert!(now == flipped, "what is refused is not touched");
                refused += 1;
            }
            None => {
                let node = Node::start(dir.path(), quiet()).await;
                assert_eq!(said(&node, TABLETS).await, expect);
                node.running.stop().await;
                assert_eq!(files(dir.path()), before, "nothing is deleted");
                same += 1;
            }
        }
    }
    println!("{same} the same, {refused} refused");
    assert!(
        refused > 0 && same > 0,
        "{same} the same, {refused} refused"
    );
}
