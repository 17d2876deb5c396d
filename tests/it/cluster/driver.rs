//! The walk through `mysql_async`: text and binary protocol, transactions, several statements, errors.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, TxOpts, Value};

use super::harness::Cluster;

fn code(error: &Error) -> u16 {
    match error {
        Error::Server(server) => server.code,
        other => panic!("not an error of the server: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_mysql_async() {
    let cluster = Cluster::start(3).await;
    let mut conn: Conn = cluster.connect().await.expect("a connection");
    conn.query_drop("CREATE DATABASE w; USE w")
        .await
        .expect("several statements");
    let create = "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20), price DECIMAL(10,2), at DATETIME, ok BOOLEAN, \
                  big LARGEINT, x DOUBLE, d DATE) DUPLICATE KEY (id) DISTRIBUTED BY HASH (id) BUCKETS 4 \
                  PROPERTIES (\"replication_num\" = \"3\")";
    conn.query_drop(create).await.expect("a table");
    conn.exec_drop(
        "INSERT INTO t (id, name, price, at, ok, big, x, d) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows_one(),
    )
    .await
    .expect("a bound row");
    assert_eq!(conn.affected_rows(), 1);
    conn.query_drop("INSERT INTO t (id) VALUES (2), (3)")
        .await
        .expect("two rows");
    assert_eq!(conn.affected_rows(), 2);

    let select = "SELECT id, name, price, at, ok, big, x, d FROM t WHERE id <= ? ORDER BY id";
    let bound: Vec<mysql_async::Row> = conn.exec(select, (2,)).await.expect("a bound query");
    type Line = (i64, Option<String>, Option<String>, Option<String>);
    let text: Vec<Line> = conn
        .query("SELECT id, name, price, big FROM t ORDER BY id LIMIT 2")
        .await
        .expect("a text query");
    assert_eq!(bound.len(), 2);
    assert_eq!(bound[0].get::<i64, _>("id"), Some(1));
    assert_eq!(bound[0].get::<String, _>("price").as_deref(), Some("1.50"));
    assert_eq!(bound[0].get::<f64, _>("x"), Some(0.5));
    assert_eq!(
        bound[0].as_ref(7),
        Some(&Value::Date(2013, 1, 2, 0, 0, 0, 0))
    );
    assert_eq!(bound[1].get::<Option<String>, _>("name"), Some(None));
    let big = "170141183460469231731687303715884105727";
    assert_eq!(
        text[0],
        (
            1,
            Some("ä'\\".into()),
            Some("1.50".into()),
            Some(big.into())
        )
    );

    let mut transaction = conn
        .start_transaction(TxOpts::default())
        .await
        .expect("BEGIN");
    transaction.query_drop("SELECT 1").await.expect("a query");
    transaction.commit().await.expect("COMMIT");
    let mut pair = conn
        .query_iter("SELECT 1; SELECT 'two'")
        .await
        .expect("two results");
    assert_eq!(pair.collect::<i64>().await.expect("the first"), vec![1]);
    assert_eq!(
        pair.collect::<String>().await.expect("the second"),
        vec!["two".to_owned()]
    );
    drop(pair);

    for (statement, expected) in [
        ("SELECT * FROM missing", 1146),
        ("SELECT missing FROM t", 1054),
        ("SELEKT 1", 1064),
        ("USE missing", 1049),
        ("SET no_such_variable = 1", 1193),
        ("CREATE DATABASE w", 1007),
        ("KILL 4000000", 1094),
    ] {
        let error = conn.query_drop(statement).await.expect_err(statement);
        assert_eq!(code(&error), expected, "{statement}: {error}");
    }
    conn.reset().await.expect("COM_RESET_CONNECTION");
    conn.ping().await.expect("COM_PING");
}

fn rows_one() -> Vec<Value> {
    vec![
        1.into(),
        "ä'\\".into(),
        "1.50".into(),
        Value::Date(2013, 1, 2, 3, 4, 5, 0),
        true.into(),
        "170141183460469231731687303715884105727".into(),
        0.5.into(),
        Value::Date(2013, 1, 2, 0, 0, 0, 0),
    ]
}
