//! Performing what was decided about a task.

use super::super::tables::ByBackend;
use super::Core;
use crate::catalog::change::Change;
use crate::ids::{ReplicaId, TabletId};
use crate::leader::notice::Notice;
use crate::tablet::reason::{Reason, Ruling};
use crate::tablet::schedule::Decision;
use crate::tablet::task::{Kind, State, Task};

/// Failures after which a move is given up (StarRocks).
const MOVE_FAILURES_MAX: u32 = 10;

impl Core {
    pub(super) fn carry_out(&mut self, mut task: Task, decision: Decision) {
        let counters = &mut self.heal.healing.counters;
        match decision {
            Decision::Later(_) => {}
            Decision::End(State::Cancelled, _) => counters.discarded += 1,
            _ => counters.carried_out += 1,
        }
        match decision {
            Decision::Copy {
                source,
                destination,
                timeout_ms,
            } => self.copy(task, source, destination, timeout_ms),
            Decision::Retire(replica) => {
                self.record_own(vec![Change::RetireReplica {
                    tablet: task.tablet,
                    replica,
                    on: true,
                }]);
                task.retiring = Some((replica, self.numbers.next_txn()));
                task.reason = None;
                // Where no load runs it can go at once.
                self.heal.put(task.clone());
                self.attempt_marked(task.tablet);
            }
            Decision::Keep(replica) => {
                self.record_own(vec![Change::RetireReplica {
                    tablet: task.tablet,
                    replica,
                    on: false,
                }]);
                task.retiring = None;
                task.reason = Some(Reason::Kept(replica));
                self.heal.put(task);
            }
            Decision::Remove(replica) => self.removed(task, replica),
            Decision::End(state, reason) => {
                self.heal.end(task, state, Some(reason), self.now);
            }
            Decision::Later(reason) => self.put_off(task, reason),
        }
    }

    /// The second step of a removal, right after the first.
    fn attempt_marked(&mut self, tablet: TabletId) {
        let marked = self.heal.healing.pending.get(&tablet);
        if marked.is_some_and(|task| task.retiring.is_some()) {
            self.attempt(tablet);
        }
    }

    /// A replica goes. What was too many is gone then; where it made room, the task goes on.
    fn removed(&mut self, mut task: Task, replica: ReplicaId) {
        let tablet = task.tablet;
        self.remove_replica(tablet, replica);
        let reason = Reason::RedundantRemoved(replica);
        task.retiring = None;
        let view = self.head.tablets.view(tablet);
        let enough = view.is_some_and(|view| view.replicas().len() >= usize::from(view.wanted()));
        if enough {
            self.heal.end(task, State::Finished, Some(reason), self.now);
            self.check_again(tablet);
        } else {
            task.reason = Some(reason);
            self.heal.put(task);
            self.heal.room = true;
        }
    }

    /// Takes a replica out of the catalog, and has its backend drop it.
    pub(super) fn remove_replica(&mut self, tablet: TabletId, replica: ReplicaId) {
        let view = self.head.tablets.view(tablet);
        let at = view.and_then(|view| view.replicas().find(|of| of.id == replica));
        let Some(at) = at else {
            return;
        };
        self.record_own(vec![Change::RemoveReplica { tablet, replica }]);
        self.heal.healing.counters.removed_replicas += 1;
        self.say(Notice::Removed {
            tablet,
            replica,
            backend: at.backend,
        });
        self.drop_tablets(ByBackend::from([(at.backend, vec![(tablet, replica)])]));
    }

    /// It can't be done now. Failures count, waiting for room or for time does not.
    fn put_off(&mut self, mut task: Task, reason: Reason) {
        if reason.ruling() == Ruling::No {
            task.failed_scheduling += 1;
            self.heal.healing.counters.failed_scheduling += 1;
        }
        let hopeless = task.kind == Kind::Balance && task.failed_scheduling > MOVE_FAILURES_MAX;
        if hopeless {
            self.heal
                .end(task, State::Cancelled, Some(reason), self.now);
            return;
        }
        task.reason = Some(reason);
        self.heal.put(task);
    }
}
