//! Bytes of an Arrow IPC stream to batches of a query's schema, with the ordinals taken off.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{SchemaRef, UInt64Type};
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;

/// Rows of a tablet, and the ordinal behind the last of them.
pub struct Rows {
    /// The asked columns.
    pub batch: RecordBatch,
    /// Where to go on.
    pub next: u64,
}

/// Reads one stream.
pub struct Decoder {
    decoder: StreamDecoder,
    waiting: VecDeque<Buffer>,
    schema: SchemaRef,
}

impl Decoder {
    /// A reader of a stream whose columns behind the ordinal become `schema`.
    pub fn new(schema: SchemaRef) -> Decoder {
        Decoder {
            decoder: StreamDecoder::new(),
            waiting: VecDeque::new(),
            schema,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.waiting.push_back(Buffer::from(bytes));
        }
    }

    /// The next batch that the bytes so far hold, without rows below ordinal `from`.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub fn next(&mut self, from: u64) -> Result<Option<Rows>, String> {
        while let Some(buffer) = self.waiting.front_mut() {
            let batch = self
                .decoder
                .decode(buffer)
                .map_err(|e| format!("its answer can't be read: {e}"))?;
            if buffer.is_empty() {
                self.waiting.pop_front();
            }
            if let Some(batch) = batch {
                return self.rows(&batch, from).map(Some);
            }
        }
        Ok(None)
    }

    /// Nothing follows.
    ///
    /// # Errors
    /// The stream ended in the middle.
    pub fn finish(&mut self) -> Result<(), String> {
        self.decoder
            .finish()
            .map_err(|e| format!("its answer ended early: {e}"))
    }

    fn rows(&self, batch: &RecordBatch, from: u64) -> Result<Rows, String> {
        let ordinals = batch
            .columns()
            .first()
            .and_then(|column| column.as_primitive_opt::<UInt64Type>())
            .ok_or("its answer has no ordinals")?;
        let values = ordinals.values();
        let skip = values.partition_point(|ordinal| *ordinal < from);
        let next = values.last().map_or(from, |last| last.saturating_add(1));
        let batch = batch.slice(skip, batch.num_rows() - skip);
        let fields = self.schema.fields();
        if batch.num_columns() != fields.len() + 1 {
            return Err(format!(
                "its answer has {} columns, {} were asked",
                batch.num_columns().saturating_sub(1),
                fields.len()
            ));
        }
        let columns = batch.columns().iter().skip(1).zip(fields);
        let columns = columns
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    return Ok(column.clone());
                }
                cast(column, field.data_type()).map_err(|e| e.to_string())
            })
            .collect::<Result<Vec<Arc<dyn Array>>, String>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| format!("its answer does not fit the table: {e}"))?;
        Ok(Rows { batch, next })
    }
}
