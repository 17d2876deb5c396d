//! Good files, and files that were made or damaged so that they do harm.

use std::io::{Seek, Write};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, GzipLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::load::source::testing::{assembler, ints, texts};

fn bytes(columns: Vec<(&str, ArrayRef)>, properties: Option<WriterProperties>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn on_disk(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn file(columns: Vec<(&str, ArrayRef)>) -> File {
    on_disk(&bytes(columns, None))
}

/// Rows of a file, or why it can't be read.
fn rows(bytes: &[u8]) -> Result<u64, Error> {
    let mut parquet = Parquet::new(on_disk(bytes), assembler(None))?;
    let mut rows = 0;
    loop {
        let blocks = parquet.next()?;
        if blocks.is_empty() {
            return Ok(rows);
        }
        rows += blocks.iter().map(Block::total).sum::<u64>();
    }
}

#[test]
fn columns_are_found_by_name_in_any_order_and_cast() {
    let name: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 1 << 40]));
    let file = file(vec![("skipped", name.clone()), ("Name", name), ("ID", id)]);
    let mut parquet = Parquet::new(file, assembler(None)).unwrap();
    let block = parquet.next().unwrap().remove(0);
    assert_eq!(ints(&block), [Some(1), None]);
    assert_eq!(texts(&block)[1].as_deref(), Some("b"));
    assert_eq!(block.fits, [true, false]);
    assert_eq!(block.misfits.samples[0].line, 2);
    assert!(parquet.next().unwrap().is_empty());
}

#[test]
fn what_is_not_parquet_or_lacks_a_column_is_refused() {
    let mut junk = tempfile::tempfile().unwrap();
    junk.write_all(b"PAR1 no").unwrap();
    assert!(matches!(
        Parquet::new(junk, assembler(None)),
        Err(Error::Input(_))
    ));
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let lacking = Parquet::new(file(vec![("id", id)]), assembler(None));
    assert!(matches!(lacking, Err(Error::Input(why)) if why.contains("name")));
}

/// `id` and `name` of some rows, in several shapes.
fn samples() -> Vec<Vec<u8>> {
    let ids = Int64Array::from_iter_values(0..3000);
    let names = (0..3000).map(|n| (n % 7 != 0).then(|| format!("name {}", n % 50)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(ids)),
        ("name", Arc::new(StringArray::from_iter(names))),
    ];
    let of = |change: fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder| {
        let builder = WriterProperties::builder().set_data_page_row_count_limit(500);
        bytes(columns.clone(), Some(change(builder).build()))
    };
    vec![
        of(|b| b),
        of(|b| b.set_compression(Compression::SNAPPY)),
        of(|b| b.set_compression(Compression::GZIP(GzipLevel::default()))),
        of(|b| b.set_writer_version(WriterVersion::PARQUET_2_0)),
        of(|b| {
            b.set_dictionary_enabled(false)
                .set_column_encoding("name".into(), Encoding::DELTA_BYTE_ARRAY)
        }),
        of(|b| {
            b.set_dictionary_enabled(false)
                .set_writer_version(WriterVersion::PARQUET_2_0)
                .set_compression(Compression::ZSTD(Default::default()))
                .set_column_encoding("id".into(), Encoding::DELTA_BINARY_PACKED)
                .set_column_encoding("name".into(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
        }),
    ]
}

#[test]
fn every_encoding_is_read_as_it_was_written() {
    for (at, sample) in samples().iter().enumerate() {
        assert_eq!(rows(sample), Ok(3000), "sample {at}");
        let mut parquet = Parquet::new(on_disk(sample), assembler(None)).unwrap();
        let block = parquet.next().unwrap().remove(0);
        assert_eq!(texts(&block)[8].as_deref(), Some("name 8"), "sample {at}");
        assert_eq!(ints(&block)[8], Some(8), "sample {at}");
    }
}

#[test]
fn a_damaged_file_is_read_or_refused_and_never_ends_the_process() {
    let mut random = StdRng::seed_from_u64(8);
    // What the library panics over is caught, and would fill the screen.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut refused = 0;
    for sample in samples() {
        let footer = sample.len() - 8 - {
            let tail = sample[sample.len() - 8..].first_chunk::<4>().unwrap();
            u32::from_le_bytes(*tail) as usize
        };
        for round in 0..500 {
            let mut bytes = sample.clone();
            for _ in 0..random.random_range(1..=4) {
                // Footers and headers of pages are where sizes stand.
                let at = match round % 3 {
                    0 => random.random_range(footer..bytes.len() - 8),
                    1 => random.random_range(4..60),
                    _ => random.random_range(4..bytes.len() - 4),
                };
                bytes[at] = match random.random_range(0..3) {
                    0 => 0xff,
                    1 => bytes[at] ^ (1 << random.random_range(0..8)),
                    _ => random.random(),
                };
            }
            refused += usize::from(rows(&bytes).is_err());
        }
    }
    panic::set_hook(hook);
    assert!(refused > 300, "only {refused} of 3000 were refused");
}

#[test]
fn one_long_value_in_every_row_is_read_in_small_batches() {
    let long = "x".repeat(100_000);
    let name: ArrayRef = Arc::new(StringArray::from_iter_values((0..3000).map(|_| &long)));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..3000));
    let bomb = bytes(vec![("id", ids), ("name", name)], None);
    assert!(bomb.len() < 300_000, "{} bytes", bomb.len());
    let mut parquet = Parquet::new(on_disk(&bomb), assembler(None)).unwrap();
    let mut seen = 0;
    while let Some(block) = parquet.next().unwrap().pop() {
        assert!(block.total() * 100_000 <= BATCH_BYTES_MAX);
        seen += block.total();
    }
    assert_eq!(seen, 3000);
}

#[test]
fn a_page_that_unpacks_to_more_than_it_says_is_refused_before_it_is_unpacked() {
    let long = "x".repeat(3_000_000);
    let name: ArrayRef = Arc::new(StringArray::from_iter_values([&long]));
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .build();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let mut bytes = bytes(vec![("name", name), ("id", ids)], Some(properties));
    // The first page's header: its kind, then the size that it says it unpacks to, a varint of four bytes.
    assert_eq!(bytes[4..7], [0x15, 0x00, 0x15]);
    let says = &mut bytes[7..11];
    assert!(says[2] & 0x80 != 0 && says[3] & 0x80 == 0, "{says:?}");
    assert!(says[3] > 1);
    says[3] = 1;
    let error = rows(&bytes).unwrap_err().to_string();
    assert!(error.contains("more than it says"), "{error}");
}

#[test]
fn a_nested_column_is_refused_by_its_name() {
    let list =
        arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int32Type, _, _>([Some(
            vec![Some(1)],
        )]);
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let nested = bytes(vec![("id", ids), ("name", Arc::new(list))], None);
    let error = rows(&nested).unwrap_err().to_string();
    assert!(
        error.contains("column 'name'") && error.contains("nested"),
        "{error}"
    );
}
