//! Writes the rows of several rowsets, one after the other, into one file. Blocks.

use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::backend::checked::Checked;
use crate::backend::error::Error;
use crate::backend::incoming::Incoming;
use crate::backend::rowset::Rowset;
use crate::backend::segment::Segment;
use crate::backend::shelf::Shelf;
use crate::backend::tablet::Tablet;
use crate::fault;

/// Rows of one row group: what is held in memory, and what readers skip by.
const ROW_GROUP_ROWS: usize = 128 << 10;
/// Rows that are read at once.
const BATCH_ROWS: usize = 8192;

/// The file of the rows of `run`, durable and without metadata; none when there are no rows.
///
/// # Errors
/// A file could not be read or written, or does not hold the rows that metadata says.
pub fn merge(
    shelf: &Arc<Shelf>,
    tablet: &Tablet,
    run: &[Arc<Rowset>],
) -> Result<Vec<Arc<Segment>>, Error> {
    let rows: u64 = run.iter().map(|r| r.rows()).sum();
    if rows == 0 {
        return Ok(Vec::new());
    }
    let bytes = run.iter().map(|r| r.bytes()).sum();
    let schema = &tablet.columns.schema;
    let out = Incoming::begin(shelf, tablet.id(), bytes)?;
    let dir = shelf.tablet_dir(tablet.id());
    let wrong = |e: ParquetError| match e {
        ParquetError::External(cause) if cause.is::<std::io::Error>() => {
            let cause = cause.downcast_ref().map(|e: &std::io::Error| e.kind());
            Error::io(
                "writing",
                &dir,
                &shelf.dir,
                &cause.unwrap_or(std::io::ErrorKind::Other).into(),
            )
        }
        other => Error::Io {
            doing: "writing",
            path: dir.clone(),
            cause: other.to_string(),
        },
    };
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    let mut writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(wrong)?;
    for segment in run.iter().flat_map(|r| &r.segments) {
        let unreadable = |e: &dyn std::fmt::Display| Error::Corrupt {
            file: segment.path(),
            what: e.to_string(),
        };
        // Damage that is written anew has right checksums, and nobody finds it any more.
        let file = Checked::open(segment, schema.fields().len())?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone())
            .and_then(|b| b.with_batch_size(BATCH_ROWS).build())
            .map_err(|e| file.explain(&e))?;
        let mut read = 0;
        for batch in reader {
            let batch = batch.map_err(|e| file.explain(&e))?;
            read += batch.num_rows() as u64;
            // Files may differ from the table in what they say of NULL; the columns are the same.
            let batch = RecordBatch::try_new(schema.clone(), batch.columns().to_vec())
                .map_err(|e| unreadable(&e))?;
            writer.write(&batch).map_err(wrong)?;
        }
        if read != segment.record.rows {
            return Err(unreadable(&format!(
                "it holds {read} rows, {} were written",
                segment.record.rows
            )));
        }
    }
    let out = writer.into_inner().map_err(wrong)?;
    fault::hit("backend::before_compaction_finish")
        .map_err(|e| Error::io("compacting", &dir, &shelf.dir, &e))?;
    Ok(vec![out.finish(rows, schema)?])
}
