//! One Parquet file of a load: rows in, a sealed segment out. Does not decide when.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::load::error::Error;

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

/// What all files of a load have in common.
#[derive(Clone)]
pub struct Form {
    schema: SchemaRef,
    properties: Arc<WriterProperties>,
}

/// A file that takes more rows, in memory.
pub struct OpenFile {
    writer: ArrowWriter<Vec<u8>>,
    rows: u64,
    /// Bytes that it takes.
    pub held: usize,
}

/// Rows to be added to a file; none means a new one.
pub struct Job {
    /// The tablet's place in the plan.
    pub slot: usize,
    /// The open file.
    pub file: Option<Box<OpenFile>>,
    /// The rows, in their order.
    pub rows: Vec<RecordBatch>,
    /// The file is sealed whatever its size.
    pub seal: bool,
}

/// What became of a job.
pub enum Done {
    /// The file of that slot takes more rows.
    Open(usize, Box<OpenFile>),
    /// The file is a segment; its ordinal is not given yet.
    Sealed(Segment),
}

impl Form {
    /// For rows with this schema.
    pub fn new(schema: SchemaRef) -> Form {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("quorate ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(true)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        Form {
            schema,
            properties: Arc::new(properties),
        }
    }

    /// The schema of the rows.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds the rows, and seals the file if it holds more than `most` bytes then.
    ///
    /// # Errors
    /// The rows are not of this schema.
    pub fn work(&self, job: Job, most: usize) -> Result<Done, Error> {
        let mut file = match job.file {
            Some(file) => file,
            None => self.start()?,
        };
        if !job.rows.is_empty() {
            // The writer's cost is by call more than by row.
            let rows = concat_batches(&self.schema, &job.rows)?;
            drop(job.rows);
            file.writer.write(&rows).map_err(unwritable)?;
            file.rows += rows.num_rows() as u64;
        }
        file.held = file.writer.memory_size() + file.writer.bytes_written();
        if !job.seal && file.held <= most {
            return Ok(Done::Open(job.slot, file));
        }
        let bytes = Bytes::from(file.writer.into_inner().map_err(unwritable)?);
        Ok(Done::Sealed(Segment {
            slot: job.slot,
            ordinal: 0,
            rows: file.rows,
            crc: crc32fast::hash(&bytes),
            bytes,
        }))
    }

    fn start(&self) -> Result<Box<OpenFile>, Error> {
        // The Parquet types say all there is to know; the Arrow schema would only make small files larger.
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.as_ref().clone())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), self.schema.clone(), options);
        Ok(Box::new(OpenFile {
            writer: writer.map_err(unwritable)?,
            rows: 0,
            held: 0,
        }))
    }
}

fn unwritable(error: ParquetError) -> Error {
    Error::Internal(format!("rows could not be written as Parquet: {error}"))
}
