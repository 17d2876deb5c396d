//! Whether the replicas of a tablet hold the same rows (seed: anti-entropy; StarRocks: ConsistencyChecker): who is asked,
//! what the answers mean, and how long they may take.
//!
//! Replicas are compared at one fixed version, so loads go on meanwhile and no tablet is too hot to be checked. Owns the
//! rules. Does not own when a check runs: the leader's core does. Which tablets are due in the background is in
//! [`due`], what may be done about a difference in [`remedy`].

pub mod due;
pub mod remedy;

use crate::catalog::check::{Check, Verdict};
use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::state::Catalog;
use crate::catalog::tablets::TabletView;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::{BackendId, ReplicaId, Version};

/// Seconds that a check may take for each GB of the largest replica (StarRocks).
const SECONDS_PER_GB: u128 = 1000;
const HOUR_MS: i64 = 3_600_000;

/// A replica that is asked what its rows amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voter {
    /// The replica.
    pub replica: ReplicaId,
    /// Where it is.
    pub backend: BackendId,
    /// Bytes on disk, as last reported.
    pub bytes: u64,
}

/// A replica with the digest and the number of its rows.
pub type Digest = (ReplicaId, u64, u64);

/// The replicas that can be compared at what readers see.
pub fn voters(catalog: &Catalog, tablet: &TabletView<'_>) -> Vec<Voter> {
    let visible = tablet.visible();
    tablet
        .replicas()
        .filter(|replica| serves(catalog, visible, replica))
        .map(|replica| Voter {
            replica: replica.id,
            backend: replica.backend,
            bytes: replica.data_size,
        })
        .collect()
}

/// Whether a replica can be compared at `visible`, and relied on to stay: it is whole, in normal use, and its backend lives.
pub fn serves(catalog: &Catalog, visible: Version, replica: &Replica) -> bool {
    catalog.alive(replica.backend) && stands(replica) && replica.whole(visible)
}

/// Whether what a replica answered still counts: it is good and in normal use.
pub fn stands(replica: &Replica) -> bool {
    !replica.bad && replica.state == ReplicaState::Normal
}

/// How many replicas have to answer of `wanted` ones.
pub fn majority(wanted: u16) -> usize {
    usize::from(wanted) / 2 + 1
}

/// What follows from the answers of `asked` replicas. A difference is proven by two of them; agreement needs all, and a
/// majority of those that the tablet should have.
pub fn judge(wanted: u16, asked: usize, digests: &[Digest]) -> Verdict {
    let content = |of: &Digest| (of.1, of.2);
    if digests
        .windows(2)
        .any(|two| content(&two[0]) != content(&two[1]))
    {
        Verdict::Differs
    } else if digests.len() >= asked && asked >= majority(wanted) {
        Verdict::Consistent
    } else {
        Verdict::TimedOut
    }
}

/// Whether what a check has found is put down. One that timed out does not take the place of a difference: the tablet is
/// shown as differing until agreement is proven.
pub fn replaces(new: &Check, last: Option<&Check>) -> bool {
    let differed = last.is_some_and(|last| last.verdict == Verdict::Differs);
    new.verdict != Verdict::TimedOut || !differed
}

/// Milliseconds that a check of replicas of at most `bytes` may take.
pub fn time_limit_ms(config: &Config, bytes: u64) -> u64 {
    let by_size = (u128::from(bytes) * SECONDS_PER_GB * 1000) >> 30;
    let least = config
        .check_consistency_default_timeout_second
        .saturating_mul(1000);
    least.max(u64::try_from(by_size).unwrap_or(u64::MAX))
}

/// Whether checks run in the background now: between two hours of the day (UTC), over midnight where the first is
/// the later one, never where both are the same.
pub fn in_window(config: &Config, now: Timestamp) -> bool {
    let hour = now
        .wall_ms()
        .div_euclid(HOUR_MS)
        .rem_euclid(24)
        .unsigned_abs();
    let (start, end) = (
        config.consistency_check_start_time,
        config.consistency_check_end_time,
    );
    match start <= end {
        true => (start..end).contains(&hour),
        false => hour >= start || hour < end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(of: &[u64]) -> Vec<Digest> {
        let numbered = (1u64..).zip(of);
        numbered.map(|(id, of)| (ReplicaId(id), *of, 7)).collect()
    }

    #[test]
    fn agreement_needs_everybody_and_a_difference_two() {
        use Verdict::{Consistent, Differs, TimedOut};
        assert_eq!(judge(3, 3, &digests(&[5, 5, 5])), Consistent);
        assert_eq!(judge(3, 2, &digests(&[5, 5])), Consistent);
        // One that has not answered might hold anything.
        assert_eq!(judge(3, 3, &digests(&[5, 5])), TimedOut);
        assert_eq!(judge(3, 3, &digests(&[5, 6])), Differs);
        // One of three is no majority, however much it agrees with itself.
        assert_eq!(judge(3, 1, &digests(&[5])), TimedOut);
        assert_eq!(judge(1, 1, &digests(&[5])), Consistent);
        assert_eq!(judge(3, 3, &[]), TimedOut);
        let mut rows = digests(&[5, 5]);
        rows[1].2 = 8;
        assert_eq!(judge(2, 2, &rows), Differs);
    }

    #[test]
    fn a_check_may_take_a_thousand_seconds_for_each_gigabyte() {
        let config = Config::default();
        assert_eq!(time_limit_ms(&config, 0), 600_000);
        assert_eq!(time_limit_ms(&config, 5 << 30), 5_000_000);
        assert_eq!(time_limit_ms(&config, u64::MAX), 17_179_869_183_999_999);
    }

    #[test]
    fn the_window_goes_over_midnight_and_the_same_hour_switches_it_off() {
        let hours = |start, end| {
            let config = Config {
                consistency_check_start_time: start,
                consistency_check_end_time: end,
                ..Config::default()
            };
            (0..24)
                .filter(|hour| in_window(&config, Timestamp::at(hour * HOUR_MS + 1)))
                .collect::<Vec<i64>>()
        };
        assert_eq!(hours(23, 4), [0, 1, 2, 3, 23]);
        assert_eq!(hours(1, 3), [1, 2]);
        assert_eq!(hours(0, 24).len(), 24);
        assert!(hours(5, 5).is_empty());
    }
}
