//! The beginning of every run: machines with disks, backends that live, a database, and tables.

use quorate::catalog::partition::PartitionSpec;
use quorate::catalog::schema::{ColumnDef, DataType};
use quorate::catalog::state::Catalog;
use quorate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use quorate::config::Config;
use quorate::ids::BackendId;
use quorate::leader::request::Request;

use crate::backend::{ModelBackend, ModelPath};
use crate::client::Load;
use crate::faults::Faults;
use crate::net::Due;
use crate::rng::Rng;
use crate::world::World;

/// The asker that is the harness itself.
pub const HARNESS: usize = u32::MAX as usize;

/// The asker that is a backend with a check of its segments.
pub const SPARE: usize = u32::MAX as usize - 1;

/// Port of the first machine's backend; the others follow.
const FIRST_PORT: u16 = 8040;
/// Between the ports of two names of a machine.
const NAME: u16 = 1000;

/// What a world begins with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Machines, each with the storage paths of its backend.
    pub machines: Vec<Vec<ModelPath>>,
    /// How many of them are in the cluster from the beginning.
    pub joined: usize,
    /// Backends on one host.
    pub per_host: usize,
    /// Tables: name, quorum, buckets, replicas.
    pub tables: Vec<(&'static str, WriteQuorum, u32, u16)>,
    /// Settings.
    pub config: Config,
}

impl Setup {
    /// `joined` machines of `paths` storage paths with one disk size, and a table for each quorum.
    pub fn plain(joined: usize, paths: usize) -> Setup {
        let path = |machine: usize, at: usize| {
            let hash = (100 * (machine + 1) + at) as i64;
            ModelPath::new(hash, Medium::Hdd, 2 << 30)
        };
        let machine = |machine| (0..paths).map(|at| path(machine, at)).collect();
        Setup {
            machines: (0..joined).map(machine).collect(),
            joined,
            per_host: 1,
            tables: vec![
                ("majority", WriteQuorum::Majority, 3, 3),
                ("one", WriteQuorum::One, 3, 3),
                ("all", WriteQuorum::All, 3, 3),
            ],
            config: config(),
        }
    }

    /// The same with only one table, `t`.
    pub fn table(mut self, buckets: u32, replicas: u16) -> Setup {
        self.tables = vec![("t", WriteQuorum::Majority, buckets, replicas)];
        self
    }

    /// The same with so many machines on each host.
    pub fn per_host(mut self, machines: usize) -> Setup {
        self.per_host = machines;
        self
    }

    /// The same with machines that have not joined.
    pub fn spare(mut self, more: usize) -> Setup {
        let (joined, paths) = (self.joined, self.machines[0].len());
        self.machines = Setup::plain(joined + more, paths).machines;
        self
    }
}

/// Settings with shorter times than usual, so that a minute of model time shows much.
fn config() -> Config {
    Config {
        heartbeat_interval_second: 1,
        stream_load_default_timeout_second: 20,
        prepared_transaction_default_timeout_second: 60,
        tablet_report_interval_second: 5,
        tablet_report_drop_tablet_delay_sec: 5,
        safe_mode_max_second: 20,
        tablet_sched_checker_interval_seconds: 2,
        tablet_sched_repair_delay_factor_second: 3,
        tablet_sched_min_clone_task_timeout_sec: 20,
        tablet_sched_max_clone_task_timeout_sec: 60,
        admin_repair_hint_second: 30,
        storage_usage_soft_limit_reserve_bytes: 64 << 20,
        consistency_check_cooldown_time_second: 60,
        check_consistency_default_timeout_second: 10,
        ..Config::default()
    }
}

/// The machine behind an address that [`address_of`] gave.
pub fn machine_at(address: &str) -> usize {
    machine_of_port(port_of(address))
}

/// The port of an address.
pub fn port_of(address: &str) -> u16 {
    let port = address.rsplit(':').next();
    let port = port.and_then(|port| port.parse().ok());
    port.expect("an address of this model")
}

/// The machine whose backend has this port.
pub fn machine_of_port(port: u16) -> usize {
    usize::from((port - FIRST_PORT) % NAME)
}

/// Which of its names a machine has by this port.
pub fn name_of_port(port: u16) -> u16 {
    (port - FIRST_PORT) / NAME
}

/// Host and port of a machine's backend.
pub fn address_of(machine: usize, per_host: usize) -> (String, u16) {
    place_of(machine, per_host, 0)
}

/// The same under another of its names.
pub fn place_of(machine: usize, per_host: usize, name: u16) -> (String, u16) {
    let host = format!("10.0.0.{}", 1 + machine / per_host);
    (host, FIRST_PORT + machine as u16 + NAME * name)
}

/// A world with its tables made and no fault so far.
pub fn world(seed: u64, setup: Setup) -> World {
    let mut world = World {
        rng: Rng::new(seed),
        faults: Faults::none(),
        ids: vec![BackendId(0); setup.machines.len()],
        backends: setup.machines.into_iter().map(ModelBackend::with).collect(),
        per_host: setup.per_host,
        config: setup.config,
        ..World::default()
    };
    world.start_frontend();
    make_catalog(&mut world, setup.joined, &setup.tables);
    world.net.at(world.now_ms, Due::Second);
    world
}

/// The setup of a random run.
pub fn random(rng: &mut Rng) -> Setup {
    let joined = match rng.per_mille(60) {
        true => rng.between(6, 10) as usize,
        false => rng.between(3, 5) as usize,
    };
    let paths = rng.between(1, 2) as usize;
    let mut setup = Setup::plain(joined, paths).spare(2);
    setup.per_host = match rng.below(20) {
        0 => setup.machines.len(),
        1 => 3,
        2..7 => 2,
        _ => 1,
    };
    for path in setup.machines.iter_mut().flatten() {
        path.medium = match rng.per_mille(150) {
            true => Medium::Ssd,
            false => Medium::Hdd,
        };
    }
    if rng.per_mille(300) {
        // The model's clock begins at 22:13 UTC.
        setup.config.consistency_check_start_time = 22;
    }
    setup
}

fn make_catalog(world: &mut World, joined: usize, tables: &[(&str, WriteQuorum, u32, u16)]) {
    let per_host = world.per_host;
    let addresses = (0..joined).map(|at| address_of(at, per_host)).collect();
    world.ask(0, Request::AddBackends(addresses));
    run_until(world, "the backends are known", |world| {
        let known = world.snapshot().map(|(catalog, _)| catalog.backends.len());
        known == Some(joined)
    });
    world.learn_backends();
    run_until(world, "the backends are alive", |world| {
        let alive = |(catalog, _): (Catalog, _)| {
            let mut ids = catalog.backends.keys();
            ids.all(|id| catalog.alive(*id))
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
    for (name, quorum, buckets, replicas) in tables {
        world.ask(0, create_table(name, *quorum, *buckets, *replicas));
    }
    run_until(world, "the tables exist", |world| {
        world.tables().len() == tables.len()
    });
}

/// Lets the world run until something holds, without faults.
fn run_until(world: &mut World, what: &str, holds: impl Fn(&World) -> bool) {
    while !holds(world) {
        assert!(
            world.now_ms < 60_000,
            "not within a minute: {what}\n{}",
            world.trace.as_deref().unwrap_or_default()
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
        let mut load = Load::new(no as u64, tables[at].clone());
        load.second = (no % 4 == 3).then_some(no % 8 == 3);
        self.loads.push(load);
        self.begin(no);
    }
}
