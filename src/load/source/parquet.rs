//! Parquet files: columns are found by name. The file is on disk, because its index stands at its end.
//!
//! Nothing that a file says of itself is believed: [`footer`] and [`pages`] look through it before the library does, and a panic of
//! the library is an error of the file.

use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::SchemaDescriptor;

use crate::load::block::{Assembler, BYTES_MAX, Block, ROWS_MAX};
use crate::load::error::Error;
use crate::load::footer;
use crate::load::source::Source;

mod delta;
mod pages;

/// Most bytes of the rows that are read at once, whatever stands in them; mostly they are [`BYTES_MAX`].
const BATCH_BYTES_MAX: u64 = 64 << 20;

/// Reads a Parquet file.
pub struct Parquet {
    batches: ParquetRecordBatchReader,
    /// For each field, its column in the batches.
    positions: Vec<usize>,
    /// For each column of the batches, whether it is of the old kind of timestamps, which are instants and do not say so.
    instants: Vec<bool>,
    row: u64,
    assembler: Assembler,
}

impl Parquet {
    /// A reader of a whole file.
    ///
    /// # Errors
    /// It is not Parquet, can't be believed, or lacks a column that the mapping names.
    pub fn new(file: File, assembler: Assembler) -> Result<Parquet, Error> {
        footer::check(&file)
            .map_err(|e| Error::Input(format!("not a Parquet file that can be read: {e}")))?;
        caught(|| Parquet::open(file, assembler))
    }

    fn open(file: File, assembler: Assembler) -> Result<Parquet, Error> {
        let file = Arc::new(file);
        let again = file.try_clone().map_err(|e| unreadable(e.into()))?;
        // What the writer's own types were does not matter: texts may come from a dictionary.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(again, options)
            .map_err(unreadable)?;
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
        let leaves = leaves(builder.parquet_schema(), &kept)?;
        let physical = |leaf: &usize| builder.parquet_schema().column(*leaf).physical_type();
        let instants = leaves
            .iter()
            .map(|leaf| physical(leaf) == PhysicalType::INT96);
        let instants = instants.collect();
        let widest = pages::widest_row(&file, builder.metadata(), &leaves)?;
        let rows = rows_a_batch(builder.metadata(), widest);
        let mask = ProjectionMask::roots(builder.parquet_schema(), kept.iter().copied());
        let builder = builder.with_projection(mask).with_batch_size(rows);
        Ok(Parquet {
            batches: builder.build().map_err(unreadable)?,
            positions,
            instants,
            row: 1,
            assembler,
        })
    }
}

impl Source for Parquet {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        let first = self.row;
        let not_readable = |e: &dyn std::fmt::Display| format!("row {first}: not readable: {e}");
        let read = caught(|| {
            let read = self.batches.next().transpose();
            read.map_err(|e| Error::Input(not_readable(&e)))
        })?;
        let Some(batch) = read else {
            return Ok(Vec::new());
        };
        self.row += batch.num_rows() as u64;
        let arrays: Vec<_> = self
            .positions
            .iter()
            .filter_map(|at| {
                let array = batch.columns().get(*at)?;
                Some(match self.instants.get(*at) {
                    Some(true) => in_utc(array),
                    _ => array.clone(),
                })
            })
            .collect();
        let lines = (first..self.row).collect();
        Ok(vec![self.assembler.from_arrays(&arrays, lines)?])
    }
}

/// The same values, known to be instants.
fn in_utc(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, None) => {
            let times = array.as_primitive::<TimestampNanosecondType>().clone();
            Arc::new(times.with_timezone("UTC"))
        }
        _ => array.clone(),
    }
}

/// Runs the library on a file; what it takes for impossible is wrong in the file.
fn caught<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let why = "the Parquet file can't be read: it contradicts itself";
        Err(Error::Input(why.to_owned()))
    })
}

/// The places of these columns among those that hold values.
fn leaves(schema: &SchemaDescriptor, roots: &[usize]) -> Result<Vec<usize>, Error> {
    let mut leaves = Vec::with_capacity(roots.len());
    for (leaf, column) in schema.columns().iter().enumerate() {
        let root = schema.get_column_root_idx(leaf);
        if roots.binary_search(&root).is_err() {
            continue;
        }
        if column.path().parts().len() > 1 || column.max_rep_level() > 0 {
            let name = column.path().parts().first().map_or("", String::as_str);
            return Err(Error::Input(format!(
                "column '{name}' of the Parquet file is nested; only plain columns can be loaded"
            )));
        }
        leaves.push(leaf);
    }
    Ok(leaves)
}

/// Rows that make about a block of bytes as the file says, and no more than they may be if it is wrong.
fn rows_a_batch(file: &ParquetMetaData, widest: u64) -> usize {
    let groups = file.row_groups().iter();
    let (rows, bytes) = groups.fold((0_i64, 0_i64), |(rows, bytes), group| {
        (
            rows.saturating_add(group.num_rows()),
            bytes.saturating_add(group.total_byte_size()),
        )
    });
    let row = bytes.checked_div(rows).unwrap_or(1).max(1);
    let fit = usize::try_from(BYTES_MAX as i64 / row).unwrap_or(1);
    let safe = usize::try_from(BATCH_BYTES_MAX / widest.max(1)).unwrap_or(ROWS_MAX);
    fit.min(safe).clamp(1, ROWS_MAX)
}

fn unreadable(error: ParquetError) -> Error {
    Error::Input(format!("not a Parquet file that can be read: {error}"))
}

#[cfg(test)]
mod tests;
