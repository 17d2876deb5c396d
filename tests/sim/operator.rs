//! An operator at work: the statements that steer repair and balance, at moments that the seed chooses.
//!
//! The operator is careful where the system leaves that to him: he does not take away by force what nobody else has, and
//! he does not ask for fewer copies of a tablet while one is known to be damaged. Without FORCE he drops backends and condemns
//! replicas as it comes, dead others or not: there the system is careful. Only damage that nobody has noticed it can't know of.

use std::collections::BTreeSet;

use quorate::catalog::state::Catalog;
use quorate::ids::{BackendId, TabletId};
use quorate::leader::action::BackendRequest;
use quorate::leader::request::{HealRequest, Property, Request};

use crate::setup::machine_of_port;
use crate::trouble::usual;
use crate::world::World;

/// Settings that he changes, and what he sets them to.
const SETTINGS: [(&str, &[&str]); 7] = [
    ("tablet_sched_slot_num_per_path", &["1", "2", "4"]),
    ("tablet_sched_disable_balance", &["true", "false"]),
    ("tablet_sched_checker_interval_seconds", &["1", "5"]),
    ("clone_bytes_per_second", &["0", "2000000", "50000000"]),
    ("tablet_sched_max_scheduling_tablets", &["1", "3", "10000"]),
    ("tablet_sched_max_balancing_tablets", &["1", "100"]),
    ("consistency_repair_by_majority", &["true"]),
];

/// Numbers of his statements: the harness tells them from others by it.
pub const ASKED: u64 = 4;

/// One statement.
pub fn one(world: &mut World) {
    let Some(catalog) = world.decided() else {
        return;
    };
    let request = match world.rng.below(12) {
        0 => add_backend(world),
        1 => decommission(world, true),
        2 => decommission(world, false),
        3 => drop_backend(world, &catalog),
        4 => replication(world, &catalog),
        5 => repair_table(world, true),
        6 => repair_table(world, false),
        7 => replica_status(world, &catalog),
        8 => world
            .rng
            .per_mille(200)
            .then_some(Request::Heal(HealRequest::CleanQueue)),
        9 => Some(setting(world)),
        10 => Some(check_segments(world, false)),
        _ => check_content(world, &catalog),
    };
    if let Some(request) = request {
        ask(world, request);
    }
}

/// One statement by which replicas leave a backend for another while every tablet keeps enough of them.
pub fn hand_over(world: &mut World) {
    let Some(catalog) = world.decided() else {
        return;
    };
    let request = match world.rng.below(8) {
        0 | 1 => add_backend(world),
        2..4 => decommission(world, true),
        4 => decommission(world, false),
        5 => replication(world, &catalog).filter(|of| lowers(&catalog, of)),
        6 => repair_table(world, true),
        _ => Some(setting(world)),
    };
    if let Some(request) = request {
        ask(world, request);
    }
}

/// Drops some backend by force, whatever it holds that readers can see, or adds one. Rows that nobody sees yet may be the only
/// ones of their load: before the machine has told of them under its new id, a copy may take their place.
pub fn forget(world: &mut World) {
    let mut known = joined(world);
    if known.len() > 1 {
        known.retain(|at| world.backends[*at].pending.is_empty());
    }
    let request = match world.rng.per_mille(500) {
        true => add_backend(world),
        false if joined(world).len() < 2 => None,
        false => some(world, &known).map(|at| Request::DropBackends {
            backends: vec![world.place(at)],
            force: true,
        }),
    };
    if let Some(request) = request {
        world.marks.hit("backend dropped by force");
        ask(world, request);
    }
}

/// Adds all machines that are not in the cluster.
pub fn add_all(world: &mut World) {
    let Some(catalog) = world.decided() else {
        return;
    };
    let known = catalog.backends.values();
    let known: BTreeSet<usize> = known.map(|of| machine_of_port(of.port)).collect();
    for at in (0..world.ids.len()).filter(|at| !known.contains(at)) {
        let backends = vec![world.listening(at)];
        ask(world, Request::AddBackends(backends));
    }
}

/// Whether fewer copies are wanted by it: where more are, a load needs them before they are made.
fn lowers(catalog: &Catalog, request: &Request) -> bool {
    let Request::AlterProperty { name, property, .. } = request else {
        return false;
    };
    let table = catalog.table("d", name);
    let now = table.map(|table| table.spec.properties.replication_num);
    matches!(property, Property::ReplicationNum(wanted) if now.is_some_and(|now| *wanted < now))
}

/// Asks, and takes no interest in the answer.
pub fn ask(world: &mut World, request: Request) {
    world.statements += 1;
    world.say(format!("{request:?}"));
    world.ask(world.statements * 10 + ASKED, request);
}

fn some<T: Copy>(world: &mut World, of: &[T]) -> Option<T> {
    let at = world.rng.below(of.len().max(1) as u64) as usize;
    of.get(at).copied()
}

fn joined(world: &World) -> Vec<usize> {
    let machines = 0..world.ids.len();
    machines
        .filter(|at| world.ids[*at] != BackendId(0))
        .collect()
}

fn add_backend(world: &mut World) -> Option<Request> {
    let spare: Vec<usize> = (0..world.ids.len())
        .filter(|at| world.ids[*at] == BackendId(0))
        .collect();
    let at = some(world, &spare)?;
    Some(Request::AddBackends(vec![world.place(at)]))
}

fn decommission(world: &mut World, on: bool) -> Option<Request> {
    let at = some(world, &joined(world))?;
    let backends = vec![world.place(at)];
    Some(Request::Heal(HealRequest::Decommission { backends, on }))
}

/// Without force, whoever else is dead; or by force, if nothing is lost by it and enough backends stay.
fn drop_backend(world: &mut World, catalog: &Catalog) -> Option<Request> {
    let at = some(world, &joined(world))?;
    if world.rng.per_mille(500) {
        let held = catalog.tablets.on_backend(world.ids[at]);
        let mut views = held.iter().filter_map(|id| catalog.tablets.view(*id));
        let hurt = views.any(|view| world.is_hurt(&view));
        return (!hurt).then(|| Request::DropBackends {
            backends: vec![world.place(at)],
            force: false,
        });
    }
    if joined(world).len() < 4 {
        return None;
    }
    // A table that is being made may have its only copies there.
    let mut calls = world.calls.values();
    if calls.any(|call| matches!(call, BackendRequest::CreateTablets(_))) {
        return None;
    }
    let held = catalog.tablets.on_backend(world.ids[at]);
    let spared = held
        .iter()
        .all(|tablet| world.can_lose(catalog, at, *tablet));
    let pending = !world.backends[at].pending.is_empty();
    (spared && !pending).then(|| Request::DropBackends {
        backends: vec![world.place(at)],
        force: true,
    })
}

fn replication(world: &mut World, catalog: &Catalog) -> Option<Request> {
    let name = some_table(world)?;
    let table = catalog.table("d", &name)?;
    let now = table.spec.properties.replication_num;
    let wanted = world.rng.between(1, 3) as u16;
    let mut tablets = catalog
        .partitions_of(table)
        .flat_map(|partition| catalog.tablets.of_partition(partition));
    if wanted < now && tablets.any(|tablet| world.is_hurt(&tablet)) {
        return None;
    }
    Some(Request::AlterProperty {
        db: "d".to_owned(),
        name,
        partitions: Vec::new(),
        property: Property::ReplicationNum(wanted),
    })
}

fn some_table(world: &mut World) -> Option<String> {
    let tables = world.tables();
    let at = world.rng.below(tables.len().max(1) as u64) as usize;
    tables.get(at).cloned()
}

fn repair_table(world: &mut World, on: bool) -> Option<Request> {
    Some(Request::Heal(HealRequest::RepairTable {
        db: "d".to_owned(),
        table: some_table(world)?,
        partitions: Vec::new(),
        on,
    }))
}

/// Says that a replica is bad, whoever else is dead; or that it is not.
fn replica_status(world: &mut World, catalog: &Catalog) -> Option<Request> {
    let tablets: Vec<TabletId> = catalog.tablets.iter().map(|view| view.id()).collect();
    let tablet = some(world, &tablets)?;
    let view = catalog.tablets.view(tablet)?;
    let replicas: Vec<_> = view.replicas().collect();
    let replica = some(world, &replicas)?;
    let bad = world.rng.per_mille(700);
    if bad && world.is_hurt(&view) {
        return None;
    }
    Some(Request::Heal(HealRequest::SetReplicaStatus {
        tablet,
        backend: replica.backend,
        bad,
        force: false,
    }))
}

fn setting(world: &mut World) -> Request {
    let at = world.rng.below(SETTINGS.len() as u64) as usize;
    let (key, values) = SETTINGS[at];
    let value = some(world, values).unwrap_or_default().to_owned();
    Request::SetConfig {
        key: key.to_owned(),
        value,
        persistent: world.rng.per_mille(300),
    }
}

/// Over all backends that live.
pub fn check_segments(world: &mut World, surely: bool) -> Request {
    Request::Heal(HealRequest::CheckSegments {
        backends: Vec::new(),
        repair: surely || world.rng.per_mille(700),
    })
}

fn check_content(world: &mut World, catalog: &Catalog) -> Option<Request> {
    let tablets: Vec<TabletId> = catalog.tablets.iter().map(|view| view.id()).collect();
    let tablet = some(world, &tablets)?;
    Some(match world.rng.per_mille(500) {
        true => Request::Heal(HealRequest::CheckTablets(vec![tablet])),
        false => Request::Heal(HealRequest::RepairTablets {
            tablets: vec![tablet],
            on: world.rng.per_mille(800),
        }),
    })
}

/// Sets back what he set: settings, decommissions; and adds backends where fewer are left than copies are wanted. Where more
/// than enough are left, a backend that is being emptied goes on with it in some runs, and must come to its end.
pub fn set_back(world: &mut World) {
    for (key, _) in SETTINGS {
        let value = usual(world, key);
        let key = key.to_owned();
        let persistent = true;
        ask(
            world,
            Request::SetConfig {
                key,
                value,
                persistent,
            },
        );
    }
    let mut known = joined(world);
    let going = world.decided().and_then(|catalog| {
        let leaves = |at: &usize| {
            let backend = catalog.backends.get(&world.ids[*at]);
            backend.is_some_and(|backend| backend.decommissioned)
        };
        known.iter().position(leaves)
    });
    if let Some(going) = going.filter(|_| known.len() > 4)
        && world.rng.per_mille(700)
    {
        known.remove(going);
    }
    let backends: Vec<_> = known.iter().map(|at| world.place(*at)).collect();
    for backend in backends {
        let backends = vec![backend];
        ask(
            world,
            Request::Heal(HealRequest::Decommission {
                backends,
                on: false,
            }),
        );
    }
    for at in 0..world.ids.len() {
        if world.ids[at] == BackendId(0) && joined(world).len() < 4 {
            let backends = vec![world.place(at)];
            ask(world, Request::AddBackends(backends));
        }
    }
}
