//! Statements that make, empty and drop tables while loads run. The harness sends them without the network; faults meet
//! the calls that follow from them.

use quorate::catalog::table::WriteQuorum;
use quorate::code::Failure;
use quorate::leader::request::{Reply, Request};

use crate::setup::create_table;
use crate::world::World;

/// Tables at once.
const TABLES_MAX: usize = 6;

/// What a statement is, as the low digits of its number.
const MAKE: u64 = 1;
const EMPTY: u64 = 2;
const DROP: u64 = 3;

/// Sends one statement of those that fit.
pub fn one(world: &mut World) {
    let tables = world.tables();
    world.statements += 1;
    let number = world.statements * 10;
    let db = "d".to_owned();
    let kind = 1 + world.rng.below(3);
    let some = world.rng.below(tables.len().max(1) as u64) as usize;
    match (kind, tables.get(some).cloned()) {
        (MAKE, _) if tables.len() < TABLES_MAX => {
            let quorums = [WriteQuorum::Majority, WriteQuorum::One, WriteQuorum::All];
            let quorum = quorums[world.rng.below(3) as usize];
            let buckets = world.rng.between(1, 4) as u32;
            let replicas = world.rng.between(1, 3) as u16;
            let name = format!("t{number}");
            world.ask(
                number + MAKE,
                create_table(&name, quorum, buckets, replicas),
            );
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
        _ => {}
    }
}

impl World {
    /// The answer to a statement.
    pub fn harness_answered(&mut self, number: u64, result: Result<Reply, Failure>) {
        match (number % 10, result) {
            (EMPTY, Ok(_)) => self.marks.hit("table truncated"),
            (DROP, Ok(_)) => self.marks.hit("table dropped"),
            _ => {}
        }
    }
}
