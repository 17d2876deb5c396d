//! Parquet files: columns are found by name. The file is on disk, because its index stands at its end.

use std::fs::File;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use crate::load::block::{Assembler, BYTES_MAX, Block, ROWS_MAX};
use crate::load::error::Error;
use crate::load::source::Source;

/// Reads a Parquet file.
pub struct Parquet {
    batches: ParquetRecordBatchReader,
    /// For each field, its column in the batches.
    positions: Vec<usize>,
    row: u64,
    assembler: Assembler,
}

impl Parquet {
    /// A reader of a whole file.
    ///
    /// # Errors
    /// It is not Parquet, or lacks a column that the mapping names.
    pub fn new(file: File, assembler: Assembler) -> Result<Parquet, Error> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
        let schema = builder.schema().clone();
        let mut roots = Vec::with_capacity(assembler.fields().len());
        for name in assembler.fields() {
            let same = |field: &arrow::datatypes::FieldRef| field.name().eq_ignore_ascii_case(name);
            match schema.fields().iter().position(same) {
                Some(at) => roots.push(at),
                None => {
                    return Err(Error::Input(format!(
                        "the Parquet file has no column '{name}'; name the columns to load in the header 'columns'"
                    )));
                }
            }
        }
        // A projection keeps the file's order.
        let mut kept = roots.clone();
        kept.sort_unstable();
        let position = |root: &usize| kept.binary_search(root).unwrap_or_default();
        let positions = roots.iter().map(position).collect();
        let rows = rows_a_batch(builder.metadata());
        let mask = ProjectionMask::roots(builder.parquet_schema(), kept.iter().copied());
        let builder = builder.with_projection(mask).with_batch_size(rows);
        Ok(Parquet {
            batches: builder.build().map_err(unreadable)?,
            positions,
            row: 1,
            assembler,
        })
    }
}

impl Source for Parquet {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        let Some(batch) = self.batches.next() else {
            return Ok(Vec::new());
        };
        let batch =
            batch.map_err(|e| Error::Input(format!("row {}: not readable: {e}", self.row)))?;
        let first = self.row;
        self.row += batch.num_rows() as u64;
        let arrays: Vec<_> = self
            .positions
            .iter()
            .filter_map(|at| batch.columns().get(*at).cloned())
            .collect();
        let lines = (first..self.row).collect();
        Ok(vec![self.assembler.from_arrays(&arrays, lines)?])
    }
}

/// Rows that make about a block of bytes.
fn rows_a_batch(file: &ParquetMetaData) -> usize {
    let groups = file.row_groups().iter();
    let (rows, bytes) = groups.fold((0_i64, 0_i64), |(rows, bytes), group| {
        (
            rows.saturating_add(group.num_rows()),
            bytes.saturating_add(group.total_byte_size()),
        )
    });
    let row = bytes.checked_div(rows).unwrap_or(1).max(1);
    let fit = BYTES_MAX as i64 / row;
    usize::try_from(fit).unwrap_or(1).clamp(1, ROWS_MAX)
}

fn unreadable(error: ParquetError) -> Error {
    Error::Input(format!("not a Parquet file that can be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::load::source::testing::{assembler, ints, texts};

    fn file(columns: Vec<(&str, ArrayRef)>) -> File {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&writer.into_inner().unwrap()).unwrap();
        file.rewind().unwrap();
        file
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
}
