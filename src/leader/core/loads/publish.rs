//! Publishing: every backend gives a committed load's rows their version.
//!
//! Versions are given out before it is their turn to be seen, so that loads which run together do not wait for each other's
//! calls: a replica may hold a version behind a gap, and readers ask for the one that they see. Loads become visible in the
//! order of versions of each partition.
//!
//! The load is visible when enough replicas of every tablet of its partitions have answered, and either all have or the
//! wait for the slower ones is over. Those that are late by then have missed the version. One that gives no answer at all is
//! not slow but broken, and is not waited for.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{CALL_TIMEOUT_MS, Core, Purpose};
use super::begin::counts;
use super::publishing::Publishing;
use crate::backend::api::{Publish, PublishTablet, TabletErrors};
use crate::catalog::change::Change;
use crate::catalog::partition::Partition;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::catalog::txn::{Txn, TxnState, Writes};
use crate::ids::{BackendId, ReplicaId, TabletId, TxnId};
use crate::leader::action::BackendRequest;

/// Milliseconds before the first repetition of a publish; each later one waits twice as long.
const RETRY_MS: u64 = 200;
/// Milliseconds between repetitions at most.
const RETRY_MAX_MS: u64 = 5_000;

/// How many versions of a partition are given out beyond the one that readers see. Backends remember the ends of only so many
/// versions that they have compacted, and readers need those of what they see.
const AHEAD_MAX: i64 = 32;

/// What a load waits for.
enum Wait {
    /// Backends that may answer soon.
    Answers,
    /// More replicas of a tablet: too few that readers could use have the version.
    Replicas {
        tablet: TabletId,
        held: usize,
        needed: usize,
    },
}

impl Core {
    /// Takes a committed load as far as it gets: sends its publish where that is due, and makes it visible where it can be.
    pub(in super::super) fn publish(&mut self, id: TxnId) {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            let Some(txn) = self.committed(id) else {
                continue;
            };
            let before = self.before(&txn);
            if before >= AHEAD_MAX {
                continue;
            }
            self.send_publish(&txn);
            if before != 0 {
                continue;
            }
            match self.enough(&txn) {
                Ok(missed) => next.extend(self.show(&txn, missed)),
                Err(Wait::Answers) => {}
                Err(Wait::Replicas {
                    tablet,
                    held,
                    needed,
                }) => self.waits(id, tablet, (held, needed)),
            }
        }
    }

    /// Looks at all committed loads again: time has passed, or backends came to life or died.
    pub(in super::super) fn publish_again(&mut self) {
        let committed =
            |(id, load): (&TxnId, &super::Load)| load.publishing.is_some().then_some(*id);
        let ids: Vec<TxnId> = self.loads.running.iter().filter_map(committed).collect();
        for id in ids {
            self.publish(id);
        }
    }

    pub(in super::super) fn publish_answered(
        &mut self,
        id: TxnId,
        backend: BackendId,
        result: Result<TabletErrors, String>,
    ) {
        let now = self.now;
        let Some(call) = self.publishing(id).and_then(|p| p.calls.get_mut(&backend)) else {
            return;
        };
        call.running = false;
        let pause = RETRY_MS
            .saturating_mul(1 << call.tries.min(5))
            .min(RETRY_MAX_MS);
        call.again_at = now.plus_ms(pause);
        let stale = std::mem::take(&mut call.stale);
        match result {
            Ok(errors) => {
                let failed = errors.failed.into_iter().map(|(tablet, _)| tablet);
                call.failed = Some(failed.chain(stale).collect());
                call.unanswered = 0;
            }
            Err(_) => call.unanswered = call.unanswered.saturating_add(1),
        }
        self.publish(id);
    }

    /// The load, if it is committed and not visible.
    fn committed(&self, id: TxnId) -> Option<Txn> {
        let txn = self.head.txns.get(&id)?;
        (txn.state == TxnState::Committed).then(|| Txn::clone(txn))
    }

    /// How many versions, at most, of one of its partitions have to become visible before the load.
    fn before(&self, txn: &Txn) -> i64 {
        let before = txn.versions.iter().filter_map(|(partition, version)| {
            let partition = self.head.partitions.get(partition)?;
            Some(version - 1 - partition.visible_version)
        });
        before.max().unwrap_or(0)
    }

    fn publishing(&mut self, id: TxnId) -> Option<&mut Publishing> {
        self.loads.running.get_mut(&id)?.publishing.as_mut()
    }

    /// Calls each backend that has not given every tablet its version, is not called already, and may answer.
    fn send_publish(&mut self, txn: &Txn) {
        let now = self.now;
        if !self.publishing(txn.id).is_some_and(|of| of.any_due(now)) {
            return;
        }
        let orders = self.orders(txn);
        let Some(publishing) = self.publishing(txn.id) else {
            return;
        };
        let first = publishing.since.is_none();
        publishing.since.get_or_insert(now);
        publishing.left_out = false;
        let calls = &publishing.calls;
        let due = |id: &BackendId| calls.get(id).is_none_or(|call| call.due(now));
        let due: BTreeSet<BackendId> = orders.keys().copied().filter(due).collect();
        if first {
            let published = Some(now);
            self.head.observe_txn(Txn {
                published,
                ..txn.clone()
            });
        }
        for (backend, tablets) in orders {
            if !due.contains(&backend) {
                continue;
            }
            let called = self.head.alive(backend) && self.call_publish(txn.id, backend, tablets);
            if !called && let Some(publishing) = self.publishing(txn.id) {
                publishing.left_out = true;
            }
        }
    }

    /// Calls a backend; says false where there is none.
    fn call_publish(
        &mut self,
        txn: TxnId,
        backend: BackendId,
        tablets: Vec<PublishTablet>,
    ) -> bool {
        let request = BackendRequest::Publish(Publish { txn, tablets });
        let purpose = Purpose::Publish(txn, backend);
        let called = self.call(backend, CALL_TIMEOUT_MS, purpose, request);
        if called.is_some()
            && let Some(publishing) = self.publishing(txn)
        {
            let call = publishing.calls.entry(backend).or_default();
            call.running = true;
            call.tries = call.tries.saturating_add(1);
        }
        called.is_some()
    }

    /// What each backend is to publish of a load.
    pub(in super::super) fn orders(&self, txn: &Txn) -> BTreeMap<BackendId, Vec<PublishTablet>> {
        let none = Writes::default();
        let writes = self.head.writes.get(&txn.id).map_or(&none, |writes| writes);
        let mut orders: BTreeMap<BackendId, Vec<PublishTablet>> = BTreeMap::new();
        for (id, version) in &txn.versions {
            let Some(partition) = self.head.partitions.get(id) else {
                continue;
            };
            for view in self.head.tablets.of_partition(partition) {
                let tablet = view.id();
                let rows = writes.has_rows(tablet);
                for replica in view.replicas() {
                    // A replica that did not get the rows has nothing to publish.
                    if writes.can_publish(tablet, replica.id) {
                        let version = *version;
                        let order = PublishTablet {
                            tablet,
                            replica: replica.id,
                            version,
                            rows,
                        };
                        orders.entry(replica.backend).or_default().push(order);
                    }
                }
            }
        }
        orders
    }

    /// Puts down what a load waits for, for SHOW TRANSACTION.
    fn waits(&mut self, id: TxnId, tablet: TabletId, (held, needed): (usize, usize)) {
        let reason = format!(
            "its version is on {held} replicas of tablet {tablet}, and {needed} are needed; EXPLAIN TABLET {tablet} \
             shows what is the matter with the others"
        );
        if let Some(txn) = self.head.txns.get(&id)
            && txn.reason != reason
        {
            let txn = Txn::clone(txn);
            self.head.observe_txn(Txn { reason, ..txn });
        }
    }

    /// The replicas that missed the load, if it can be made visible without them.
    ///
    /// # Errors
    /// It can't yet.
    fn enough(&self, txn: &Txn) -> Result<Vec<(TabletId, ReplicaId)>, Wait> {
        let load = self.loads.running.get(&txn.id);
        let publishing = load.and_then(|load| load.publishing.as_ref());
        let publishing = publishing.ok_or(Wait::Answers)?;
        let wait = self.config.quorum_publish_wait_time_ms;
        let over = publishing
            .since
            .is_some_and(|since| self.now.since_ms(since) >= wait);
        let mut missed = Vec::new();
        for (id, _) in &txn.versions {
            let Some(partition) = self.head.partitions.get(id) else {
                continue;
            };
            let needed = self.publish_quorum(txn, partition);
            for view in self.head.tablets.of_partition(partition) {
                let held = self.holders(publishing, txn, &view, over);
                let held = held.ok_or(Wait::Answers)?;
                let counting =
                    |replica: &Replica| held.contains(&replica.id) && counts(replica, &view);
                let count = view.replicas().filter(counting).count();
                let needed = self.reachable(txn, &view, needed);
                if count < needed {
                    return Err(Wait::Replicas {
                        tablet: view.id(),
                        held: count,
                        needed,
                    });
                }
                let late = view
                    .replicas()
                    .filter(|replica| !held.contains(&replica.id));
                missed.extend(late.map(|replica| (view.id(), replica.id)));
            }
        }
        Ok(missed)
    }

    /// The quorum, or all replicas that can ever have the version where some have turned out to be bad, or repair has put
    /// others in their place. The load had its quorum at its commit, so it becomes visible with those that are left.
    fn reachable(&self, txn: &Txn, view: &TabletView<'_>, needed: usize) -> usize {
        let Some(writes) = self.head.writes.get(&txn.id) else {
            return needed;
        };
        // One that is behind is brought forward, and one whose backend is dead is waited for, unless they are about to be
        // removed: that waits for the load in its turn.
        let able = |replica: &Replica| {
            let comes = replica.state == ReplicaState::Normal
                && !replica.bad
                && self.head.backends.contains_key(&replica.backend);
            let counts = counts(replica, view) && self.head.alive(replica.backend);
            writes.holds(view.id(), replica.id) && (comes || counts)
        };
        needed.min(view.replicas().filter(able).count().max(1))
    }

    /// The replicas of a tablet that have the version; `None` while one is worth waiting for.
    fn holders(
        &self,
        publishing: &Publishing,
        txn: &Txn,
        view: &TabletView<'_>,
        over: bool,
    ) -> Option<BTreeSet<ReplicaId>> {
        let none = Writes::default();
        let writes = self.head.writes.get(&txn.id).map_or(&none, |writes| writes);
        let tablet = view.id();
        let mut held = BTreeSet::new();
        for replica in view.replicas() {
            // What a backend answered before it was dropped brings nobody the rows any more.
            if !self.head.backends.contains_key(&replica.backend) {
                continue;
            }
            if writes.brought.contains(&(tablet, replica.id)) {
                held.insert(replica.id);
                continue;
            }
            if !writes.can_publish(tablet, replica.id) {
                continue;
            }
            let call = publishing.calls.get(&replica.backend);
            let doubted = self.head.doubted(replica.backend);
            if call.is_some_and(|call| call.good(tablet)) {
                held.insert(replica.id);
            } else if !over
                && call.is_none_or(|call| call.hopeful(doubted))
                && !self.dead(replica.backend)
            {
                return None;
            }
        }
        Some(held)
    }

    /// How many replicas of each tablet must have the version.
    fn publish_quorum(&self, txn: &Txn, partition: &Partition) -> usize {
        let table = self.head.tables.get(&txn.table);
        let needed = table.map_or(1, |table| {
            let quorum = table.spec.properties.write_quorum;
            quorum.needed(partition.spec.replication_num)
        });
        usize::from(needed)
    }

    /// Makes a load visible; gives the loads whose turn may have come, and those whose publish may be sent now.
    fn show(&mut self, txn: &Txn, missed: Vec<(TabletId, ReplicaId)>) -> Vec<TxnId> {
        let published = self.head.txns.get(&txn.id).and_then(|txn| txn.published);
        self.record_own(vec![Change::Visible {
            txn: txn.id,
            at: self.now,
            published,
            missed,
        }]);
        let Some(shown) = self.head.txns.get(&txn.id).cloned() else {
            return Vec::new();
        };
        assert_eq!(shown.state, TxnState::Visible);
        for (id, version) in &txn.versions {
            let partition = self.head.partitions.get(id);
            assert!(partition.is_none_or(|partition| partition.visible_version == *version));
        }
        let load = self.loads.running.remove(&txn.id);
        self.loads
            .note_end(&shown, self.head.writes.contains_key(&shown.id));
        self.tell_visible(&shown, load.map(|load| load.waiting).unwrap_or_default());
        let next = txn.versions.iter().flat_map(|(partition, version)| {
            [1, AHEAD_MAX].map(|after| (*partition, version + after))
        });
        next.filter_map(|of| self.loads.versions.get(&of).copied())
            .collect()
    }
}
