//! Repair and balance at scale, in model time: one backend of many is lost; empty backends are added. Beside it the
//! time that steps of the core take. `BACKENDS=n TABLETS=n` change the size of the first.

#[path = "../sim/large/build.rs"]
mod build;
#[path = "../sim/large/scenes.rs"]
mod scenes;
#[path = "../sim/large/world.rs"]
mod world;

use std::time::Instant;

use build::Shape;
use quorate::tablet::census::Census;
use world::{MIB, World};

/// Runs both scenes and prints what they took.
pub fn run() {
    let number = |name: &str, usual: u64| {
        let given = std::env::var(name).ok();
        given.and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let shape = Shape {
        backends: number("BACKENDS", 1000),
        tablets: number("TABLETS", 1_000_000),
        capacity: 1_000_000 * MIB,
    };
    lose(shape);
    let (backends, tablets) = (100.min(shape.backends), 20_000.min(shape.tablets));
    level(Shape {
        backends,
        tablets,
        ..shape
    });
}

fn lose(shape: Shape) {
    let began = Instant::now();
    let mut world = World::new(shape, scenes::config());
    println!(
        "{} backends, {} tablets of three replicas: made and reported in {:.1} s of real time",
        shape.backends,
        shape.tablets,
        began.elapsed().as_secs_f64()
    );
    let catalog = world.core.snapshot().0;
    let audit = Instant::now();
    let census = Census::audit(&catalog);
    println!(
        "health of every tablet looked at: {:.1} ms",
        audit.elapsed().as_secs_f64() * 1e3
    );
    assert!(census.remarkable().is_empty());
    drop((catalog, census));
    let began = Instant::now();
    let loss = scenes::lose_one(&mut world, shape);
    println!("one backend lost: {} replicas", loss.replicas);
    println!(
        "  seconds of model time until noticed            {:>10.1}",
        loss.noticed
    );
    println!(
        "  then until the first clone (delay, checker)    {:>10.1}",
        loss.waited
    );
    println!(
        "  then until every tablet is healthy             {:>10.1}",
        loss.copied
    );
    println!(
        "  copying alone, if every slot is always in use  {:>10.1}",
        loss.bound
    );
    println!(
        "  clones at once, and slots for them             {:>10?}",
        loss.clones
    );
    println!(
        "  replicas made, and moves for balance           {:>10?}",
        loss.made
    );
    println!(
        "  real time of the scene, seconds                {:>10.1}",
        began.elapsed().as_secs_f64()
    );
    costs(&world);
}

fn level(shape: Shape) {
    let mut world = World::new(shape, scenes::config());
    let began = Instant::now();
    let levelling = scenes::level(&mut world, shape);
    println!(
        "\n{} empty backends added to {} with {} tablets:",
        shape.backends, shape.backends, shape.tablets
    );
    println!(
        "  {:>8} {:>10} {:>10} {:>8}",
        "second", "least", "greatest", "moves"
    );
    let every = levelling.course.len().div_ceil(20).max(1);
    let last = levelling.course.len() - 1;
    for (at, (second, least, most, moves)) in levelling.course.iter().enumerate() {
        if at % every == 0 || at == last {
            println!("  {second:>8.0} {least:>10.3} {most:>10.3} {moves:>8}");
        }
    }
    println!(
        "  moves                                          {:>10}",
        levelling.moves
    );
    println!(
        "  needed, all of the mean size                   {:>10}",
        levelling.needed.0
    );
    println!(
        "  needed, all of the largest size                {:>10}",
        levelling.needed.1
    );
    println!(
        "  seconds of model time to the last              {:>10.1}",
        levelling.seconds
    );
    println!(
        "  moves in the twenty minutes after              {:>10}",
        levelling.afterwards
    );
    println!(
        "  real time of the scene, seconds                {:>10.1}",
        began.elapsed().as_secs_f64()
    );
    costs(&world);
}

fn costs(world: &World) {
    println!(
        "  {:<28} {:>9} {:>12} {:>12} {:>10}",
        "time of steps of the core", "steps", "mean, us", "longest, us", "all, s"
    );
    for (what, cost) in &world.costs {
        let mean = cost.total.as_secs_f64() * 1e6 / cost.steps as f64;
        let longest = cost.longest.as_secs_f64() * 1e6;
        let all = cost.total.as_secs_f64();
        println!(
            "  {what:<28} {:>9} {mean:>12.1} {longest:>12.1} {all:>10.2}",
            cost.steps
        );
    }
}
