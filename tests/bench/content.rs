//! Checks of content over a large catalog: the walk that finds what is due in the background, when nothing and when
//! everything has been checked, and what the results cost. `TABLETS=n` changes the larger size.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate::catalog::change::Change;
use quorate::catalog::check::{Check, Verdict};
use quorate::catalog::state::Catalog;
use quorate::clock::Timestamp;
use quorate::config::Config;
use quorate::ids::{PartitionId, ReplicaId, TabletId, TxnId};
use quorate::tablet::census::Census;
use quorate::tablet::consistency::due::due;

use crate::catalog::{apply, build, publish};
use crate::stats::{median, resident_bytes};

const ROUNDS: usize = 9;
/// What one walk finds at most, as in the leader's core.
const MOST: usize = 20_000;
/// When everything was checked, and a week later.
const CHECKED: Timestamp = Timestamp::at(1_000_000_000);
const LATER: Timestamp = Timestamp::at(CHECKED.elapsed_ms() + 7 * 86_400_000);

/// Prints the figures of the two sizes side by side.
pub fn run() {
    let large: u64 = std::env::var("TABLETS")
        .ok()
        .and_then(|t| t.parse().ok())
        .unwrap_or(1_000_000);
    let columns = [1000, large].map(measure);
    println!("{:<46} {:>14} {:>14}", "tablets", 1000, large);
    for ((name, small), (_, large)) in columns[0].iter().zip(&columns[1]) {
        println!("{name:<46} {small:>14} {large:>14}");
    }
}

fn measure(tablets: u64) -> Vec<(&'static str, String)> {
    let mut catalog = build(tablets);
    apply(&mut catalog, Change::ReserveTxns { below: 1 << 40 });
    let partitions: Vec<PartitionId> = catalog.partitions.keys().copied().collect();
    for (txn, partition) in (1..).zip(partitions) {
        publish(&mut catalog, TxnId(txn), partition);
    }
    let first = walks(&catalog, LATER);
    let before = resident_bytes();
    let began = Instant::now();
    check_all(&mut catalog);
    let recorded = began.elapsed() / u32::try_from(tablets).expect("a number of tablets");
    let bytes = resident_bytes().saturating_sub(before) / tablets;
    let census = Instant::now();
    std::hint::black_box(Census::audit(&catalog));
    let audit = census.elapsed();
    let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1000.0);
    vec![
        ("walk, everything due, ms", ms(first)),
        ("walk, nothing due, ms", ms(walks(&catalog, LATER))),
        ("a result recorded, ns", recorded.as_nanos().to_string()),
        ("a result kept, bytes (resident)", bytes.to_string()),
        ("full audit with all results, ms", ms(audit)),
    ]
}

fn walks(catalog: &Catalog, now: Timestamp) -> Duration {
    let config = Arc::new(Config::default());
    let times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(due(catalog, &config, now, MOST));
            began.elapsed()
        })
        .collect();
    median(&times)
}

/// All replicas of all tablets agree; a hundred results make a record.
fn check_all(catalog: &mut Catalog) {
    let ids: Vec<TabletId> = catalog.tablets.iter().map(|view| view.id()).collect();
    for some in ids.chunks(100) {
        let checked = some.iter().map(|id| {
            let check = Check {
                at: CHECKED,
                version: 2,
                verdict: Verdict::Consistent,
                digests: [1, 2, 3]
                    .map(|of| (ReplicaId(id.0 * 3 + of), 7, 7))
                    .to_vec(),
            };
            (*id, check)
        });
        let tablets = checked.collect();
        apply(catalog, Change::Checked { tablets });
    }
}
