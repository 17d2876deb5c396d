//! What `tests/clients/differ.py` found beside MariaDB, each kind once: its answers are MariaDB's.

use super::{check, check_values};

#[tokio::test]
async fn numbers_are_rounded_as_mariadb_rounds() {
    check_values(&[
        ("2 / 3", "0.6667"),
        ("-2 / 3", "-0.6667"),
        ("1000000007 / 3", "333333335.6667"),
        ("10.50 / 0", "NULL"),
        ("ROUND(-2.5e0)", "-2"),
        ("ROUND(-0.25e0, 1)", "-0.2"),
        ("ROUND(-2.5)", "-3"),
        ("ROUND(10.50, 3)", "10.500"),
        ("ROUND(15, -1)", "20"),
        ("TRUNCATE(99.99, 1)", "99.9"),
        ("TRUNCATE(-19, -1)", "-10"),
        ("TRUNCATE(9223372036854775807, 1)", "9223372036854775807"),
        ("CEIL(99999999.99)", "100000000"),
        ("FLOOR(-1.5)", "-2"),
        ("CEIL(TRUE)", "1"),
        ("CAST('12.7x' AS DECIMAL)", "13"),
        ("CAST('' AS DECIMAL(5,1))", "0.0"),
        ("CAST(99999.99 AS DECIMAL(5,1))", "9999.9"),
        ("COALESCE(NULL, TRUE, 1.5)", "1.0"),
        ("-'x'", "0"),
        ("0x41 + 1", "66"),
        ("'12' / 5", "2.4"),
    ])
    .await;
}

#[tokio::test]
async fn moments_are_numbers_where_they_are_computed_with() {
    check_values(&[
        ("DATE '2024-01-31' + 0", "20240131"),
        ("CAST(DATE '2024-01-31' AS SIGNED)", "20240131"),
        (
            "CAST(TIMESTAMP '2024-01-31 23:59:59' AS DOUBLE)",
            "20240131235959",
        ),
        ("DATE '2024-01-31' = 20240131", "1"),
        ("TIMESTAMP '2024-01-31 10:00:00' > 20240131", "1"),
        ("CAST(TIME '10:11:12' AS DECIMAL(9,1))", "101112.0"),
        ("TIME '-01:02:03'", "-01:02:03"),
        ("CAST('10:11:12.987' AS TIME)", "10:11:12"),
        (
            "CAST('2024-01-01 10:11:12.987' AS DATETIME)",
            "2024-01-01 10:11:12",
        ),
        (
            "CAST('2024-01-01 10:11:12.987' AS DATETIME(2))",
            "2024-01-01 10:11:12.980000",
        ),
        ("TIMEDIFF(TIME '10:11:12', '01:00:00')", "09:11:12"),
        ("UNIX_TIMESTAMP(DATE '1970-01-03')", "172800"),
        ("SEC_TO_TIME(9223372036854775807)", "838:59:59"),
    ])
    .await;
}

#[tokio::test]
async fn texts_and_conditions_are_read_as_mariadb_reads_them() {
    check_values(&[
        ("NOT 0 && 0", "0"),
        ("'b' REGEXP '^[a-e]' && 5", "1"),
        ("REGEXP_REPLACE('banana', 'a', '-')", "b-n-n-"),
        ("REGEXP_SUBSTR('12 ann', '[a-z]+')", "ann"),
        ("REGEXP_SUBSTR('12', '[a-z]+')", ""),
        ("REGEXP_SUBSTR(NULL, 'a')", "NULL"),
        ("NVL2(TIME '10:00:00', TRUE, 2.5)", "1.0"),
        ("NVL2(NULL, 1, 'x')", "x"),
    ])
    .await;
    check(&[(
        "SELECT 0.5e0 BETWEEN v AND 0.25 AS a, 1e0 IN (2, v, 1.00) AS b FROM (SELECT CAST('9223372036854775807' AS SIGNED) AS v) t",
        "a\tb\n0\t1",
    )])
    .await;
    check(&[(
        "SELECT n = d AS a, n <> d AS b, n < d AS c FROM (SELECT CONCAT('an', 'n') AS n, DATE '2024-01-01' AS d) t",
        "a\tb\tc\n0\t1\t1",
    )])
    .await;
}

#[tokio::test]
async fn groups_give_what_mariadb_gives() {
    let three = "(SELECT 20 AS v, 1 AS k UNION ALL SELECT 20, 1 UNION ALL SELECT 25, 2) t";
    let cases = [
        ("AVG(v)", "21.6667"),
        ("AVG(v > 20)", "0.3333"),
        ("AVG(IF(v > 20, NULL, v = 20))", "1.0000"),
        ("GROUP_CONCAT(v = 20 ORDER BY v)", "1,1,0"),
        ("GROUP_CONCAT(DISTINCT v - 15 ORDER BY v - 15 DESC)", "10,5"),
        ("STDDEV(IF(v > 0, TRUE, FALSE))", "0"),
        ("SUM(IF(v > 50, NULL, NULL))", "NULL"),
        ("BIT_OR(v > 20)", "1"),
        ("SUM(IF(v > 20, NULL, v = 20))", "2"),
    ];
    for (aggregate, expected) in cases {
        let query = format!("SELECT {aggregate} AS x FROM {three}");
        check(&[(query.as_str(), format!("x\n{expected}").as_str())]).await;
    }
    let none = format!("SELECT BIT_AND(v) AS a, BIT_XOR(v) AS b FROM {three} WHERE v > 99");
    let loose = format!(
        "SELECT k, (SELECT MAX(v) FROM {three}) AS m, SUM(v) OVER (ORDER BY v, k ROWS 1 PRECEDING) AS s FROM {three} ORDER BY k, s"
    );
    check(&[
        (
            "SELECT COUNT(DISTINCT v) AS c, MAX(v) AS m FROM (SELECT 1 AS a, 7 AS v UNION ALL SELECT 2, 7.5) t",
            "c\tm\n2\t7.5",
        ),
        (
            "SELECT k, SUM(t) AS s FROM (SELECT 1 AS k, 2 > 1 AS t UNION ALL SELECT 1, TRUE) t GROUP BY k HAVING SUM(t) > 1",
            "k\ts\n1\t2",
        ),
        (&none, "a\tb\n18446744073709551615\t0"),
        ("SET sql_mode = ''", "done 0"),
        (&loose, "k\tm\ts\n1\t25\t20\n1\t25\t40\n2\t25\t45"),
    ])
    .await;
}

#[tokio::test]
async fn recursive_queries_run_and_end() {
    check(&[
        (
            "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 4) SELECT SUM(n) AS s FROM c",
            "s\n10",
        ),
        (
            "WITH RECURSIVE c AS (SELECT 1 AS n UNION SELECT (n + 1) % 5 FROM c) SELECT COUNT(*) AS c FROM c",
            "c\n5",
        ),
        (
            "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n FROM c) SELECT COUNT(*) FROM c",
            "ERROR 1436: a recursive query ends after 1000 rounds; give it a condition that ends it",
        ),
    ])
    .await;
}
