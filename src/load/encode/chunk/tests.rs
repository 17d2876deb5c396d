//! What is read back is what was written, whatever the values are like.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Int8Array, Int16Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader};
use parquet::file::statistics::Statistics;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::load::encode::file::{Done, Form, Job};
use crate::load::encode::part;
use crate::load::route::Routed;

/// Blocks of these columns, each with its rows in another order, and some of them left out.
fn parts(columns: &[ArrayRef], rows: &[usize], random: &mut StdRng) -> Vec<Part> {
    let mut start = 0;
    let part = |length: &usize| {
        let columns = columns.iter().map(|c| c.slice(start, *length)).collect();
        start += length;
        let mut order: Vec<u32> = (0..*length as u32).collect();
        order.rotate_left(random.random_range(0..=*length / 2));
        order.truncate(length - length / 7);
        let taken = order.len();
        let routed = Routed {
            columns,
            order,
            slots: Vec::new(),
        };
        Part::new(Arc::new(routed), 0..taken)
    };
    rows.iter().map(part).collect()
}

/// The file of these rows, and the rows as they must be read.
fn written(columns: &[(&str, ArrayRef)], rows: &[usize], seed: u64) -> (Bytes, RecordBatch) {
    let mut random = StdRng::seed_from_u64(seed);
    let fields = columns.iter().map(|(name, array)| {
        let nullable = array.null_count() > 0;
        Field::new(*name, array.data_type().clone(), nullable)
    });
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays: Vec<ArrayRef> = columns.iter().map(|(_, array)| array.clone()).collect();
    let parts = parts(&arrays, rows, &mut random);
    let expected = (0..arrays.len()).map(|at| part::column(&parts, at).unwrap());
    let expected = RecordBatch::try_new(schema.clone(), expected.collect()).unwrap();
    let job = Job {
        slot: 3,
        file: None,
        rows: parts,
        seal: true,
    };
    let form = Form::new(schema).unwrap();
    let Done::Sealed(segment) = form.work(job, 0, &mut Chunks::new()).unwrap() else {
        panic!("the file is not sealed");
    };
    assert_eq!(
        (segment.slot, segment.rows),
        (3, expected.num_rows() as u64)
    );
    (segment.bytes, expected)
}

fn read(bytes: &Bytes, like: &RecordBatch) -> RecordBatch {
    let reader = ParquetRecordBatchReader::try_new(bytes.clone(), 1000).unwrap();
    let schema = like.schema();
    let batches = reader.map(|batch| {
        let columns = batch.unwrap().columns().to_vec();
        let columns = columns.iter().zip(schema.fields());
        let columns = columns.map(|(column, field)| cast(column, field.data_type()).unwrap());
        RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
    });
    let batches: Vec<RecordBatch> = batches.collect();
    concat_batches(&schema, &batches).unwrap()
}

/// Whether each column has a dictionary.
fn dictionaries(bytes: &Bytes) -> Vec<bool> {
    let metadata = ArrowReaderMetadata::load(bytes, Default::default()).unwrap();
    let group = metadata.metadata().row_group(0);
    let columns = group.columns().iter();
    columns
        .map(|column| column.dictionary_page_offset().is_some())
        .collect()
}

fn columns(rows: usize, random: &mut StdRng) -> Vec<(&'static str, ArrayRef)> {
    let mut some = |share: f64, value: i64| random.random_bool(share).then_some(value);
    let runs = |row: usize| (row / 37) as i64;
    let tiny: Int8Array = (0..rows)
        .map(|row| some(0.9, runs(row) % 128 - 64))
        .map(|v| v.map(|v| v as i8))
        .collect();
    let small: Int16Array = (0..rows)
        .map(|row| some(0.5, (row * 7919 % 3000) as i64 - 1500))
        .map(|v| v.map(|v| v as i16))
        .collect();
    let big: Int64Array = (0..rows)
        .map(|row| i64::MAX - (row % 900) as i64 * 1_000_003)
        .collect();
    let edges: Int64Array = (0..rows)
        .map(|row| [i64::MIN, -1, 0, i64::MAX][row % 4])
        .collect();
    let days: Date32Array = (0..rows)
        .map(|row| Some(15_706 + (row / 900) as i32))
        .collect();
    let hours: TimestampMicrosecondArray = (0..rows)
        .map(|row| Some((row / 11) as i64 * 3_600_000_000))
        .collect();
    let words = [
        "",
        "a",
        "NULL",
        "exactly 7",
        "eight by",
        "nine byte",
        "é",
        "a text of more than sixteen bytes",
    ];
    let texts: StringArray = (0..rows)
        .map(|row| some(0.8, 0).map(|_| words[row * 31 % 8]))
        .collect();
    let names: StringArray = (0..rows)
        .map(|row| Some(format!("N{}", row * 7 % 1999)))
        .collect();
    vec![
        ("tiny", Arc::new(tiny)),
        ("small", Arc::new(small)),
        ("big", Arc::new(big)),
        ("edges", Arc::new(edges)),
        ("days", Arc::new(days)),
        ("hours", Arc::new(hours)),
        ("texts", Arc::new(texts)),
        ("names", Arc::new(names)),
    ]
}

#[test]
fn rows_of_few_values_come_back_and_have_dictionaries() {
    for (seed, sizes) in [
        vec![1],
        vec![7, 1, 8],
        vec![100, 1000, 3],
        vec![30_000, 50_000],
    ]
    .iter()
    .enumerate()
    {
        let mut random = StdRng::seed_from_u64(seed as u64);
        let columns = columns(sizes.iter().sum(), &mut random);
        let (bytes, expected) = written(&columns, sizes, seed as u64);
        assert_eq!(read(&bytes, &expected), expected, "parts of {sizes:?}");
        let dictionaries = dictionaries(&bytes);
        assert!(
            dictionaries.iter().all(|there| *there),
            "parts of {sizes:?}"
        );
    }
}

#[test]
fn nulls_of_some_parts_stay_in_their_rows() {
    let rows = 0..30;
    for nulls in [0..10, 10..20, 20..30] {
        let numbers: Int16Array = rows
            .clone()
            .map(|row| (!nulls.contains(&row)).then_some(row))
            .collect();
        let texts: StringArray = rows
            .clone()
            .map(|row| (!nulls.contains(&row)).then(|| format!("t{row}")))
            .collect();
        let columns: [(&str, ArrayRef); 2] =
            [("numbers", Arc::new(numbers)), ("texts", Arc::new(texts))];
        let (bytes, expected) = written(&columns, &[10, 10, 10], 5);
        assert_eq!(expected.column(0).null_count(), 9);
        assert_eq!(read(&bytes, &expected), expected, "NULL in {nulls:?}");
    }
}

#[test]
fn row_groups_and_files_hold_any_number_of_rows() {
    let rows = 150_000;
    let column: ArrayRef = Arc::new((0..rows).map(|row| Some(row % 50)).collect::<Int64Array>());
    let (bytes, expected) = written(&[("a", column)], &[rows as usize], 1);
    assert_eq!(read(&bytes, &expected), expected);
    let (bytes, expected) = written(&[("a", Arc::new(Int64Array::from(vec![1])))], &[0], 1);
    assert_eq!(
        (read(&bytes, &expected).num_rows(), expected.num_rows()),
        (0, 0)
    );
}

#[test]
fn too_many_values_are_left_to_the_library() {
    let rows = 70_000;
    let numbers: Int64Array = (0..rows).map(|row| Some(row * 1_000_003)).collect();
    let near: Int64Array = (0..rows).map(|row| Some(row % 60_000)).collect();
    let texts: StringArray = (0..rows).map(|row| Some(format!("{row:020}"))).collect();
    let long: StringArray = (0..rows)
        .map(|row| Some(format!("{:0999}", row % 2000)))
        .collect();
    let none: StringArray = (0..rows).map(|_| None::<&str>).collect();
    let columns: [(&str, ArrayRef); 5] = [
        ("numbers", Arc::new(numbers)),
        ("near", Arc::new(near)),
        ("texts", Arc::new(texts)),
        ("long", Arc::new(long)),
        ("none", Arc::new(none)),
    ];
    let mut chunks = Chunks::new();
    let arrays: Vec<ArrayRef> = columns.iter().map(|(_, array)| array.clone()).collect();
    let all = parts(&arrays, &[rows as usize], &mut StdRng::seed_from_u64(7));
    let made: Vec<bool> = (0..arrays.len())
        .map(|at| chunks.number(at, &all).is_some())
        .collect();
    assert_eq!(made, [false; 5]);
    let (bytes, expected) = written(&columns, &[rows as usize], 7);
    assert_eq!(read(&bytes, &expected), expected);
}

#[test]
fn metadata_tells_least_greatest_and_nulls() {
    let numbers: ArrayRef = Arc::new(Int16Array::from(vec![
        Some(-5),
        None,
        Some(300),
        None,
        Some(0),
    ]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![
        Some("b"),
        Some("é"),
        None,
        Some(""),
        Some("a"),
    ]));
    let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(65); 5]));
    let columns = [("numbers", numbers), ("texts", texts), ("long", long)];
    let (bytes, _) = written(&columns, &[5], 0);
    let metadata = ArrowReaderMetadata::load(&bytes, Default::default()).unwrap();
    let group = metadata.metadata().row_group(0);
    let statistics: Vec<_> = group
        .columns()
        .iter()
        .map(|c| c.statistics().unwrap().clone())
        .collect();
    let text = |text: &str| Some(text.as_bytes().to_vec().into());
    assert_eq!(
        statistics[0],
        Statistics::int32(Some(-5), Some(300), None, Some(2), false)
    );
    assert_eq!(
        statistics[1],
        Statistics::byte_array(text(""), text("é"), None, Some(1), false)
    );
    assert_eq!(statistics[2].null_count_opt(), Some(0));
    assert_eq!(
        (statistics[2].min_bytes_opt(), statistics[2].max_bytes_opt()),
        (None, None)
    );
}
