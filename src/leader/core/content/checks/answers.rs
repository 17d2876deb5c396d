//! Answers of backends, and what ends a check: everybody has answered, its time is over, its tablet is gone.

use super::super::super::Core;
use super::Asked;
use crate::backend::api::TabletDigest;
use crate::catalog::check::{Check, Verdict};
use crate::ids::{BackendId, ReplicaId, TabletId};
use crate::leader::action::BackendReply;
use crate::tablet::consistency::{judge, majority, stands};

/// Milliseconds before a check that could not be finished begins again: time for a dead backend to be noticed.
const PAUSE_MS: u64 = 5_000;
/// Attempts at one check.
const ATTEMPTS_MAX: u32 = 6;

impl Core {
    /// A backend has told what the rows of its replica amount to, or why it does not.
    pub(in super::super::super) fn digest_answered(
        &mut self,
        tablet: TabletId,
        attempt: u64,
        backend: BackendId,
        result: Result<BackendReply, String>,
    ) {
        let checks = &mut self.content.checks;
        if let Some(busy) = checks.busy.get_mut(&backend) {
            *busy -= 1;
            if *busy == 0 {
                checks.busy.remove(&backend);
            }
        }
        let digest = match result {
            Ok(BackendReply::Digests(all)) => {
                all.digests.into_iter().find(|of| of.tablet == tablet)
            }
            Ok(_) | Err(_) => None,
        };
        // What is damaged is damaged, whoever still waits for the answer.
        let bad = digest.as_ref().filter(|of| of.bad).map(|of| of.replica);
        if let Some(replica) = bad {
            self.take_for_bad(tablet, replica, backend);
        }
        let Some(run) = self.content.checks.running.get_mut(&tablet) else {
            return;
        };
        if run.attempt != attempt {
            return;
        }
        match digest {
            Some(TabletDigest {
                replica,
                version,
                result: Ok(content),
                ..
            }) if version == run.version && run.asked.contains_key(&replica) => {
                if let Some(asked) = run.asked.get_mut(&replica) {
                    asked.answer = Some(content);
                }
            }
            Some(TabletDigest {
                replica, bad: true, ..
            }) => drop(run.asked.remove(&replica)),
            _ => return self.attempt_failed(tablet),
        }
        self.judge_if_answered(tablet);
        self.start_checks();
    }

    /// Its files are lost or wrong: it is repaired like any other bad replica, if there is another; else what can be read of
    /// it is still read.
    fn take_for_bad(&mut self, tablet: TabletId, replica: ReplicaId, backend: BackendId) {
        let view = self.head.tablets.view(tablet);
        let held = view.and_then(|view| view.on(backend));
        if held.is_some_and(|held| held.id == replica)
            && self.served_elsewhere(tablet, backend)
            && self.found_bad(tablet, backend)
        {
            self.census.look_at(&self.head, &[tablet]);
        }
    }

    fn judge_if_answered(&mut self, tablet: TabletId) {
        let Some(run) = self.content.checks.running.get(&tablet) else {
            return;
        };
        let Some(view) = self.head.tablets.view(tablet) else {
            self.content.checks.end(tablet);
            return;
        };
        if !run.answered() {
            return;
        }
        let stand = run.asked.keys().all(|id| {
            let mut replicas = view.replicas();
            replicas.any(|replica| replica.id == *id && stands(&replica))
        });
        if stand && run.asked.len() >= majority(view.wanted()) {
            self.end_check(tablet);
        } else {
            self.attempt_failed(tablet);
        }
    }

    /// The check begins again after a pause; after too many attempts it has timed out.
    pub(super) fn attempt_failed(&mut self, tablet: TabletId) {
        let again = self.now.plus_ms(PAUSE_MS);
        let Some(run) = self.content.checks.running.get_mut(&tablet) else {
            return;
        };
        if run.tries >= ATTEMPTS_MAX || again >= run.until {
            return self.end_check(tablet);
        }
        run.attempt = 0;
        run.again = Some(again);
    }

    /// The check ends with the answers that there are.
    fn end_check(&mut self, tablet: TabletId) {
        let Some(run) = self.content.checks.end(tablet) else {
            return;
        };
        let Some(view) = self.head.tablets.view(tablet) else {
            return;
        };
        let digests = run.digests();
        let verdict = match run.asked.is_empty() {
            true => Verdict::TimedOut,
            false => judge(view.wanted(), run.asked.len(), &digests),
        };
        let check = Check {
            at: self.now,
            version: run.version,
            verdict,
            digests,
        };
        self.content.checks.ended.push((tablet, check));
    }

    /// Ends checks whose time is over or whose tablet is gone, and begins those again whose replicas are not what they
    /// were.
    pub(in super::super) fn end_checks(&mut self) {
        let mut late = Vec::new();
        let mut lost = Vec::new();
        for (tablet, run) in &self.content.checks.running {
            let Some(view) = self.head.tablets.view(*tablet) else {
                late.push(*tablet);
                continue;
            };
            let waits = |(id, asked): (&ReplicaId, &Asked)| {
                let held = view.on(asked.backend).filter(|held| held.id == *id);
                let answers = held.is_some_and(|held| stands(&held));
                asked.answer.is_some() || (answers && self.head.alive(asked.backend))
            };
            if run.until <= self.now {
                late.push(*tablet);
            } else if run.again.is_none() && !run.asked.iter().all(waits) {
                lost.push(*tablet);
            }
        }
        for tablet in late {
            self.end_check(tablet);
        }
        for tablet in lost {
            self.attempt_failed(tablet);
        }
    }
}
