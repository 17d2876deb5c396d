//! "All transactions ended within a bound afterwards" and "nothing stays on disk" of a load that was given up, or of a
//! table that was never made.

use quorate::catalog::replica::Replica;
use quorate::catalog::state::Catalog;
use quorate::catalog::txn::Txn;
use quorate::ids::{BackendId, TabletId, TxnId};

use crate::world::World;

/// What still runs or waits on a disk.
pub fn why_not(world: &World) -> Option<String> {
    let Some((catalog, _)) = world.snapshot() else {
        return Some("the frontend does not run".to_owned());
    };
    let running = catalog.txns.values().filter(|txn| !txn.state.finished());
    let running: Vec<String> = running.map(|txn| described(world, &catalog, txn)).collect();
    if !running.is_empty() {
        return Some(running.join("\n"));
    }
    for (at, backend) in world.backends.iter().enumerate() {
        if world.ids[at] == BackendId(0) || world.gone == Some(at) {
            // Nobody asks a machine that is not in the cluster.
            continue;
        }
        if let Some(txn) = backend.pending.keys().next() {
            return Some(format!("backend {at} holds rows of {txn}"));
        }
        for (tablet, replica) in &backend.replicas {
            let known = catalog
                .tablets
                .view(*tablet)
                .and_then(|view| view.on(world.ids[at]));
            if known.is_none_or(|known| known.id != replica.id) {
                return Some(format!(
                    "backend {at} holds tablet {tablet}, which nobody knows"
                ));
            }
        }
    }
    None
}

/// What a machine has of a replica: up to where, whether all of it can be read, and whether rows of a load wait there.
fn on_disk(
    world: &World,
    catalog: &Catalog,
    of: &Replica,
    (tablet, txn): (TabletId, TxnId),
) -> String {
    let Some(held) = world.held(catalog, tablet, of) else {
        return "nothing on disk".to_owned();
    };
    let (version, newest) = (held.version(), held.newest());
    let damaged = if held.damaged() { " damaged" } else { "" };
    let at = world.machine(of.backend);
    let pending = at.and_then(|at| world.backends[at].pending.get(&txn));
    let rows = match pending.is_some_and(|of| of.contains_key(&tablet)) {
        true => " with rows pending",
        false => "",
    };
    format!("[disk {version}/{newest}{damaged}{rows}]")
}

/// A load that has not ended, with the versions of all replicas that it concerns, in the catalog and on disk.
fn described(world: &World, catalog: &Catalog, txn: &Txn) -> String {
    let partitions = txn
        .versions
        .iter()
        .filter_map(|(id, _)| catalog.partitions.get(id));
    let tablets = partitions.flat_map(|partition| catalog.tablets.of_partition(partition));
    let replicas = tablets.map(|tablet| {
        let of = tablet.replicas().map(|of| {
            let versions = (of.version, of.last_failed_version, of.last_success_version);
            let bad = if of.bad { " bad" } else { "" };
            let alive = if catalog.alive(of.backend) {
                ""
            } else {
                " dead"
            };
            let (id, at, state) = (of.id, of.backend, of.state.word());
            let disk = on_disk(world, catalog, &of, (tablet.id(), txn.id));
            format!("{id} on {at}:{versions:?} {state}{bad}{alive} {disk};")
        });
        format!(
            "  {} x{} {}",
            tablet.id(),
            tablet.wanted(),
            of.collect::<Vec<_>>().join(" ")
        )
    });
    let (id, state, versions) = (txn.id, txn.state, &txn.versions);
    let (writes, replicas) = (
        catalog.writes.get(&id),
        replicas.collect::<Vec<_>>().join("\n"),
    );
    format!("{id} {state:?} {versions:?} {writes:?}\n{replicas}")
}
