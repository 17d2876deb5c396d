//! Deep and long statements, time limits, KILL, and headers before the statement runs.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::frontend::answer::{Answer, ResultColumn, RowSource, ValueKind};
use crate::frontend::engine::testing::{ask, engine, engine_with, session};
use crate::frontend::service::Service;

#[tokio::test]
async fn a_statement_as_deep_as_the_limit_allows_does_not_overflow() {
    let engine = engine();
    let mut session = session();
    let chain = format!(
        "SELECT COUNT(*) FROM Orders WHERE id = 1{}",
        " AND id = 2".repeat(450)
    );
    assert_eq!(ask(&engine, &mut session, &chain).await, "COUNT(*)\n0");
    let sum = format!("SELECT 1{} AS x", " + 1".repeat(900));
    assert_eq!(ask(&engine, &mut session, &sum).await, "x\n901");
    let cases = format!(
        "SELECT {}1{} AS x",
        "CASE WHEN 1=1 THEN ".repeat(40),
        " END".repeat(40)
    );
    assert_eq!(ask(&engine, &mut session, &cases).await, "x\n1");
}

#[tokio::test]
async fn a_long_list_is_no_deep_tree() {
    let engine = engine();
    let list: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
    let text = format!(
        "SELECT COUNT(*) FROM Orders WHERE id IN ({})",
        list.join(",")
    );
    assert_eq!(ask(&engine, &mut session(), &text).await, "COUNT(*)\n0");
}

#[tokio::test]
async fn a_query_ends_at_its_time_limit_and_by_kill() {
    let engine = engine();
    let mut session = session();
    session
        .variables
        .insert("max_execution_time", "50".to_owned());
    let answer = ask(&engine, &mut session, "SELECT SLEEP(20)").await;
    assert!(answer.starts_with("ERROR 3024"), "{answer}");
    assert_eq!(session.warnings[0].code, 3024);
    session.variables.remove("max_execution_time");

    let script = engine.split("SELECT SLEEP(20)".to_owned()).await.unwrap();
    let cancel = CancellationToken::new();
    let killer = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        killer.cancel();
    });
    let answer = engine.run(&mut session, &script[0], &[], cancel).await;
    assert_eq!(answer.err().unwrap().code.mysql, 1317);
}

#[tokio::test]
async fn sql_select_limit_is_obeyed() {
    let engine = engine();
    let mut session = session();
    session.variables.insert("sql_select_limit", "1".to_owned());
    let text = "SELECT schema_name FROM information_schema.schemata";
    assert_eq!(ask(&engine, &mut session, text).await.lines().count(), 2);
    let own = format!("{text} LIMIT 2");
    assert_eq!(ask(&engine, &mut session, &own).await.lines().count(), 3);
}

#[tokio::test]
async fn the_header_of_a_prepared_statement_is_known_before_it_runs() {
    let engine = engine();
    let describe = async |text: &str| {
        let script = engine.split(text.to_owned()).await.unwrap().remove(0);
        engine.describe(&session(), &script).await
    };
    let columns =
        describe("SELECT o.id, ? AS p, COUNT(*) FROM Orders o WHERE id = ? GROUP BY 1 LIMIT ?")
            .await
            .unwrap()
            .unwrap();
    let shown: Vec<(&str, ValueKind)> = columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    assert_eq!(
        shown,
        [
            ("id", ValueKind::BigInt),
            ("p", ValueKind::Null),
            ("COUNT(*)", ValueKind::BigInt)
        ]
    );
    assert_eq!(columns[0].table, "o");
    assert!(describe("SELECT nope FROM Orders").await.is_err());
    assert_eq!(
        describe("INSERT INTO Orders (id) VALUES (?)").await,
        Ok(None)
    );
}

#[tokio::test]
async fn headers_carry_the_types_of_their_columns() {
    let engine = engine();
    let script = engine
        .split("SELECT * FROM Orders".to_owned())
        .await
        .unwrap()
        .remove(0);
    let columns: Vec<ResultColumn> = engine.describe(&session(), &script).await.unwrap().unwrap();
    let kinds: Vec<ValueKind> = columns.iter().map(|c| c.kind).collect();
    assert_eq!(
        kinds,
        [
            ValueKind::BigInt,
            ValueKind::Date,
            ValueKind::Text(20),
            ValueKind::Decimal(10, 2),
            ValueKind::TinyInt
        ]
    );
    assert!(
        columns
            .iter()
            .all(|c| c.db == "shop" && c.table == "Orders")
    );
    let fields = engine.fields(&session(), "Orders").await.unwrap();
    assert_eq!(fields, columns);
}

#[tokio::test]
async fn parameters_are_values() {
    use crate::sql::script::Param;
    let engine = engine();
    let script = engine
        .split("SELECT ?, ? + 1".to_owned())
        .await
        .unwrap()
        .remove(0);
    let params = [
        Param::Text("a'; DROP TABLE t".into()),
        Param::Number("41".into()),
    ];
    let answer = engine
        .run(&mut session(), &script, &params, CancellationToken::new())
        .await;
    let Ok(Answer::Rows(result)) = answer else {
        panic!("a query answers with rows");
    };
    let names: Vec<&str> = result.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["?", "? + 1"]);
    assert!(matches!(result.rows, RowSource::Batches(_)));
}

#[tokio::test]
async fn a_query_that_needs_too_much_memory_is_refused() {
    let engine = engine_with(Config {
        query_mem_limit: 100_000,
        ..Config::default()
    });
    let text = "SELECT a.column_name, b.column_name FROM information_schema.columns a, \
                information_schema.columns b ORDER BY 1, 2";
    let answer = ask(&engine, &mut session(), text).await;
    assert!(answer.starts_with("ERROR 1041"), "{answer:.200}");
    assert!(answer.contains("query_mem_limit"), "{answer}");
}
