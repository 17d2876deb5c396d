//! Every sentence of the three seeds that promises behaviour, and the tests that hold it.
//!
//! The seeds are the documents that Quorate follows: StarRocks' "Manage replica", Doris' "Check All Tablet Segment Lost"
//! and InfluxDB's "Anti-Entropy API". They are not kept here; each promise quotes enough of its sentence to find it. A test is
//! named by its module path (`it::` and `sim::` are the folders below `tests`), and this test fails when it does not exist.

mod entropy;
mod replicas;
mod segments;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quorate::config::Config;

/// Words of a sentence, and the tests that hold what it promises.
pub type Promise = (&'static str, &'static [&'static str]);

#[test]
fn every_promise_of_the_seeds_is_held_by_a_test_that_exists() {
    let known = tests();
    let mut wrong = Vec::new();
    let lists = [segments::PROMISES, entropy::PROMISES, replicas::PROMISES];
    for (words, held) in lists.into_iter().flatten() {
        if held.is_empty() {
            wrong.push(format!("nothing holds: {words}"));
        }
        let missing = held.iter().filter(|name| !known.contains(**name));
        wrong.extend(missing.map(|name| format!("no test {name} for: {words}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The numbers that the seeds give as defaults.
#[test]
fn the_defaults_are_those_of_the_seeds() {
    let config = Config::default();
    assert_eq!(config.tablet_sched_checker_interval_seconds, 20);
    assert_eq!(config.tablet_sched_slot_num_per_path, 2);
    assert_eq!(config.default_replication_num, 3);
    assert_eq!(config.capacity_used_percent_high_water, 0.75);
    assert_eq!(config.admin_repair_hint_second, 4 * 3600);
    let mut config = config;
    let live = [
        "tablet_sched_slot_num_per_path",
        "capacity_used_percent_high_water",
    ];
    for key in live {
        assert_eq!(config.set(key, "1"), Ok(key), "it can be set while running");
    }
}

/// The module paths of all tests.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for (top, crate_name) in [("src", ""), ("tests/it", "it"), ("tests/sim", "sim")] {
        let top = root.join(top);
        let mut files = Vec::new();
        sources(&top, &mut files);
        for file in files {
            let below = file
                .strip_prefix(&top)
                .expect("it is below")
                .with_extension("");
            let mut modules: Vec<&str> = Vec::from([crate_name]);
            modules.extend(below.iter().map(|part| part.to_str().expect("UTF-8")));
            modules.retain(|part| !["", "lib", "main"].contains(part));
            let text = fs::read_to_string(&file).expect("a source");
            names.extend(tests_of(&modules, &text));
        }
    }
    names
}

fn sources(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The tests of a formatted source: functions behind a test attribute, in the file's module or in one within it.
fn tests_of(modules: &[&str], text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inner = "";
    let mut marked = false;
    for line in text.lines() {
        let words = line.trim_start();
        if let Some(name) = line.strip_prefix("mod ").and_then(|l| l.strip_suffix(" {")) {
            inner = name;
        } else if words.starts_with("#[test]") || words.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && let Some((_, rest)) = words.split_once("fn ") {
            let name = rest.split('(').next().unwrap_or_default();
            let within = line.starts_with(' ').then_some(inner);
            let parts = modules.iter().copied().chain(within).chain([name]);
            found.push(parts.collect::<Vec<_>>().join("::"));
            marked = false;
        }
    }
    found
}
