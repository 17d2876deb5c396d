//! Short statements that ask for much memory: each is answered, or refused by a limit with a name, and the process stays
//! small.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::config::Config;
use crate::frontend::engine::testing::{ask, engine, guarded, session, view};
use crate::memory;

/// Bytes by which the process may grow: `query_mem_limit`, and room for what other tests hold.
const GROWTH_MAX: u64 = 4 << 30;

/// Looks how large the process becomes.
struct Peak {
    before: u64,
    most: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Peak {
    fn new() -> Peak {
        let peak = Peak {
            before: memory::resident().unwrap_or(0),
            most: Arc::default(),
            over: Arc::default(),
        };
        let (most, over) = (peak.most.clone(), peak.over.clone());
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                most.fetch_max(memory::resident().unwrap_or(0), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        peak
    }

    fn growth(&self) -> u64 {
        let most = self.most.load(Ordering::Relaxed);
        most.saturating_sub(self.before)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Asks each; says what was neither answered nor refused by a limit with a name, and what made the process large.
async fn ask_all(statements: &[String]) -> Vec<String> {
    let engine = guarded(view(Config::default()));
    let mut wrong = Vec::new();
    for text in statements {
        let peak = Peak::new();
        let mut session = session();
        let limit = ("max_execution_time", "4000".to_owned());
        session.variables.extend([limit]);
        let answer = ask(&engine, &mut session, text).await;
        let named = ["_limit", "_mem_", "max_execution_time", "multiplied"];
        let refused = answer.starts_with("ERROR 1105")
            || answer.starts_with("ERROR 1041") && !named.iter().any(|name| answer.contains(name));
        if refused || peak.growth() > GROWTH_MAX {
            wrong.push(format!(
                "{text:.150}: {} MB, {answer:.150}",
                peak.growth() >> 20
            ));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn what_functions_make_counts() {
    let c = "FROM information_schema.columns";
    let statements = [
        format!(
            "SELECT sum(length(repeat(concat(table_name, 'xxxxxxxxxxxxxxxxxxxx'), 30000000))) {c}"
        ),
        format!("SELECT sum(length(repeat(column_name, 1000000))) {c}"),
        format!("SELECT length(lpad(column_name, 2000000, 'y')) {c}"),
        format!("SELECT lpad(column_name, 2000000, 'y') AS x {c} ORDER BY x"),
        format!("SELECT repeat('a', 60000000) {c}"),
        format!("SELECT concat(column_name, repeat('a', 60000000)) {c}"),
        format!("SELECT CASE WHEN column_name > 'b' THEN repeat('a', 60000000) ELSE 'x' END {c}"),
        format!(
            "SELECT upper(repeat(column_name, 5000000)), reverse(repeat(column_name, 5000000)) {c}"
        ),
        format!("SELECT x.v {c} a, (SELECT repeat('a', 60000000) AS v) x"),
        format!(
            "SELECT first_value(v) OVER () FROM (SELECT repeat(column_name, 1000000) AS v {c}) x"
        ),
        format!("SELECT count(*) {c} WHERE column_name = repeat('a', 60000000)"),
        format!("SELECT (SELECT repeat('a', 60000000)) LIKE '%b' {c}"),
        format!("SELECT group_concat(repeat(column_name, 100000)) {c}"),
        format!("SELECT max(repeat(column_name, 1000000)) {c} GROUP BY table_name, column_name"),
        format!(
            "SELECT concat_ws('{}' {}) {c}",
            "x".repeat(100_000),
            ", column_name".repeat(500)
        ),
        format!(
            "SELECT concat_ws(',' {}) {c}",
            ", repeat(column_name, 1000000)".repeat(100)
        ),
        "SELECT length(replace(repeat('a', 100000), 'a', repeat('b', 100000)))".to_owned(),
        "SELECT length(regexp_replace(repeat('a', 100000), 'a', repeat('b', 100000), 'g'))"
            .to_owned(),
        "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))".to_owned(),
        "SELECT length(space(9000000000000000000))".to_owned(),
        "SELECT length(rpad('a', 9000000000000000000, 'b'))".to_owned(),
        format!(
            "SELECT {} length(repeat('a', 60000000))",
            "length(repeat('a', 60000000)), ".repeat(100)
        ),
    ];
    let wrong = ask_all(&statements).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `WITH` clauses each of which names the one before twice.
fn doubled(levels: usize, condition: &str) -> String {
    let first = "WITH c0 AS (SELECT a.schema_name k FROM information_schema.schemata a, information_schema.schemata b)";
    let more = (1..levels).map(|n| {
        let before = n - 1;
        format!(", c{n} AS (SELECT a.k FROM c{before} a, c{before} b {condition})")
    });
    let more: String = more.collect();
    format!("{first}{more} SELECT count(*) FROM c{}", levels - 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_planning_makes_counts() {
    let join = |n: usize| {
        let tables: Vec<String> = (0..n)
            .map(|n| format!("information_schema.schemata t{n}"))
            .collect();
        format!("SELECT count(*) FROM {}", tables.join(" CROSS JOIN "))
    };
    let list = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let columns = vec!["column_name"; 2000].join(",");
    let cases = [
        (doubled(8, ""), ""),
        (doubled(10, ""), "query_relations_limit"),
        (doubled(30, "WHERE a.k = b.k"), "query_relations_limit"),
        (doubled(300, ""), "query_relations_limit"),
        (join(300), "query_relations_limit"),
        (format!("SELECT {}", list(70_000)), "query_columns_limit"),
        (
            format!("SELECT 1 AS x ORDER BY {}", vec!["x"; 5000].join(",")),
            "query_columns_limit",
        ),
        (
            format!("SELECT count(*) FROM information_schema.columns GROUP BY {columns}"),
            "group_by_columns_limit",
        ),
        (
            format!(
                "SELECT 1 FROM information_schema.schemata WHERE 1 IN ({})",
                list(600_000)
            ),
            "query_expressions_limit",
        ),
    ];
    for (text, limit) in cases {
        let peak = Peak::new();
        let mut session = session();
        let time = ("max_execution_time", "60000".to_owned());
        session.variables.extend([time]);
        let answer = ask(&guarded(view(Config::default())), &mut session, &text).await;
        assert!(answer.contains(limit), "{limit}: {answer:.300}");
        assert!(!answer.starts_with("ERROR 1105"), "{answer:.300}");
        assert!(peak.growth() < GROWTH_MAX, "{} MB", peak.growth() >> 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planning_ends_at_its_limit_of_time() {
    let engine = crate::frontend::engine::testing::engine_with(Config {
        planning_time_limit_ms: 0,
        ..Config::default()
    });
    let answer = ask(&engine, &mut session(), "SELECT count(*) FROM Orders").await;
    assert!(answer.starts_with("ERROR 1436"), "{answer}");
    assert!(answer.contains("planning_time_limit_ms"), "{answer}");
}

#[tokio::test]
async fn a_result_longer_than_a_packet_is_null_and_leaves_a_warning() {
    use crate::frontend::answer::{Answer, RowSource};
    use crate::frontend::service::Service;
    use futures::StreamExt;
    let engine = engine();
    for call in [
        "repeat('a', 70000000)",
        "space(70000000)",
        "lpad('a', 70000000, 'b')",
        "replace(repeat('a', 100000), 'a', repeat('b', 100000))",
    ] {
        let text = format!("SELECT {call} IS NULL AS x");
        let script = engine.split(text).await.expect("tokens").remove(0);
        let cancel = tokio_util::sync::CancellationToken::new();
        let answer = engine.run(&mut session(), &script, &[], cancel).await;
        let Ok(Answer::Rows(set)) = answer else {
            panic!("rows");
        };
        let RowSource::Batches(batches) = set.rows else {
            panic!("batches");
        };
        let batches: Vec<_> = batches.collect().await;
        let batch = batches[0].as_ref().expect("a row");
        let texts = crate::system::functions::arguments::texts(batch.column(0)).expect("texts");
        assert_eq!(texts.value(0), "1", "{call}");
        let warnings = set.late.expect("a query").take_warnings();
        assert_eq!(warnings[0].code, 1301, "{call}");
    }
}

/// A text expression made at random, as deep as `depth`.
fn expression(random: &mut StdRng, depth: u32) -> String {
    if depth == 0 {
        return ["column_name", "table_name", "'abc'", "'é'", "NULL"][random.random_range(0..5)]
            .to_owned();
    }
    let size = [3, 1000, 100_000, 30_000_000, i64::MAX][random.random_range(0..5)];
    let a = expression(random, depth - 1);
    let b = expression(random, depth - 1);
    match random.random_range(0..14) {
        0 => format!("repeat({a}, {size})"),
        1 => format!("lpad({a}, {size}, {b})"),
        2 => format!("rpad({a}, {size}, {b})"),
        3 => format!("concat({a}, {b}, {a})"),
        4 => format!("concat_ws({a}, {b}, {b})"),
        5 => format!("replace({a}, substr({a}, 1, 1), {b})"),
        6 => format!("upper({a})"),
        7 => format!("reverse({a})"),
        8 => format!("hex({a})"),
        9 => format!("regexp_replace({a}, '.', {b}, 'g')"),
        10 => format!("substr({a}, 2, {size})"),
        11 => format!("space({size})"),
        12 => format!("CASE WHEN {a} < {b} THEN {a} ELSE {b} END"),
        _ => format!("coalesce({a}, {b})"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_made_at_random_keep_the_process_small() {
    let mut random = StdRng::seed_from_u64(8);
    let mut statements = Vec::new();
    for _ in 0..24 {
        let depth = random.random_range(1..4);
        let value = expression(&mut random, depth);
        let from = match random.random_range(0..3) {
            0 => "FROM information_schema.schemata",
            1 => "FROM information_schema.columns",
            _ => {
                "FROM (SELECT a.column_name, b.table_name FROM information_schema.columns a, \
                  information_schema.columns b LIMIT 20000) t"
            }
        };
        statements.push(match random.random_range(0..5) {
            0 => format!("SELECT length({value}) {from}"),
            1 => format!("SELECT max({value}) {from}"),
            2 => format!("SELECT {value} AS x, count(*) {from} GROUP BY x"),
            3 => format!("SELECT count(*) {from} WHERE {value} LIKE '%b%a%'"),
            _ => format!("SELECT sum(length({value})) {from}"),
        });
    }
    let wrong = ask_all(&statements).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
