use std::path::Path;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use std::os::unix::fs::FileExt;

use super::*;
use crate::backend::incoming::Incoming;
use crate::backend::segment::SegmentRecord;
use crate::backend::shelf::{Limits, Shelf};
use crate::ids::TabletId;

/// A segment of so many rows in row groups of 20,000, on a shelf in `dir`.
fn segment(dir: &Path, rows: i64) -> (Arc<Shelf>, Arc<Segment>) {
    let limits = Limits {
        capacity: None,
        reserve: 0,
    };
    let shelf = Arc::new(Shelf::new(dir, limits));
    std::fs::create_dir_all(shelf.data_dir()).unwrap();
    let noise = |n: i64| n.wrapping_mul(0x5DEE_CE66_D123) ^ (n << 7);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..rows))),
        (
            "noise",
            Arc::new(Int64Array::from_iter_values((0..rows).map(noise))),
        ),
        (
            "text",
            Arc::new(StringArray::from_iter_values(
                (0..rows).map(|n| format!("{} of {n}", noise(n) % 1000)),
            )),
        ),
        (
            "number",
            Arc::new(Float64Array::from_iter_values(
                (0..rows).map(|n| noise(n) as f64 / 7.0),
            )),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(20_000))
        .build();
    let schema = batch.schema();
    let file = Incoming::begin(&shelf, TabletId(1), 0).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let file = writer.into_inner().unwrap();
    let segment = file.finish(rows as u64, &schema).unwrap();
    segment.set_keep(true);
    (shelf, segment)
}

fn read<R: ChunkReader + 'static>(file: R) -> Result<Vec<RecordBatch>, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| e.to_string())?;
    let reader = reader.with_batch_size(8192).build();
    let reader = reader.map_err(|e| e.to_string())?;
    reader.map(|b| b.map_err(|e| e.to_string())).collect()
}

fn flip(segment: &Segment, byte: u64) {
    let options = File::options().read(true).write(true).open(segment.path());
    let file = options.unwrap();
    let mut found = [0];
    file.read_exact_at(&mut found, byte).unwrap();
    file.write_all_at(&[found[0] ^ 1], byte).unwrap();
}

#[test]
fn what_is_read_is_what_was_written_and_a_bit_anywhere_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (_shelf, segment) = segment(dir.path(), 50_000);
    let blocks = segment.record.sums.len();
    assert!(blocks > 5, "{blocks} blocks");
    let rows = read(segment.open().unwrap()).unwrap();
    // With few remembered blocks as with many.
    for columns in [0, 4, 100] {
        let file = Checked::open(&segment, columns).unwrap();
        assert_eq!(read(file).unwrap(), rows);
    }
    for block in 0..blocks as u64 {
        let byte = (block * BLOCK + block * 777).min(segment.record.bytes - 1);
        flip(&segment, byte);
        let file = Checked::open(&segment, 4).unwrap();
        read(file.clone()).unwrap_err();
        let why = file.explain(&"another reason").to_string();
        let start = byte / BLOCK * BLOCK;
        let place = format!("bytes {start} to ");
        assert!(why.contains("CRC-32") && why.contains(&place), "{why}");
        flip(&segment, byte);
    }
    assert_eq!(read(Checked::open(&segment, 4).unwrap()).unwrap(), rows);
}

#[test]
fn files_of_older_programs_are_looked_at_whole_before_they_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let (shelf, written) = segment(dir.path(), 50_000);
    let old = || {
        let record = SegmentRecord {
            sums: Vec::new(),
            ..written.record.clone()
        };
        Segment::kept(&shelf, TabletId(1), record)
    };
    let rows = read(written.open().unwrap()).unwrap();
    let known = old();
    assert_eq!(read(Checked::open(&known, 4).unwrap()).unwrap(), rows);
    flip(&written, BLOCK + 5);
    let error = Checked::open(&old(), 4).unwrap_err();
    assert!(error.to_string().contains("its CRC-32 is"), "{error}");
    // What was looked at once is compared block by block from then on.
    let file = Checked::open(&known, 4).unwrap();
    read(file.clone()).unwrap_err();
    assert!(file.explain(&"").to_string().contains("bytes 65536 to"));
}

/// The same file with and without the checks, in turns: the rows are the same. What the checks cost is printed:
/// `ROWS=1000000 ROUNDS=21 cargo test --lib checks_change -- --nocapture`.
#[test]
fn checks_change_no_rows() {
    let from_env = |key: &str, default: usize| {
        let given = std::env::var(key).ok();
        given.and_then(|n| n.parse().ok()).unwrap_or(default)
    };
    let (rows_wanted, rounds) = (from_env("ROWS", 100_000), from_env("ROUNDS", 1));
    let dir = tempfile::tempdir().unwrap();
    let (_shelf, segment) = segment(dir.path(), rows_wanted as i64);
    let unchecked = read(segment.open().unwrap()).unwrap();
    assert_eq!(
        read(Checked::open(&segment, 4).unwrap()).unwrap(),
        unchecked
    );
    let timed = |with: bool| {
        let began = Instant::now();
        let rows = match with {
            true => read(Checked::open(&segment, 4).unwrap()),
            false => read(segment.open().unwrap()),
        };
        assert_eq!(
            rows.unwrap().iter().map(|b| b.num_rows()).sum::<usize>(),
            rows_wanted
        );
        began.elapsed()
    };
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..rounds {
        for (with, times) in [false, true].into_iter().zip(&mut times) {
            times.push(timed(with));
        }
    }
    times.iter_mut().for_each(|t| t.sort());
    let [without, with] = times.map(|t| (t[0], t[t.len() / 2]));
    let share = |a: Duration, b: Duration| (b.as_secs_f64() / a.as_secs_f64() - 1.0) * 100.0;
    println!(
        "{} bytes: without {without:?}, with {with:?}: fastest {:+.1} %, median {:+.1} %",
        segment.record.bytes,
        share(without.0, with.0),
        share(without.1, with.1),
    );
}
