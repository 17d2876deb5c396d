//! Bad input to whole processes: each gets a clear refusal and loses nothing.

use std::path::Path;

use super::harness::{Cluster, Node, http};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused() {
    let cluster = Cluster::start(1).await;
    let free = "127.0.0.1:0";
    let log = cluster.path("second.log");
    let frontend = [
        "frontend",
        "--data-dir",
        &cluster.path("fe"),
        "--mysql-addr",
        free,
        "--http-addr",
        free,
    ]
    .map(str::to_owned);
    assert!(Node::start(&frontend, &[], Path::new(&log)).is_err());
    let token = cluster.path("fe/cluster.token");
    let backend = [
        "backend",
        "--storage-path",
        &cluster.path("be0"),
        "--http-addr",
        free,
        "--cluster-token-file",
        &token,
    ]
    .map(str::to_owned);
    assert!(Node::start(&backend, &[], Path::new(&log)).is_err());
    let said = std::fs::read_to_string(&log).expect("the log");
    assert!(
        said.contains(&cluster.path("fe")) && said.contains(&cluster.path("be0")),
        "{said}"
    );
    assert_eq!(cluster.number("SELECT 1").await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_a_wrong_host_and_no_token_are_refused() {
    let cluster = Cluster::start(1).await;
    let url = format!("http://{}/api/internal/report", cluster.backend_address(0));
    let client = http();
    for token in [None, Some("wrong")] {
        let mut request = client.post(&url).json(&serde_json::json!({"since": 0}));
        if let Some(token) = token {
            request = request.header("x-quorate-proof", token);
        }
        assert_eq!(request.send().await.expect("an answer").status(), 403);
    }
    for (address, word) in [
        ("nowhere.invalid:1", "nowhere.invalid"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:99999", "99999"),
    ] {
        let error = cluster
            .sql(&format!("ALTER SYSTEM ADD BACKEND \"{address}\""))
            .await
            .expect_err("a refusal");
        assert!(error.contains(word), "{error}");
    }
    let log = cluster.path("tokenless.log");
    let args = [
        "backend",
        "--storage-path",
        &cluster.path("be9"),
        "--http-addr",
        "127.0.0.1:0",
    ]
    .map(str::to_owned);
    assert!(Node::start(&args, &[], Path::new(&log)).is_err());
    assert!(
        std::fs::read_to_string(&log)
            .expect("the log")
            .contains("cluster-token-file")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_journal_is_refused_and_left_as_it_is() {
    let mut cluster = Cluster::start(1).await;
    cluster
        .sql("CREATE DATABASE kept")
        .await
        .expect("a database");
    cluster.frontend.take().expect("the frontend runs").kill();
    let journal = biggest(Path::new(&cluster.path("fe")));
    let whole = std::fs::read(&journal).expect("the journal");
    std::fs::write(&journal, &whole[..whole.len() / 2]).expect("the journal is cut");
    let log = cluster.path("cut.log");
    let args = [
        "frontend",
        "--data-dir",
        &cluster.path("fe"),
        "--mysql-addr",
        "127.0.0.1:0",
        "--http-addr",
        "127.0.0.1:0",
    ];
    assert!(Node::start(&args.map(str::to_owned), &[], Path::new(&log)).is_err());
    let said = std::fs::read_to_string(&log).expect("the log");
    assert!(said.contains(&journal.display().to_string()), "{said}");
    assert_eq!(
        std::fs::read(&journal).expect("the journal").len(),
        whole.len() / 2
    );
    std::fs::write(&journal, &whole).expect("the journal is put back");
    cluster.start_frontend();
    let names = cluster
        .sql("SHOW DATABASES LIKE 'kept'")
        .await
        .expect("the database");
    assert_eq!(names.len(), 1);
}

fn biggest(dir: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(dir)
        .expect("the data directory")
        .flatten()
        .filter(|e| e.path().is_file());
    files
        .max_by_key(|e| e.metadata().map_or(0, |m| m.len()))
        .expect("a file")
        .path()
}
