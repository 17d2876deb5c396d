//! What came of comparing the content of a tablet's replicas.
//!
//! Owns the record. Does not own when a tablet is compared, nor what is done about a difference.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ReplicaId, Version};

/// The last comparison of a tablet's replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// When it ended.
    pub at: Timestamp,
    /// Rows up to this version were compared.
    pub version: Version,
    /// What came of it.
    pub verdict: Verdict,
    /// Digest and number of rows of each replica that gave one, by replica.
    pub digests: Vec<(ReplicaId, u64, u64)>,
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// All replicas hold the same rows.
    Consistent,
    /// They do not.
    Differs,
    /// Too few replicas have answered in time to say. A state of its own: it is not taken for agreement.
    TimedOut,
}

impl Verdict {
    /// The word that SHOW prints.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Consistent => "CONSISTENT",
            Verdict::Differs => "DIFFERS",
            Verdict::TimedOut => "TIMED_OUT",
        }
    }
}

impl Check {
    /// The replicas that differ from what most witnesses hold; `None` when no content has more than half of the votes.
    /// Replicas whose `witness` is the same have one vote for what they agree on.
    pub fn minority(
        &self,
        voters: usize,
        witness: impl Fn(ReplicaId) -> ReplicaId,
    ) -> Option<Vec<ReplicaId>> {
        let same = |a: &(ReplicaId, u64, u64), b: &(ReplicaId, u64, u64)| (a.1, a.2) == (b.1, b.2);
        let votes = |of: &(ReplicaId, u64, u64)| {
            let alike = self.digests.iter().filter(|other| same(of, other));
            let witnesses: BTreeSet<ReplicaId> = alike.map(|(id, ..)| witness(*id)).collect();
            witnesses.len()
        };
        let winner = self.digests.iter().find(|of| votes(of) * 2 > voters)?;
        let others = self.digests.iter().filter(|of| !same(of, winner));
        Some(others.map(|(replica, _, _)| *replica).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(digests: &[(u64, u64)]) -> Check {
        let digests = digests
            .iter()
            .map(|(id, digest)| (ReplicaId(*id), *digest, 7));
        Check {
            at: Timestamp::at(0),
            version: 2,
            verdict: Verdict::Differs,
            digests: digests.collect(),
        }
    }

    #[test]
    fn only_more_than_half_of_all_voters_win() {
        let two_of_three = check(&[(1, 10), (2, 11), (3, 10)]);
        let own = |id| id;
        assert_eq!(two_of_three.minority(3, own), Some(vec![ReplicaId(2)]));
        assert_eq!(check(&[(1, 10), (2, 11), (3, 12)]).minority(3, own), None);
        assert_eq!(check(&[(1, 10), (2, 11)]).minority(2, own), None);
        // The third has not answered: it might be on either side.
        assert_eq!(check(&[(1, 10), (2, 10)]).minority(4, own), None);
    }

    #[test]
    fn copies_have_one_vote() {
        let two_of_three = check(&[(1, 10), (2, 11), (3, 10)]);
        let third_of = |source: u64| {
            move |id: ReplicaId| ReplicaId(if id == ReplicaId(3) { source } else { id.0 })
        };
        assert_eq!(two_of_three.minority(3, third_of(1)), None);
        // It holds what another than its source holds: that is not its source's word.
        let altered = two_of_three.minority(3, third_of(2));
        assert_eq!(altered, Some(vec![ReplicaId(2)]));
    }
}
