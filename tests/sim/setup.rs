//! The beginning of every run: backends that live, a database, and a table for each quorum.

use quorate::catalog::partition::PartitionSpec;
use quorate::catalog::schema::{ColumnDef, DataType};
use quorate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use quorate::config::Config;
use quorate::leader::request::Request;

use crate::backend::ModelBackend;
use crate::client::Load;
use crate::faults::Faults;
use crate::net::Due;
use crate::rng::Rng;
use crate::world::World;

/// The asker that is the harness itself.
pub const HARNESS: usize = u32::MAX as usize;

/// Tables that every world begins with.
const TABLES: [(&str, WriteQuorum); 3] = [
    ("majority", WriteQuorum::Majority),
    ("one", WriteQuorum::One),
    ("all", WriteQuorum::All),
];

/// The world of a seed, with its tables made and no fault so far.
pub fn world(seed: u64) -> World {
    let mut rng = Rng::new(seed);
    let faults = Faults::of(&mut rng);
    let backends = rng.between(3, 5);
    let config = Config {
        heartbeat_interval_second: 1,
        stream_load_default_timeout_second: 20,
        tablet_report_drop_tablet_delay_sec: 5,
        safe_mode_max_second: 20,
        ..Config::default()
    };
    let mut world = World {
        rng,
        faults: Faults::none(),
        backends: (0..backends).map(|_| ModelBackend::default()).collect(),
        config,
        ..World::default()
    };
    world.start_frontend();
    make_catalog(&mut world, backends);
    world.faults = faults;
    world.net.at(world.now_ms, Due::Second);
    world
}

fn make_catalog(world: &mut World, backends: u64) {
    let address = |at| (format!("10.0.0.{}", at + 1), 8040);
    world.ask(
        0,
        Request::AddBackends((0..backends).map(address).collect()),
    );
    let count = world.backends.len();
    run_until(world, "the backends are known", |world| {
        world
            .snapshot()
            .is_some_and(|(catalog, _)| catalog.backends.len() == count)
    });
    let (catalog, _) = world.snapshot().expect("it runs");
    world.ids = catalog.backends.keys().copied().collect();
    run_until(world, "the backends are alive", |world| {
        let alive = |(catalog, _): (quorate::catalog::state::Catalog, _)| {
            world.ids.iter().all(|id| catalog.alive(*id))
        };
        world.snapshot().is_some_and(alive)
    });
    let name = "d".to_owned();
    world.ask(
        0,
        Request::CreateDatabase {
            name,
            if_not_exists: false,
        },
    );
    for (name, quorum) in TABLES {
        world.ask(0, create_table(name, quorum, 3, 3));
    }
    run_until(world, "the tables exist", |world| {
        world.tables().len() == TABLES.len()
    });
}

/// Lets the world run until something holds, without faults.
fn run_until(world: &mut World, what: &str, holds: impl Fn(&World) -> bool) {
    while !holds(world) {
        assert!(
            world.now_ms < 60_000,
            "not within a minute: {what}\n{}",
            world.trace
        );
        world.step();
    }
}

/// CREATE TABLE of a table without partitions.
pub fn create_table(name: &str, write_quorum: WriteQuorum, buckets: u32, replicas: u16) -> Request {
    let column = ColumnDef {
        name: "k".to_owned(),
        data_type: DataType::BigInt,
        nullable: false,
        default: None,
        comment: String::new(),
    };
    Request::CreateTable {
        db: "d".to_owned(),
        name: name.to_owned(),
        if_not_exists: false,
        spec: Box::new(TableSpec {
            columns: vec![column],
            key_columns: 1,
            comment: String::new(),
            partitioning: Partitioning::None,
            distribution: Distribution {
                columns: vec![0],
                buckets: Some(buckets),
            },
            properties: TableProperties {
                replication_num: replicas,
                write_quorum,
                storage_medium: None,
                bucket_size: 0,
            },
        }),
        partitions: vec![PartitionSpec {
            name: name.to_owned(),
            range: None,
            buckets,
            replication_num: replicas,
            medium: Medium::Hdd,
        }],
    }
}

impl World {
    /// The tables that there are, as readers see it.
    pub fn tables(&self) -> Vec<String> {
        let Some((catalog, _)) = self.snapshot() else {
            return Vec::new();
        };
        catalog
            .tables
            .values()
            .map(|table| table.name.clone())
            .collect()
    }

    /// Adds a load to a table that the seed chooses, and begins it.
    pub fn add_load(&mut self) {
        let tables = self.tables();
        if tables.is_empty() {
            return;
        }
        let at = self.rng.below(tables.len() as u64) as usize;
        let no = self.loads.len();
        self.loads.push(Load::new(no as u64, tables[at].clone()));
        self.begin(no);
    }
}
