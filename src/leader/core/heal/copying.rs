//! Copies: begun, answered, late, and those whose backend was lost.

use std::sync::Arc;

use super::super::tables::FIRST_EPOCH;
use super::super::{Core, Purpose};
use crate::backend::api::{CloneAnswer, CloneTablet, TabletReport, TabletSpec};
use crate::catalog::change::Change;
use crate::catalog::replica::ReplicaState;
use crate::catalog::tablets::{Belief, Reported};
use crate::ids::{BackendId, FIRST_VERSION, ReplicaId, TabletId};
use crate::leader::action::{BackendReply, BackendRequest, CallId};
use crate::leader::notice::{Notice, OfCopy};
use crate::tablet::balance;
use crate::tablet::reason::Reason;
use crate::tablet::task::{Spot, State, Task};

/// Copies of one task that may fail (StarRocks).
const FAILURES_MAX: u32 = 3;

impl Core {
    /// Begins a copy. A new replica is in the journal before its backend hears of it.
    pub(super) fn copy(&mut self, mut task: Task, source: Spot, to: Spot, timeout_ms: u64) {
        let tablet = task.tablet;
        let mut destination = to;
        if to.replica.is_none() {
            let mut changes = Vec::new();
            let replica = ReplicaId(self.numbers.ids(1, &self.head, &mut changes));
            changes.push(Change::AddReplica {
                tablet,
                replica,
                backend: to.backend,
                at: self.now,
            });
            self.record_own(changes);
            destination.replica = Some(replica);
        }
        task.state = State::Running;
        (task.source, task.destination) = (Some(source), Some(destination));
        task.full = Some(to.replica.is_none());
        task.timeout_ms = timeout_ms;
        (task.bytes, task.millis, task.reason) = (0, 0, None);
        let request = self.clone_request(&task, source, destination);
        let purpose = Purpose::Clone(tablet);
        let call = request.and_then(|request| {
            let request = BackendRequest::Clone(Box::new(request));
            self.call(destination.backend, timeout_ms, purpose, request)
        });
        self.heal.healing.counters.clones_begun += 1;
        self.take_slots(&task, 1);
        let load = Arc::make_mut(&mut self.heal.healing.load);
        balance::begun(load, &self.head, &task);
        let (status, from, to) = (task.status, source.backend, destination.backend);
        self.say_copy(&task, OfCopy::Begun { status, from, to });
        self.heal
            .healing
            .running
            .insert(tablet, std::sync::Arc::new(task));
        match call {
            Some(call) => drop(self.heal.calls.insert(tablet, call)),
            None => self.copy_failed(tablet, Reason::BackendLost(destination.backend)),
        }
    }

    fn say_copy(&mut self, task: &Task, what: OfCopy) {
        self.say(Notice::Copy {
            tablet: task.tablet,
            kind: task.kind,
            what,
        });
    }

    fn clone_request(&self, task: &Task, from: Spot, to: Spot) -> Option<CloneTablet> {
        let table = self.head.tables.get(&task.table)?;
        Some(CloneTablet {
            spec: TabletSpec {
                db: task.db,
                table: task.table,
                partition: task.partition,
                tablet: task.tablet,
                replica: to.replica?,
                epoch: FIRST_EPOCH,
                version: FIRST_VERSION,
                medium: task.medium,
            },
            columns: table.spec.columns.clone(),
            key_columns: table.spec.key_columns,
            source_replica: from.replica?,
            source: self.head.backends.get(&from.backend)?.address(),
            version: task.visible,
            path_hash: to.path,
            bytes_per_second: self.config.clone_bytes_per_second,
        })
    }

    /// The slots of a task's two ends: taken (1) or given back (-1).
    fn take_slots(&mut self, task: &Task, by: i32) {
        let heal = &mut self.heal;
        for spot in [task.source, task.destination].into_iter().flatten() {
            let key = (spot.backend, spot.path);
            if let Some(slots) = heal.healing.slots.get_mut(&key) {
                slots.take(task.kind, by);
                if by < 0 {
                    slots.bytes = slots.bytes.saturating_add(task.bytes);
                    slots.millis = slots.millis.saturating_add(task.millis);
                }
            }
            if by > 0 {
                heal.order.took(&self.head, &heal.healing, spot.backend);
            }
        }
    }

    /// A clone call has ended, one way or the other.
    pub(in super::super) fn clone_answered(
        &mut self,
        tablet: TabletId,
        call: CallId,
        result: Result<BackendReply, String>,
    ) {
        if self.heal.calls.get(&tablet) != Some(&call) {
            return;
        }
        match result {
            Ok(BackendReply::Cloned(answer)) => self.copied(tablet, &answer),
            Ok(BackendReply::NoRoom(why)) => self.refused(tablet, why),
            Ok(_) => {
                let why = "the backend answered something else".to_owned();
                self.copy_failed(tablet, Reason::CloneFailed(why));
            }
            Err(why) => self.copy_failed(tablet, Reason::CloneFailed(why)),
        }
        self.heal.room = true;
        self.schedule_if_due();
    }

    fn copied(&mut self, tablet: TabletId, answer: &CloneAnswer) {
        let Some(task) = self.heal.healing.running.get(&tablet).cloned() else {
            return;
        };
        let Some(to) = task.destination else {
            return;
        };
        let of = &answer.tablet;
        let mut task = Task::clone(&task);
        (task.bytes, task.millis) = (answer.bytes, answer.millis.max(1));
        task.full = Some(answer.full);
        let visible = task.visible;
        self.heal
            .healing
            .running
            .insert(tablet, std::sync::Arc::new(task));
        if Some(of.replica) != to.replica || of.tablet != tablet {
            let why = format!("replica {} of tablet {} was filled", of.replica, of.tablet);
            return self.copy_failed(tablet, Reason::CloneFailed(why));
        }
        if of.version < visible {
            let version = of.version;
            return self.copy_failed(tablet, Reason::Stale { version, visible });
        }
        let Some(mut task) = self.stop_copy(tablet) else {
            return;
        };
        let view = self.head.tablets.view(tablet);
        let known = view.and_then(|view| view.replicas().find(|known| known.id == of.replica));
        let Some(known) = known else {
            // Its table was dropped meanwhile.
            let reason = Some(Reason::TabletGone);
            return self.heal.end(task, State::Cancelled, reason, self.now);
        };
        let renewed = answer.full && known.state != ReplicaState::Clone;
        let mut changes = vec![Change::FinishClone {
            tablet,
            replica: of.replica,
            version: of.version,
            renewed,
            at: self.now,
        }];
        let source = task.source.and_then(|source| source.replica);
        changes.extend(source.map(|source| Change::Copied {
            tablet,
            replica: of.replica,
            source,
        }));
        self.record_own(changes);
        self.observe_copy(to, answer, renewed);
        let counters = &mut self.heal.healing.counters;
        match answer.full {
            true => counters.full_clones += 1,
            false => counters.incremental_clones += 1,
        }
        counters.cloned_bytes = counters.cloned_bytes.saturating_add(answer.bytes);
        counters.clone_millis = counters.clone_millis.saturating_add(answer.millis);
        let (bytes, millis) = (answer.bytes, answer.millis);
        self.say_copy(&task, OfCopy::Done { bytes, millis });
        (task.visited, task.copied) = (Some(self.now), Some(self.now));
        self.finish_copy(task);
    }

    fn observe_copy(&mut self, to: Spot, answer: &CloneAnswer, renewed: bool) {
        let of = &answer.tablet;
        if renewed {
            self.news.renewed(to.backend, of.tablet, self.now);
            self.renewed(to.backend, of.tablet, of.version);
        }
        self.observe_filled(to.backend, of);
    }

    /// What a replica that has just been filled or adopted is like; reports that were asked for earlier know less.
    pub(in super::super) fn observe_filled(&mut self, backend: BackendId, of: &TabletReport) {
        self.news.filled(backend, of.tablet, self.now);
        self.recovery.note(backend, of);
        let reported = Reported {
            replica: of.replica,
            version: of.version,
            newest: of.max_version,
            belief: Belief::Gains,
            bad: of.bad,
            bytes: of.data_size,
            rows: of.row_count,
            rowsets: of.version_count,
            path: of.path_hash,
        };
        self.observe_reach(of.tablet, of.replica, of.version, true);
        self.head
            .observe_replica(of.tablet, backend, &reported, self.now);
        self.census.look_at(&self.head, &[of.tablet]);
    }

    /// A repair is done with its copy; a move goes on: what it was copied from goes.
    fn finish_copy(&mut self, mut task: Task) {
        let tablet = task.tablet;
        match task.kind {
            crate::tablet::task::Kind::Balance => {
                self.heal.healing.counters.moves += 1;
                task.state = State::Pending;
                self.heal.put(task);
            }
            crate::tablet::task::Kind::Repair => {
                let reason = Some(Reason::Cloned);
                self.heal.end(task, State::Finished, reason, self.now);
                self.check_again(tablet);
            }
        }
    }

    /// A copy came to nothing: its new replica goes, and the task is tried again, or given up after some failures.
    pub(super) fn copy_failed(&mut self, tablet: TabletId, reason: Reason) {
        let Some(mut task) = self.undo_copy(tablet) else {
            return;
        };
        self.say_copy(&task, OfCopy::Failed(reason.clone()));
        task.failed_running += 1;
        task.failed_on = task.destination.map(|destination| destination.backend);
        self.heal.healing.counters.clones_failed += 1;
        if task.failed_running > FAILURES_MAX {
            self.heal
                .end(task, State::Cancelled, Some(reason), self.now);
            self.check_again(tablet);
            return;
        }
        task.state = State::Pending;
        task.visited = Some(self.now);
        task.reason = Some(reason);
        (task.source, task.destination, task.timeout_ms) = (None, None, 0);
        self.heal.put(task);
    }

    /// Takes a task out of those that run, and removes the replica that it was making where that can't be the last one.
    pub(super) fn undo_copy(&mut self, tablet: TabletId) -> Option<Task> {
        let task = self.stop_copy(tablet)?;
        let load = Arc::make_mut(&mut self.heal.healing.load);
        balance::undone(load, &self.head, &task);
        let to = task.destination.and_then(|to| to.replica);
        let view = self.head.tablets.view(tablet);
        let made = view.and_then(|view| view.replicas().find(|of| Some(of.id) == to));
        if let Some(replica) = made
            && replica.state == ReplicaState::Clone
        {
            self.remove_unfilled(tablet, replica.id);
        } else if let Some(to) = task.destination {
            // It may have been made all the same, and its answer is lost.
            self.news.renewed(to.backend, tablet, self.now);
        }
        Some(task)
    }

    fn stop_copy(&mut self, tablet: TabletId) -> Option<Task> {
        let task = self.heal.healing.running.remove(&tablet)?;
        self.heal.calls.remove(&tablet);
        self.take_slots(&task, -1);
        self.heal.room = true;
        Some(std::sync::Arc::unwrap_or_clone(task))
    }

    /// Ends copies that took too long, and those whose tablet is gone.
    pub(super) fn end_late_copies(&mut self) {
        let now = self.now;
        let mut late = Vec::new();
        let mut gone = Vec::new();
        for (tablet, task) in &self.heal.healing.running {
            let began = task.scheduled.unwrap_or(task.created);
            if self.head.tablets.view(*tablet).is_none() {
                gone.push(*tablet);
            } else if now.since_ms(began) > task.timeout_ms {
                late.push(*tablet);
            }
        }
        for tablet in gone {
            if let Some(task) = self.stop_copy(tablet) {
                let reason = Some(Reason::TabletGone);
                self.heal.end(task, State::Cancelled, reason, now);
            }
        }
        for tablet in late {
            if let Some(task) = self.undo_copy(tablet) {
                let seconds = task.timeout_ms / 1000;
                let reason = Reason::TimedOut { seconds };
                self.say_copy(&task, OfCopy::Failed(reason.clone()));
                self.heal.end(task, State::Timeout, Some(reason), now);
                self.check_again(tablet);
            }
        }
    }

    /// A backend has died or was dropped: what is copied to it or from it is tried elsewhere.
    pub(in super::super) fn copies_lost(&mut self, backend: BackendId) {
        let running = self.heal.healing.running.iter();
        let uses = |spot: Option<Spot>| spot.is_some_and(|spot| spot.backend == backend);
        let lost = running.filter(|(_, task)| uses(task.source) || uses(task.destination));
        for tablet in lost.map(|(tablet, _)| *tablet).collect::<Vec<_>>() {
            self.copy_failed(tablet, Reason::BackendLost(backend));
        }
    }

    /// How far copies are, as their backend says.
    pub(in super::super) fn copies_progress(
        &mut self,
        backend: BackendId,
        clones: &[crate::backend::api::CloneProgress],
    ) {
        for clone in clones {
            let Some(task) = self.heal.healing.running.get_mut(&clone.tablet) else {
                continue;
            };
            if task.destination.is_some_and(|to| to.backend == backend) {
                let task = std::sync::Arc::make_mut(task);
                (task.bytes, task.millis) = (clone.bytes, clone.millis);
            }
        }
    }
}
