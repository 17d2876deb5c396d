//! Where the replicas of new tablets go.
//!
//! Distinct hosts where there are enough of them, else distinct backends; backends with the wanted medium first. Each partition
//! is spread over all backends that fit: first how many replicas each is to have is counted out, the one with the fewest of the
//! partition next, of those the one with the fewest of the table, of those the one with the least load. Then tablets take
//! from the hosts that have the most left to give. Same catalog, same answer.

mod buckets;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

pub use self::buckets::{automatic_buckets, sized_buckets};
use crate::catalog::backend::Backend;
use crate::catalog::state::Catalog;
use crate::catalog::table::{Medium, Table};
use crate::ids::BackendId;
use crate::tablet::load::LoadStatistics;
use crate::tablet::room::Room;

/// Backends that can take new replicas, and what each has; counts up as partitions are placed.
#[derive(Debug)]
pub struct Placement {
    candidates: Vec<Candidate>,
}

/// A backend that can take new replicas.
#[derive(Debug, Clone)]
struct Candidate {
    id: BackendId,
    /// A number for its host.
    host: usize,
    /// The media of its paths with room.
    media: BTreeSet<Medium>,
    /// Replicas of the table.
    of_table: u64,
    /// Its load score when loads were measured, with the replicas that it has now.
    score: f64,
    /// Replicas.
    replicas: u64,
}

/// There are fewer candidates than replicas wanted of a tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFew {
    /// The candidates there are.
    pub available: Vec<BackendId>,
}

/// Backends that new replicas may go to: alive, not being emptied, with a storage path that works and is not full.
pub fn available<'a>(catalog: &'a Catalog, room: Room<'a>) -> impl Iterator<Item = &'a Backend> {
    let backends = catalog.backends.values().map(|backend| &**backend);
    backends.filter(move |backend| !media(catalog, room, backend).is_empty())
}

/// The media of the paths on which a backend takes new replicas.
fn media(catalog: &Catalog, room: Room<'_>, backend: &Backend) -> BTreeSet<Medium> {
    let state = catalog.backend_states.get(&backend.id);
    let state = state.filter(|state| state.alive && !backend.decommissioned);
    let paths = state.into_iter().flat_map(|state| &state.paths);
    let takes = paths.filter(|path| path.online && room.takes_new(backend.id, path, 0));
    takes.map(|path| path.medium).collect()
}

impl Placement {
    /// The candidates for partitions of a table; a new one has no replicas yet.
    pub fn new(
        catalog: &Catalog,
        room: Room<'_>,
        load: &LoadStatistics,
        table: Option<&Table>,
    ) -> Placement {
        let of_table = table.map(|table| replicas_of(catalog, table));
        let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
        let candidates = available(catalog, room).map(|backend| {
            let next = hosts.len();
            let of_table = of_table.as_ref().and_then(|of| of.get(&backend.id));
            Candidate {
                id: backend.id,
                host: *hosts.entry(&backend.host).or_insert(next),
                media: media(catalog, room, backend),
                of_table: of_table.copied().unwrap_or(0),
                score: score(load, backend.id, catalog.tablets.replicas_on(backend.id)),
                replicas: catalog.tablets.replicas_on(backend.id),
            }
        });
        Placement {
            candidates: candidates.collect(),
        }
    }

    /// Places the tablets of one partition: for each, the backends of its replicas, ascending.
    ///
    /// # Errors
    /// There are fewer candidates than replicas wanted of a tablet.
    pub fn place(
        &mut self,
        medium: Medium,
        buckets: u32,
        replicas: u16,
    ) -> Result<Vec<BackendId>, TooFew> {
        let wanted = usize::from(replicas);
        if self.candidates.len() < wanted {
            let available = self.candidates.iter().map(|of| of.id).collect();
            return Err(TooFew { available });
        }
        let hosts = self.candidates.iter().map(|of| of.host);
        let hosts: BTreeSet<usize> = hosts.collect();
        let spread = hosts.len() >= wanted;
        // Where hosts are too few, each backend stands for one.
        let host_of = |at: usize| match spread {
            true => self.candidates[at].host,
            false => at,
        };
        let shares = self.shares(medium, (buckets, wanted), host_of);
        let placed = deal(&shares, (buckets, wanted), host_of);
        for (candidate, share) in self.candidates.iter_mut().zip(shares) {
            candidate.of_table += u64::from(share);
            candidate.replicas += u64::from(share);
        }
        Ok(placed
            .into_iter()
            .map(|at| self.candidates[at].id)
            .collect())
    }

    /// How many replicas of a partition each candidate takes. No host gets more than there are tablets.
    fn shares(
        &self,
        medium: Medium,
        (buckets, wanted): (u32, usize),
        host_of: impl Fn(usize) -> usize,
    ) -> Vec<u32> {
        let mut shares = vec![0_u32; self.candidates.len()];
        let mut of_hosts: BTreeMap<usize, u32> = BTreeMap::new();
        let place = |at: usize, share: u32| {
            let of: &Candidate = &self.candidates[at];
            // A score is never negative, and such numbers are in the order of their bits.
            let load = (of.score.max(0.0).to_bits(), of.replicas + u64::from(share));
            let other_medium = !of.media.contains(&medium);
            (other_medium, share, of.of_table, load, of.id, at)
        };
        let mut next: BTreeSet<_> = (0..shares.len()).map(|at| place(at, 0)).collect();
        let mut left = u64::from(buckets) * wanted as u64;
        while left > 0 {
            let (.., at) = next.pop_first().expect("hosts enough for all replicas");
            let of_host = of_hosts.entry(host_of(at)).or_default();
            if *of_host == buckets {
                continue;
            }
            *of_host += 1;
            shares[at] += 1;
            left -= 1;
            next.insert(place(at, shares[at]));
        }
        shares
    }
}

/// Deals the shares out to tablets, of each host one at most to a tablet. Hosts with the most left come first: one that has as
/// much left as there are tablets is always among them, so that all is dealt out in the end.
fn deal(
    shares: &[u32],
    (buckets, wanted): (u32, usize),
    host_of: impl Fn(usize) -> usize,
) -> Vec<usize> {
    let mut hosts: BTreeMap<usize, BTreeSet<(Reverse<u32>, usize)>> = BTreeMap::new();
    for (at, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0) {
        let host = hosts.entry(host_of(at)).or_default();
        host.insert((Reverse(*share), at));
    }
    // Hosts that are alike come in another order each time, so that a backend shares its tablets with many others, and many
    // have what is lost with it.
    let rank = |left: u32, host: usize| {
        (
            Reverse(left),
            mixed(u64::from(left) << 32 | host as u64),
            host,
        )
    };
    let left_of =
        |of: &BTreeSet<(Reverse<u32>, usize)>| -> u32 { of.iter().map(|(left, _)| left.0).sum() };
    let mut queue: BTreeSet<_> = hosts
        .iter()
        .map(|(host, of)| rank(left_of(of), *host))
        .collect();
    let mut placed = Vec::with_capacity(buckets as usize * wanted);
    for _ in 0..buckets {
        let first = placed.len();
        let taken: Vec<_> = (0..wanted).filter_map(|_| queue.pop_first()).collect();
        for (Reverse(left), _, host) in taken {
            let of = hosts.entry(host).or_default();
            let (Reverse(share), at) = of.pop_first().expect("something is left of the host");
            placed.push(at);
            if share > 1 {
                of.insert((Reverse(share - 1), at));
            }
            if left > 1 {
                queue.insert(rank(left - 1, host));
            }
        }
        placed[first..].sort_unstable();
        let distinct: BTreeSet<usize> = placed[first..].iter().map(|at| host_of(*at)).collect();
        assert_eq!(
            distinct.len(),
            wanted,
            "replicas of a tablet are on distinct hosts, or backends"
        );
    }
    placed
}

/// The mean score of a backend over its media as they were measured, if it had so many replicas by now.
fn score(load: &LoadStatistics, backend: BackendId, replicas: u64) -> f64 {
    let media = || {
        let media = load.mediums.values();
        media.filter_map(|medium| Some((medium, medium.backends.get(&backend)?)))
    };
    let told: u64 = media()
        .map(|(_, of)| of.replicas)
        .fold(0, u64::saturating_add);
    let more = replicas.cast_signed().saturating_sub(told.cast_signed());
    let scores: Vec<f64> = media()
        .map(|(medium, of)| medium.score_with(of, 0, more))
        .collect();
    match scores.len() {
        0 => 0.0,
        count => scores.iter().sum::<f64>() / count as f64,
    }
}

/// Replicas of a table on each backend. Costs a look at each of its tablets.
fn replicas_of(catalog: &Catalog, table: &Table) -> BTreeMap<BackendId, u64> {
    let mut found: BTreeMap<BackendId, u64> = BTreeMap::new();
    for partition in catalog.partitions_of(table) {
        for tablet in catalog.tablets.of_partition(partition) {
            for replica in tablet.replicas() {
                *found.entry(replica.backend).or_default() += 1;
            }
        }
    }
    found
}

/// Spreads neighbouring numbers over all 64 bits (the finish of SplitMix64).
pub fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests;
