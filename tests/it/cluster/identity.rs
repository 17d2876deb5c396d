//! Who a node is: known by its disks and its journal, not by its address.

use std::path::Path;
use std::process::Command;

use super::harness::{Cluster, Node, Target};

const FREE: &str = "127.0.0.1:0";

fn copy(from: &str, to: &str) {
    let copied = Command::new("cp").args(["-a", from, to]).status();
    assert!(copied.is_ok_and(|s| s.success()), "{from} is copied");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A frontend on a copy of the data directory.
fn frontend(cluster: &Cluster, dir: &str) -> (Node, Target) {
    let dir = cluster.path(dir);
    let listen = ["--mysql-addr", FREE, "--http-addr", FREE];
    let args = words(&[&["frontend", "--data-dir", &dir], &listen[..]].concat());
    let log = format!("{dir}.log");
    let node = Node::start(&args, &[], Path::new(&log)).expect("it starts");
    let target = Target {
        http: node.ready["http"].clone(),
        mysql: node.ready["mysql"].clone(),
    };
    (node, target)
}

async fn table(cluster: &Cluster, name: &str, replicas: u16) {
    let create = format!(
        "CREATE TABLE d.{name} (k BIGINT NOT NULL) DISTRIBUTED BY HASH(k) BUCKETS 6 PROPERTIES('replication_num'='{replicas}')"
    );
    cluster.sql(&create).await.expect("a table");
    let insert = format!("INSERT INTO d.{name} VALUES (1), (2), (3), (4), (5), (6), (7)");
    cluster.sql(&insert).await.expect("rows");
}

async fn ids(cluster: &Cluster) -> Vec<String> {
    let rows = cluster.sql("SHOW BACKENDS").await.expect("backends");
    let mut ids: Vec<String> = rows.iter().map(|row| row["BackendId"].clone()).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_under_a_second_name_is_refused_and_both_names_are_told() {
    let cluster = Cluster::start(1).await;
    let address = cluster.backend_address(0).to_owned();
    let second = address.replace("127.0.0.1", "localhost");
    let add = format!("ALTER SYSTEM ADD BACKEND \"{second}\"");
    let refused = cluster.sql(&add).await.expect_err("it has a name");
    let id = ids(&cluster).await[0].clone();
    let named = format!("{second} is backend {id}, known as {address}");
    assert!(refused.contains(&named), "{refused}");
    assert_eq!(ids(&cluster).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_under_another_address_keeps_its_id_and_its_replicas() {
    let mut cluster = Cluster::start(3).await;
    cluster.sql("CREATE DATABASE d").await.expect("a database");
    table(&cluster, "one", 1).await;
    table(&cluster, "three", 3).await;
    let before = ids(&cluster).await;
    let first = cluster.backend_address(1).to_owned();
    cluster.stop_backend(1);
    cluster.start_backend_elsewhere(1);
    let second = cluster.backend_address(1).to_owned();
    let modify = format!("ALTER SYSTEM MODIFY BACKEND HOST \"{first}\" TO \"{second}\"");
    cluster.sql(&modify).await.expect("it has moved");
    cluster.wait_alive(3).await;
    assert_eq!(cluster.number("SELECT count(*) FROM d.one").await, Ok(7));

    cluster.stop_backend(1);
    cluster.start_backend_elsewhere(1);
    let third = cluster.backend_address(1).to_owned();
    let add = format!("ALTER SYSTEM ADD BACKEND \"{third}\"");
    cluster.sql(&add).await.expect("it is known");
    cluster.wait_alive(3).await;
    assert_eq!(ids(&cluster).await, before);
    assert_eq!(cluster.number("SELECT count(*) FROM d.one").await, Ok(7));
    let insert = "INSERT INTO d.three VALUES (8)";
    cluster.sql(insert).await.expect("it can be loaded");
    for old in [&first, &second] {
        let drop = format!("ALTER SYSTEM DROP BACKEND \"{old}\" FORCE");
        let unknown = cluster.sql(&drop).await.expect_err("nobody is there");
        assert!(unknown.contains("does not exist"), "{unknown}");
    }
    // Where another node answers, it can't be.
    let (other, here) = (cluster.backend_address(0), cluster.backend_address(1));
    let modify = format!("ALTER SYSTEM MODIFY BACKEND HOST \"{here}\" TO \"{other}\"");
    cluster.sql(&modify).await.expect_err("another is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_of_two_nodes_and_a_copy_beside_its_original_are_refused_by_name() {
    let mut cluster = Cluster::start(2).await;
    let (path, other, twin) = (
        cluster.path("be0"),
        cluster.path("be1"),
        cluster.path("twin"),
    );
    cluster.stop_backend(0);
    cluster.stop_backend(1);
    copy(&path, &twin);
    let token = cluster.path("fe/cluster.token");
    let log = cluster.path("refused.log");
    for second in [&twin, &other] {
        let args = [
            "backend",
            "--storage-path",
            &path,
            "--storage-path",
            second,
            "--http-addr",
            FREE,
            "--cluster-token-file",
            &token,
        ];
        let started = Node::start(&words(&args), &[], Path::new(&log));
        assert!(started.is_err(), "{second}");
        let said = std::fs::read_to_string(&log).expect("a log");
        assert!(said.contains(&path) && said.contains(second), "{said}");
    }
    cluster.start_backend(0);
    cluster.start_backend(1);
    cluster.wait_alive(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_frontends_on_copies_one_is_obeyed_and_the_other_acknowledges_nothing() {
    let mut cluster = Cluster::start(3).await;
    cluster.sql("CREATE DATABASE d").await.expect("a database");
    table(&cluster, "old", 3).await;
    cluster.frontend.take().expect("it runs").stop();
    copy(&cluster.path("fe"), &cluster.path("copy"));
    cluster.start_frontend();
    cluster.wait_alive(3).await;
    table(&cluster, "new", 3).await;

    let (_copy, target) = frontend(&cluster, "copy");
    for statement in ["CREATE DATABASE evil", "INSERT INTO d.old VALUES (8)"] {
        let refused = target.sql(statement).await.expect_err(statement);
        assert!(refused.contains("obeys frontend"), "{refused}");
    }
    let shown = target.sql("SHOW FRONTENDS").await.expect("it says why");
    assert_eq!(shown[0]["Role"], "UNKNOWN");
    let why = &shown[0]["ErrMsg"];
    for address in [cluster.http_address(), &target.http] {
        assert!(why.contains(address), "{why}");
    }
    for _ in 0..10 {
        let insert = "INSERT INTO d.new VALUES (9)";
        cluster.sql(insert).await.expect("the true one loads");
    }
    let counted = cluster.number("SELECT count(*) FROM d.new").await;
    assert_eq!(counted, Ok(17));

    // A copy of everything takes over when it is started, and then the original is the one that lacks something.
    cluster.frontend.take().expect("it runs").stop();
    copy(&cluster.path("fe"), &cluster.path("whole"));
    let (_whole, target) = frontend(&cluster, "whole");
    target.sql("CREATE DATABASE e").await.expect("it is obeyed");
    target
        .sql("INSERT INTO d.new VALUES (10)")
        .await
        .expect("rows");
    cluster.start_frontend();
    let refused = cluster.sql("CREATE DATABASE f").await;
    let refused = refused.expect_err("it lacks a database");
    assert!(refused.contains("obeys frontend"), "{refused}");
    let insert = "INSERT INTO d.new VALUES (11)";
    target.sql(insert).await.expect("the other goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_is_nobodys_own_and_an_advertised_one_is_told() {
    let cluster = Cluster::start(0).await;
    let (fe, be) = (cluster.path("wide"), cluster.path("wide_be"));
    let log = cluster.path("wide.log");
    let every = "0.0.0.0:0";
    let listen = ["--mysql-addr", FREE, "--http-addr", every];
    let args = [&["frontend", "--data-dir", &fe], &listen[..]].concat();
    let env = [("QUORATE_CLUSTER_TOKEN", "secret")];
    let backend = ["backend", "--storage-path", &be, "--http-addr", every];
    for args in [&args[..], &backend[..]] {
        assert!(Node::start(&words(args), &env, Path::new(&log)).is_err());
        let said = std::fs::read_to_string(&log).expect("a log");
        assert!(said.contains("--advertise-addr"), "{said}");
        std::fs::write(&log, "").expect("an empty log");
    }
    let advertised = ["--advertise-addr", "localhost:7"];
    let args = words(&[&args[..], &advertised[..]].concat());
    let node = Node::start(&args, &[], Path::new(&log)).expect("it starts");
    let target = Target {
        http: node.ready["http"].clone(),
        mysql: node.ready["mysql"].clone(),
    };
    let shown = target.sql("SHOW FRONTENDS").await.expect("one");
    assert_eq!(
        (&*shown[0]["IP"], &*shown[0]["HttpPort"]),
        ("localhost", "7")
    );
}
