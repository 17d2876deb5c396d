//! Where the replicas of new tablets go.
//!
//! Distinct hosts where there are enough of them, else distinct backends; backends with the wanted medium first, then
//! those with the fewest replicas. Same catalog, same answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::backend::Backend;
use crate::catalog::state::Catalog;
use crate::catalog::table::Medium;
use crate::ids::BackendId;

/// Backends that can take new replicas, and how many each has; counts up as replicas are placed.
#[derive(Debug)]
pub struct Placement {
    /// In the order in which they are preferred.
    order: BTreeSet<Candidate>,
    hosts: BTreeMap<BackendId, String>,
    spread: usize,
}

/// Field order is what counts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    other_medium: bool,
    replicas: u64,
    id: BackendId,
}

/// There are fewer candidates than replicas wanted of a tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFew {
    /// The candidates there are.
    pub available: Vec<BackendId>,
}

/// Backends that new replicas may go to: alive, not being emptied, with a storage path that works.
pub fn available(catalog: &Catalog) -> impl Iterator<Item = &Backend> {
    let fit = |backend: &&Backend| {
        let state = catalog.backend_states.get(&backend.id);
        !backend.decommissioned
            && state.is_some_and(|state| state.alive && state.paths.iter().any(|path| path.online))
    };
    catalog
        .backends
        .values()
        .map(|backend| &**backend)
        .filter(fit)
}

impl Placement {
    /// The candidates for tablets whose replicas prefer `medium`.
    pub fn new(catalog: &Catalog, medium: Medium) -> Placement {
        let mut order = BTreeSet::new();
        let mut hosts = BTreeMap::new();
        for backend in available(catalog) {
            let state = catalog.backend_states.get(&backend.id);
            let mut paths = state.into_iter().flat_map(|state| &state.paths);
            order.insert(Candidate {
                other_medium: !paths.any(|path| path.online && path.medium == medium),
                replicas: catalog.tablets.replicas_on(backend.id),
                id: backend.id,
            });
            hosts.insert(backend.id, backend.host.clone());
        }
        let spread = hosts.values().collect::<BTreeSet<_>>().len();
        Placement {
            order,
            hosts,
            spread,
        }
    }

    /// Places one tablet.
    pub fn place(&mut self, replicas: u16) -> Result<Vec<BackendId>, TooFew> {
        let wanted = usize::from(replicas);
        if self.order.len() < wanted {
            let available = self.hosts.keys().copied().collect();
            return Err(TooFew { available });
        }
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let mut chosen: Vec<Candidate> = Vec::with_capacity(wanted);
        for candidate in &self.order {
            if chosen.len() == wanted {
                break;
            }
            let host = self.hosts.get(&candidate.id).map_or("", String::as_str);
            if used.insert(host) || self.spread < wanted {
                chosen.push(*candidate);
            }
        }
        for candidate in &chosen {
            self.order.remove(candidate);
            let replicas = candidate.replicas + 1;
            self.order.insert(Candidate {
                replicas,
                ..*candidate
            });
        }
        let placed: Vec<BackendId> = chosen.iter().map(|candidate| candidate.id).collect();
        let distinct: BTreeSet<&BackendId> = placed.iter().collect();
        assert_eq!(
            distinct.len(),
            wanted,
            "replicas of a tablet are on distinct backends"
        );
        Ok(placed)
    }
}

/// Buckets that no bucket_size goes beyond, however small it is.
const SIZED_MAX: u64 = 1024;

/// Buckets of a partition whose CREATE TABLE leaves them open, for so many backends (StarRocks).
pub fn automatic_buckets(backends: usize) -> u32 {
    let buckets = match backends {
        0..=12 => backends * 2,
        13..=24 => backends * 3 / 2,
        25..=36 => 36,
        _ => backends.min(48),
    };
    (buckets as u32).max(1)
}

/// Buckets of `bucket_size` bytes each that hold so many bytes; none where either is not known.
pub fn sized_buckets(bytes: u64, bucket_size: u64) -> Option<u32> {
    if bytes == 0 || bucket_size == 0 {
        return None;
    }
    let buckets = bytes.div_ceil(bucket_size).min(SIZED_MAX);
    u32::try_from(buckets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::backend::{BackendState, PathState};
    use std::sync::Arc;

    /// One backend: id, host, medium of its one path.
    fn catalog(backends: &[(u64, &str, Medium)]) -> Catalog {
        let mut catalog = Catalog::new();
        for (id, host, medium) in backends {
            let id = BackendId(*id);
            let backend = Backend {
                id,
                host: (*host).to_owned(),
                port: id.0 as u16,
                decommissioned: false,
                node: None,
            };
            let path = PathState {
                root: "/data".to_owned(),
                hash: 1,
                medium: *medium,
                online: true,
                why: None,
                data_used: 0,
                other_used: 0,
                available: 1,
                total: 1,
                tablets: 0,
            };
            let state = BackendState {
                alive: true,
                paths: vec![path],
                ..BackendState::default()
            };
            catalog.backends.insert(id, Arc::new(backend));
            catalog.backend_states.insert(id, Arc::new(state));
        }
        catalog
    }

    fn placed(catalog: &Catalog, tablets: usize, replicas: u16) -> Vec<Vec<u64>> {
        let mut placement = Placement::new(catalog, Medium::Ssd);
        let mut place = || placement.place(replicas).expect("enough backends");
        (0..tablets)
            .map(|_| place().iter().map(|id| id.0).collect())
            .collect()
    }

    #[test]
    fn replicas_go_round_the_backends_on_distinct_hosts() {
        let hdd = Medium::Hdd;
        let four = catalog(&[(1, "a", hdd), (2, "b", hdd), (3, "c", hdd), (4, "c", hdd)]);
        assert_eq!(placed(&four, 3, 3), [[1, 2, 3], [4, 1, 2], [3, 1, 2]]);
    }

    #[test]
    fn one_host_takes_them_all_when_there_is_no_other() {
        let hdd = Medium::Hdd;
        let three = catalog(&[(1, "a", hdd), (2, "a", hdd), (3, "a", hdd)]);
        assert_eq!(placed(&three, 1, 3), [[1, 2, 3]]);
        let few = Placement::new(&three, hdd).place(4);
        assert_eq!(few.map_err(|few| few.available.len()), Err(3));
    }

    #[test]
    fn the_wanted_medium_comes_first() {
        let (hdd, ssd) = (Medium::Hdd, Medium::Ssd);
        let mixed = catalog(&[(1, "a", hdd), (2, "b", ssd), (3, "c", ssd)]);
        assert_eq!(placed(&mixed, 2, 2), [[2, 3], [2, 3]]);
    }

    #[test]
    fn automatic_buckets_follow_the_number_of_backends() {
        assert_eq!(
            [1, 12, 24, 30, 40, 100].map(automatic_buckets),
            [2, 24, 36, 36, 40, 48]
        );
        assert_eq!(automatic_buckets(0), 1);
    }

    #[test]
    fn sized_buckets_hold_what_there_is() {
        let gib = 1 << 30;
        assert_eq!(sized_buckets(1, gib), Some(1));
        assert_eq!(sized_buckets(10 * gib, gib), Some(10));
        assert_eq!(sized_buckets(10 * gib + 1, gib), Some(11));
        assert_eq!(sized_buckets(u64::MAX, 1), Some(1024));
        assert_eq!((sized_buckets(0, gib), sized_buckets(1, 0)), (None, None));
    }
}
