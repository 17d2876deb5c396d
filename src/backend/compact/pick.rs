//! Which neighbouring rowsets to compact: the smallest tier first, so that each row is written again only as often as
//! its rowset grows to the next tier.

use std::ops::Range;

use crate::backend::options::Settings;

/// Rowsets up to this size are of the lowest tier.
const TIER_BYTES: u64 = 256 << 10;
/// How many times larger the next tier is.
const TIER_FACTOR: u64 = 4;

/// The longest worthwhile run among rowsets of these sizes.
pub fn pick(sizes: &[u64], settings: &Settings) -> Option<Range<usize>> {
    let tiers: Vec<u32> = sizes.iter().map(|s| tier(*s)).collect();
    let mut wanted: Vec<u32> = tiers.clone();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
        .into_iter()
        .find_map(|most| longest(sizes, &tiers, most, settings))
}

/// The longest run of rowsets up to tier `most`, within the limits of one compaction.
fn longest(sizes: &[u64], tiers: &[u32], most: u32, settings: &Settings) -> Option<Range<usize>> {
    let mut best: Option<Range<usize>> = None;
    let (mut start, mut bytes) = (0, 0_u64);
    for (at, (size, tier)) in sizes.iter().zip(tiers).enumerate() {
        if *tier > most {
            (start, bytes) = (at + 1, 0);
            continue;
        }
        let after = bytes.saturating_add(*size);
        if at - start >= settings.compaction_rowsets_max || after > settings.compaction_bytes_max {
            (start, bytes) = (at, *size);
        } else {
            bytes = after;
        }
        let run = start..at + 1;
        if best.as_ref().is_none_or(|b| run.len() > b.len()) {
            best = Some(run);
        }
    }
    best.filter(|run| run.len() >= settings.compaction_rowsets_min.max(2))
        .filter(|run| is_worthwhile(sizes.get(run.clone()).unwrap_or_default()))
}

/// A large rowset is not written again for a few small ones.
fn is_worthwhile(sizes: &[u64]) -> bool {
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let all = sizes.iter().fold(0_u64, |sum, s| sum.saturating_add(*s));
    largest <= TIER_BYTES || all - largest >= largest
}

fn tier(size: u64) -> u32 {
    let mut tier = 0;
    let mut limit = TIER_BYTES;
    while size > limit {
        limit = limit.saturating_mul(TIER_FACTOR);
        tier += 1;
    }
    tier
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[u64], expect: Option<Range<usize>>) {
        let settings = Settings {
            compaction_rowsets_min: 3,
            compaction_rowsets_max: 6,
            compaction_bytes_max: 100 << 20,
            ..Settings::default()
        };
        assert_eq!(pick(sizes, &settings), expect, "{sizes:?}");
    }

    #[test]
    fn small_neighbours_come_first_and_limits_hold() {
        const MB: u64 = 1 << 20;
        check(&[], None);
        check(&[0, 1], None);
        check(&[0, 1, 2], Some(0..3));
        check(&[50 * MB, 1, 2, 3], Some(1..4));
        check(&[1, 2, 50 * MB, 1, 2], None);
        check(&[10 * MB, 10 * MB, 10 * MB, 1, 2], Some(0..5));
        check(&[60 * MB, 60 * MB, 60 * MB], None);
        check(&[1; 20], Some(0..6));
        check(&[u64::MAX; 5], None);
    }
}
