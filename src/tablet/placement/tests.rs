//! Placement on clusters made by hand and at random, beside every placement that there could be.

use std::sync::Arc;

use super::*;
use crate::catalog::backend::{BackendState, PathState};
use crate::config::Config;
use crate::tablet::room::Refusals;

const HDD: Medium = Medium::Hdd;
const SSD: Medium = Medium::Ssd;

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
            trash_used: 0,
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

fn placement(catalog: &Catalog) -> Placement {
    let (config, refused) = (Config::default(), Refusals::new());
    let room = Room {
        config: &config,
        refused: &refused,
    };
    Placement::new(catalog, room, &LoadStatistics::default(), None)
}

/// By tablet, the ids of its backends.
fn placed(placement: &mut Placement, medium: Medium, buckets: u32, replicas: u16) -> Vec<Vec<u64>> {
    let placed = placement.place(medium, buckets, replicas);
    let placed = placed.expect("enough backends");
    let tablets = placed.chunks(usize::from(replicas));
    tablets
        .map(|of| of.iter().map(|id| id.0).collect())
        .collect()
}

/// Replicas on each backend, those of no replica left out.
fn counts(placed: &[Vec<u64>]) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for id in placed.iter().flatten() {
        *counts.entry(*id).or_default() += 1;
    }
    counts
}

#[test]
fn replicas_go_round_the_backends_on_distinct_hosts() {
    let four = catalog(&[(1, "a", HDD), (2, "b", HDD), (3, "c", HDD), (4, "c", HDD)]);
    let placed = placed(&mut placement(&four), HDD, 4, 3);
    // Each tablet has one on each host, so those of the last share.
    assert_eq!(
        counts(&placed),
        BTreeMap::from([(1, 4), (2, 4), (3, 2), (4, 2)])
    );
    assert!(
        placed
            .iter()
            .all(|of| !(of.contains(&3) && of.contains(&4)))
    );
}

#[test]
fn a_new_table_is_spread_over_all_backends_and_not_over_the_emptiest_alone() {
    let ids: Vec<(u64, String, Medium)> = (1..=6).map(|id| (id, format!("h{id}"), HDD)).collect();
    let ids: Vec<_> = ids
        .iter()
        .map(|(id, host, medium)| (*id, host.as_str(), *medium))
        .collect();
    let mut placement = placement(&catalog(&ids));
    for old in &mut placement.candidates[..3] {
        (old.replicas, old.score) = (1000, 2.0);
    }
    let first = counts(&placed(&mut placement, HDD, 24, 3));
    assert_eq!(first, (1..=6).map(|id| (id, 12)).collect());
    // What can't be even goes to those with less load, and the next partition evens that out.
    let one = counts(&placed(&mut placement, HDD, 1, 3));
    assert_eq!(one, BTreeMap::from([(4, 1), (5, 1), (6, 1)]));
    let next = counts(&placed(&mut placement, HDD, 1, 3));
    assert_eq!(next, BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
}

#[test]
fn one_host_takes_them_all_when_there_is_no_other() {
    let three = catalog(&[(1, "a", HDD), (2, "a", HDD), (3, "a", HDD)]);
    assert_eq!(placed(&mut placement(&three), HDD, 1, 3), [[1, 2, 3]]);
    let few = placement(&three).place(HDD, 1, 4);
    assert_eq!(few.map_err(|few| few.available.len()), Err(3));
}

#[test]
fn the_wanted_medium_comes_first() {
    let mixed = catalog(&[(1, "a", HDD), (2, "b", SSD), (3, "c", SSD)]);
    let mut placement = placement(&mixed);
    assert_eq!(placed(&mut placement, SSD, 2, 2), [[2, 3], [2, 3]]);
    assert_eq!(placed(&mut placement, SSD, 1, 3), [[1, 2, 3]]);
}

#[test]
fn a_backend_without_room_gets_nothing() {
    let mut four = catalog(&[(1, "a", HDD), (2, "b", HDD), (3, "c", HDD), (4, "d", HDD)]);
    let state = four
        .backend_states
        .get_mut(&BackendId(2))
        .expect("a backend");
    let path = &mut Arc::make_mut(state).paths[0];
    (path.available, path.other_used) = (0, 1);
    assert_eq!(
        placed(&mut placement(&four), HDD, 2, 3),
        [[1, 3, 4], [1, 3, 4]]
    );
}

/// Clusters at random. Where no host has more backends than its share, each backend has as many replicas as any other, or one
/// less; and two of a tablet are on one host only where hosts are too few.
#[test]
fn every_partition_is_spread_evenly() {
    let mut draw = draws(7);
    for round in 0..2000 {
        let hosts = 1 + draw(6);
        let backends: Vec<(u64, u64)> = (0..1 + draw(10)).map(|id| (id + 1, draw(hosts))).collect();
        let cluster = cluster(&backends);
        let wanted = 1 + draw(4.min(backends.len() as u64)) as u16;
        let mut placement = placement(&cluster);
        for _ in 0..1 + draw(3) {
            let buckets = 1 + draw(20) as u32;
            let placed = placed(&mut placement, HDD, buckets, wanted);
            even(&backends, &placed, wanted, round);
        }
    }
}

fn even(backends: &[(u64, u64)], placed: &[Vec<u64>], wanted: u16, round: u64) {
    let host = |id: u64| backends[id as usize - 1].1;
    let mut on_hosts: BTreeMap<u64, usize> = BTreeMap::new();
    for (_, host) in backends {
        *on_hosts.entry(*host).or_default() += 1;
    }
    let spread = on_hosts.len() >= usize::from(wanted);
    for tablet in placed {
        let distinct: BTreeSet<u64> = match spread {
            true => tablet.iter().map(|id| host(*id)).collect(),
            false => tablet.iter().copied().collect(),
        };
        assert_eq!(
            distinct.len(),
            usize::from(wanted),
            "round {round}: {tablet:?}"
        );
    }
    let crowded = |of: usize| of * usize::from(wanted) > backends.len();
    if spread && on_hosts.values().any(|of| crowded(*of)) {
        return;
    }
    let counts = counts(placed);
    let of = |id: &(u64, u64)| counts.get(&id.0).copied().unwrap_or(0);
    let (least, most) = (backends.iter().map(of).min(), backends.iter().map(of).max());
    assert!(
        most <= least.map(|least| least + 1),
        "round {round}: {counts:?}"
    );
}

/// No placement of all that there are is more even: none has a fuller fullest backend, nor an emptier emptiest.
#[test]
fn no_placement_is_more_even() {
    let mut draw = draws(3);
    for _ in 0..120 {
        let hosts = 1 + draw(4);
        let backends: Vec<(u64, u64)> = (0..2 + draw(4)).map(|id| (id + 1, draw(hosts))).collect();
        let wanted = 1 + draw(3.min(backends.len() as u64)) as usize;
        let buckets = 1 + draw(3) as usize;
        let distinct: BTreeSet<u64> = backends.iter().map(|(_, host)| *host).collect();
        let spread = distinct.len() >= wanted;
        let allowed: Vec<Vec<usize>> = subsets(backends.len(), wanted)
            .into_iter()
            .filter(|of| {
                let hosts: BTreeSet<u64> = of.iter().map(|at| backends[*at].1).collect();
                !spread || hosts.len() == wanted
            })
            .collect();
        let mut best = None;
        every(&allowed, buckets, &mut vec![0; backends.len()], &mut best);
        let placed = placed(
            &mut placement(&cluster(&backends)),
            HDD,
            buckets as u32,
            wanted as u16,
        );
        let counts = counts(&placed);
        let counts: Vec<u64> = backends
            .iter()
            .map(|(id, _)| counts.get(id).copied().unwrap_or(0))
            .collect();
        assert_eq!(
            Some(evenness(&counts)),
            best,
            "{backends:?}, {buckets} x {wanted}: {counts:?}"
        );
    }
}

/// The fullest backend, and how far the emptiest is from it: less is better.
fn evenness(counts: &[u64]) -> (u64, Reverse<u64>) {
    let most = counts.iter().max().copied().unwrap_or(0);
    (most, Reverse(counts.iter().min().copied().unwrap_or(0)))
}

fn every(
    allowed: &[Vec<usize>],
    buckets: usize,
    counts: &mut Vec<u64>,
    best: &mut Option<(u64, Reverse<u64>)>,
) {
    if buckets == 0 {
        let found = evenness(counts);
        *best = Some(best.map_or(found, |best| best.min(found)));
        return;
    }
    for tablet in allowed {
        tablet.iter().for_each(|at| counts[*at] += 1);
        every(allowed, buckets - 1, counts, best);
        tablet.iter().for_each(|at| counts[*at] -= 1);
    }
}

fn subsets(of: usize, size: usize) -> Vec<Vec<usize>> {
    let all = 0_u32..1 << of;
    all.filter(|set| set.count_ones() as usize == size)
        .map(|set| (0..of).filter(|at| set >> at & 1 == 1).collect())
        .collect()
}

fn cluster(backends: &[(u64, u64)]) -> Catalog {
    let named: Vec<(u64, String)> = backends
        .iter()
        .map(|(id, host)| (*id, format!("h{host}")))
        .collect();
    let named: Vec<_> = named
        .iter()
        .map(|(id, host)| (*id, host.as_str(), HDD))
        .collect();
    catalog(&named)
}

fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut at = seed;
    move |below| {
        at += 1;
        mixed(at) % below
    }
}
