//! What the scheduler does next about one task: copy, remove, wait or end.
//!
//! Pure: looks at the desk, changes nothing. The leader performs what is decided; EXPLAIN TABLET only shows it.

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::{ReplicaId, TxnId};
use crate::tablet::desk::Desk;
use crate::tablet::health::{Health, TabletStatus, tablet_health};
use crate::tablet::reason::Reason;
use crate::tablet::redundant::{self, Surplus};
use crate::tablet::room::{self, Room};
use crate::tablet::task::{Kind, Spot, State, Task};
use crate::tablet::{balance, checker, destination, source, unseen};

/// What is to be done about a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Copy a replica.
    Copy {
        /// From here.
        source: Spot,
        /// To here; without a replica id it is a new one.
        destination: Spot,
        /// Milliseconds that it may take.
        timeout_ms: u64,
    },
    /// Mark a replica that is to go; it is removed when the loads that began before the mark have ended, which may not have
    /// written to the one that takes its place.
    Retire(ReplicaId),
    /// Take that mark back: the replica is needed.
    Keep(ReplicaId),
    /// Remove a replica.
    Remove(ReplicaId),
    /// Nothing more.
    End(State, Reason),
    /// Nothing for now.
    Later(Reason),
}

/// Decides about a task that waits.
pub fn decide(desk: &Desk<'_>, task: &Task) -> Decision {
    let Some(tablet) = desk.catalog.tablets.view(task.tablet) else {
        return Decision::End(State::Cancelled, Reason::TabletGone);
    };
    if desk.safe_mode {
        return Decision::Later(Reason::SafeMode);
    }
    // Nobody knows yet who holds more than is known: nothing is copied over it, and nothing goes.
    if desk.catalog.recovery.doubts(tablet.partition()) {
        return Decision::Later(Reason::InDoubt);
    }
    // A load waits for a replica that is behind: that goes before everything else, whatever is to become of the replica, for
    // what is done otherwise may have to wait for the load.
    let held_back = unseen::held_back(desk.catalog, &tablet);
    if let Some(forward) = forward(desk, &tablet, task.kind, held_back) {
        return forward;
    }
    if let Some((replica, below)) = task.retiring {
        return match retiring(desk, &tablet, replica, below) {
            // Nor does it wait for a load that waits for another replica.
            wait @ Decision::Later(_) => {
                let lagging = unseen::lagging(desk.catalog, &tablet);
                forward(desk, &tablet, task.kind, lagging).unwrap_or(wait)
            }
            decided => decided,
        };
    }
    let health = tablet_health(desk.cluster, &tablet);
    let moved = (task.kind == Kind::Balance)
        .then_some(task.source)
        .flatten()
        .and_then(|source| source.replica);
    let decided = match health.status {
        TabletStatus::Healthy if task.kind == Kind::Balance && task.copied.is_none() => {
            return balance::decide(desk, task);
        }
        TabletStatus::Healthy => return Decision::End(State::Cancelled, Reason::Healthy),
        TabletStatus::ReplicaMissing => missing(desk, &tablet, (health, task)),
        TabletStatus::VersionIncomplete => incomplete(desk, &tablet, task),
        TabletStatus::ReplicaRelocating => relocating(desk, &tablet, (health, task)),
        TabletStatus::Redundant => {
            redundant::choose(desk, &tablet, moved).map(|of| remove(desk, &tablet, of))
        }
        TabletStatus::ForceRedundant => crowded(desk, &tablet, task),
    };
    decided.unwrap_or_else(Decision::Later)
}

/// Brings a replica forward where it is. `None` where there is none to be brought, or it can't be copied at the moment.
fn forward(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    lane: Kind,
    replica: Option<Replica>,
) -> Option<Decision> {
    let replica = replica?;
    let destination = Spot {
        backend: replica.backend,
        path: replica.path_hash,
        replica: Some(replica.id),
    };
    let path = desk.path(destination.backend, destination.path);
    let lacks = room::lacks(tablet, Some(&replica));
    let room = path.is_none_or(|path| Room::of(desk).takes_rest(replica.backend, path, lacks));
    // A move stays one, and so takes the slots of moves.
    match room && desk.free(destination.backend, destination.path, lane) {
        true => copy(desk, tablet, destination, lane).ok(),
        false => None,
    }
}

/// A replica too few: one that was about to go stays, or a new one is made.
fn missing(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    (health, task): (Health, &Task),
) -> Result<Decision, Reason> {
    if let Some(replica) = retired_in_vain(desk, tablet) {
        return Ok(Decision::Keep(replica));
    }
    let left_ms = checker::delay_left_ms(desk, tablet, health);
    if left_ms > 0 {
        // It was queued for something else, and its backend was lost since: the checker asks again when it has waited.
        let seconds = left_ms.div_ceil(1000);
        return Ok(Decision::End(State::Cancelled, Reason::Delayed { seconds }));
    }
    if !source::exists(desk, tablet) {
        return Err(Reason::NoSource);
    }
    let medium = desk.medium(tablet);
    let destination = destination::choose_new(desk, tablet, medium, task.failed_on);
    let destination = match destination {
        Ok(destination) => destination,
        Err(Reason::NoDestination) => return crowded_out(desk, tablet, task),
        Err(busy) => return Err(busy),
    };
    copy(desk, tablet, destination, Kind::Repair)
}

/// Every backend that could take a new replica has one: one that is behind is brought forward, else one that is worth
/// nothing makes room.
fn crowded_out(desk: &Desk<'_>, tablet: &TabletView<'_>, task: &Task) -> Result<Decision, Reason> {
    match incomplete(desk, tablet, task) {
        Err(Reason::NoReplicaBehind) => {
            let surplus = redundant::choose_worthless(desk, tablet);
            surplus
                .map(|of| remove(desk, tablet, of))
                .map_err(|_| Reason::NoDestination)
        }
        decided => decided,
    }
}

/// A replica is behind: what it lacks is copied.
fn incomplete(desk: &Desk<'_>, tablet: &TabletView<'_>, task: &Task) -> Result<Decision, Reason> {
    if !source::exists(desk, tablet) {
        return Err(Reason::NoSource);
    }
    match destination::choose_behind(desk, tablet, task.failed_on) {
        Ok(destination) => copy(desk, tablet, destination, Kind::Repair),
        Err(full @ Reason::PathFull(_)) => elsewhere(desk, tablet, task, full),
        Err(why) => Err(why),
    }
}

/// A replica that is behind has no room for what it lacks, nor has any path of its backend: another is made in its place, where
/// there is room. The one that is behind goes when it is too many.
fn elsewhere(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    task: &Task,
    full: Reason,
) -> Result<Decision, Reason> {
    let medium = desk.medium(tablet);
    match destination::choose_new(desk, tablet, medium, task.failed_on) {
        Ok(destination) => copy(desk, tablet, destination, Kind::Repair),
        Err(Reason::NoDestination) => Err(full),
        Err(busy) => Err(busy),
    }
}

/// A replica is on a backend that is being emptied: what is there already is brought forward, else a new one is made.
fn relocating(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    (health, task): (Health, &Task),
) -> Result<Decision, Reason> {
    match incomplete(desk, tablet, task) {
        Err(Reason::NoReplicaBehind) => missing(desk, tablet, (health, task)),
        decided => decided,
    }
}

/// No backend is free: a replica that can still be brought forward is, else one that is worth nothing makes room.
fn crowded(desk: &Desk<'_>, tablet: &TabletView<'_>, task: &Task) -> Result<Decision, Reason> {
    if let Some(replica) = retired_in_vain(desk, tablet) {
        return Ok(Decision::Keep(replica));
    }
    match incomplete(desk, tablet, task) {
        Err(Reason::NoReplicaBehind) => {
            let surplus = redundant::choose_worthless(desk, tablet)?;
            Ok(remove(desk, tablet, surplus))
        }
        decided => decided,
    }
}

fn copy(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    destination: Spot,
    lane: Kind,
) -> Result<Decision, Reason> {
    let source = source::choose(desk, tablet, lane)?;
    Ok(Decision::Copy {
        source,
        destination,
        timeout_ms: desk.timeout_ms(tablet),
    })
}

/// Removes a replica: at once if nobody uses it and no load is half-way to be seen with it, else in two steps.
fn remove(desk: &Desk<'_>, tablet: &TabletView<'_>, surplus: Surplus) -> Decision {
    let mut replicas = tablet.replicas();
    let of = replicas.find(|of| of.id == surplus.replica);
    match surplus.at_once && of.is_some_and(|of| unseen::loses_nothing(desk.catalog, tablet, &of)) {
        true => Decision::Remove(surplus.replica),
        false => Decision::Retire(surplus.replica),
    }
}

/// Whether a marked replica need not wait for loads: nobody reads or writes it, and none that waits to be seen needs it.
fn removable(desk: &Desk<'_>, tablet: &TabletView<'_>, marked: &Replica) -> bool {
    redundant::idle(desk, marked) && unseen::loses_nothing(desk.catalog, tablet, marked)
}

/// The second step: the loads that began before the mark have ended, and what is left is still enough.
fn retiring(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    replica: ReplicaId,
    below: TxnId,
) -> Decision {
    let Some(marked) = tablet.replicas().find(|of| of.id == replica) else {
        return Decision::End(State::Finished, Reason::RedundantRemoved(replica));
    };
    // Those that hold nothing make room even where fewer than wanted are left.
    let usable = marked.whole(tablet.visible()) && desk.catalog.alive(marked.backend);
    let left = if usable {
        usize::from(tablet.wanted())
    } else {
        1
    };
    if !redundant::can_lose(desk, tablet, replica, left) {
        return Decision::Keep(replica);
    }
    // Loads that began after the mark wrote to the others as well; where one of them holds nothing of such a load all the
    // same, that load is waited for, too.
    let hinges = unseen::hinges_on(desk.catalog, tablet, replica);
    let later = || desk.load_before(tablet, TxnId(u64::MAX)).filter(|_| hinges);
    match desk.load_before(tablet, below).or_else(later) {
        // The load may wait for a replica that is behind or lost, and nothing else is done about the tablet meanwhile.
        Some(_) if needed_after_all(desk, tablet, &marked) => Decision::Keep(replica),
        // Nobody reads or writes it, and no load needs it: they need not end first.
        Some(_) if removable(desk, tablet, &marked) => Decision::Remove(replica),
        Some(txn) => Decision::Later(Reason::WaitsForLoads(txn)),
        None => Decision::Remove(replica),
    }
}

/// Whether something else is the matter by now, which can only be mended once the mark is gone.
fn needed_after_all(desk: &Desk<'_>, tablet: &TabletView<'_>, marked: &Replica) -> bool {
    let comes = |replica: &Replica| !replica.bad && desk.catalog.alive(replica.backend);
    let behind = |replica: &Replica| {
        replica.id != marked.id
            && replica.state == ReplicaState::Normal
            && comes(replica)
            && replica.behind(tablet.visible())
    };
    match tablet_health(desk.cluster, tablet).status {
        TabletStatus::VersionIncomplete => tablet.replicas().any(|replica| behind(&replica)),
        // One that is bad and makes room is not missed.
        TabletStatus::ReplicaMissing => !marked.bad || !desk.catalog.alive(marked.backend),
        _ => false,
    }
}

/// A replica that was marked to go, holds everything, and is on a backend that stays.
fn retired_in_vain(desk: &Desk<'_>, tablet: &TabletView<'_>) -> Option<ReplicaId> {
    let useful = tablet.replicas().find(|replica| {
        let backend = desk.catalog.backends.get(&replica.backend);
        replica.state == ReplicaState::Decommission
            && replica.whole(tablet.visible())
            && desk.catalog.alive(replica.backend)
            && backend.is_some_and(|backend| !backend.decommissioned)
    });
    useful.map(|replica| replica.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::change::{Change, Committed};
    use crate::catalog::table::Medium;
    use crate::catalog::txn::{Txn, TxnState, Writes};
    use crate::clock::Timestamp;
    use crate::tablet::health::Priority;
    use crate::tablet::testing::{GB, Model};

    /// A load that has its version, with rows on every replica of the tablet but those that missed it.
    fn commit(model: &mut Model, id: TxnId, task: &Task, missed: ReplicaId) {
        let partition = &model.catalog.partitions[&task.partition];
        let txn = Txn {
            id,
            label: id.to_string(),
            db: task.db,
            table: partition.table,
            coordinator: String::new(),
            source: String::new(),
            state: TxnState::Committed,
            prepared: Timestamp::at(0),
            committed: Some(Timestamp::at(0)),
            published: None,
            finished: None,
            timeout_ms: 1000,
            reason: String::new(),
            versions: vec![(task.partition, partition.next_version)],
            failed_replicas: 1,
            rows: 1,
            backend: None,
            hold: None,
        };
        let writes = Writes {
            with_rows: vec![task.tablet],
            missed: vec![(task.tablet, missed)],
            replicas_below: None,
            ..Writes::default()
        };
        model.apply(Change::Commit(Box::new(Committed { txn, writes })));
    }

    /// A moved replica is behind and holds the only rows of a load that waits to be seen: it is brought forward with a slot
    /// of moves, as it is a move that takes it.
    #[test]
    fn a_move_that_brings_its_old_replica_forward_takes_the_slots_of_moves() {
        let mut model = Model::with(2, 100 * GB);
        let [old, new] = model.backends()[..] else {
            panic!("two backends");
        };
        let tablet = model.table(&[vec![new]], GB, Medium::Hdd)[0];
        let view = model.catalog.tablets.view(tablet).expect("a tablet");
        let place = (view.db(), view.partition());
        let copied = view.replicas().next().expect("a replica").id;
        let (kind, healthy) = (Kind::Balance, TabletStatus::Healthy);
        let now = Timestamp::at(model.now);
        let mut task = Task::new(tablet, place, kind, healthy, Priority::Low, now);
        let moved = ReplicaId(model.fresh(1));
        model.apply(Change::AddReplica {
            tablet,
            replica: moved,
            backend: old,
            at: now,
        });
        model.apply(Change::FinishClone {
            tablet,
            replica: moved,
            version: 1,
            renewed: false,
            at: now,
        });
        model.filled(tablet, moved, old, GB, Medium::Hdd);
        model.apply(Change::ReserveTxns { below: 100 });
        commit(&mut model, TxnId(1), &task, moved);
        model.apply(Change::Visible {
            txn: TxnId(1),
            at: now,
            published: None,
            missed: vec![(tablet, moved)],
        });
        commit(&mut model, TxnId(2), &task, copied);
        model.apply(Change::RetireReplica {
            tablet,
            replica: moved,
            on: true,
        });
        model.measure();
        task.retiring = Some((moved, TxnId(50)));
        let decided = model.desk(|desk| decide(desk, &task));
        assert!(matches!(decided, Decision::Copy { .. }), "{decided:?}");
        for place in model.healing.slots.clone().keys() {
            let slots = model.healing.slots.get_mut(place).expect("a path");
            slots.take(Kind::Balance, 2);
        }
        let decided = model.desk(|desk| decide(desk, &task));
        assert_eq!(decided, Decision::Later(Reason::WaitsForLoads(TxnId(2))));
    }
}
