//! The runbooks of `examples/runbooks`, run by the client on a real cluster with the slice of real data.
//!
//! Those that need something broken are run by the tests of `healing`, which break it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::harness::Cluster;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

fn run(cluster: &Cluster, args: &[&str]) -> Output {
    let address = &cluster.frontend.as_ref().expect("the frontend runs").ready["mysql"];
    let (host, port) = address.rsplit_once(':').expect("host:port");
    Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(["sql", "-h", host, "-P", port])
        .args(args)
        .output()
        .expect("the client runs")
}

/// Runs a runbook with these words filled in, as its head says to do with `sed`; what it printed. It must succeed.
pub fn run_book(cluster: &Cluster, name: &str, words: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(example("runbooks").join(name)).expect(name);
    for (word, by) in words {
        assert!(text.contains(word), "{name} has no {word}");
        text = text.replace(word, by);
    }
    let file = cluster.path(name);
    std::fs::write(&file, text).expect("it is written");
    let output = run(cluster, &["--batch", &file]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{name}: {printed}\n{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        cluster.logs()
    );
    printed
}

/// Makes `demo.flights` by its runbook, and loads the slice; how many rows that are.
pub async fn flights(cluster: &Cluster) -> usize {
    run_book(cluster, "flights.sql", &[]);
    let body = std::fs::read(example("data/flights.csv")).expect("the slice");
    let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let rows = lines.count() - 1;
    let headers = [
        ("column_separator", ","),
        ("skip_header", "1"),
        ("null_marker", "NA"),
        ("label", "walk"),
    ];
    let answer = cluster.load("demo", "flights", body, &headers);
    let answer = answer.await.expect("an answer");
    assert_eq!(answer["Status"], "Success", "{answer}\n{}", cluster.logs());
    assert_eq!(answer["NumberLoadedRows"], rows);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_of_the_readme() {
    let cluster = Cluster::start(3).await;
    let rows = flights(&cluster).await;
    let again = cluster
        .load("demo", "flights", Vec::new(), &[("label", "walk")])
        .await
        .expect("an answer");
    assert_eq!(again["Status"], "Label Already Exists", "{again}");
    assert_eq!(
        cluster.number("SELECT count(*) FROM demo.flights").await,
        Ok(rows as i64)
    );
    let text = run_book(&cluster, "health.sql", &[]);
    assert!(text.contains("Total\t"), "{text}");
    let failed = run(&cluster, &["-e", "SELECT 1; SELECT nonsense; SELECT 2"]);
    assert_eq!(failed.status.code(), Some(1));
    let error = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        error.contains("1054 (42S22)") && error.contains("line 1"),
        "{error}"
    );
}

/// A runbook that no test names could be wrong for years.
#[test]
fn every_runbook_is_run_by_a_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cluster");
    let mut sources = String::new();
    for dir in [tests.clone(), tests.join("healing")] {
        for entry in std::fs::read_dir(dir).expect("the tests").flatten() {
            if entry.path().is_file() {
                sources.push_str(&std::fs::read_to_string(entry.path()).expect("a source"));
            }
        }
    }
    for entry in std::fs::read_dir(example("runbooks"))
        .expect("runbooks")
        .flatten()
    {
        let name = entry.file_name().into_string().expect("a name");
        assert!(
            sources.contains(&format!("\"{name}\"")),
            "{name} is run by no test"
        );
    }
}
