//! Reads the rows of a tablet in their order, file by file and row group by row group. Blocks.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::backend::api::ScanRequest;
use crate::backend::checked::Checked;
use crate::backend::error::Error;
use crate::backend::scan::{Part, prune};
use crate::backend::tablet::{Columns, Tablet};

/// Name of the first column: the ordinal of each row.
pub const ORDINAL: &str = "__ordinal";

/// Rows of one batch.
const BATCH_ROWS: usize = 8192;

/// A place in the rows of a tablet.
pub struct Cursor {
    /// What every batch looks like.
    pub schema: SchemaRef,
    request: ScanRequest,
    columns: Arc<Columns>,
    parts: VecDeque<Part>,
    open: Option<Open>,
    /// Rows that may still be given.
    left: u64,
}

/// The file that is being read.
struct Open {
    file: Checked,
    metadata: ArrowReaderMetadata,
    /// Row groups to read: number, ordinal of the first row wanted, rows to skip, rows to give.
    groups: VecDeque<Group>,
    reader: Option<(ParquetRecordBatchReader, u64)>,
}

struct Group {
    number: usize,
    ordinal: u64,
    skip: usize,
    rows: usize,
}

impl Cursor {
    /// The rows that a request asks for.
    ///
    /// # Errors
    /// The tablet can't be read at that version, or has no such columns.
    pub fn new(tablet: &Tablet, request: ScanRequest) -> Result<Cursor, Error> {
        let columns = tablet.columns.clone();
        let mut fields = vec![Arc::new(Field::new(ORDINAL, DataType::UInt64, false))];
        for at in &request.columns {
            let field = columns.schema.fields().get(*at).ok_or_else(|| {
                Error::Request(format!(
                    "tablet {} has {} columns, there is no column {at}",
                    request.tablet,
                    columns.columns.len()
                ))
            })?;
            fields.push(field.clone());
        }
        let mut parts = VecDeque::new();
        let mut before = 0;
        for (rowset, rows) in tablet.at(request.version)? {
            let end = before + rows;
            let mut first = before;
            for segment in &rowset.segments {
                let after = (first + segment.record.rows).min(end);
                if after > first && after > request.from_ordinal {
                    parts.push_back(Part {
                        segment: segment.clone(),
                        first,
                        end: after,
                    });
                }
                first = after;
            }
            before = end;
        }
        Ok(Cursor {
            schema: Arc::new(Schema::new(fields)),
            left: request.limit.unwrap_or(u64::MAX),
            request,
            columns,
            parts,
            open: None,
        })
    }

    /// The next rows; none after the last.
    ///
    /// # Errors
    /// A file could not be read.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        while self.left > 0 {
            if let Some(open) = &mut self.open {
                if let Some((batch, ordinal)) = open.next(&self.request, self.left)? {
                    let file = open.file.clone();
                    return self.shape(&file, &batch, ordinal).map(Some);
                }
                self.open = None;
            }
            let Some(part) = self.parts.pop_front() else {
                return Ok(None);
            };
            self.open = Some(Open::new(part, &self.request, &self.columns)?);
        }
        Ok(None)
    }

    /// Puts the ordinals before the columns, in the order in which they were asked for.
    fn shape(
        &mut self,
        file: &Checked,
        batch: &RecordBatch,
        ordinal: u64,
    ) -> Result<RecordBatch, Error> {
        let rows = batch.num_rows() as u64;
        self.left = self.left.saturating_sub(rows);
        let ordinals = UInt64Array::from_iter_values(ordinal..ordinal + rows);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(ordinals)];
        let read = sorted(&self.request.columns);
        for wanted in &self.request.columns {
            let at = read.binary_search(wanted).ok();
            let array = at.and_then(|at| batch.columns().get(at));
            arrays.extend(array.cloned());
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|e| file.explain(&e))
    }
}

impl Open {
    fn new(part: Part, request: &ScanRequest, columns: &Columns) -> Result<Open, Error> {
        let segment = part.segment;
        let file = Checked::open(&segment, request.columns.len())?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|e| file.explain(&e))?;
        let mut groups = VecDeque::new();
        let mut next = part.first;
        for (number, group) in metadata.metadata().row_groups().iter().enumerate() {
            let first = next;
            next += u64::try_from(group.num_rows()).unwrap_or(0);
            let from = first.max(request.from_ordinal);
            let end = next.min(part.end);
            if from < end && prune::may_match(&metadata, number, &request.filters, columns) {
                groups.push_back(Group {
                    number,
                    ordinal: from,
                    skip: usize::try_from(from - first).unwrap_or(usize::MAX),
                    rows: usize::try_from(end - from).unwrap_or(usize::MAX),
                });
            }
        }
        if next < part.end {
            return Err(Error::Corrupt {
                file: segment.path(),
                what: format!("it holds {} rows too few", part.end - next),
            });
        }
        Ok(Open {
            file,
            metadata,
            groups,
            reader: None,
        })
    }

    /// The next rows of the file, with the ordinal of the first.
    fn next(
        &mut self,
        request: &ScanRequest,
        left: u64,
    ) -> Result<Option<(RecordBatch, u64)>, Error> {
        loop {
            if let Some((reader, ordinal)) = &mut self.reader {
                match reader.next() {
                    Some(Ok(batch)) => {
                        let first = *ordinal;
                        *ordinal += batch.num_rows() as u64;
                        let most = usize::try_from(left).unwrap_or(usize::MAX);
                        let batch = batch.slice(0, batch.num_rows().min(most));
                        return Ok(Some((batch, first)));
                    }
                    Some(Err(e)) => return Err(self.file.explain(&e)),
                    None => self.reader = None,
                }
            }
            let Some(group) = self.groups.pop_front() else {
                return Ok(None);
            };
            self.reader = Some((self.read(&group, request)?, group.ordinal));
        }
    }

    fn read(
        &self,
        group: &Group,
        request: &ScanRequest,
    ) -> Result<ParquetRecordBatchReader, Error> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), sorted(&request.columns));
        ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
            .with_row_groups(vec![group.number])
            .with_projection(mask)
            .with_offset(group.skip)
            .with_limit(group.rows)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|e| self.file.explain(&e))
    }
}

fn sorted(columns: &[usize]) -> Vec<usize> {
    let mut sorted = columns.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}
