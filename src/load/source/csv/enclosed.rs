//! CSV with enclosed fields, or rows that end otherwise than lines: read row by row, because only the reading from the start
//! tells what a byte means. Columns are read on several threads.

use bytes::{Buf, Bytes};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use crate::load::block::{Assembler, BYTES_MAX, Block, ROWS_MAX};
use crate::load::error::Error;
use crate::load::feed::Feed;
use crate::load::misfit::{Misfits, Reason};
use crate::load::source::csv::{Format, Null};
use crate::load::source::{RECORD_BYTES_MAX, Source, too_long};
use crate::load::text::Fields;

/// Reads rows of text.
pub struct Enclosed {
    feed: Feed<Bytes>,
    chunk: Bytes,
    ended: bool,
    reader: Reader,
    format: Format,
    assembler: Assembler,
    rows: Records,
    skip: u64,
    /// Line on which the next row begins.
    line: u64,
}

impl Enclosed {
    /// A reader of `feed`.
    pub fn new(feed: Feed<Bytes>, format: Format, assembler: Assembler) -> Enclosed {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(format.separator);
        builder.terminator(match format.delimiter {
            Some(byte) => Terminator::Any(byte),
            None => Terminator::CRLF,
        });
        match format.enclose {
            Some(byte) => builder.quote(byte),
            None => builder.quoting(false),
        };
        Enclosed {
            feed,
            chunk: Bytes::new(),
            ended: false,
            reader: builder.build(),
            skip: format.skip_header,
            rows: Records::new(assembler.fields().len(), format.null()),
            format,
            assembler,
            line: 1,
        }
    }

    /// Makes sure that there is input, or that it has ended.
    fn fill(&mut self) -> Result<(), Error> {
        while self.chunk.is_empty() && !self.ended {
            match self.feed.take()? {
                Some(chunk) => self.chunk = chunk,
                None => self.ended = true,
            }
        }
        Ok(())
    }

    /// Reads one row to the end of `rows`; `false` at the end of the input.
    fn record(&mut self) -> Result<bool, Error> {
        loop {
            self.fill()?;
            let (output, ends) = self.rows.room();
            let (result, taken, written, fields) =
                self.reader.read_record(&self.chunk, output, ends);
            let last = taken
                .checked_sub(1)
                .and_then(|at| self.chunk.get(at).copied());
            self.chunk.advance(taken);
            self.rows.wrote(written, fields);
            if self.rows.open_bytes() > RECORD_BYTES_MAX {
                return Err(too_long(self.line));
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.rows.grow_output(),
                ReadRecordResult::OutputEndsFull => self.rows.grow_ends(),
                ReadRecordResult::Record => {
                    self.rows.close(self.line);
                    // The line feed of a CR LF is read with the next row.
                    self.line = self.reader.line() + u64::from(last == Some(b'\r'));
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }
}

impl Source for Enclosed {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        self.rows.clear();
        while self.rows.kept() < ROWS_MAX && self.rows.bytes() < BYTES_MAX {
            if !self.record()? {
                break;
            }
            if self.skip > 0 {
                self.skip -= 1;
                self.rows.forget_last();
            } else {
                self.rows.check_last(self.format.separator);
            }
        }
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let lines = std::mem::take(&mut self.rows.lines);
        let misfits = std::mem::take(&mut self.rows.misfits);
        let outside = misfits.count;
        let block = self
            .assembler
            .from_text(&self.rows, lines, misfits, outside)?;
        Ok(vec![block])
    }
}

/// Rows as their bytes, one after the other, and where each field ends.
struct Records {
    width: usize,
    null: Null,
    data: Vec<u8>,
    data_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    /// Where the last row's bytes and ends begin.
    row_data: usize,
    row_ends: usize,
    rows: usize,
    lines: Vec<u64>,
    misfits: Misfits,
}

impl Records {
    fn new(width: usize, null: Null) -> Records {
        Records {
            width,
            null,
            data: vec![0; BYTES_MAX],
            data_len: 0,
            ends: vec![0; (width + 1) * 1024],
            ends_len: 0,
            row_data: 0,
            row_ends: 0,
            rows: 0,
            lines: Vec::new(),
            misfits: Misfits::default(),
        }
    }

    fn clear(&mut self) {
        (self.data_len, self.ends_len, self.row_data, self.row_ends) = (0, 0, 0, 0);
        self.rows = 0;
        self.lines = Vec::with_capacity(ROWS_MAX);
        self.misfits = Misfits::default();
    }

    fn is_empty(&self) -> bool {
        self.rows == 0 && self.misfits.count == 0
    }

    fn kept(&self) -> usize {
        self.rows
    }

    fn bytes(&self) -> usize {
        self.data_len
    }

    fn room(&mut self) -> (&mut [u8], &mut [usize]) {
        let data = self.data.get_mut(self.data_len..).unwrap_or_default();
        let ends = self.ends.get_mut(self.ends_len..).unwrap_or_default();
        (data, ends)
    }

    fn wrote(&mut self, bytes: usize, fields: usize) {
        self.data_len += bytes;
        self.ends_len += fields;
    }

    fn open_bytes(&self) -> usize {
        self.data_len - self.row_data
    }

    fn grow_output(&mut self) {
        self.data.resize(self.data.len() * 2, 0);
    }

    fn grow_ends(&mut self) {
        self.ends.resize(self.ends.len() * 2, 0);
    }

    /// The row that was being read is complete: its ends become absolute.
    fn close(&mut self, line: u64) {
        let row_data = self.row_data;
        for end in &mut self.ends[self.row_ends..self.ends_len] {
            *end += row_data;
        }
        self.lines.push(line);
        self.rows += 1;
    }

    /// Keeps the last row if it has as many fields as there are columns.
    fn check_last(&mut self, separator: u8) {
        let found = self.ends_len - self.row_ends;
        if found == self.width {
            (self.row_data, self.row_ends) = (self.data_len, self.ends_len);
            return;
        }
        let line = self.lines.last().copied().unwrap_or_default();
        let reason = Reason::FieldCount {
            found,
            expected: self.width,
        };
        let (ends, data) = (&self.ends[self.row_ends..self.ends_len], &self.data);
        let mut start = self.row_data;
        self.misfits.add(line, None, reason, || {
            let fields = ends.iter().take(64).map(|end| {
                let field = String::from_utf8_lossy(&data[start..*end]).into_owned();
                start = *end;
                field
            });
            fields
                .collect::<Vec<_>>()
                .join(&char::from(separator).to_string())
        });
        self.forget_last();
    }

    fn forget_last(&mut self) {
        (self.data_len, self.ends_len) = (self.row_data, self.row_ends);
        self.lines.pop();
        self.rows -= 1;
    }
}

impl Fields for Records {
    fn rows(&self) -> usize {
        self.rows
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        let at = row * self.width + field;
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? };
        let text = self.data.get(start..*self.ends.get(at)?)?;
        (!self.null.is(text)).then_some(text)
    }
}
