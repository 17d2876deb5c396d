//! Rows to Parquet segments, within a budget of memory.
//!
//! The first tablets of a load have an open file each in memory, encoded as rows come. An open file costs much before it
//! holds anything (a hash table a column), so where there are many tablets the rows of the others wait as they are
//! and are encoded when they must go. A segment is sealed when it is large enough to be worth sending while the rest
//! is still read, or when memory is short. Rows keep their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::load::error::Error;
use crate::load::route::Routed;

/// Bytes of one segment after which it is sealed.
const SEGMENT_BYTES: usize = 32 << 20;

/// Bytes that the rows and open files of one load may take together.
const BUDGET_BYTES: usize = 256 << 20;

/// Bytes that an open file takes for each column before it holds a row.
const COLUMN_BYTES: usize = 64 << 10;

/// Rows of a row group: what a scan skips or reads as one.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// A sealed segment.
#[derive(Debug, Clone)]
pub struct Segment {
    /// The tablet's place in the plan.
    pub slot: usize,
    /// Order of the segment in its rowset, from 0.
    pub ordinal: u32,
    /// Rows.
    pub rows: u64,
    /// The Parquet file.
    pub bytes: Bytes,
    /// CRC-32 of `bytes`.
    pub crc: u32,
}

/// The open segments of a load.
pub struct Encoder {
    schema: SchemaRef,
    properties: Arc<WriterProperties>,
    files: BTreeMap<usize, OpenFile>,
    waiting: BTreeMap<usize, Vec<RecordBatch>>,
    ordinals: BTreeMap<usize, u32>,
    /// Bytes of the open files.
    files_held: usize,
    /// Bytes of the blocks that waiting rows are part of.
    waiting_held: usize,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    segment: usize,
    budget: usize,
    column: usize,
}

struct OpenFile {
    writer: ArrowWriter<Vec<u8>>,
    rows: u64,
    held: usize,
}

impl Encoder {
    /// An encoder of rows with this schema.
    pub fn new(schema: SchemaRef) -> Encoder {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("quorate ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(true)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        Encoder {
            schema,
            properties: Arc::new(properties),
            files: BTreeMap::new(),
            waiting: BTreeMap::new(),
            ordinals: BTreeMap::new(),
            files_held: 0,
            waiting_held: 0,
            limits: Limits {
                segment: SEGMENT_BYTES,
                budget: BUDGET_BYTES,
                column: COLUMN_BYTES,
            },
        }
    }

    /// Adds rows, and hands each segment that is full to `sealed`.
    pub fn write<E: From<Error>>(
        &mut self,
        routed: Routed,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let all = RecordBatch::try_new(self.schema.clone(), routed.columns).map_err(Error::from)?;
        let mut waits = false;
        for (slot, rows) in routed.slots {
            let batch = all.slice(rows.start, rows.len());
            if !self.has_file(slot)? {
                self.waiting.entry(slot).or_default().push(batch);
                waits = true;
            } else if self.add(slot, &batch)? > self.limits.segment {
                sealed(self.seal(slot)?)?;
            }
        }
        if waits {
            self.waiting_held += all.get_array_memory_size();
        }
        self.relieve(sealed)
    }

    /// Seals what is open, in the order of the plan.
    pub fn finish<E: From<Error>>(
        mut self,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        let files = self.files.keys().chain(self.waiting.keys());
        let slots: BTreeSet<usize> = files.copied().collect();
        for slot in slots {
            sealed(self.seal(slot)?)?;
        }
        Ok(())
    }

    /// Seals until memory is within the budget.
    fn relieve<E: From<Error>>(
        &mut self,
        mut sealed: impl FnMut(Segment) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.files_held + self.waiting_held > self.limits.budget {
            if self.waiting_held > self.limits.budget / 2 {
                // Blocks are shared between tablets: memory is free only when all of them have gone.
                let slots: Vec<usize> = self.waiting.keys().copied().collect();
                for slot in slots {
                    sealed(self.seal(slot)?)?;
                }
                self.waiting_held = 0;
                continue;
            }
            let biggest = self.files.iter().max_by_key(|(_, file)| file.held);
            let Some(slot) = biggest.map(|(slot, _)| *slot) else {
                break;
            };
            sealed(self.seal(slot)?)?;
        }
        Ok(())
    }

    /// Whether the slot has an open file; opens one if it is not waiting yet and half the budget allows another.
    fn has_file(&mut self, slot: usize) -> Result<bool, Error> {
        if self.files.contains_key(&slot) {
            return Ok(true);
        }
        let cost = self.schema.fields().len() * self.limits.column;
        if self.waiting.contains_key(&slot)
            || (self.files.len() + 1) * cost > self.limits.budget / 2
        {
            return Ok(false);
        }
        let file = self.start()?;
        self.files.insert(slot, file);
        Ok(true)
    }

    /// Adds rows to an open file; the answer is how many bytes it takes now.
    fn add(&mut self, slot: usize, batch: &RecordBatch) -> Result<usize, Error> {
        let Some(file) = self.files.get_mut(&slot) else {
            return Err(Error::Internal("an open segment vanished".into()));
        };
        file.writer.write(batch).map_err(unwritable)?;
        file.rows += batch.num_rows() as u64;
        let held = file.writer.memory_size() + file.writer.bytes_written();
        self.files_held = self.files_held.saturating_sub(file.held) + held;
        file.held = held;
        Ok(held)
    }

    fn start(&self) -> Result<OpenFile, Error> {
        // The Parquet types say all there is to know; the Arrow schema would only make small files larger.
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.as_ref().clone())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), self.schema.clone(), options);
        Ok(OpenFile {
            writer: writer.map_err(unwritable)?,
            rows: 0,
            held: 0,
        })
    }

    fn seal(&mut self, slot: usize) -> Result<Segment, Error> {
        let mut file = match self.files.remove(&slot) {
            Some(file) => file,
            None => self.start()?,
        };
        self.files_held = self.files_held.saturating_sub(file.held);
        for batch in self.waiting.remove(&slot).unwrap_or_default() {
            file.writer.write(&batch).map_err(unwritable)?;
            file.rows += batch.num_rows() as u64;
        }
        let bytes = Bytes::from(file.writer.into_inner().map_err(unwritable)?);
        let ordinal = self.ordinals.entry(slot).or_default();
        let segment = Segment {
            slot,
            ordinal: *ordinal,
            rows: file.rows,
            crc: crc32fast::hash(&bytes),
            bytes,
        };
        *ordinal += 1;
        Ok(segment)
    }
}

fn unwritable(error: ParquetError) -> Error {
    Error::Internal(format!("rows could not be written as Parquet: {error}"))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Decimal256Array, Int64Array, StringArray};
    use arrow::datatypes::{Int64Type, i256};
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
        Routed { columns, slots }
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
        let mut encoder = Encoder::new(schema());
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
        let found: Vec<_> = sealed
            .iter()
            .map(|s| (s.slot, s.ordinal, s.rows, read(s)))
            .collect();
        assert_eq!(found, [(0, 0, 1, vec![1]), (4, 0, 4, vec![2, 3, 4, 5])]);
    }

    /// Writes 20,000 rows to two tablets; the answer is their segments.
    fn squeezed(limits: Limits) -> Vec<Segment> {
        let mut encoder = Encoder::new(schema());
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
            assert!(encoder.files_held + encoder.waiting_held <= limits.budget);
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
    fn memory_stays_within_the_budget_and_no_row_is_lost() {
        let free = Limits {
            segment: 200_000,
            budget: 1_000_000,
            column: 0,
        };
        assert!(squeezed(free).len() > 4);
        // Dear files: one is open, or none, and the other rows wait.
        for column in [150_000, usize::MAX / 100] {
            let sealed = squeezed(Limits { column, ..free });
            assert!(sealed.len() > 2);
        }
        let small = Limits {
            segment: usize::MAX,
            budget: 400_000,
            column: 0,
        };
        assert!(squeezed(small).len() > 4);
    }
}
