//! One run of one seed, and many of them on all processors.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use quorate::ids::TabletId;
use quorate::leader::request::{HealRequest, Request};

use crate::client::Fate;
use crate::faults::Faults;
use crate::rng::Rng;
use crate::world::World;
use crate::{invariants, operator, setup, trouble};

/// Model time of the first phase.
const FAULTY_MS: u64 = 60_000;
/// Model time within which everything has ended once faults stop: the patience of a client and its tries, the time-out
/// of a load, a publish after the longest wait between its tries, two reports with the delay before strangers go; and what
/// repair needs: its delay, a time-out of a clone that was cut off, and a clone after that.
pub const BOUND_MS: u64 = 300_000;
/// Model time in which the balancer may still move after that, and in which nothing may move any more.
const SETTLE_MS: u64 = 240_000;
const STILL_MS: u64 = 130_000;
/// Model time between two looks of the operator in the second phase.
const LOOK_MS: u64 = 20_000;
/// Loads of one run.
pub const LOADS: u64 = 40;
/// Loads of a run in which replicas are handed over and nothing fails.
const CALM_LOADS: u64 = 160;
/// Such runs, in a thousand.
const CALM: u64 = 80;
/// These, and runs in which backends are dropped by force and added again.
const FORGETFUL: u64 = CALM + 60;
/// Lines of the trace that a failure prints.
const TAIL: usize = 80;

/// What is kept of a run.
#[derive(Debug)]
pub struct End {
    /// Loads whose clients were told that they are visible.
    pub acknowledged: u64,
    /// Clones that were asked for.
    pub clones: u64,
    /// Model time from the last fault until everything was whole.
    pub quiet_ms: u64,
    /// What was come across.
    pub seen: Vec<&'static str>,
}

/// A number out of the environment.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The world of a seed, before its first fault.
fn world(seed: u64) -> World {
    let mut rng = Rng::new(seed);
    // By numbers of its own, so that it says nothing about what else happens.
    let kind = Rng::new(!seed).below(1000);
    let calm = kind < CALM;
    let faults = match kind {
        _ if calm => Faults::calm(&mut rng),
        ..FORGETFUL => Faults::forgetful(&mut rng),
        _ => Faults::of(&mut rng),
    };
    let setup = setup::random(&mut rng);
    let mut world = setup::world(rng.next(), setup);
    world.lasting = faults.lasting();
    world.faults = faults;
    world.calm = calm;
    world.forgetful = world.faults.forgets > 0;
    world.all_lost = world.forgetful;
    world
}

/// One whole run; panics when something is wrong.
fn run(world: &mut World, still: bool) {
    let begin = world.now_ms;
    let mut next_load = begin;
    let mut steps = 0_u64;
    let loads = if world.calm { CALM_LOADS } else { LOADS };
    while world.now_ms < begin + FAULTY_MS {
        if world.now_ms >= next_load && (world.loads.len() as u64) < loads {
            world.add_load();
            next_load = world.now_ms + world.rng.below(2 * FAULTY_MS / loads);
        }
        world.step();
        steps += 1;
        if steps.is_multiple_of(64) {
            invariants::always(world);
        }
    }
    trouble::end(world);
    mend(world);
    // All that is left is there again.
    world.all_lost = false;
    invariants::always(world);
    invariants::at_the_end(world);
    if still {
        stand_still(world);
    }
}

/// Lets the world run until everything has ended and is whole.
pub fn mend(world: &mut World) {
    let quiet = world.now_ms;
    let mut look = world.now_ms + 2000;
    let mut steps = 0_u64;
    loop {
        world.step();
        steps += 1;
        if world.now_ms >= look {
            look = world.now_ms + LOOK_MS;
            operator_looks(world);
        }
        if !steps.is_multiple_of(16) {
            continue;
        }
        invariants::always(world);
        let Some(why) = invariants::unquiet(world) else {
            break;
        };
        let waited = world.now_ms - quiet;
        assert!(waited < BOUND_MS, "{waited} ms after the last fault: {why}");
    }
    world.quiet_ms = world.now_ms - quiet;
}

/// The statements of a runbook: lost segments are looked for, and the content of what was altered is compared.
fn operator_looks(world: &mut World) {
    world.names_put_right();
    if world.forgetful {
        operator::add_all(world);
    }
    if !world.lasting {
        return;
    }
    let request = operator::check_segments(world, true);
    operator::ask(world, request);
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    let exists = |tablet: &TabletId| catalog.tablets.view(*tablet).is_some();
    let altered: Vec<_> = world.altered.iter().copied().filter(exists).collect();
    if !altered.is_empty() {
        operator::ask(world, Request::Heal(HealRequest::CheckTablets(altered)));
    }
}

/// Without faults and loads, the balancer comes to an end, and then nothing is copied any more.
fn stand_still(world: &mut World) {
    let settled = world.now_ms + SETTLE_MS;
    while world.now_ms < settled && world.now_ms < world.moves.last_ms + STILL_MS {
        world.step();
    }
    let clones = world.moves.clones;
    let still = world.now_ms + STILL_MS;
    while world.now_ms < still {
        world.step();
    }
    assert_eq!(
        world.moves.clones, clones,
        "tablets are copied though nothing is the matter"
    );
    invariants::always(world);
}

/// Runs a seed; one that fails is run again with a trace, which is printed.
pub fn run_seed(seed: u64, traced: bool) -> World {
    let mut world = world(seed);
    world.trace = traced.then(String::new);
    let still = seed.is_multiple_of(8);
    let cause = match catch_unwind(AssertUnwindSafe(|| run(&mut world, still))) {
        Ok(()) => return world,
        Err(cause) => cause,
    };
    if !traced {
        run_seed(seed, true);
        unreachable!("seed {seed} failed only once");
    }
    let trace = world.trace.unwrap_or_default();
    // Heartbeats are most of a trace and tell least.
    let telling = |line: &&str| {
        let dull = ["Beat", "Alive", "Done", "Second", "Timeout"];
        !dull.iter().any(|word| line.contains(word))
    };
    let lines: Vec<&str> = trace.lines().filter(telling).collect();
    let tail = number("TAIL").map_or(TAIL, |tail| tail as usize);
    for line in &lines[lines.len().saturating_sub(tail)..] {
        eprintln!("{line}");
    }
    eprintln!("replay with: SEED={seed} cargo test --test sim nothing");
    std::panic::resume_unwind(cause);
}

/// What happened in the run of a seed in which no hour of the day says when contents are compared, and wall clocks jump or
/// not: without what they showed.
pub fn happened(seed: u64, steady: bool) -> String {
    let mut world = world(seed);
    world.steady = steady;
    world.ask(
        0,
        Request::SetConfig {
            key: "consistency_check_end_time".to_owned(),
            value: world.config.consistency_check_start_time.to_string(),
            persistent: true,
        },
    );
    world.trace = Some(String::new());
    run(&mut world, false);
    let trace = world.trace.unwrap_or_default();
    let mut parts = trace.split("ahead: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| {
        kept + part.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit())
    })
}

/// Runs seeds on all processors, until one fails.
pub fn many(seeds: Range<u64>) -> Vec<End> {
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicBool::new(false);
    let keep_on = number("KEEP_ON").is_some();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut ends = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            match catch_unwind(|| run_seed(seed, false)) {
                Ok(world) => ends.push(End::of(&world)),
                Err(_) if keep_on => {}
                Err(cause) => {
                    failed.store(true, Ordering::Relaxed);
                    std::panic::resume_unwind(cause);
                }
            }
        }
        ends
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| match worker.join() {
            Ok(ends) => ends,
            Err(cause) => std::panic::resume_unwind(cause),
        });
        ends.flatten().collect()
    })
}

impl End {
    fn of(world: &World) -> End {
        End {
            acknowledged: world.with_fate(Fate::Acknowledged).len() as u64,
            clones: world.moves.clones,
            quiet_ms: world.quiet_ms,
            seen: world.marks.seen.iter().copied().collect(),
        }
    }
}
