//! The simulator: `leader::core` and what it decides with, on model disks, a model network and a model clock, all from
//! one seed. No second implementation of anything that decides.
//!
//! `SEED=n cargo test --test sim` replays one seed; `RUNS=n` runs more than the usual number. A failure prints the line
//! that replays it, and the last things that happened. Each run has two phases: loads and statements under the faults
//! of the seed's profile, in which nothing wrong may happen; then no faults, in which everything must end and be repaired
//! within [`run::BOUND_MS`].
//!
//! Does it find anything? Bugs put in by hand, one at a time, and the seeds from 0 on until one was caught:
//!
//! | bug | seeds | caught by |
//! |---|---|---|
//! | answers and calls leave before their record is durable | 1 | `durable_first` |
//! | a replica that failed to write counts for the quorum of a commit | 1 | the bound of phase 2 |
//! | publishes without regard to the order of versions | 1 | `Catalog::apply` |
//! | LastFailedVersion is not set for a replica that missed a load | 1 | `belief_is_cautious` |
//! | transaction ids begin again above the last one in the journal | 1 | "given twice" |
//! | a replica that missed a load which is not visible yet counts for the next one | 461 | the bound |
//! | replicas do not catch up with versions that need only a publish | 5 | `owed_is_published` |
//! | a committed load that a backend reports as pending is given up there | 1 | `durable_first` |
//! | the census does not follow a backend that dies | 1 | `census_is_right` |
//! | a replica that is behind counts for the quorum | 13 | `nothing_is_lost` |
//!
//! The sixth and the seventh were found, not put in: the simulator came across both in its first hour.
//!
//! The same for repair and balance, with the scenarios that fail. What brings back the incidents of other systems stands in
//! the table of [`scenarios`].
//!
//! | bug | seeds | caught by | scenarios |
//! |---|---|---|---|
//! | a replica is removed though too few are left | 26 | `last_copy_stays` | two of `loads` |
//! | a removal does not wait for loads that began before | 19 | the bound | five of `loads` |
//! | a copy that failed leaves its task RUNNING | 2 | `tasks_end` | five |
//! | a report from before a copy ended counts against it | 26 | `belief_is_cautious` | `a_report_from_before_..` |
//! | the time-out of a copy does not follow the size | - | | `a_big_tablet_has_the_time_that_it_needs` |
//! | moves need no gain and may be taken back | 14 | `moves_stay` | six |
//! | a living copy goes though a dead one could | 34 | the bound | eight |
//! | slots are not given back | 1 | `slots_hold` | 33 |
//! | a backend that is being emptied is dropped at once | 21 | `nothing_is_lost` | `a_mark_is_taken_back_where_a_lost_one_..` |
//! | tasks that can't be carried out fill the queue | - | | `a_tablet_without_any_copy_is_shown_and_starves_nobody` |
//! | failures are not counted, and tried again at once | 76 | `nothing_is_lost` | `what_cannot_be_repaired_..` and three |
//! | a copy is taken for what readers see, whatever it holds | 1 | `belief_is_cautious` | `loads_go_on_while_a_backend_is_emptied` |
//! | a backend may give up any replica whose files are lost | - | | `the_only_copy_is_kept_..` |
//! | EXPLAIN does not see slots | 13 | `explain_agrees` | |
//! | bad replicas are copied | 28 | the bound | `altered_rows_are_outvoted_and_repaired` |
//! | what an earlier leadership has filled is not taken into use | - | | two of `restarts` |
//! | a copy that nobody waits for goes though it may be the last | - | | `a_copy_that_was_given_up_..` |
//! | copies are not put down as such | - | | `a_copy_of_altered_rows_..` |
//! | the table of a copy is dropped while it ends (found) | 312 | a panic | |
//! | a filled replica misses loads that nobody sees yet (found) | 67 | `tasks_end`, the bound | |
//!
//! A dash: not within 600 seeds. Rows with a dash and a scenario, "a copy is taken ..", and the last two have the figures of an
//! earlier core; most of the others were run again on the core of 5baa0aa, that of the publish and those of copies that nobody waits
//! for on the core that has `owed_is_published`. Faults have become denser since 5baa0aa, so a seed is another run now. The last
//! two were found. That what an earlier leadership was filling stays is no bug any more: it makes room like every other replica
//! that is worth nothing. Found were deadlocks, too, between a load that waits for a replica and a removal that waits for the load:
//!
//! | each of these rules left out | makes this scenario of [`scenarios`] fail |
//! |---|---|
//! | a mark is taken back where another has to be brought forward | `a_mark_is_taken_back_where_another_..` |
//! | and where a lost one has to be replaced | `a_mark_is_taken_back_where_a_lost_one_..` |
//! | a marked one is brought forward where a load needs it | `a_marked_one_is_brought_forward_..` and one |
//! | a load does not wait for bad ones | `a_load_does_not_wait_for_a_bad_one` |
//! | one that is behind is brought forward before it makes room | `one_that_is_behind_..` |
//! | what has the only rows of a load is not removed at once | `the_only_rows_of_a_load_..` and three |
//! | what a copy lacks beyond what readers see counts when they see it | three of these |

mod backend;
mod client;
mod cloning;
mod damage;
mod deliver;
mod faults;
mod frontend;
mod identity;
mod invariants;
mod journal;
mod large;
mod marks;
mod moves;
mod net;
mod operator;
mod reports;
mod rng;
mod run;
mod scenarios;
mod setup;
mod stage;
mod statements;
mod trouble;
mod twins;
mod work;
mod world;

use std::collections::BTreeSet;

use run::{LOADS, happened, many, number, run_seed};

/// Seeds of a normal run.
const RUNS: u64 = 200;

#[test]
fn nothing_acknowledged_is_lost_whatever_fails() {
    let one = number("SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("FIRST").unwrap_or(0);
            first..first + number("RUNS").unwrap_or(RUNS)
        }
    };
    let count = seeds.end - seeds.start;
    let began = std::time::Instant::now();
    let ends = many(seeds);
    let took = began.elapsed().as_secs_f64();
    let acknowledged: u64 = ends.iter().map(|end| end.acknowledged).sum();
    let slowest = ends.iter().map(|end| end.quiet_ms).max().unwrap_or(0);
    println!(
        "{count} seeds, {:.1} a second, {acknowledged} loads acknowledged, {} clones, {} s of model time to the last repair",
        count as f64 / took,
        ends.iter().map(|end| end.clones).sum::<u64>(),
        slowest / 1000
    );
    let seen: BTreeSet<&str> = ends
        .iter()
        .flat_map(|end| end.seen.iter().copied())
        .collect();
    if one.is_none() && count >= RUNS {
        assert!(
            acknowledged > count * LOADS / 4,
            "hardly any load succeeded: the faults are too many"
        );
        marks::all(&seen, count);
    }
}

/// The one thing that goes by the wall clock is the hour at which contents are compared.
#[test]
fn wall_clocks_that_jump_by_hours_and_days_change_nothing() {
    for seed in 0..12 {
        let [jumping, steady] = [false, true].map(|steady| happened(seed, steady));
        let mut lines = jumping.lines().zip(steady.lines());
        // A line ends after so many letters, those of the wall clock among them.
        let same = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
        let other = lines.find(|(one, other)| !same(one, other));
        assert!(other.is_none(), "seed {seed}: {other:?}");
        assert_eq!(jumping.lines().count(), steady.lines().count());
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [1, 2, 3] {
        let trace = || run_seed(seed, true).trace.expect("it was asked for");
        assert!(trace() == trace(), "seed {seed} gave two traces");
    }
}
