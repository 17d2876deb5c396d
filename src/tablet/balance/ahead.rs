//! Loads as they will be: what backends told, and what is being copied or was copied since they told it.
//!
//! Backends are measured once a minute (seed). Within the minute copies begin, end and fail, and each counts at once, so
//! that what is decided next does not aim at a load that is spoken for.

use crate::catalog::state::Catalog;
use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::ids::BackendId;
use crate::tablet::desk::Desk;
use crate::tablet::load::LoadStatistics;
use crate::tablet::task::{Kind, Spot, State, Task};

/// The loads as the backends last told of them, what is under way counted as done.
pub fn measure(desk: &Desk<'_>) -> LoadStatistics {
    let mut load = LoadStatistics::of(desk.catalog, desk.config, desk.now);
    let healing = desk.healing;
    let copying = healing.running.values().chain(healing.pending.values());
    for task in copying {
        if task.state != State::Running && task.copied.is_none() {
            continue;
        }
        count(
            &mut load,
            desk.catalog,
            task,
            1,
            |side, backend| match side {
                Side::To => task.copied.is_none_or(|at| !told(desk, backend, at)),
                Side::From => true,
            },
        );
    }
    let told_last = |task: &Task| {
        task.finished
            .is_some_and(|at| desk.now.since_ms(at) < RECENT_MS)
    };
    for task in healing
        .history
        .iter()
        .rev()
        .take_while(|task| told_last(task))
    {
        let ended = task.finished.unwrap_or_default();
        let moved = task.state == State::Finished;
        count(
            &mut load,
            desk.catalog,
            task,
            1,
            |side, backend| match side {
                Side::To => moved && task.copied.is_some_and(|at| !told(desk, backend, at)),
                Side::From => moved && !told(desk, backend, ended),
            },
        );
    }
    load
}

/// Counts a copy that begins: a new replica on its destination and, when it is a move, one less on its source. `task` has
/// both.
pub fn begun(load: &mut LoadStatistics, catalog: &Catalog, task: &Task) {
    count(load, catalog, task, 1, |_, _| true);
}

/// Takes back what [`begun`] counted: the copy has failed, or was given up.
pub fn undone(load: &mut LoadStatistics, catalog: &Catalog, task: &Task) {
    count(load, catalog, task, -1, |_, _| true);
}

/// How long after its end a copy is looked at again. A backend that has been silent for longer is dead.
const RECENT_MS: u64 = 60_000;

enum Side {
    From,
    To,
}

fn count(
    load: &mut LoadStatistics,
    catalog: &Catalog,
    task: &Task,
    by: i64,
    counts: impl Fn(Side, BackendId) -> bool,
) {
    let Some(to) = task.destination.filter(|_| fills_new(task)) else {
        return;
    };
    let bytes = catalog.tablets.view(task.tablet);
    let bytes = bytes.and_then(|view| view.replicas().map(|of| of.data_size).max());
    let bytes = by * i64::try_from(bytes.unwrap_or(0)).unwrap_or(i64::MAX);
    if counts(Side::To, to.backend) {
        shift(load, medium_of(catalog, task, to), to.backend, bytes, by);
    }
    if let Some(from) = task.source.filter(|_| task.kind == Kind::Balance)
        && counts(Side::From, from.backend)
    {
        shift(
            load,
            medium_of(catalog, task, from),
            from.backend,
            -bytes,
            -by,
        );
    }
}

/// Whether the copy makes a replica that was not there before.
fn fills_new(task: &Task) -> bool {
    task.kind == Kind::Balance || task.full == Some(true)
}

fn shift(load: &mut LoadStatistics, medium: Medium, backend: BackendId, bytes: i64, replicas: i64) {
    if let Some(load) = load.mediums.get_mut(&medium) {
        load.shift(backend, bytes, replicas);
    }
}

fn medium_of(catalog: &Catalog, task: &Task, spot: Spot) -> Medium {
    let state = catalog.backend_states.get(&spot.backend);
    let mut paths = state.into_iter().flat_map(|state| &state.paths);
    let path = paths.find(|path| path.hash == spot.path);
    path.map_or(task.medium, |path| path.medium)
}

/// Whether a backend has told of itself since.
fn told(desk: &Desk<'_>, backend: BackendId, at: Timestamp) -> bool {
    let last = desk.state(backend).and_then(|state| state.last_heartbeat);
    last.is_some_and(|last| last > at)
}
