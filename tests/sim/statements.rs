//! Statements that make, empty and drop tables and partitions while loads run. The harness sends them without the network; faults meet
//! the calls that follow from them.

use quorate::catalog::partition::{Bound, PartitionSpec, Range};
use quorate::catalog::table::{Medium, Partitioning, WriteQuorum};
use quorate::code::Failure;
use quorate::leader::request::{Reply, Request};

use crate::setup::create_table;
use crate::world::World;

/// Tables at once.
const TABLES_MAX: usize = 6;

/// The partitions of one table: some of these names, each with its range.
const PARTITIONS: u64 = 4;

/// What a statement is, as the low digits of its number.
const MAKE: u64 = 1;
const EMPTY: u64 = 2;
const DROP: u64 = 3;
const ADD_PARTITION: u64 = 5;
const DROP_PARTITION: u64 = 6;

/// Sends one statement of those that fit.
pub fn one(world: &mut World) {
    let tables = world.tables();
    world.statements += 1;
    let number = world.statements * 10;
    let db = "d".to_owned();
    let kinds = [
        MAKE,
        MAKE,
        EMPTY,
        DROP,
        ADD_PARTITION,
        ADD_PARTITION,
        DROP_PARTITION,
    ];
    let kind = kinds[world.rng.below(kinds.len() as u64) as usize];
    let some = world.rng.below(tables.len().max(1) as u64) as usize;
    match (kind, tables.get(some).cloned()) {
        (MAKE, _) if tables.len() < TABLES_MAX => {
            let quorums = [WriteQuorum::Majority, WriteQuorum::One, WriteQuorum::All];
            let quorum = quorums[world.rng.below(3) as usize];
            let buckets = world.rng.between(1, 4) as u32;
            let replicas = world.rng.between(1, 3) as u16;
            let name = format!("t{number}");
            let mut request = create_table(&name, quorum, buckets, replicas);
            if world.rng.per_mille(400) {
                by_range(&mut request);
            }
            world.ask(number + MAKE, request);
        }
        (EMPTY, Some(name)) => {
            let partitions = Vec::new();
            world.ask(
                number + EMPTY,
                Request::TruncateTable {
                    db,
                    name,
                    partitions,
                },
            );
        }
        (DROP, Some(name)) if tables.len() > 2 => {
            let if_exists = false;
            world.ask(
                number + DROP,
                Request::DropTable {
                    db,
                    name,
                    if_exists,
                },
            );
        }
        (ADD_PARTITION, Some(name)) => {
            let at = world.rng.below(PARTITIONS);
            let (buckets, replicas) = (world.rng.between(1, 2), world.rng.between(1, 3));
            let partitions = vec![PartitionSpec {
                name: format!("p{at}"),
                range: Some(range(at)),
                buckets: buckets as u32,
                replication_num: replicas as u16,
                medium: Medium::Hdd,
            }];
            let if_not_exists = false;
            world.ask(
                number + ADD_PARTITION,
                Request::AddPartitions {
                    db,
                    name,
                    if_not_exists,
                    partitions,
                },
            );
        }
        (DROP_PARTITION, Some(name)) => {
            let partition = format!("p{}", world.rng.below(PARTITIONS));
            let if_exists = false;
            world.ask(
                number + DROP_PARTITION,
                Request::DropPartition {
                    db,
                    name,
                    partition,
                    if_exists,
                },
            );
        }
        _ => {}
    }
}

/// The values of the partition with that number.
fn range(at: u64) -> Range {
    let bound = |at: u64| Some(Bound::Int(i128::from(at)));
    Range {
        lower: bound(at),
        upper: bound(at + 1),
    }
}

/// Makes CREATE TABLE one of a table that is partitioned, with its first partition.
fn by_range(request: &mut Request) {
    let Request::CreateTable {
        spec, partitions, ..
    } = request
    else {
        return;
    };
    spec.partitioning = Partitioning::Range { column: 0 };
    for partition in partitions {
        partition.name = "p0".to_owned();
        partition.range = Some(range(0));
    }
}

impl World {
    /// The answer to a statement.
    pub fn harness_answered(&mut self, number: u64, result: Result<Reply, Failure>) {
        match (number % 10, result) {
            (EMPTY, Ok(_)) => self.marks.hit("table truncated"),
            (DROP, Ok(_)) => self.marks.hit("table dropped"),
            (ADD_PARTITION, Ok(_)) => self.marks.hit("partition added"),
            (DROP_PARTITION, Ok(_)) => self.marks.hit("partition dropped"),
            _ => {}
        }
    }
}
