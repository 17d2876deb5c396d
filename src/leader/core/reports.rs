//! What backends report of their tablets, and what follows: sizes and versions, lost and unknown replicas, forgotten loads.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::ByBackend;
use super::{CALL_TIMEOUT_MS, Core, Purpose};
use crate::backend::api::{ReportAnswer, TabletReport};
use crate::catalog::state::Catalog;
use crate::catalog::tablets::{Belief, Reported};
use crate::catalog::txn::TxnState;
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId, TxnId};
use crate::leader::action::BackendRequest;
use crate::leader::notice::Notice;

/// Replicas that the catalog does not know, each with when it was seen first and how it was shown last.
type Strangers = BTreeMap<(TabletId, ReplicaId), (Timestamp, TabletReport)>;

/// What reports are measured against.
#[derive(Debug)]
pub(super) struct Reports {
    since: Timestamp,
    safe_mode: bool,
    /// Replicas of the catalog that each backend has shown since the start.
    shown: BTreeMap<BackendId, u64>,
    /// Replicas that the catalog does not know.
    strangers: BTreeMap<BackendId, Strangers>,
    /// Loads that a backend is being told to end.
    settling: BTreeSet<(TxnId, BackendId)>,
    /// Tablets of which a backend was told to drop a replica, and when: what a report shows of it may be gone by now.
    ordered: BTreeMap<(BackendId, TabletId), Timestamp>,
}

/// Milliseconds after which an order to drop a replica has been heard, or has come to nothing.
const ORDERED_MS: u64 = 60_000;

impl Reports {
    /// Nothing has been reported yet.
    pub(super) fn new(catalog: &Catalog, now: Timestamp) -> Reports {
        Reports {
            since: now,
            safe_mode: !catalog.tablets.is_empty(),
            shown: BTreeMap::new(),
            strangers: BTreeMap::new(),
            settling: BTreeSet::new(),
            ordered: BTreeMap::new(),
        }
    }

    pub(super) fn safe_mode(&self) -> bool {
        self.safe_mode
    }

    /// Whether a backend has shown everything that it holds since the start.
    pub(super) fn heard(&self, backend: BackendId) -> bool {
        self.shown.contains_key(&backend)
    }

    /// Whether no backend has shown yet what it has.
    pub(super) fn nobody_was_heard(&self) -> bool {
        self.shown.is_empty()
    }

    /// Replicas that the catalog does not know, as they were shown last.
    pub(super) fn strangers(&self) -> impl Iterator<Item = (BackendId, &TabletReport)> {
        let all = self.strangers.iter();
        all.flat_map(|(backend, of)| of.values().map(|(_, of)| (*backend, of)))
    }

    /// A backend has answered a call that ended a load's leftovers.
    pub(super) fn settled(&mut self, txn: TxnId, backend: BackendId) {
        self.settling.remove(&(txn, backend));
    }
}

impl Core {
    pub(super) fn report(&mut self, id: BackendId, asked: Timestamp, report: &ReportAnswer) {
        if !self.head.backends.contains_key(&id) || self.is_stranger(id) {
            return;
        }
        self.rehome(id, report);
        if report.full {
            self.recovery.forget_backend(id);
        }
        let mut again = Vec::new();
        let mut strangers = Vec::new();
        let mut shown = BTreeSet::new();
        let mut told = BTreeSet::new();
        let mut bad = Vec::new();
        for of in &report.tablets {
            if of.why.is_some() {
                told.insert(of.replica);
            }
            let was_good = self.is_good(id, of.tablet);
            match self.observe(id, asked, of) {
                Some(changed) => {
                    shown.insert(of.tablet);
                    again.extend(changed.then_some(of.tablet));
                    let is_bad = was_good && changed && !self.is_good(id, of.tablet);
                    bad.extend(is_bad.then_some(of.tablet));
                }
                None if of.dropped => {}
                None => strangers.push(of),
            }
        }
        self.adopt(id, &strangers);
        if report.full {
            self.head.keep_causes(id, &told);
            let lost = self.lost(id, asked, &shown);
            bad.extend_from_slice(&lost);
            again.extend(lost);
            let now = self.now;
            self.head
                .observe_backend(id, |state| state.last_report = Some(now));
            self.reports.shown.insert(id, shown.len() as u64);
            self.leave_safe_mode();
            self.drop_strangers(id, &strangers);
        }
        self.say_bad(id, bad);
        self.census.look_at(&self.head, &again);
        self.catch_up(id, &report.tablets);
        for txn in &report.pending {
            self.settle(*txn, id);
        }
    }

    /// Takes in one tablet; says whether its health may have changed, `None` when it is unknown.
    pub(super) fn observe(
        &mut self,
        id: BackendId,
        asked: Timestamp,
        of: &TabletReport,
    ) -> Option<bool> {
        let view = self.head.tablets.view(of.tablet)?;
        let partition = self.head.partitions.get(&view.partition())?;
        let known = view.on(id).is_some_and(|replica| replica.id == of.replica);
        if !known {
            return None;
        }
        let was_bad = view.on(id).is_some_and(|replica| replica.bad);
        let shown = partition.visible_time;
        let belief = self.news.belief((id, of.tablet), asked, shown);
        let settled = belief == Belief::All;
        // Where versions that are not known here are expected, they harm nobody: readers see those that are.
        let doubted = self.head.recovery.doubts(partition.id);
        let foreign = of.max_version >= partition.next_version && !doubted;
        if doubted && of.dropped {
            self.recovery.forget(id, of.tablet);
        } else if doubted && belief != Belief::Nothing {
            self.recovery.note(id, of);
        }
        if of.dropped {
            return Some(settled && self.head.observe_loss(of.tablet, id, true));
        }
        let reported = Reported {
            replica: of.replica,
            version: of.version,
            newest: of.max_version,
            belief,
            // Versions that were never given out can't hold what everybody else's will. And what its backend was told it
            // may give up is given up, whatever a report says that was under way.
            bad: of.bad
                || (foreign && belief != Belief::Nothing)
                || self.news.bad_since(id, of.tablet, asked)
                || self.content.given_up(of.tablet, of.replica),
            bytes: of.data_size,
            rows: of.row_count,
            rowsets: of.version_count,
            path: of.path_hash,
        };
        if belief != Belief::Nothing {
            self.observe_reach(of.tablet, of.replica, of.version, settled);
        }
        let now = self.now;
        let changed = self.head.observe_replica(of.tablet, id, &reported, now)?;
        if belief != Belief::Nothing {
            self.head.observe_cause(id, of.replica, of.why.as_deref());
        }
        if changed && was_bad && !reported.bad {
            self.renewed(id, of.tablet, of.version);
        }
        Some(changed)
    }

    /// Files of a backend's replica are lost or wrong, as it has found out. Says whether that is news.
    pub(super) fn found_bad(&mut self, tablet: TabletId, backend: BackendId) -> bool {
        self.news.bad(backend, tablet, self.now);
        let news = self.head.observe_loss(tablet, backend, true);
        if news {
            self.say_bad(backend, vec![tablet]);
        }
        news
    }

    fn is_good(&self, backend: BackendId, tablet: TabletId) -> bool {
        let view = self.head.tablets.view(tablet);
        let replica = view.and_then(|view| view.on(backend));
        replica.is_some_and(|replica| !replica.bad)
    }

    fn say_bad(&mut self, backend: BackendId, tablets: Vec<TabletId>) {
        if !tablets.is_empty() {
            self.say(Notice::Bad { backend, tablets });
        }
    }

    /// Replicas that a backend should have and does not show, if they were there before it was asked.
    fn lost(
        &mut self,
        id: BackendId,
        asked: Timestamp,
        shown: &BTreeSet<TabletId>,
    ) -> Vec<TabletId> {
        // Which tablets a backend has is found by a walk along all of them; where none can be missing it is spared.
        if shown.len() as u64 == self.head.tablets.replicas_on(id) {
            return Vec::new();
        }
        let mut lost = self.head.tablets.on_backend(id);
        lost.retain(|tablet| {
            if shown.contains(tablet) {
                return false;
            }
            let view = self.head.tablets.view(*tablet);
            let partition = view.and_then(|view| self.head.partitions.get(&view.partition()));
            partition.is_some_and(|partition| {
                let shown = partition.visible_time;
                self.news.belief((id, *tablet), asked, shown) == Belief::All
            }) && !self.heal.fills(id, *tablet)
        });
        for tablet in &lost {
            let own = self.head.tablets.view(*tablet).and_then(|view| view.on(id));
            if let Some(own) = own {
                let why = "its backend does not have it";
                self.head.observe_cause(id, own.id, Some(why));
            }
        }
        lost.retain(|tablet| self.head.observe_loss(*tablet, id, true));
        lost
    }

    /// Drops replicas that have been unknown for long enough, unless they are just being made. While their tablet lacks a copy
    /// they are none too many, and the time begins again.
    fn drop_strangers(&mut self, id: BackendId, seen: &[&TabletReport]) {
        let before = self.reports.strangers.remove(&id).unwrap_or_default();
        let since = |of: &TabletReport| {
            let known = before
                .get(&(of.tablet, of.replica))
                .map(|(since, _)| *since);
            let known = known.filter(|_| self.is_complete(of.tablet));
            let since = known.unwrap_or(self.now);
            ((of.tablet, of.replica), (since, of.clone()))
        };
        let strangers: Strangers = seen.iter().map(|of| since(of)).collect();
        if !self.reports.safe_mode && !strangers.is_empty() {
            let delay_ms = self
                .config
                .tablet_report_drop_tablet_delay_sec
                .saturating_mul(1000);
            let being_made = self.being_made();
            let due = strangers.iter().filter(|((tablet, replica), (since, _))| {
                self.now.since_ms(*since) >= delay_ms
                    && !being_made.contains(tablet)
                    && !self.is_kept(*tablet, *replica)
            });
            let due: Vec<(TabletId, ReplicaId)> = due.map(|(of, _)| *of).collect();
            self.drop_tablets(ByBackend::from([(id, due)]));
        }
        self.reports.strangers.insert(id, strangers);
    }

    /// Whether a replica that the catalog does not know may be of a history that was lost, and stays until somebody says
    /// otherwise.
    fn is_kept(&self, tablet: TabletId, replica: ReplicaId) -> bool {
        let recovery = &self.head.recovery;
        let view = self.head.tablets.view(tablet);
        recovery.keeps(replica) && view.is_none_or(|view| recovery.doubts(view.partition()))
    }

    /// Ends what a backend still holds of a load: published where it has a version, forgotten where it has none.
    fn settle(&mut self, id: TxnId, backend: BackendId) {
        if self.is_settling(id, backend) {
            return;
        }
        let state = self.head.txns.get(&id).map(|txn| txn.state);
        match state {
            // Its coordinator, its second call, or its publish, sees to it.
            Some(TxnState::Prepare | TxnState::Prepared | TxnState::Committed) => {}
            Some(TxnState::Visible) if self.publish_late(id, backend) => {}
            Some(TxnState::Visible | TxnState::Aborted) => self.forget_rows(id, backend),
            None if self.head.recovery.keeps_load(id) => {}
            None if self.numbers.begun(id) => self.forget_rows(id, backend),
            None => {}
        }
    }

    /// Puts down that a backend is told to drop replicas.
    pub(super) fn orders_drop(&mut self, backend: BackendId, tablets: &[(TabletId, ReplicaId)]) {
        let now = self.now;
        let ordered = &mut self.reports.ordered;
        ordered.retain(|_, at| now.since_ms(*at) < ORDERED_MS);
        ordered.extend(tablets.iter().map(|(tablet, _)| ((backend, *tablet), now)));
    }

    /// Whether a backend may still be about to drop a replica of a tablet as it was told, or has just done so.
    pub(super) fn drop_ordered(&self, backend: BackendId, tablet: TabletId) -> bool {
        let at = self.reports.ordered.get(&(backend, tablet));
        at.is_some_and(|at| self.now.since_ms(*at) < ORDERED_MS)
    }

    /// Whether a backend is being told to end a load's leftovers.
    pub(super) fn is_settling(&self, txn: TxnId, backend: BackendId) -> bool {
        self.reports.settling.contains(&(txn, backend))
    }

    /// Tells a backend to end a load's leftovers, by publishing or by forgetting.
    pub(super) fn send_settling(
        &mut self,
        txn: TxnId,
        backend: BackendId,
        request: BackendRequest,
    ) {
        let purpose = Purpose::Settle(txn, backend);
        if self
            .call(backend, CALL_TIMEOUT_MS, purpose, request)
            .is_some()
        {
            self.reports.settling.insert((txn, backend));
        }
    }

    /// Safe mode ends when enough replicas have been reported, when nobody is left who could report, or after its time.
    pub(super) fn leave_safe_mode(&mut self) {
        if !self.reports.safe_mode {
            return;
        }
        let expected = self.head.tablets.replicas();
        let shown: u64 = self.reports.shown.values().sum();
        let percent = self.config.safe_mode_replica_percent;
        let enough = shown.saturating_mul(100) >= expected.saturating_mul(percent);
        let max_ms = self.config.safe_mode_max_second.saturating_mul(1000);
        let over = self.now.since_ms(self.reports.since) >= max_ms;
        if enough || over || self.nobody_is_awaited() {
            self.reports.safe_mode = false;
            self.say(Notice::SafeModeEnds { shown, expected });
        }
    }

    /// Whether every backend has reported or is known to be dead, so that more time brings no more reports.
    ///
    /// Safe mode is there so that reports which have not come yet are not taken for lost replicas. A backend that is just
    /// being started refuses connections like a dead one, so the dead have as long as a backend has that falls silent in
    /// operation. And where not most have reported, it is rather this frontend that is cut off: then it waits on.
    fn nobody_is_awaited(&self) -> bool {
        let config = &self.config;
        let heartbeat_ms = config.heartbeat_interval_second.saturating_mul(1000);
        let patience_ms = heartbeat_ms.saturating_mul(config.heartbeat_retry_times);
        let all = || self.head.backends.keys().copied();
        let silent = all().filter(|id| !self.reports.heard(*id)).count();
        let dead = |id: &BackendId| !self.reports.heard(*id) && self.dead(*id);
        silent == 0
            || (self.now.since_ms(self.reports.since) >= patience_ms
                && all().filter(dead).count() == silent
                && silent * 2 < self.head.backends.len())
    }
}
