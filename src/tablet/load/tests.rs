//! The load score on clusters computed by hand.

use super::*;
use crate::catalog::backend::PathState;
use crate::catalog::change::Change;

#[test]
fn the_weight_of_disk_use_grows_smoothly_between_half_and_high_water() {
    let at = |used: f64| capacity_coefficient(used, 0.75);
    assert_eq!((at(0.0), at(0.49), at(0.5)), (0.5, 0.5, 0.5));
    // 0.6 and 0.7 have no binary form, so the last digit of the result is not theirs.
    assert!((at(0.6) - 0.7).abs() < 1e-12 && (at(0.7) - 0.9).abs() < 1e-12);
    assert_eq!((at(0.75), at(0.76), at(1.0)), (1.0, 1.0, 1.0));
}

#[test]
fn scores_of_a_cluster_computed_by_hand() {
    let load = |data_used, replicas| BackendLoad {
        available: true,
        data_used,
        capacity: 1000,
        replicas,
        ..BackendLoad::default()
    };
    let mut medium = MediumLoad {
        high_water: 0.75,
        threshold: 0.1,
        ..MediumLoad::default()
    };
    medium.backends.insert(BackendId(1), load(600, 30));
    medium.backends.insert(BackendId(2), load(200, 20));
    medium.backends.insert(BackendId(3), load(400, 10));
    medium.judge();
    // Means: 0.4 of the capacity, 20 replicas.
    // 1: 0.6/0.4 * 0.7 + 30/20 * 0.3 = 1.5; 2: 0.5 * 0.5 + 1 * 0.5 = 0.75; 3: 1 * 0.5 + 0.5 * 0.5 = 0.75.
    let of = |id: u64| &medium.backends[&BackendId(id)];
    assert!(close(of(1).score, 1.5), "{}", of(1).score);
    assert!(close(of(2).score, 0.75) && close(of(3).score, 0.75));
    assert!(close(medium.average, 1.0));
    assert_eq!(of(1).class, Class::High);
    assert_eq!((of(2).class, of(3).class), (Class::Low, Class::Low));
}

/// A path that works: backend, medium, bytes of tablets, capacity, tablets.
type Path = (u64, Medium, u64, u64, u64);

fn statistics(paths: &[Path], config: &Config) -> LoadStatistics {
    let mut catalog = Catalog::new();
    catalog
        .apply(&Change::ReserveIds { below: 1000 })
        .expect("ids");
    for (id, ..) in paths {
        let id = BackendId(*id);
        let (host, port) = (format!("h{id}"), 8040);
        if !catalog.backends.contains_key(&id) {
            let added = catalog.apply(&Change::AddBackend { id, host, port });
            added.expect("a new backend");
        }
    }
    for (at, (id, medium, data_used, capacity, tablets)) in paths.iter().enumerate() {
        let path = PathState {
            root: format!("/disk{at}"),
            hash: at as i64,
            medium: *medium,
            online: true,
            why: None,
            data_used: *data_used,
            other_used: 0,
            available: capacity - data_used,
            total: *capacity,
            tablets: *tablets,
            trash_used: 0,
        };
        catalog.observe_backend(BackendId(*id), |state| {
            state.alive = true;
            state.paths.push(path);
        });
    }
    LoadStatistics::of(&catalog, config, Timestamp::at(1))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

fn scores(of: &LoadStatistics, medium: Medium) -> Vec<f64> {
    let of = &of.mediums[&medium];
    of.backends.values().map(|load| load.score).collect()
}

#[test]
fn scores_at_half_full_between_at_the_high_water_and_above_it() {
    let paths = [
        (1, Medium::Hdd, 500, 1000, 10),
        (2, Medium::Hdd, 600, 1000, 20),
        (3, Medium::Hdd, 750, 1000, 30),
        (4, Medium::Hdd, 760, 1000, 40),
    ];
    let mut config = Config::default();
    let of = statistics(&paths, &config);
    // Means: 0.6525 of the capacity, 25 replicas. Weights of disk use: 0.5, 0.7, 1, 1.
    let by_hand = [
        0.5 / 0.6525 * 0.5 + 10.0 / 25.0 * 0.5,
        0.6 / 0.6525 * 0.7 + 20.0 / 25.0 * 0.3,
        0.75 / 0.6525,
        0.76 / 0.6525,
    ];
    let all = scores(&of, Medium::Hdd);
    assert!(
        all.iter().zip(by_hand).all(|(a, b)| close(*a, b)),
        "{all:?}"
    );
    let medium = &of.mediums[&Medium::Hdd];
    assert!(close(medium.average, by_hand.iter().sum::<f64>() / 4.0));
    // The mean is 0.9407: 0.583 is below 0.847, 0.884 is not; 1.149 and 1.165 are above 1.035.
    let classes: Vec<Class> = medium.backends.values().map(|load| load.class).collect();
    assert_eq!(classes, [Class::Low, Class::Mid, Class::High, Class::High]);

    // A lower high water moves the upper bound only: the weight jumps there, and what was between is above.
    config.capacity_used_percent_high_water = 0.55;
    let all = scores(&statistics(&paths, &config), Medium::Hdd);
    assert!(
        close(all[0], by_hand[0]) && close(all[1], 0.6 / 0.6525),
        "{all:?}"
    );
    // A higher one changes nothing below 0.75, where the weight is 1 already.
    config.capacity_used_percent_high_water = 0.9;
    let all = scores(&statistics(&paths, &config), Medium::Hdd);
    assert!(
        all.iter().zip(by_hand).all(|(a, b)| close(*a, b)),
        "{all:?}"
    );
}

#[test]
fn each_medium_has_its_own_means_and_a_backend_with_both_the_mean_of_its_scores() {
    let paths = [
        (1, Medium::Hdd, 400, 1000, 10),
        (1, Medium::Ssd, 10, 100, 5),
        (2, Medium::Hdd, 150, 500, 20),
        (2, Medium::Hdd, 50, 500, 10),
        (3, Medium::Ssd, 30, 100, 15),
    ];
    let of = statistics(&paths, &Config::default());
    // Spinning: 600 of 2000 used, 20 replicas. 1: 0.4/0.3/2 + 0.5/2; 2, over both of its paths: 0.2/0.3/2 + 1.5/2.
    let hdd = scores(&of, Medium::Hdd);
    assert!(
        close(hdd[0], 11.0 / 12.0) && close(hdd[1], 13.0 / 12.0),
        "{hdd:?}"
    );
    // Solid state: 40 of 200 used, 10 replicas. 1: 0.1/0.2/2 + 0.5/2; 3: 0.3/0.2/2 + 1.5/2.
    let ssd = scores(&of, Medium::Ssd);
    assert!(close(ssd[0], 0.5) && close(ssd[1], 1.5), "{ssd:?}");
    let mixed = |id| of.mixed_score(BackendId(id));
    assert!(close(mixed(1), (11.0 / 12.0 + 0.5) / 2.0));
    assert!(close(mixed(2), 13.0 / 12.0) && close(mixed(3), 1.5));
    assert!(close(mixed(4), 0.0), "an unknown backend has no load");
    let class = |id, medium| of.on(BackendId(id), medium).map(|load| load.class);
    assert_eq!(class(1, Medium::Hdd), Some(Class::Mid));
    assert_eq!(class(1, Medium::Ssd), Some(Class::Low));
    assert_eq!(class(3, Medium::Ssd), Some(Class::High));
    assert_eq!(class(3, Medium::Hdd), None);
}

#[test]
fn an_empty_cluster_has_no_load_and_no_class_but_the_middle() {
    let paths = [(1, Medium::Hdd, 0, 1000, 0), (2, Medium::Hdd, 0, 0, 0)];
    let of = statistics(&paths, &Config::default());
    assert_eq!(scores(&of, Medium::Hdd), [0.0, 0.0]);
    let medium = &of.mediums[&Medium::Hdd];
    assert!(
        medium
            .backends
            .values()
            .all(|load| load.class == Class::Mid)
    );
    assert_eq!(medium.gain(BackendId(1), BackendId(2), 0), None);
}

#[test]
fn what_is_promised_changes_scores_against_the_means_as_they_were() {
    let paths = [
        (1, Medium::Hdd, 400, 1000, 30),
        (2, Medium::Hdd, 200, 1000, 10),
    ];
    let mut of = statistics(&paths, &Config::default());
    let medium = of.mediums.get_mut(&Medium::Hdd).expect("it is there");
    let (one, two) = (BackendId(1), BackendId(2));
    // 0.4/0.3/2 + 30/20/2 = 1.41667 and 0.2/0.3/2 + 10/20/2 = 0.58333. With 100 bytes and a replica moved:
    // 0.3/0.3/2 + 29/20/2 = 1.225 and 0.3/0.3/2 + 11/20/2 = 0.775.
    let gain = medium.gain(one, two, 100).expect("it is better");
    assert!(close(gain, 2.0 * (1.0 + 5.0 / 12.0 - 1.225)), "{gain}");
    assert_eq!(
        medium.gain(two, one, 100),
        None,
        "the other way it is worse"
    );
    let before = medium.clone();
    medium.moved(one, two, 100);
    assert!(close(medium.backends[&one].score, 1.225) && close(medium.backends[&two].score, 0.775));
    assert_eq!(medium.average, before.average);
    medium.moved(two, one, 100);
    assert!(close(
        medium.backends[&one].score,
        before.backends[&one].score
    ));
}

#[test]
fn what_backends_tell_of_their_disks_overflows_nothing() {
    let mut model = crate::tablet::testing::Model::new();
    for host in ["a", "b"] {
        model.backend(host, &[(Medium::Hdd, u64::MAX), (Medium::Hdd, u64::MAX)]);
    }
    model.measure();
    let load = &model.healing.load.mediums[&Medium::Hdd];
    assert_eq!((load.backends.len(), load.used), (2, 0.0));
}
