//! Where rows go, at the edges of ranges and without a place.

use std::sync::Arc;

use arrow::array::{Int32Array, StringArray};
use arrow::datatypes::Int32Type;

use super::*;
use crate::load::misfit::Misfits;
use crate::load::testing::plan;

fn block(ids: Vec<Option<i32>>) -> Block {
    let rows = ids.len();
    Block {
        columns: vec![
            Arc::new(Int32Array::from(ids)),
            Arc::new(StringArray::from(vec!["x"; rows])),
        ],
        lines: (1..=rows as u64).collect(),
        fits: vec![true; rows],
        misfits: Misfits::default(),
        outside: 0,
    }
}

/// Slot and ids of its rows.
fn placed(routed: &Routed) -> Vec<(usize, Vec<Option<i32>>)> {
    let ids = routed.columns[0].as_primitive::<Int32Type>();
    let id = |row: &u32| {
        ids.is_valid(*row as usize)
            .then(|| ids.value(*row as usize))
    };
    let slots = routed.slots.iter();
    slots
        .map(|(slot, rows)| (*slot, routed.order[rows.clone()].iter().map(id).collect()))
        .collect()
}

fn partition_of(id: Option<i32>, plan: &LoadPlan) -> Option<usize> {
    let routed = Router::new(plan).route(&mut block(vec![id]), 0).unwrap();
    placed(&routed).first().map(|(slot, _)| slot / 2)
}

#[test]
fn ranges_hold_their_lower_bound_and_null_goes_to_minvalue() {
    let mut plan = plan(&["a".into()], 1);
    assert_eq!(partition_of(Some(i32::MIN), &plan), Some(0));
    assert_eq!(partition_of(Some(99), &plan), Some(0));
    assert_eq!(partition_of(Some(100), &plan), Some(1));
    assert_eq!(partition_of(Some(199), &plan), Some(1));
    assert_eq!(partition_of(Some(200), &plan), None);
    assert_eq!(partition_of(None, &plan), Some(0));
    plan.partitions.remove(0);
    assert_eq!(partition_of(None, &plan), None);
    assert_eq!(partition_of(Some(99), &plan), None);
    assert_eq!(partition_of(Some(150), &plan), Some(0));
    plan.partitions.clear();
    assert_eq!(partition_of(Some(150), &plan), None);
}

#[test]
fn rows_without_a_partition_or_with_a_fault_are_left_out_and_the_others_keep_their_order() {
    let plan = plan(&["a".into()], 1);
    let ids: Vec<Option<i32>> = (0..400).map(Some).collect();
    let mut block = block(ids);
    block.mark(5, None, Reason::NotUtf8, String::new);
    let routed = Router::new(&plan).route(&mut block, 0).unwrap();
    let mut all = Vec::new();
    for (_, ids) in placed(&routed) {
        assert!(ids.is_sorted());
        all.extend(ids.into_iter().flatten());
    }
    all.sort_unstable();
    assert_eq!(all, (0..200).filter(|id| *id != 5).collect::<Vec<_>>());
    assert_eq!(block.misfits.count, 201);
    let nowhere = &block.misfits.samples[1];
    assert_eq!((nowhere.line, &nowhere.reason), (201, &Reason::NoPartition));
    assert_eq!(nowhere.value, "200");
}

#[test]
fn without_hash_columns_blocks_take_turns_at_the_buckets() {
    let mut plan = plan(&["a".into()], 1);
    plan.spec.distribution.columns.clear();
    let router = Router::new(&plan);
    let slots: Vec<usize> = (0..4)
        .map(|number| {
            let routed = router
                .route(&mut block(vec![Some(1), Some(2)]), number)
                .unwrap();
            assert_eq!(routed.slots.len(), 1);
            routed.slots[0].0
        })
        .collect();
    assert_eq!(slots[..2], slots[2..]);
    assert_ne!(slots[0], slots[1]);
}
