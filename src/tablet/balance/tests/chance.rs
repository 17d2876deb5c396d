//! The balancer on clusters at random.

use super::*;

/// Clusters at random: capacities, hosts, sizes and places. Whatever the start, it ends, and nothing is undone.
#[test]
fn from_any_start_it_ends_and_nothing_is_undone() {
    let mut seed = 1_u64;
    let mut draw = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..60 {
        let mut model = Model::new();
        model.copy_seconds = draw(100) as i64 + 1;
        let backends = 2 + draw(9);
        for n in 0..backends {
            let capacity = (100 + draw(10) * draw(2) * 50) * GB;
            model.backend(&format!("h{n}"), &[(HDD, capacity)]);
        }
        let ids = model.backends();
        for _ in 0..draw(60) + 5 {
            let first = draw(ids.len() as u64).min(draw(ids.len() as u64)) as usize;
            let replicas = (1 + draw(3) as usize).min(ids.len());
            let placed = (0..replicas)
                .map(|n| ids[(first + n) % ids.len()])
                .collect();
            let bytes = (draw(500) + 1) * GB / 500 * if draw(10) == 0 { 5 } else { 1 };
            model.table(&[placed], bytes, HDD);
        }
        model.measure();
        model.settle();
        never_back(&model);
        // What only waited for the hour to pass is little, and it ends as well.
        let moved = model.moves.len();
        for _ in 0..3 {
            hours(&mut model, 2);
        }
        let since = model.moves.len() - moved;
        assert!(
            since <= 2 + moved / 20,
            "round {round}: {moved} moves, then {since}"
        );
        hours(&mut model, 2);
        assert_eq!(
            model.moves.len(),
            moved + since,
            "round {round}: it never ends"
        );
    }
}

fn hours(model: &mut Model, hours: i64) {
    model.now += hours * 3_600_000;
    model.measure();
    model.settle();
}
