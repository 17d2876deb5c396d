//! One Parquet file of a load: rows in, a sealed segment out. Does not decide when.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::SchemaDescPtr;

use crate::load::encode::chunk::Chunks;
use crate::load::encode::part::{self, Part};
use crate::load::error::Error;

/// Most rows of a row group: what a scan skips or reads as one.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// Bytes of a usual footer.
const FOOTER_BYTES: usize = 8 << 10;

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
    described: SchemaDescPtr,
    properties: Arc<WriterProperties>,
}

/// A file that takes more rows, in memory.
pub struct OpenFile {
    writer: SerializedFileWriter<Vec<u8>>,
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
    pub rows: Vec<Part>,
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
    ///
    /// # Errors
    /// There is no such Parquet schema.
    pub fn new(schema: SchemaRef) -> Result<Form, Error> {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("quorate ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(true)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        // The Parquet types say all there is to know; the Arrow schema would only make small files larger.
        let described = ArrowSchemaConverter::new().convert(&schema);
        Ok(Form {
            schema,
            described: Arc::new(described.map_err(unwritable)?),
            properties: Arc::new(properties),
        })
    }

    /// Checks that columns are those of the schema: nothing behind this looks at their types again.
    ///
    /// # Errors
    /// They are not; the fault is Quorate's.
    pub fn check(&self, columns: &[ArrayRef]) -> Result<(), Error> {
        let types = self.schema.fields().iter().map(|field| field.data_type());
        if columns.iter().map(|column| column.data_type()).eq(types) {
            return Ok(());
        }
        let found: Vec<_> = columns.iter().map(|column| column.data_type()).collect();
        let what = format!(
            "columns of the types {found:?} for a table of {}",
            self.schema
        );
        Err(Error::Internal(what))
    }

    /// Adds the rows, and seals the file if it holds more than `most` bytes then.
    ///
    /// # Errors
    /// The rows are not of this schema.
    pub fn work(&self, job: Job, most: usize, chunks: &mut Chunks) -> Result<Done, Error> {
        let mut file = job.file;
        for group in part::groups(job.rows, ROW_GROUP_ROWS) {
            let added = self.add(file.take(), &group, chunks);
            file = Some(added.map_err(unwritable)?);
        }
        let mut file = match file {
            Some(file) => file,
            None => self.start(0).map_err(unwritable)?,
        };
        file.held = file.writer.bytes_written();
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

    /// A file that will take so many bytes and a footer.
    fn start(&self, bytes: usize) -> Result<Box<OpenFile>, ParquetError> {
        let (root, properties) = (self.described.root_schema_ptr(), self.properties.clone());
        Ok(Box::new(OpenFile {
            writer: SerializedFileWriter::new(
                Vec::with_capacity(bytes + FOOTER_BYTES),
                root,
                properties,
            )?,
            rows: 0,
            held: 0,
        }))
    }

    /// Adds a row group to a file, or begins one with it.
    fn add(
        &self,
        file: Option<Box<OpenFile>>,
        parts: &[Part],
        chunks: &mut Chunks,
    ) -> Result<Box<OpenFile>, ParquetError> {
        let encoded = chunks.encode(self.described.columns(), parts)?;
        let mut file = match file {
            Some(file) => file,
            None => self.start(encoded.bytes.len())?,
        };
        let mut writers = Vec::new();
        if encoded.columns.iter().any(Option::is_none) {
            let library = ArrowRowGroupWriterFactory::new(&file.writer, self.schema.clone());
            writers = library.create_column_writers(file.writer.flushed_row_groups().len())?;
        }
        let mut writers = writers.into_iter();
        let mut group = file.writer.next_row_group()?;
        for (at, close) in encoded.columns.into_iter().enumerate() {
            match (close, writers.next()) {
                (Some(close), _) => group.append_column(&encoded.bytes, close)?,
                (None, Some(writer)) => self.append(&mut group, writer, at, parts)?,
                (None, None) => {
                    let none = format!("there is no writer for column {at}");
                    return Err(ParquetError::General(none));
                }
            }
        }
        group.close()?;
        file.rows += part::rows(parts) as u64;
        Ok(file)
    }

    /// Adds a column chunk that the Parquet library makes.
    fn append(
        &self,
        group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
        mut writer: ArrowColumnWriter,
        at: usize,
        parts: &[Part],
    ) -> Result<(), ParquetError> {
        let array = part::column(parts, at)?;
        for leaf in compute_leaves(self.schema.field(at), &array)? {
            writer.write(&leaf)?;
        }
        writer.close()?.append_to_row_group(group)
    }
}

fn unwritable(error: ParquetError) -> Error {
    Error::Internal(format!("rows could not be written as Parquet: {error}"))
}
