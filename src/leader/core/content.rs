//! The content view (seed: anti-entropy): replicas are compared by the digests of their rows, what differs is shown, and
//! repaired where a majority holds the same.
//!
//! A check reads each replica at one fixed version, so loads go on meanwhile, and a tablet that is loaded all the time is
//! checked and repaired like any other. Verdicts and the queue of repairs are in the journal; what runs is not, and begins
//! again after a restart. [`checks`] asks and judges, [`background`] finds what is due, [`repairs`] works on the queue,
//! [`spare`] says whose replica is not the last. The rules are [`consistency`](crate::tablet::consistency)'s.

mod background;
mod checks;
mod repairs;
mod spare;

use imbl::OrdSet;

use self::background::Background;
use self::checks::Checks;
use self::repairs::Repairs;
use self::spare::Given;
use super::{Answer, Core, Error};
use crate::catalog::change::Change;
use crate::ids::{ReplicaId, TabletId};
use crate::leader::request::Reply;
use crate::tablet::consistency::replaces;

/// Checks that wait, by ADMIN CHECK TABLET.
const WAITING_MAX: usize = 100_000;

/// Everything that runs for the content view.
#[derive(Debug, Default)]
pub(super) struct Content {
    checks: Checks,
    background: Background,
    repairs: Repairs,
    given: Given,
}

impl Content {
    /// Tablets whose content is being compared.
    pub(super) fn checking(&self) -> OrdSet<TabletId> {
        self.checks.shown()
    }

    /// Whether a backend was told a while ago that it may give up a replica.
    pub(super) fn given_up(&self, tablet: TabletId, replica: ReplicaId) -> bool {
        self.given.contains(tablet, replica)
    }

    /// A replica that was given up is good again: an operator says so.
    pub(super) fn take_back(&mut self, tablet: TabletId, replica: ReplicaId) {
        self.given.remove(tablet, replica);
    }

    /// Tablets whose content is being repaired.
    pub(super) fn repairing(&self) -> OrdSet<TabletId> {
        self.repairs.shown()
    }
}

impl Core {
    /// ADMIN CHECK TABLET: at any hour, and whenever the tablet was last checked.
    pub(super) fn check_tablets(&mut self, tablets: &[TabletId]) -> Answer {
        self.all_known(tablets)?;
        let waiting = self.content.checks.waiting() + tablets.len();
        if waiting > WAITING_MAX {
            return Err(Error::TooManyChecks { max: WAITING_MAX });
        }
        for tablet in tablets {
            self.content.checks.want(*tablet);
        }
        self.start_checks();
        Ok(Some(Reply::Done))
    }

    /// Queues tablets for the repair of their content, or takes them off the queue. One that is queued already, or is
    /// not in need, is no error; a repair that is being worked on is not cancelled (seed).
    pub(super) fn repair_tablets(&mut self, mut tablets: Vec<TabletId>, on: bool) -> Answer {
        self.all_known(&tablets)?;
        tablets.retain(|tablet| {
            let queued = self.head.repairs.contains_key(tablet);
            queued != on && (on || !self.in_repair(*tablet))
        });
        if !tablets.is_empty() {
            let at = self.now;
            self.record(vec![Change::QueueRepairs { tablets, on, at }])?;
        }
        Ok(Some(Reply::Done))
    }

    /// What time brings.
    pub(super) fn content_tick(&mut self) {
        self.end_checks();
        self.record_checks();
        self.work_on_repairs();
        self.begin_background();
        self.start_checks();
        self.content.given.forget(self.now);
    }

    /// Records what checks have found, and queues what can be repaired: all of it as one record.
    fn record_checks(&mut self) {
        let ended = self.content.checks.take_ended();
        if ended.is_empty() {
            return;
        }
        let (mut tablets, mut queued) = (Vec::new(), Vec::new());
        for (tablet, check) in ended {
            self.repair_was_checked(tablet, check.verdict);
            let Some(view) = self.head.tablets.view(tablet) else {
                continue;
            };
            let before = self.head.checks.get(&tablet);
            if !replaces(&check, before.map(|before| before.as_ref())) {
                continue;
            }
            let queues = self.config.consistency_repair_by_majority
                && !self.head.repairs.contains_key(&tablet)
                && self.repairable(&view, &check);
            queued.extend(queues.then_some(tablet));
            tablets.push((tablet, check));
        }
        let mut changes = Vec::new();
        if !tablets.is_empty() {
            changes.push(Change::Checked { tablets });
        }
        if !queued.is_empty() {
            changes.push(Change::QueueRepairs {
                tablets: queued,
                on: true,
                at: self.now,
            });
        }
        if !changes.is_empty() {
            self.record_own(changes);
        }
    }

    /// Refuses ids that no tablet has.
    fn all_known(&self, tablets: &[TabletId]) -> Result<(), Error> {
        let unknown = |id: &TabletId| self.head.tablets.view(*id).is_none();
        let unknown: Vec<TabletId> = tablets.iter().copied().filter(unknown).collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(Error::UnknownTablets(unknown)),
        }
    }
}
