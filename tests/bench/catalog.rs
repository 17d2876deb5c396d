//! The catalog in memory: bytes a replica, a full health audit, a reader's snapshot while versions are published, and
//! `/statistic` at 1,000 and at 1,000,000 tablets. `TABLETS=n` changes the larger size.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate::catalog::change::{Change, Committed, NewPartition, NewTable};
use quorate::catalog::partition::{Bound, PartitionSpec, Range};
use quorate::catalog::schema::{ColumnDef, DataType};
use quorate::catalog::state::Catalog;
use quorate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use quorate::catalog::txn::{Txn, TxnState, Writes};
use quorate::clock::Timestamp;
use quorate::config::Config;
use quorate::ids::{BackendId, DbId, IndexId, PartitionId, ReplicaId, TableId, TabletId, TxnId};
use quorate::proc;
use quorate::tablet::census::Census;
use quorate::tablet::healing::Healing;
use quorate::view::{FrontendInfo, View};

use crate::stats::{median, percentile, resident_bytes};

const BACKENDS: u64 = 100;
const BUCKETS: u64 = 10;
const REPLICAS: u64 = 3;
const ROUNDS: usize = 9;

/// Prints every figure of the two sizes side by side.
pub fn run() {
    let large: u64 = std::env::var("TABLETS")
        .ok()
        .and_then(|t| t.parse().ok())
        .unwrap_or(1_000_000);
    println!(
        "{:<46} {:>14} {:>14}",
        "",
        "1000 tablets",
        format!("{large} tablets")
    );
    let mut columns: Vec<Vec<(&str, String)>> = Vec::new();
    for tablets in [1000, large] {
        columns.push(measure(tablets));
    }
    for ((name, small), (_, large)) in columns[0].iter().zip(&columns[1]) {
        println!("{name:<46} {small:>14} {large:>14}");
    }
}

fn measure(tablets: u64) -> Vec<(&'static str, String)> {
    let before = resident_bytes();
    let mut catalog = build(tablets);
    let replicas = tablets * REPLICAS;
    let bytes = resident_bytes().saturating_sub(before) as f64 / replicas as f64;
    for backend in catalog.backends.keys().copied().collect::<Vec<_>>() {
        catalog.observe_backend(backend, |state| state.alive = true);
    }
    let audit: Vec<Duration> = (0..ROUNDS)
        .map(|_| timed(|| Census::audit(&catalog)))
        .collect();
    let census = Census::audit(&catalog);
    let nanos = median(&audit).as_nanos() as f64 / replicas as f64;
    let (snapshots, publishes) = snapshots(&mut catalog);
    let view = View {
        now: Timestamp::at(0),
        catalog,
        census,
        healing: Healing::default(),
        config: Arc::new(Config::default()),
        frontend: Arc::new(FrontendInfo::default()),
        connections: 0,
    };
    let statistic: Vec<Duration> = (0..1000)
        .map(|_| timed(|| proc::open(&view, "/statistic").map(|n| n.rows().is_ok())))
        .collect();
    vec![
        ("memory, bytes a replica (resident)", format!("{bytes:.1}")),
        ("full health audit, ns a replica", format!("{nanos:.2}")),
        (
            "full health audit, ms",
            format!("{:.2}", median(&audit).as_secs_f64() * 1000.0),
        ),
        (
            "snapshot while publishing, ns, median",
            median(&snapshots).as_nanos().to_string(),
        ),
        (
            "snapshot while publishing, ns, p99",
            percentile(&snapshots, 99).as_nanos().to_string(),
        ),
        (
            "publish of a version under snapshots, us, p99",
            format!("{:.1}", percentile(&publishes, 99).as_secs_f64() * 1e6),
        ),
        (
            "SHOW PROC '/statistic', us, median",
            format!("{:.1}", median(&statistic).as_secs_f64() * 1e6),
        ),
    ]
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    std::hint::black_box(work());
    began.elapsed()
}

/// Publishes versions of one partition after another, and takes a snapshot before each that lives until after it.
fn snapshots(catalog: &mut Catalog) -> (Vec<Duration>, Vec<Duration>) {
    let partitions: Vec<PartitionId> = catalog.partitions.keys().copied().collect();
    let (mut snapshots, mut publishes) = (Vec::new(), Vec::new());
    apply(catalog, Change::ReserveTxns { below: 1_000_000 });
    for round in 0..1000_u64 {
        let began = Instant::now();
        let snapshot = catalog.clone();
        snapshots.push(began.elapsed());
        let at = usize::try_from(round).expect("small") * 7 % partitions.len();
        publishes.push(timed(|| publish(catalog, TxnId(round + 1), partitions[at])));
        drop(snapshot);
    }
    (snapshots, publishes)
}

/// Makes an empty load visible.
pub fn publish(catalog: &mut Catalog, id: TxnId, partition: PartitionId) {
    let known = &catalog.partitions[&partition];
    let txn = Txn {
        id,
        label: format!("l{id}"),
        db: DbId(1),
        table: known.table,
        coordinator: String::new(),
        source: String::new(),
        state: TxnState::Committed,
        prepared: Timestamp::at(0),
        committed: Some(Timestamp::at(0)),
        published: None,
        finished: None,
        timeout_ms: 1,
        reason: String::new(),
        versions: vec![(partition, known.next_version)],
        failed_replicas: 0,
        rows: 1,
        backend: None,
        hold: None,
    };
    apply(
        catalog,
        Change::Commit(Box::new(Committed {
            txn,
            writes: Writes::default(),
        })),
    );
    apply(
        catalog,
        Change::Visible {
            txn: id,
            at: Timestamp::at(0),
            published: None,
            missed: Vec::new(),
        },
    );
}

/// Applies a change that fits.
pub fn apply(catalog: &mut Catalog, change: Change) {
    catalog.apply(&change).expect("the change fits");
}

/// So many tablets: one database, a table for each 100 partitions, ten tablets a partition.
pub fn build(tablets: u64) -> Catalog {
    let mut catalog = Catalog::new();
    apply(
        &mut catalog,
        Change::ReserveIds {
            below: u64::MAX / 2,
        },
    );
    let mut next = 10_001;
    let mut fresh = |count: u64| {
        let first = next;
        next += count;
        first
    };
    for at in 0..BACKENDS {
        let id = BackendId(fresh(1));
        apply(
            &mut catalog,
            Change::AddBackend {
                id,
                host: format!("10.0.0.{at}"),
                port: 8040,
            },
        );
    }
    let backends: Vec<BackendId> = catalog.backends.keys().copied().collect();
    let db = DbId(fresh(1));
    apply(
        &mut catalog,
        Change::CreateDatabase {
            id: db,
            name: "d".to_owned(),
            at: Timestamp::at(0),
        },
    );
    let mut left = tablets / BUCKETS;
    while left > 0 {
        let count = left.min(100);
        left -= count;
        let (id, index) = (TableId(fresh(1)), IndexId(fresh(1)));
        let partitions = (0..count).map(|at| {
            let (id, tablet, replica) = (fresh(1), fresh(BUCKETS), fresh(BUCKETS * REPLICAS));
            partition(id, tablet, replica, at, &backends)
        });
        let partitions = partitions.collect();
        let table = NewTable {
            id,
            db,
            name: format!("t{id}"),
            index,
            spec: table_spec(),
            at: Timestamp::at(0),
            partitions,
        };
        apply(&mut catalog, Change::CreateTable(Box::new(table)));
    }
    catalog
}

fn partition(id: u64, tablet: u64, replica: u64, at: u64, backends: &[BackendId]) -> NewPartition {
    let place = |n: u64| backends[usize::try_from((replica + n * 7) % BACKENDS).expect("small")];
    NewPartition {
        id: PartitionId(id),
        spec: PartitionSpec {
            name: format!("p{at}"),
            range: Some(Range {
                lower: Some(Bound::Int(at.into())),
                upper: Some(Bound::Int(i128::from(at) + 1)),
            }),
            buckets: u32::try_from(BUCKETS).expect("small"),
            replication_num: 3,
            medium: Medium::Hdd,
        },
        first_tablet: TabletId(tablet),
        first_replica: ReplicaId(replica),
        backends: (0..BUCKETS * REPLICAS).map(place).collect(),
    }
}

fn table_spec() -> TableSpec {
    let column = ColumnDef {
        name: "k".to_owned(),
        data_type: DataType::BigInt,
        nullable: false,
        default: None,
        comment: String::new(),
    };
    TableSpec {
        columns: vec![column],
        key_columns: 1,
        comment: String::new(),
        partitioning: Partitioning::Range { column: 0 },
        distribution: Distribution {
            columns: vec![0],
            buckets: Some(10),
        },
        properties: TableProperties {
            replication_num: 3,
            write_quorum: WriteQuorum::Majority,
            storage_medium: None,
            bucket_size: 0,
        },
    }
}
