//! The catalog of a model cluster: replicas spread so that every backend has as many as any other, and shares tablets with
//! many others.

use quorate::catalog::change::{Change, NewPartition, NewTable};
use quorate::catalog::partition::{Bound, PartitionSpec, Range};
use quorate::catalog::schema::{ColumnDef, DataType};
use quorate::catalog::state::Catalog;
use quorate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use quorate::clock::Timestamp;
use quorate::ids::{BackendId, DbId, IndexId, PartitionId, ReplicaId, TableId, TabletId};

/// Replicas of a tablet.
pub const REPLICAS: u64 = 3;
/// Tablets of a partition.
const BUCKETS: u64 = 10;

/// How large a cluster is.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Backends, each on a host of its own.
    pub backends: u64,
    /// Tablets; a multiple of the number of backends and of ten.
    pub tablets: u64,
    /// Bytes of the one disk of each backend.
    pub capacity: u64,
}

/// The catalog: one database, a table for each hundred partitions, ten tablets a partition.
pub fn catalog(shape: Shape) -> Catalog {
    let mut next = 10_001;
    let mut fresh = |count: u64| {
        next += count;
        next - count
    };
    let mut catalog = Catalog::new();
    apply(&mut catalog, Change::ReserveIds { below: 1 << 40 });
    for n in 0..shape.backends {
        let id = BackendId(fresh(1));
        let (host, port) = (format!("h{n}"), 8040);
        apply(&mut catalog, Change::AddBackend { id, host, port });
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
    let partitions = shape.tablets / BUCKETS;
    for first in (0..partitions).step_by(100) {
        let (id, index) = (TableId(fresh(1)), IndexId(fresh(1)));
        let of_table = (first..partitions.min(first + 100)).map(|at| NewPartition {
            id: PartitionId(fresh(1)),
            spec: PartitionSpec {
                name: format!("p{at}"),
                range: Some(Range {
                    lower: Some(Bound::Int(i128::from(at))),
                    upper: Some(Bound::Int(i128::from(at) + 1)),
                }),
                buckets: BUCKETS as u32,
                replication_num: REPLICAS as u16,
                medium: Medium::Hdd,
            },
            first_tablet: TabletId(fresh(BUCKETS)),
            first_replica: ReplicaId(fresh(BUCKETS * REPLICAS)),
            backends: (at * BUCKETS..(at + 1) * BUCKETS)
                .flat_map(|tablet| placed(tablet, &backends))
                .collect(),
        });
        let table = NewTable {
            id,
            db,
            name: format!("t{id}"),
            index,
            spec: table_spec(),
            at: Timestamp::at(0),
            partitions: of_table.collect(),
        };
        apply(&mut catalog, Change::CreateTable(Box::new(table)));
    }
    catalog
}

/// Each run of as many tablets as there are backends gives every backend three replicas, at a distance of its own.
fn placed(tablet: u64, backends: &[BackendId]) -> [BackendId; REPLICAS as usize] {
    let count = backends.len() as u64;
    let distance = 1 + (tablet / count) % ((count - 1) / 2);
    [0, 1, 2].map(|replica| backends[((tablet + replica * distance) % count) as usize])
}

fn apply(catalog: &mut Catalog, change: Change) {
    catalog.apply(&change).expect("the change fits");
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
            buckets: Some(BUCKETS as u32),
        },
        properties: TableProperties {
            replication_num: REPLICAS as u16,
            write_quorum: WriteQuorum::Majority,
            storage_medium: None,
            bucket_size: 0,
        },
    }
}
