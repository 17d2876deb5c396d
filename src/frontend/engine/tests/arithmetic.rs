//! Arithmetic is exact or an error: each result is held against the same computation in 128 bits and more.

use super::{ask, check_values, engine, session};

/// Whole numbers around the edges of every integer type.
const EDGES: [i128; 14] = [
    0,
    1,
    -1,
    7,
    127,
    -128,
    2_147_483_647,
    -2_147_483_648,
    3_037_000_500,
    -3_037_000_499,
    4_611_686_018_427_387_904,
    9_223_372_036_854_775_806,
    9_223_372_036_854_775_807,
    -9_223_372_036_854_775_808,
];

type Operation = (&'static str, fn(i128, i128) -> i128);

const OPERATIONS: [Operation; 3] = [
    ("+", |a, b| a + b),
    ("-", |a, b| a - b),
    ("*", |a, b| a * b),
];

/// Literals are folded while the statement is planned, columns are computed by row: both ways are asked.
#[tokio::test]
async fn whole_numbers_never_wrap_around() {
    let engine = engine();
    let mut session = session();
    let mut wrong = Vec::new();
    for left in EDGES {
        for right in EDGES {
            for (sign, reference) in OPERATIONS {
                let exact = reference(left, right);
                let fits = i64::try_from(exact).is_ok();
                let folded = format!("SELECT ({left}) {sign} ({right}) AS x");
                let by_row = format!(
                    "SELECT a {sign} b AS x FROM (SELECT {left} AS a, {right} AS b UNION ALL SELECT NULL AS c, NULL AS d) t WHERE a IS NOT NULL"
                );
                for statement in [folded, by_row] {
                    let got = ask(&engine, &mut session, &statement).await;
                    let right = match fits {
                        true => got == format!("x\n{exact}"),
                        false => got.contains("1690") || got == format!("x\n{exact}"),
                    };
                    if !right {
                        wrong.push(format!("{statement}: {exact}, not {got:?}"));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong: {}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn sums_are_exact() {
    check_values(&[
        (
            "(SELECT SUM(a) FROM (SELECT 9223372036854775807 AS a UNION ALL SELECT 9223372036854775807) t)",
            "18446744073709551614",
        ),
        (
            "(SELECT SUM(a) FROM (SELECT -9223372036854775808 AS a UNION ALL SELECT -9223372036854775808) t)",
            "-18446744073709551616",
        ),
        (
            "(SELECT SUM(a) FROM (SELECT 99999999999999999999999999999999999999 AS a UNION ALL SELECT 99999999999999999999999999999999999999) t)",
            "199999999999999999999999999999999999998",
        ),
        (
            "(SELECT SUM(a) FROM (SELECT 1.5 AS a UNION ALL SELECT 2.25) t)",
            "3.75",
        ),
        ("(SELECT SUM(a) FROM (SELECT 1 AS a UNION ALL SELECT NULL) t)", "1"),
        ("(SELECT SUM(a) FROM (SELECT 1e0 AS a UNION ALL SELECT 0.5e0) t)", "1.5"),
    ])
    .await;
}

#[tokio::test]
async fn doubles_have_any_exponent() {
    check_values(&[
        ("1e300 / 1e299", "10"),
        ("1.5e-200 * 1e200", "1.5"),
        ("5e-324 > 0", "1"),
        ("-1e300 < -1e299", "1"),
        ("1e3", "1000"),
        ("2.5e0 + 1", "3.5"),
        ("1e300 > 1e299", "1"),
    ])
    .await;
}

#[tokio::test]
async fn a_sign_before_an_expression_keeps_its_value() {
    check_values(&[
        ("-(1 + 2)", "-3"),
        ("(SELECT -a FROM (SELECT 1.50 AS a) t)", "-1.50"),
        ("(SELECT -a FROM (SELECT NULL AS a) t)", "NULL"),
        ("- -5", "5"),
        ("-9223372036854775808", "-9223372036854775808"),
        (
            "(SELECT -a FROM (SELECT 18446744073709551615 AS a) t)",
            "-18446744073709551615",
        ),
    ])
    .await;
    let engine = engine();
    let mut session = session();
    let statement = "SELECT -a FROM (SELECT -9223372036854775808 AS a) t";
    let got = ask(&engine, &mut session, statement).await;
    assert!(got.contains("1690"), "{got}");
}
