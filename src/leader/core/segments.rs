//! The physical view (seed: Check All Tablet Segment Lost) over many backends at once: each looks for lost files, and the
//! asker gets all of their answers.
//!
//! Owns the asking. A backend decides what is lost, and asks the leader before it gives up what might be the last copy.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Core, Purpose};
use crate::backend::api::{CheckSegments, SegmentsAnswer};
use crate::ids::BackendId;
use crate::leader::action::{Action, BackendReply, BackendRequest, Token};
use crate::leader::request::Reply;

/// Milliseconds that a backend may take for a look at all of its files.
const TIMEOUT_MS: u64 = 1_800_000;

/// Questions that wait for backends, by who asked.
pub(super) type Sweeps = BTreeMap<Token, Sweep>;

/// A question to several backends.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    waiting: BTreeSet<BackendId>,
    told: BTreeMap<BackendId, Result<SegmentsAnswer, String>>,
}

impl Core {
    /// ADMIN CHECK TABLET SEGMENTS: asks these backends, or all that live.
    pub(super) fn check_segments(
        &mut self,
        token: Token,
        backends: &[BackendId],
        repair: bool,
    ) -> Answer {
        let asked: BTreeSet<BackendId> = match backends.is_empty() {
            false => backends.iter().copied().collect(),
            true => {
                let all = self.head.backends.keys().copied();
                all.filter(|id| self.head.alive(*id)).collect()
            }
        };
        let mut sweep = Sweep::default();
        for backend in asked {
            let request = BackendRequest::CheckSegments(CheckSegments {
                repair,
                checksum: false,
            });
            let purpose = Purpose::Segments { token, backend };
            let refused = match self.head.backends.contains_key(&backend) {
                false => Some("there is no such backend"),
                true if !self.head.alive(backend) => {
                    Some("the backend is not alive; see SHOW BACKENDS")
                }
                true => None,
            };
            match refused {
                Some(why) => drop(sweep.told.insert(backend, Err(why.to_owned()))),
                None => {
                    self.call(backend, TIMEOUT_MS, purpose, request);
                    sweep.waiting.insert(backend);
                }
            }
        }
        if sweep.waiting.is_empty() {
            return Ok(Some(Reply::Segments(sweep.told.into_iter().collect())));
        }
        self.sweeps.insert(token, sweep);
        Ok(None)
    }

    /// A backend has looked at its files, or not.
    pub(super) fn segments_answered(
        &mut self,
        token: Token,
        backend: BackendId,
        result: Result<BackendReply, String>,
    ) {
        let told = match result {
            Ok(BackendReply::Segments(answer)) => Ok(answer),
            Ok(_) => Err("the backend gave an answer to another question".to_owned()),
            Err(why) => Err(why),
        };
        if let Ok(answer) = &told {
            self.believe_segments(backend, answer);
        }
        let Some(sweep) = self.sweeps.get_mut(&token) else {
            return;
        };
        sweep.waiting.remove(&backend);
        sweep.told.insert(backend, told);
        if sweep.waiting.is_empty()
            && let Some(sweep) = self.sweeps.remove(&token)
        {
            self.ledger.then(Action::Reply {
                token,
                result: Ok(Reply::Segments(sweep.told.into_iter().collect())),
            });
        }
    }

    /// Takes what a backend has marked bad for bad, without waiting for its next report.
    fn believe_segments(&mut self, backend: BackendId, answer: &SegmentsAnswer) {
        let mut again = Vec::new();
        for of in answer.bad.iter().filter(|of| of.set_bad) {
            let view = self.head.tablets.view(of.tablet);
            let held = view.and_then(|view| view.on(backend));
            if held.is_some_and(|held| held.id == of.replica) {
                let news = self.found_bad(of.tablet, backend);
                again.extend(news.then_some(of.tablet));
            }
        }
        self.census.look_at(&self.head, &again);
        // A report may have told of it before; the operator asked for repair now all the same.
        if answer.bad.iter().any(|of| of.set_bad) {
            self.check_soon();
        }
    }
}
