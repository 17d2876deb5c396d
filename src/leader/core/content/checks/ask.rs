//! Beginning checks: those that have waited longest first, as far as their backends have room.

use std::collections::BTreeMap;

use super::super::super::{Core, Purpose};
use super::{Asked, RUNNING_MAX, Run};
use crate::backend::api::DigestTablets;
use crate::ids::TabletId;
use crate::leader::action::BackendRequest;
use crate::tablet::consistency::{Voter, majority, time_limit_ms, voters};

/// Waiting checks that are looked at for whether they can begin, at one go.
const LOOKED_AT_MAX: usize = 200;

impl Core {
    /// Begins checks that wait, as far as there is room: first those that begin again.
    pub(in super::super::super) fn start_checks(&mut self) {
        let resting = self.content.checks.running.iter();
        let due = resting.filter(|(_, run)| run.again.is_some_and(|again| again <= self.now));
        let due: Vec<TabletId> = due.map(|(tablet, _)| *tablet).collect();
        for tablet in due {
            self.ask_voters(tablet);
        }
        let looked_at = self.content.checks.waiting.len().min(LOOKED_AT_MAX);
        for _ in 0..looked_at {
            if self.content.checks.running.len() >= RUNNING_MAX {
                return;
            }
            let Some(tablet) = self.content.checks.waiting.pop_front() else {
                return;
            };
            let Some(view) = self.head.tablets.view(tablet) else {
                self.content.checks.queued.remove(&tablet);
                continue;
            };
            let voters = voters(&self.head, &view);
            if !self.content.checks.has_room(&voters) {
                self.content.checks.waiting.push_back(tablet);
                continue;
            }
            self.content.checks.queued.remove(&tablet);
            let bytes = voters.iter().map(|voter| voter.bytes).max().unwrap_or(0);
            let until = self.now.plus_ms(time_limit_ms(&self.config, bytes));
            let run = Run {
                attempt: 0,
                tries: 0,
                version: view.visible(),
                until,
                asked: BTreeMap::new(),
                again: Some(self.now),
            };
            self.content.checks.running.insert(tablet, run);
            self.content.checks.shown.insert(tablet);
            self.ask_voters(tablet);
        }
    }

    /// Begins an attempt, unless a backend has no room for it yet.
    fn ask_voters(&mut self, tablet: TabletId) {
        let Some(view) = self.head.tablets.view(tablet) else {
            self.content.checks.end(tablet);
            return;
        };
        let (version, wanted) = (view.visible(), view.wanted());
        let voters = voters(&self.head, &view);
        if !self.content.checks.has_room(&voters) {
            return;
        }
        self.content.checks.attempts += 1;
        let attempt = self.content.checks.attempts;
        let Some(run) = self.content.checks.running.get_mut(&tablet) else {
            return;
        };
        run.attempt = attempt;
        run.tries += 1;
        run.version = version;
        run.again = None;
        run.asked.clear();
        if voters.len() < majority(wanted) {
            return self.attempt_failed(tablet);
        }
        let timeout_ms = run.until.since_ms(self.now);
        for voter in voters {
            let Voter {
                replica, backend, ..
            } = voter;
            let request = BackendRequest::Digest(DigestTablets {
                tablets: vec![(tablet, replica, version)],
            });
            let purpose = Purpose::Digest {
                tablet,
                attempt,
                backend,
            };
            // A living backend exists; one that does not is noticed at the next tick.
            if self.call(backend, timeout_ms, purpose, request).is_some() {
                *self.content.checks.busy.entry(backend).or_default() += 1;
            }
            let asked = Asked {
                backend,
                answer: None,
            };
            if let Some(run) = self.content.checks.running.get_mut(&tablet) {
                run.asked.insert(replica, asked);
            }
        }
    }
}
