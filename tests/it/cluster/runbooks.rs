//! The runbooks of `examples/runbooks`, run by the client on a real cluster with the slice of real data.

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

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_of_the_readme() {
    let cluster = Cluster::start(3).await;
    let made = run(
        &cluster,
        &[&example("runbooks/flights.sql").display().to_string()],
    );
    assert!(
        made.status.success(),
        "{}{}",
        String::from_utf8_lossy(&made.stdout),
        String::from_utf8_lossy(&made.stderr)
    );

    let body = std::fs::read(example("data/flights.csv")).expect("the slice");
    let lines = body
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .count()
        - 1;
    let headers = [
        ("column_separator", ","),
        ("skip_header", "1"),
        ("null_marker", "NA"),
        ("label", "walk"),
    ];
    let answer = cluster
        .load("demo", "flights", body.clone(), &headers)
        .await
        .expect("an answer");
    assert_eq!(answer["Status"], "Success", "{answer}\n{}", cluster.logs());
    assert_eq!(answer["NumberLoadedRows"], lines);
    let again = cluster
        .load("demo", "flights", body, &headers)
        .await
        .expect("an answer");
    assert_eq!(again["Status"], "Label Already Exists", "{again}");
    assert_eq!(
        cluster.number("SELECT count(*) FROM demo.flights").await,
        Ok(lines as i64)
    );

    let state = run(
        &cluster,
        &[
            "--batch",
            &example("runbooks/health.sql").display().to_string(),
        ],
    );
    assert!(
        state.status.success(),
        "{}",
        String::from_utf8_lossy(&state.stderr)
    );
    let text = String::from_utf8_lossy(&state.stdout).into_owned();
    assert!(text.contains("Total\t"), "{text}");
    let failed = run(&cluster, &["-e", "SELECT 1; SELECT nonsense; SELECT 2"]);
    assert_eq!(failed.status.code(), Some(1));
    let error = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        error.contains("1054 (42S22)") && error.contains("line 1"),
        "{error}"
    );
}
