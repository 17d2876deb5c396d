//! Which replicas hold the rows of a load, which do not and why, and whether that is enough.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::api::LoadAnswer;
use crate::ids::{BackendId, TabletId, TxnId};
use crate::leader::request::TabletWritten;
use crate::load::error::Error;
use crate::load::plan::LoadPlan;

/// The state of every replica of a load.
#[derive(Debug)]
pub struct Ledger {
    txn: TxnId,
    slots: Vec<Slot>,
    /// Backends that were given up, and why.
    lost: BTreeMap<BackendId, String>,
    answers: BTreeMap<BackendId, LoadAnswer>,
}

#[derive(Debug)]
struct Slot {
    tablet: TabletId,
    backends: Vec<BackendId>,
    quorum: u16,
    rows: u64,
}

impl Ledger {
    /// For the tablets of a plan, none of which has rows.
    pub fn new(plan: &LoadPlan) -> Ledger {
        let slots = plan.partitions.iter().flat_map(|partition| {
            partition.tablets.iter().map(|tablet| Slot {
                tablet: tablet.id,
                backends: tablet.backends.clone(),
                quorum: partition.quorum,
                rows: 0,
            })
        });
        Ledger {
            txn: plan.txn,
            slots: slots.collect(),
            lost: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Notes rows for a tablet; the answer is which, and the backends that they go to.
    pub fn add(&mut self, slot: usize, rows: u64) -> Result<(TabletId, Vec<BackendId>), Error> {
        let slot = self
            .slots
            .get_mut(slot)
            .ok_or_else(|| Error::Internal("rows of no tablet".into()))?;
        slot.rows += rows;
        let mut backends = slot.backends.clone();
        backends.retain(|backend| !self.lost.contains_key(backend));
        Ok((slot.tablet, backends))
    }

    /// Notes that a backend was given up.
    pub fn lose(&mut self, backend: BackendId, why: String) {
        self.lost.insert(backend, why);
    }

    /// Notes what a backend says it holds.
    pub fn answer(&mut self, backend: BackendId, answer: LoadAnswer) {
        self.answers.insert(backend, answer);
    }

    /// Whether every tablet that got rows can still reach its quorum.
    pub fn reachable(&self) -> Result<(), Error> {
        self.check(|backend, _| !self.lost.contains_key(&backend))
    }

    /// Whether every tablet that got rows can still reach its quorum if these are lost as well.
    pub fn reachable_without(&self, others: &BTreeSet<BackendId>) -> Result<(), Error> {
        self.check(|backend, _| !self.lost.contains_key(&backend) && !others.contains(&backend))
    }

    /// Where the rows of each tablet are durable.
    ///
    /// # Errors
    /// A tablet is below its quorum; the error names it, and says what became of the others.
    pub fn written(&self) -> Result<Vec<TabletWritten>, Error> {
        self.check(|backend, slot| self.holds(backend, slot))?;
        Ok(self.used().map(|slot| self.entry(slot)).collect())
    }

    fn used(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.rows > 0)
    }

    fn holds(&self, backend: BackendId, slot: &Slot) -> bool {
        let answer = self.answers.get(&backend);
        answer.is_some_and(|a| a.written.contains(&(slot.tablet, slot.rows)))
    }

    fn entry(&self, slot: &Slot) -> TabletWritten {
        let (held, missed): (Vec<BackendId>, Vec<BackendId>) =
            slot.backends.iter().partition(|b| self.holds(**b, slot));
        TabletWritten {
            tablet: slot.tablet,
            backends: held,
            failed: missed.into_iter().map(|b| (b, self.why(b, slot))).collect(),
            rows: slot.rows,
        }
    }

    fn check(&self, good: impl Fn(BackendId, &Slot) -> bool) -> Result<(), Error> {
        for slot in self.used() {
            let bad: Vec<BackendId> = slot
                .backends
                .iter()
                .copied()
                .filter(|b| !good(*b, slot))
                .collect();
            let got = slot.backends.len() - bad.len();
            if got < usize::from(slot.quorum) {
                let why = bad
                    .into_iter()
                    .map(|b| format!("backend {b}: {}", self.why(b, slot)));
                return Err(Error::Quorum {
                    txn: self.txn,
                    tablet: slot.tablet,
                    got,
                    needed: slot.quorum,
                    why: why.collect::<Vec<_>>().join("; "),
                });
            }
        }
        Ok(())
    }

    /// Why a backend does not hold a tablet's rows.
    fn why(&self, backend: BackendId, slot: &Slot) -> String {
        if let Some(why) = self.lost.get(&backend) {
            return why.clone();
        }
        let Some(answer) = self.answers.get(&backend) else {
            return "it did not answer in time".to_owned();
        };
        let failed = answer
            .failed
            .iter()
            .find(|(tablet, _)| *tablet == slot.tablet);
        let written = answer
            .written
            .iter()
            .find(|(tablet, _)| *tablet == slot.tablet);
        match (failed, written) {
            (Some((_, why)), _) => why.clone(),
            (None, Some((_, rows))) => format!("it wrote {rows} of {} rows", slot.rows),
            (None, None) => "it did not mention the tablet".to_owned(),
        }
    }
}
