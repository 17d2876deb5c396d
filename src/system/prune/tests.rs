//! Pruning: what is left out can't hold a wanted row, and what can hold one is never left out.

use std::sync::Arc;

use arrow::array::{Array, Int64Array};
use datafusion::logical_expr::{Expr, col, in_list, lit};

use super::*;
use crate::frontend::engine::testing::spec;

fn date(days: i32) -> Expr {
    Expr::Literal(ScalarValue::Date32(Some(days)), None)
}

fn range(lower: Option<i32>, upper: Option<i32>) -> Range {
    Range {
        lower: lower.map(Bound::Date),
        upper: upper.map(Bound::Date),
    }
}

/// Which of the partitions below 10, 10 to 20, and from 20 on are left by a filter.
fn partitions(filter: Expr) -> Vec<usize> {
    let tests = tests(&spec(), &[filter]);
    let ranges = [
        range(None, Some(10)),
        range(Some(10), Some(20)),
        range(Some(20), None),
    ];
    (0..3)
        .filter(|at| partition_may_match(Some(&ranges[*at]), 1, &tests))
        .collect()
}

#[test]
fn partitions_are_left_out_by_their_ranges() {
    let day = || col("day");
    assert_eq!(partitions(day().eq(date(10))), [1]);
    assert_eq!(partitions(date(9).eq(day())), [0]);
    assert_eq!(partitions(day().lt(date(10))), [0]);
    assert_eq!(partitions(day().lt_eq(date(10))), [0, 1]);
    assert_eq!(partitions(day().gt(date(19))), [2]);
    assert_eq!(partitions(day().gt(date(18))), [1, 2]);
    assert_eq!(partitions(date(20).gt(day())), [0, 1]);
    assert_eq!(partitions(day().between(date(12), date(13))), [1]);
    assert_eq!(
        partitions(in_list(day(), vec![date(1), date(25)], false)),
        [0, 2]
    );
    assert_eq!(partitions(day().eq(date(1)).or(day().eq(date(11)))), [0, 1]);
    assert_eq!(partitions(day().is_null()), [0]);
    assert_eq!(
        partitions(day().gt_eq(date(10)).and(day().lt(date(20)))),
        [1]
    );
}

#[test]
fn what_is_not_understood_leaves_nothing_out() {
    let day = || col("day");
    for filter in [
        day().not_eq(date(10)),
        day().is_not_null(),
        day().eq(date(10)).or(col("id").eq(lit(1_i64))),
        in_list(day(), vec![date(1)], true),
        day().eq(lit(ScalarValue::Date32(None))),
        day().eq(col("id")),
        col("name").eq(lit("x")),
    ] {
        assert_eq!(partitions(filter.clone()), [0, 1, 2], "{filter}");
    }
}

#[test]
fn buckets_are_found_by_the_hash_of_all_distribution_columns() {
    let ids: Vec<i64> = (0..50).collect();
    let arrays: Vec<Arc<dyn Array>> = vec![Arc::new(Int64Array::from(ids.clone()))];
    for (row, id) in ids.iter().enumerate() {
        let filters = [col("id").eq(lit(*id))];
        let found = buckets(&spec(), 8, &tests(&spec(), &filters)).unwrap();
        let expected = bucket_of(&arrays, row, 8).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [expected]);
    }
    let list = in_list(col("id"), vec![lit(1_i64), lit(2_i64)], false);
    let found = buckets(&spec(), 64, &tests(&spec(), &[list])).unwrap();
    assert!(found.len() <= 2);
    let open = tests(&spec(), &[col("id").gt(lit(1_i64))]);
    assert_eq!(buckets(&spec(), 8, &open), None);
    let mut two = spec();
    two.distribution.columns = vec![0, 2];
    let one_of_two = tests(&two, &[col("id").eq(lit(1_i64))]);
    assert_eq!(buckets(&two, 8, &one_of_two), None);
    let both = tests(&two, &[col("id").eq(lit(1_i64)), col("name").eq(lit("a"))]);
    assert_eq!(buckets(&two, 8, &both).unwrap().len(), 1);
}

#[test]
fn a_constant_of_another_type_is_used_only_if_it_is_the_same_value() {
    assert_eq!(tests(&spec(), &[col("id").eq(lit(1_i32))]).len(), 1);
    assert_eq!(tests(&spec(), &[col("id").eq(lit(1.5_f64))]), []);
    assert_eq!(tests(&spec(), &[col("id").eq(lit("1"))]), []);
}

#[test]
fn comparisons_go_to_the_backend_as_text() {
    let filters = [col("day").gt_eq(date(1)), col("name").eq(lit("a b"))];
    let sent = scan_filters(&tests(&spec(), &filters));
    let sent: Vec<_> = sent
        .iter()
        .map(|f| (f.column, f.op.as_str(), f.value.as_str()))
        .collect();
    assert_eq!(sent, [(1, ">=", "1970-01-02"), (2, "=", "a b")]);
}
