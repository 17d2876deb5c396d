//! Queries that would work for hours: each ends, to its last task, when it is killed, at its time limit, and when its
//! client leaves; others are answered meanwhile.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::frontend::answer::{Answer, RowSource};
use crate::frontend::engine::Engine;
use crate::frontend::engine::testing::{ask, engine, engine_with, session};
use crate::frontend::service::Service;

/// How long the tests wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Four copies of a system table: some 10^11 rows.
const FROM: &str = "FROM information_schema.columns a, information_schema.columns b, \
                    information_schema.columns c, information_schema.columns d";

/// One for each operator that can work long.
fn endless() -> Vec<String> {
    [
        "SELECT count(*) FROM",
        "SELECT count(*) FROM WHERE a.column_name < b.column_name AND b.column_name < c.column_name",
        "SELECT count(*) FROM WHERE a.table_schema > b.table_schema AND c.table_schema > d.table_schema \
         AND a.table_schema < c.table_schema",
        "SELECT count(*) FROM WHERE concat(a.column_name, b.table_name, c.column_name) LIKE '%a%b%c%d%'",
        "SELECT count(*) FROM WHERE concat(a.column_name, b.table_name) REGEXP '(a|b)+c.*d$'",
        "SELECT sum(levenshtein(concat(a.column_name, b.column_name), c.column_name)) FROM",
        "SELECT a.column_name, count(*) FROM GROUP BY 1",
        "SELECT DISTINCT a.column_name FROM",
        "SELECT a.column_name, b.column_name FROM ORDER BY concat(a.column_name, d.column_name) LIMIT 3",
        "SELECT count(DISTINCT concat(a.column_name, b.column_name)) FROM WHERE a.table_schema = b.table_schema",
        "SELECT count(*) FROM WHERE a.table_schema IN (SELECT x.table_schema FROM information_schema.columns x, \
         information_schema.columns y, information_schema.columns z)",
        "SELECT max(length(concat(a.column_name, b.column_name, c.column_name))) FROM",
    ]
    .iter()
    .map(|text| text.replacen("FROM", FROM, 1))
    .collect()
}

async fn all_have_ended(engine: &Engine) -> bool {
    let began = Instant::now();
    while engine.queries.alive() > 0 {
        if began.elapsed() > PATIENCE {
            return false;
        }
        sleep(Duration::from_millis(10)).await;
    }
    true
}

/// Runs `text` until `cancel`, as the listener does; the number of the error that it ended with.
async fn run(engine: &Engine, text: &str, cancel: CancellationToken) -> u16 {
    let script = engine
        .split(text.to_owned())
        .await
        .expect("tokens")
        .remove(0);
    let answer = engine.run(&mut session(), &script, &[], cancel).await;
    let source = match answer {
        Ok(Answer::Rows(set)) => set.rows,
        Ok(Answer::Done { .. }) => return 0,
        Err(failure) => return failure.code.mysql,
    };
    let RowSource::Batches(mut batches) = source else {
        return 0;
    };
    while let Some(batch) = batches.next().await {
        if let Err(failure) = batch {
            return failure.code.mysql;
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_query_stops_working() {
    let engine = engine();
    for text in endless() {
        let cancel = CancellationToken::new();
        let killer = cancel.clone();
        let kill = async {
            sleep(Duration::from_millis(300)).await;
            killer.cancel();
        };
        let (code, ()) = tokio::join!(run(&engine, &text, cancel), kill);
        assert!(matches!(code, 1317 | 0), "{code} {text}");
        assert!(all_have_ended(&engine).await, "it works on: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_stops_working_at_its_time_limit_and_when_its_client_leaves() {
    let engine = engine();
    for text in endless().into_iter().take(4) {
        let mut session = session();
        let limit = ("max_execution_time", "200".to_owned());
        session.variables.extend([limit]);
        let answer = ask(&engine, &mut session, &text).await;
        assert!(answer.starts_with("ERROR 3024"), "{answer:.200} {text}");
        assert!(all_have_ended(&engine).await, "it works on: {text}");
        let left = run(&engine, &text, CancellationToken::new());
        let _ = tokio::time::timeout(Duration::from_millis(200), left).await;
        assert!(all_have_ended(&engine).await, "it works on: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_queries_are_answered_beside_large_ones() {
    let engine = std::sync::Arc::new(engine());
    let cancel = CancellationToken::new();
    let mut large = Vec::new();
    for text in endless() {
        let (engine, cancel) = (engine.clone(), cancel.clone());
        large.push(tokio::spawn(
            async move { run(&engine, &text, cancel).await },
        ));
    }
    sleep(Duration::from_millis(500)).await;
    for text in [
        "SELECT 1",
        "SELECT count(*) FROM Orders",
        "SELECT schema_name FROM information_schema.schemata",
        "SHOW DATABASES",
    ] {
        let mut session = session();
        let asked = ask(&engine, &mut session, text);
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let answer = answer.expect("an answer beside large queries");
        assert!(!answer.starts_with("ERROR"), "{answer}");
    }
    cancel.cancel();
    for query in large {
        query.await.expect("no panic");
    }
    assert!(all_have_ended(&engine).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_queries_run_than_the_setting_allows() {
    let engine = engine_with(Config {
        max_running_queries: 1,
        query_queue_wait_ms: 50,
        ..Config::default()
    });
    let text = &endless()[1];
    let cancel = CancellationToken::new();
    let first = run(&engine, text, cancel.clone());
    let others = async {
        sleep(Duration::from_millis(300)).await;
        let refused = ask(&engine, &mut session(), text).await;
        let small = "SELECT count(*) > 1 FROM information_schema.schemata";
        let small = ask(&engine, &mut session(), small).await;
        cancel.cancel();
        (refused, small)
    };
    let (_, (refused, small)) = tokio::join!(first, others);
    assert!(refused.starts_with("ERROR 1041"), "{refused}");
    assert!(refused.contains("max_running_queries"), "{refused}");
    assert!(small.ends_with("\n1"), "{small}");
    assert!(all_have_ended(&engine).await);
}
