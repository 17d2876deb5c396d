//! A model journal: an append takes time, a crash keeps any prefix of what was under way, a checkpoint takes the place of
//! the records that it covers. Everything goes through its bytes.

use std::collections::{BTreeMap, VecDeque};

use quorate::catalog::change::Change;
use quorate::catalog::checkpoint::{CheckpointChunk, Restorer, chunks};
use quorate::catalog::recovery::RecoveryChange;
use quorate::catalog::state::Catalog;
use quorate::ids::{PartitionId, TxnId, Version};

use crate::rng::Rng;

/// Records on the way and records that are durable.
#[derive(Debug, Default, Clone)]
pub struct ModelJournal {
    checkpoint: Vec<Vec<u8>>,
    covered: u64,
    durable: Vec<(u64, Vec<u8>)>,
    under_way: VecDeque<(u64, Vec<u8>)>,
    /// Takes no record before this time.
    pub full_until_ms: u64,
    /// What durable records ever said, for the invariants.
    pub said: Said,
}

/// What durable records ever said.
#[derive(Debug, Default, Clone)]
pub struct Said {
    /// Versions that commits gave, and to which load.
    pub committed: BTreeMap<TxnId, Vec<(PartitionId, Version)>>,
    /// Loads that became visible.
    pub visible: BTreeMap<TxnId, usize>,
    /// Loads that were given up.
    pub aborted: BTreeMap<TxnId, String>,
    /// The last load that committed with each label.
    pub labels: BTreeMap<String, TxnId>,
    /// Reserved ids.
    pub ids_below: u64,
    /// Reserved transaction ids.
    pub txns_below: u64,
}

impl ModelJournal {
    /// Begins to write.
    pub fn append(&mut self, seq: u64, changes: &[Change]) {
        let bytes = rmp_serde::to_vec_named(changes).expect("a record has bytes");
        self.under_way.push_back((seq, bytes));
    }

    /// The disk has everything up to `seq`.
    pub fn finish(&mut self, seq: u64) {
        while self.under_way.front().is_some_and(|(at, _)| *at <= seq) {
            self.one();
        }
    }

    /// The process died: some of what was under way may have reached the disk, always from the front.
    pub fn crash(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(self.under_way.len() as u64 + 1) {
            self.one();
        }
        self.under_way.clear();
    }

    fn one(&mut self) {
        let Some((seq, bytes)) = self.under_way.pop_front() else {
            return;
        };
        let expected = self.last() + 1;
        assert_eq!(seq, expected, "records come in order without gaps");
        for change in decode::<Vec<Change>>(&bytes) {
            self.said.note(change);
        }
        self.durable.push((seq, bytes));
    }

    /// Applies what is under way to what readers see: so everything is once it is durable.
    pub fn ahead(&self, catalog: &mut Catalog) {
        for (_, bytes) in &self.under_way {
            for change in decode::<Vec<Change>>(bytes) {
                catalog
                    .apply(&change)
                    .expect("what was decided fits what was decided before");
            }
        }
    }

    /// A frontend is told to take over with this journal: its shell writes that down before anything else.
    pub fn take_over(&mut self, takeovers: u64) {
        self.under_way.clear();
        let seq = self.last() + 1;
        let told = RecoveryChange::TakeOver { takeovers };
        self.append(seq, &[Change::Recovery(told)]);
        self.finish(seq);
        let (catalog, _) = self.read();
        self.said.ids_below = catalog.ids_below;
        self.said.txns_below = catalog.txns_below;
    }

    /// Whether nothing is under way.
    pub fn idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The last durable record.
    pub fn last(&self) -> u64 {
        self.durable.last().map_or(self.covered, |(seq, _)| *seq)
    }

    /// Puts a checkpoint in the place of the records up to `seq`.
    pub fn checkpoint(&mut self, seq: u64, catalog: &Catalog) {
        let bytes = |chunk: CheckpointChunk| rmp_serde::to_vec_named(&chunk).expect("it has bytes");
        self.checkpoint = chunks(catalog).map(bytes).collect();
        self.covered = seq;
        self.durable.retain(|(at, _)| *at > seq);
    }

    /// Whether there is a checkpoint.
    pub fn has_checkpoint(&self) -> bool {
        self.covered > 0
    }

    /// What a start reads, and the last record in it.
    pub fn read(&self) -> (Catalog, u64) {
        let mut restorer = Restorer::default();
        for bytes in &self.checkpoint {
            restorer
                .chunk(decode(bytes))
                .expect("a checkpoint of this core is read");
        }
        for (seq, bytes) in &self.durable {
            let changes: Vec<Change> = decode(bytes);
            restorer
                .record(*seq, &changes)
                .expect("the journal of this core is replayed");
        }
        (restorer.finish(), self.last())
    }
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    rmp_serde::from_slice(bytes).expect("what was written is read")
}

impl Said {
    fn note(&mut self, change: Change) {
        match change {
            Change::ReserveIds { below } => self.ids_below = self.ids_below.max(below),
            Change::ReserveTxns { below } => self.txns_below = self.txns_below.max(below),
            Change::Commit(of) => {
                let txn = of.txn;
                let other = self.labels.insert(txn.label.clone(), txn.id);
                let gone = |other: TxnId| self.aborted.contains_key(&other);
                assert!(
                    other.is_none_or(gone),
                    "label {} is loaded by {} though {other:?} has committed",
                    txn.label,
                    txn.id
                );
                let before = self.committed.insert(txn.id, txn.versions);
                assert!(
                    before.is_none(),
                    "transaction {} was committed twice",
                    txn.id
                );
            }
            Change::Visible { txn, missed, .. } => {
                assert!(
                    self.committed.contains_key(&txn),
                    "visible without a commit: {txn}"
                );
                assert!(
                    self.visible.insert(txn, missed.len()).is_none(),
                    "visible twice: {txn}"
                );
            }
            Change::Aborted(txn) => {
                assert!(
                    !self.visible.contains_key(&txn.id),
                    "visible and given up: {}",
                    txn.id
                );
                self.aborted.insert(txn.id, txn.reason.clone());
            }
            _ => {}
        }
    }
}
