//! The versions of one replica and how they move (StarRocks: Replica.updateReplicaInfo, as facts).
//!
//! Owns the rule. Does not know why a version moved, nor which versions of a partition exist.

use crate::clock::Timestamp;
use crate::ids::{NO_VERSION, Version};

/// The versions of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Every load up to here is held without a gap.
    pub version: Version,
    /// The newest load that was missed; `-1` for none.
    pub last_failed: Version,
    /// The newest load that is held, even behind a gap.
    pub last_success: Version,
    /// When `last_failed` was last raised.
    pub last_failed_time: Option<Timestamp>,
}

impl Versions {
    /// A replica that holds everything up to `version`.
    pub fn in_step(version: Version) -> Versions {
        Versions {
            version,
            last_failed: NO_VERSION,
            last_success: version,
            last_failed_time: None,
        }
    }

    /// Whether it holds everything up to `visible` and missed nothing later.
    pub fn complete(&self, visible: Version) -> bool {
        self.last_failed <= 0 && self.version >= visible
    }

    /// It missed the load of version `failed`.
    pub fn fail(&mut self, failed: Version, at: Timestamp) {
        self.update(self.version, failed, self.last_success, at);
    }

    /// It holds the load of version `held`, perhaps behind a gap.
    pub fn succeed(&mut self, held: Version, at: Timestamp) {
        self.update(self.version, self.last_failed, held, at);
    }

    /// It holds everything up to `version`, and `newest` behind a gap.
    pub fn reach(&mut self, version: Version, newest: Version, at: Timestamp) {
        self.update(version, self.last_failed, newest, at);
    }

    /// Takes in new values; a lower `version` than before is not believed.
    fn update(&mut self, version: Version, failed: Version, success: Version, at: Timestamp) {
        if version < self.version {
            return;
        }
        self.version = version;
        // A failure later than any success: what was held behind the gap does not reach beyond the failure.
        if self.last_success <= self.last_failed {
            self.last_success = version;
        }
        if failed > self.last_failed {
            self.last_failed = failed;
            self.last_failed_time = Some(at);
            self.last_success = version;
        } else {
            self.last_success = self.last_success.max(success).max(version);
        }
        // The gap is closed: everything between the failure and the last success was held already.
        if self.last_failed > 0 && self.version >= self.last_failed {
            self.version = self.version.max(self.last_success);
            self.last_failed = NO_VERSION;
            self.last_failed_time = None;
        }
        assert!(
            self.last_failed == NO_VERSION || self.last_failed > self.version,
            "a failure that is still open lies above the version: {self:?}"
        );
        assert!(self.last_success >= self.version, "{self:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step = (&'static str, Version, (Version, Version, Version));

    /// The sequence that StarRocks' own test works through (`starrocks`: ReplicaTest).
    const WORKED: [Step; 8] = [
        ("fail", 8, (3, 8, 3)),
        ("succeed", 10, (3, 8, 10)),
        ("reach", 8, (10, -1, 10)),
        ("fail", 12, (10, 12, 10)),
        ("succeed", 15, (10, 12, 15)),
        ("fail", 18, (10, 18, 10)),
        ("reach", 17, (17, 18, 17)),
        ("reach", 18, (18, -1, 18)),
    ];

    #[test]
    fn versions_move_as_in_the_worked_sequence() {
        let mut it = Versions::in_step(3);
        for (at, (what, v, wanted)) in WORKED.into_iter().enumerate() {
            let now = Timestamp::at(at as i64);
            match what {
                "fail" => it.fail(v, now),
                "succeed" => it.succeed(v, now),
                _ => it.reach(v, v, now),
            }
            let got = (it.version, it.last_failed, it.last_success);
            assert_eq!(got, wanted, "after {what} {v}");
        }
    }

    #[test]
    fn a_lower_version_is_not_believed_and_the_time_of_a_failure_is_kept() {
        let mut it = Versions::in_step(5);
        it.fail(6, Timestamp::at(60));
        it.reach(4, 4, Timestamp::at(70));
        it.fail(6, Timestamp::at(80));
        assert_eq!(
            (it.version, it.last_failed, it.last_failed_time),
            (5, 6, Some(Timestamp::at(60)))
        );
        assert!(!it.complete(5) && !it.complete(6));
    }
}
