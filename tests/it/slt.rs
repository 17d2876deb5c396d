//! What users see: every `tests/slt/*.slt` against a standalone cluster, over the MySQL protocol.
//!
//! `UPDATE_SLT=1 cargo test --test it slt` writes down what the server answers; read the difference before keeping it.

mod file;
mod mask;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use quorate::config::Config;
use quorate::server::{FrontendOptions, standalone};

use self::file::{Block, Expect};

#[test]
fn every_file_gets_the_answers_that_it_expects() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let wrong = runtime.block_on(all());
    assert!(
        wrong.is_empty(),
        "{} answers differ; UPDATE_SLT=1 writes them down\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

async fn all() -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = FrontendOptions {
        data_dir: dir.path().to_owned(),
        mysql_addr: any,
        http_addr: any,
        advertise: None,
        take_over: false,
        config: Config::default(),
    };
    let cluster = standalone(options, 3).await.unwrap();
    let only = std::env::var("SLT").unwrap_or_default();
    let mut wrong = Vec::new();
    for path in files() {
        if path.to_string_lossy().contains(&only) {
            wrong.extend(run(&path, cluster.frontend.mysql).await);
        }
    }
    cluster.stop().await;
    wrong
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let entries = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "slt"))
        .collect();
    files.sort();
    assert!(files.len() > 20, "no .slt files in {}", folder.display());
    files
}

/// Runs a file in a database of its own, and says where answers differ.
async fn run(path: &Path, server: SocketAddr) -> Vec<String> {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(path).unwrap();
    let mut blocks = file::read(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let db = format!("slt_{name}");
    let mut connection = connect(server).await;
    for prepare in [format!("CREATE DATABASE `{db}`"), format!("USE `{db}`")] {
        connection.query_drop(prepare).await.unwrap();
    }
    let mut wrong = Vec::new();
    for block in &mut blocks {
        let Block::Statement { line, sql, expect } = block else {
            continue;
        };
        let answer = answer(&mut connection, sql, expect).await;
        if answer != *expect {
            wrong.push(format!(
                "{}:{line}: {sql}\n--- expected\n{expect}\n--- answered\n{answer}\n",
                path.display()
            ));
            *expect = answer;
        }
    }
    let drop = format!("DROP DATABASE IF EXISTS `{db}` FORCE");
    connection.query_drop(drop).await.unwrap();
    connection.disconnect().await.unwrap();
    if std::env::var_os("UPDATE_SLT").is_some() && !wrong.is_empty() {
        fs::write(path, file::written(&blocks)).unwrap();
        return vec![];
    }
    wrong
}

async fn connect(server: SocketAddr) -> Conn {
    let options = OptsBuilder::default()
        .ip_or_hostname(server.ip().to_string())
        .tcp_port(server.port())
        .user(Some("root"));
    Conn::new(options).await.unwrap()
}

/// What the server says, in the form of what the file expects.
async fn answer(connection: &mut Conn, sql: &str, expect: &Expect) -> Expect {
    let mut result = match connection.query_iter(sql).await {
        Ok(result) => result,
        Err(mysql_async::Error::Server(error)) => {
            return Expect::Error(error.code, mask::text(&error.message));
        }
        Err(other) => panic!("{sql}: {other}"),
    };
    let names: Vec<String> = match result.columns() {
        Some(columns) => columns.iter().map(|c| c.name_str().into_owned()).collect(),
        None => vec![],
    };
    let rows: Result<Vec<Row>, _> = result.collect().await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(mysql_async::Error::Server(error)) => {
            return Expect::Error(error.code, mask::text(&error.message));
        }
        Err(other) => panic!("{sql}: {other}"),
    };
    if names.is_empty() {
        return Expect::Ok;
    }
    let mut lines: Vec<String> = rows.into_iter().map(|row| line(&names, row)).collect();
    let sorted = matches!(expect, Expect::Rows { sorted: true, .. });
    if sorted {
        lines.sort();
    }
    lines.insert(0, names.join(" | "));
    Expect::Rows { sorted, lines }
}

fn line(names: &[String], row: Row) -> String {
    let cells = row.unwrap().into_iter().enumerate();
    let shown = cells.map(|(at, value)| match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => mask::cell(names, at, &String::from_utf8_lossy(&bytes)),
        other => panic!("a text result has {other:?}"),
    });
    shown.collect::<Vec<_>>().join(" | ")
}
