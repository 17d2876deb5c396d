//! Which tablets are to be checked in the background, those first whose last check is the oldest.
//!
//! A walk over all tablets, a piece at a time: once when a window begins, and again only when what it found has been
//! checked. What was checked is in the catalog, so after a restart a walk finds what the last one had left.

use std::collections::BinaryHeap;
use std::ops::Bound::{Excluded, Unbounded};

use crate::catalog::check::{Check, Verdict};
use crate::catalog::partition::Partition;
use crate::catalog::state::Catalog;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::{FIRST_VERSION, PartitionId, TabletId};

/// Milliseconds after which a tablet whose check came to nothing is checked again, unless the cool-down is shorter.
const TIMED_OUT_REST_MS: u64 = 600_000;

/// What a walk has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The tablets, in the order in which they are to be checked.
    pub tablets: Vec<TabletId>,
    /// No other tablet is due.
    pub all: bool,
}

/// A walk over all tablets, in pieces.
#[derive(Debug)]
pub struct Walk {
    /// The last partition that was looked at.
    last: PartitionId,
    most: usize,
    /// The latest of the kept ones is on top.
    kept: BinaryHeap<(Timestamp, TabletId)>,
    all: bool,
}

impl Walk {
    /// A walk that has seen nothing yet, and finds at most `most` tablets.
    pub fn new(most: usize) -> Walk {
        Walk {
            last: PartitionId(0),
            most,
            kept: BinaryHeap::new(),
            all: true,
        }
    }

    /// Looks at about so many more tablets; says whether that was the end. A tablet with one replica has nothing to be
    /// compared with, and an empty partition holds nothing.
    pub fn go(
        &mut self,
        catalog: &Catalog,
        config: &Config,
        now: Timestamp,
        tablets: usize,
    ) -> bool {
        let mut looked_at = 0;
        let rest = (Excluded(self.last), Unbounded);
        for (id, partition) in catalog.partitions.range(rest) {
            if looked_at >= tablets {
                return false;
            }
            self.last = *id;
            looked_at += 1;
            if partition.spec.replication_num < 2 || partition.visible_version <= FIRST_VERSION {
                continue;
            }
            looked_at += partition.tablets.len();
            for tablet in &partition.tablets {
                let last = catalog.checks.get(tablet);
                if last.is_none_or(|last| !rests(last, partition, config, now)) {
                    self.keep(
                        last.map_or(Timestamp::at(i64::MIN), |last| last.at),
                        *tablet,
                    );
                }
            }
        }
        true
    }

    fn keep(&mut self, last: Timestamp, tablet: TabletId) {
        self.kept.push((last, tablet));
        if self.kept.len() > self.most {
            self.kept.pop();
            self.all = false;
        }
    }

    /// What it has found.
    pub fn found(self) -> Due {
        let oldest_first = self.kept.into_sorted_vec().into_iter();
        Due {
            tablets: oldest_first.map(|(_, tablet)| tablet).collect(),
            all: self.all,
        }
    }
}

/// A whole walk at one go.
pub fn due(catalog: &Catalog, config: &Config, now: Timestamp, most: usize) -> Due {
    let mut walk = Walk::new(most);
    walk.go(catalog, config, now, usize::MAX);
    walk.found()
}

/// Whether the last check of a tablet will do for now. One that timed out has told nothing, and what differs may have
/// been repaired by other hands: only agreement at the same version needs no second look.
fn rests(last: &Check, partition: &Partition, config: &Config, now: Timestamp) -> bool {
    let cooldown_ms = config
        .consistency_check_cooldown_time_second
        .saturating_mul(1000);
    let rest_ms = match last.verdict {
        Verdict::TimedOut => cooldown_ms.min(TIMED_OUT_REST_MS),
        Verdict::Consistent if last.version == partition.visible_version => return true,
        Verdict::Consistent | Verdict::Differs => cooldown_ms,
    };
    now.since_ms(last.at) < rest_ms
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::partition::PartitionSpec;
    use crate::catalog::table::Medium;
    use crate::ids::{TableId, Version};

    const NOW: Timestamp = Timestamp::at(1_000_000_000);

    fn catalog(partitions: &[(u16, Version, &[u64])]) -> Catalog {
        let mut catalog = Catalog::new();
        for (id, (replication_num, visible_version, tablets)) in (1u64..).zip(partitions) {
            let partition = Partition {
                id: PartitionId(id),
                table: TableId(1),
                spec: PartitionSpec {
                    name: "p".to_owned(),
                    range: None,
                    buckets: tablets.len() as u32,
                    replication_num: *replication_num,
                    medium: Medium::Hdd,
                },
                tablets: tablets.iter().copied().map(TabletId).collect(),
                visible_version: *visible_version,
                visible_time: Timestamp::at(0),
                next_version: *visible_version + 1,
            };
            catalog.partitions.insert(partition.id, Arc::new(partition));
        }
        catalog
    }

    fn checked(catalog: &mut Catalog, tablet: u64, ago_s: i64, version: Version, verdict: Verdict) {
        let check = Check {
            at: Timestamp::at(NOW.elapsed_ms() - ago_s * 1000),
            version,
            verdict,
            digests: Vec::new(),
        };
        catalog.checks.insert(TabletId(tablet), Arc::new(check));
    }

    #[test]
    fn the_oldest_come_first_and_what_needs_no_check_is_left_out() {
        let mut catalog = catalog(&[
            (3, 5, &[10, 11, 12, 13, 14, 15, 16]),
            (1, 5, &[20]),
            (3, FIRST_VERSION, &[30]),
        ]);
        let day = 86_400;
        checked(&mut catalog, 10, day, 4, Verdict::Consistent);
        checked(&mut catalog, 11, 2 * day, 4, Verdict::Consistent);
        // Nothing has been loaded since.
        checked(&mut catalog, 12, 3 * day, 5, Verdict::Consistent);
        // In the cool-down.
        checked(&mut catalog, 13, day - 1, 4, Verdict::Consistent);
        checked(&mut catalog, 14, 3 * day, 5, Verdict::Differs);
        checked(&mut catalog, 15, 601, 5, Verdict::TimedOut);
        let config = Config::default();
        let found = due(&catalog, &config, NOW, 100);
        let ids: Vec<u64> = found.tablets.iter().map(|id| id.0).collect();
        assert_eq!(ids, [16, 14, 11, 10, 15]);
        assert!(found.all);
        let few = due(&catalog, &config, NOW, 2);
        assert_eq!(few.tablets, [TabletId(16), TabletId(14)]);
        assert!(!few.all);
        // In pieces it finds the same.
        let mut walk = Walk::new(100);
        let mut pieces = 1;
        while !walk.go(&catalog, &config, NOW, 1) {
            pieces += 1;
        }
        assert_eq!((walk.found(), pieces), (found, 3));
    }
}
