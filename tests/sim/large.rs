//! Clusters of many backends and tablets, small enough here to run with the other tests; `cargo bench -- heal`
//! runs the same scenes with 1,000 backends and 1,000,000 tablets.

mod build;
mod scenes;
mod world;

use build::Shape;
use world::{MIB, World};

#[test]
fn a_lost_backend_is_made_good_within_the_bound_and_nothing_more_is_done() {
    let shape = Shape {
        backends: 50,
        tablets: 20_000,
        capacity: 1_000_000 * MIB,
    };
    let mut world = World::new(shape, scenes::config());
    let loss = scenes::lose_one(&mut world, shape);
    assert_eq!(loss.replicas, 1200);
    assert_eq!(
        loss.made,
        (loss.replicas, 0),
        "each lost replica once, and no move"
    );
    assert!(
        loss.noticed <= 20.0,
        "three heartbeats, and one until the first fails"
    );
    assert!(
        loss.waited <= 121.0 + 40.0,
        "the delay, and two rounds of the checker"
    );
    assert!(loss.copied >= loss.bound * 0.99, "faster than slots allow");
    // The last clones of the fullest backends run while others are idle already.
    assert!(loss.copied <= loss.bound * 1.35 + 5.0, "{loss:?}");
    assert!(loss.clones.0 <= loss.clones.1);
}

#[test]
fn added_backends_are_filled_with_no_more_moves_than_that_needs() {
    let shape = Shape {
        backends: 10,
        tablets: 2_000,
        capacity: 1_000_000 * MIB,
    };
    let mut world = World::new(shape, scenes::config());
    let levelling = scenes::level(&mut world, shape);
    let (of_mean_size, of_the_largest) = levelling.needed;
    assert!(levelling.moves >= of_the_largest, "{levelling:?}");
    assert!(levelling.moves <= of_mean_size, "{levelling:?}");
    assert!(levelling.seconds < 1200.0, "{levelling:?}");
    assert_eq!(levelling.afterwards, 0, "a level cluster moves nothing");
    let (_, least, most, _) = levelling.course[levelling.course.len() - 1];
    assert!(least > 0.89 && most < 1.11, "from {least} to {most}");
}
