//! Segments hold their tablets' rows in order, and memory stays within its budget.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal256Array, Int64Array, StringArray};
use arrow::datatypes::{Int64Type, Schema, i256};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::catalog::schema::{ColumnDef, DataType};
use crate::load::types;

fn schema() -> SchemaRef {
    let column = |name: &str, data_type| ColumnDef {
        name: name.into(),
        data_type,
        nullable: true,
        default: None,
        comment: String::new(),
    };
    types::schema(&[
        column("a", DataType::BigInt),
        column("b", DataType::String),
        column("c", DataType::LargeInt),
    ])
}

fn rows(values: &[i64], slots: Vec<(usize, std::ops::Range<usize>)>) -> Routed {
    let texts: Vec<String> = values.iter().map(|v| format!("{v:064}")).collect();
    let large = Decimal256Array::from_iter_values(values.iter().map(|v| i256::from(*v)));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(values.to_vec())),
        Arc::new(StringArray::from(texts)),
        Arc::new(large.with_precision_and_scale(39, 0).unwrap()),
    ];
    Routed {
        columns,
        order: (0..values.len() as u32).collect(),
        slots,
    }
}

fn read(segment: &Segment) -> Vec<i64> {
    assert_eq!(crc32fast::hash(&segment.bytes), segment.crc);
    let reader = ParquetRecordBatchReaderBuilder::try_new(segment.bytes.clone()).unwrap();
    assert_eq!(reader.schema().fields(), schema().fields());
    let batches = reader.build().unwrap();
    batches
        .flat_map(|batch| {
            batch
                .unwrap()
                .column(0)
                .as_primitive::<Int64Type>()
                .values()
                .to_vec()
        })
        .collect()
}

#[test]
fn each_tablet_gets_its_rows_in_order() {
    let mut encoder = Encoder::new(schema()).unwrap();
    let mut sealed = Vec::new();
    let mut keep = |segment| {
        sealed.push(segment);
        Ok::<(), Error>(())
    };
    encoder
        .write(rows(&[1, 2, 3], vec![(0, 0..1), (4, 1..3)]), &mut keep)
        .unwrap();
    encoder
        .write(rows(&[4, 5], vec![(4, 0..2)]), &mut keep)
        .unwrap();
    encoder.finish(&mut keep).unwrap();
    sealed.sort_by_key(|segment| segment.slot);
    let found: Vec<_> = sealed
        .iter()
        .map(|s| (s.slot, s.ordinal, s.rows, read(s)))
        .collect();
    assert_eq!(found, [(0, 0, 1, vec![1]), (4, 0, 4, vec![2, 3, 4, 5])]);
}

/// Writes 20,000 rows to two tablets; the answer is their segments.
fn squeezed(limits: Limits) -> Vec<Segment> {
    let mut encoder = Encoder::new(schema()).unwrap();
    encoder.limits = limits;
    let mut sealed: Vec<Segment> = Vec::new();
    let mut keep = |segment| {
        sealed.push(segment);
        Ok::<(), Error>(())
    };
    let all: Vec<i64> = (0..20_000).collect();
    for part in all.chunks(500) {
        let rows = rows(part, vec![(0, 0..300), (1, 300..500)]);
        encoder.write(rows, &mut keep).unwrap();
        assert!(encoder.held() <= limits.budget);
    }
    encoder.finish(&mut keep).unwrap();
    for slot in [0, 1] {
        let mine: Vec<&Segment> = sealed.iter().filter(|s| s.slot == slot).collect();
        let ordinals: Vec<u32> = mine.iter().map(|s| s.ordinal).collect();
        assert_eq!(ordinals, (0..mine.len() as u32).collect::<Vec<_>>());
        let values: Vec<i64> = mine.iter().flat_map(|s| read(s)).collect();
        let expected = all.iter().copied();
        let expected = expected.filter(|v| (v % 500 >= 300) == (slot == 1));
        assert_eq!(values, expected.collect::<Vec<_>>());
        assert_eq!(
            mine.iter().map(|s| s.rows).sum::<u64>(),
            values.len() as u64
        );
    }
    sealed
}

#[test]
fn columns_of_other_types_and_null_where_none_may_be_are_refused() {
    let keep = |_| Ok::<(), Error>(());
    let mut columns = rows(&[1], vec![(0, 0..1)]).columns;
    for wrong in 0..2 {
        match wrong {
            0 => columns.swap(0, 1),
            _ => drop(columns.pop()),
        }
        let routed = Routed {
            columns: columns.clone(),
            ..rows(&[1], vec![(0, 0..1)])
        };
        assert!(Encoder::new(schema()).unwrap().write(routed, keep).is_err());
        columns = rows(&[1], vec![(0, 0..1)]).columns;
    }
    let strict = schema().field(0).clone().with_nullable(false);
    let mut encoder = Encoder::new(Arc::new(Schema::new(vec![strict]))).unwrap();
    let routed = Routed {
        columns: vec![Arc::new(Int64Array::from(vec![Some(1), None]))],
        ..rows(&[1, 2], vec![(0, 0..2)])
    };
    encoder.write(routed, keep).unwrap();
    assert!(encoder.finish(keep).is_err());
}

#[test]
fn memory_stays_within_the_budget_and_no_row_is_lost() {
    let free = Limits {
        gather: 0,
        segment: 20_000,
        budget: 1_000_000,
    };
    assert!(squeezed(free).len() > 4);
    let small = Limits {
        gather: 0,
        segment: usize::MAX,
        budget: 100_000,
    };
    assert!(squeezed(small).len() > 4);
}
