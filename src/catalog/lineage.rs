//! Which replicas of a tablet got rows from which other, so that a copy is not taken for a witness of its own: when the
//! source was wrong, the copy is as wrong, and the two of them would outvote a third that is right.
//!
//! Replicas that are joined by copies count as one witness, until a check of content finds them equal. Kept only for
//! tablets where two replicas are joined, so a cluster that only moves replicas keeps nothing here. Copies of single
//! versions join as well: nobody can tell from a digest whether the rows that differ are those that were copied.

use std::collections::BTreeMap;

use crate::ids::ReplicaId;

/// The copies of one tablet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Replicas that are joined with others, and the name of their witness: the first replica of those that are joined.
    of: BTreeMap<ReplicaId, ReplicaId>,
}

impl Lineage {
    /// Whose word a replica's is.
    pub fn witness(&self, replica: ReplicaId) -> ReplicaId {
        self.of.get(&replica).copied().unwrap_or(replica)
    }

    /// Every replica that does not speak for itself alone, with its witness.
    pub fn joined(&self) -> impl Iterator<Item = (ReplicaId, ReplicaId)> + '_ {
        self.of.iter().map(|(id, witness)| (*id, *witness))
    }

    /// Nobody is joined.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Rows of `source` were copied to `replica`.
    pub(super) fn join(&mut self, replica: ReplicaId, source: ReplicaId) {
        let (a, b) = (self.witness(replica), self.witness(source));
        let first = a.min(b);
        self.of.insert(replica, first);
        self.of.insert(source, first);
        for witness in self.of.values_mut() {
            if *witness == a || *witness == b {
                *witness = first;
            }
        }
    }

    /// Forgets a replica, and the last one that was joined with nobody else.
    pub(super) fn forget(&mut self, replica: ReplicaId) {
        let Some(old) = self.of.remove(&replica) else {
            return;
        };
        let left = self.of.iter().filter(|(_, witness)| **witness == old);
        let left: Vec<ReplicaId> = left.map(|(id, _)| *id).collect();
        let Some(first) = left.first().copied().filter(|_| left.len() > 1) else {
            self.of.retain(|_, witness| *witness != old);
            return;
        };
        for id in left {
            self.of.insert(id, first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witnesses(lineage: &Lineage, ids: &[u64]) -> Vec<u64> {
        let ids = ids.iter().map(|id| lineage.witness(ReplicaId(*id)).0);
        ids.collect()
    }

    #[test]
    fn copies_of_copies_are_one_witness_whoever_was_first() {
        let mut lineage = Lineage::default();
        lineage.join(ReplicaId(2), ReplicaId(1));
        lineage.join(ReplicaId(4), ReplicaId(3));
        assert_eq!(witnesses(&lineage, &[1, 2, 3, 4, 5]), [1, 1, 3, 3, 5]);
        lineage.join(ReplicaId(1), ReplicaId(4));
        assert_eq!(witnesses(&lineage, &[1, 2, 3, 4, 5]), [1, 1, 1, 1, 5]);
    }

    #[test]
    fn who_takes_the_place_of_another_speaks_for_itself() {
        let mut lineage = Lineage::default();
        lineage.join(ReplicaId(4), ReplicaId(1));
        lineage.forget(ReplicaId(1));
        assert!(lineage.is_empty());
        // But two that were made of one that is gone do not.
        lineage.join(ReplicaId(5), ReplicaId(4));
        lineage.join(ReplicaId(6), ReplicaId(4));
        lineage.forget(ReplicaId(4));
        assert_eq!(witnesses(&lineage, &[5, 6]), [5, 5]);
    }
}
