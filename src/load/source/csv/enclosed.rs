//! CSV whose bytes mean something only to who reads from the start: enclosed or escaped fields, long separators, rows that end
//! otherwise than lines. Read row by row; columns are read on several threads.

use crate::load::block::{Assembler, BYTES_MAX, Block, ROWS_MAX};
use crate::load::body::Body;
use crate::load::error::Error;
use crate::load::source::csv::Format;
use crate::load::source::csv::records::Records;
use crate::load::source::csv::signs::{End, Lack, Signs};
use crate::load::source::{RECORD_BYTES_MAX, Source, too_long};

/// Reads rows of text.
pub struct Enclosed {
    body: Body,
    ended: bool,
    /// What came and is not read yet begins at `at`.
    text: Vec<u8>,
    at: usize,
    signs: Signs,
    separator: Vec<u8>,
    assembler: Assembler,
    rows: Records,
    skip: u64,
    /// Line on which the next row begins.
    line: u64,
}

impl Enclosed {
    /// A reader of `body`.
    pub fn new(body: Body, format: Format, assembler: Assembler) -> Enclosed {
        let width = assembler.fields().len();
        Enclosed {
            body,
            ended: false,
            text: Vec::new(),
            at: 0,
            signs: Signs::new(&format),
            rows: Records::new(width, format.null(), format.trim_double_quotes),
            separator: format.separator,
            assembler,
            skip: format.skip_header,
            line: 1,
        }
    }

    /// Makes what is not read yet at least twice as long, unless the input ends: a long row is begun again only a few times.
    fn fill(&mut self) -> Result<(), Error> {
        self.text.drain(..self.at);
        self.at = 0;
        if self.text.len() > RECORD_BYTES_MAX {
            return Err(too_long(self.line));
        }
        let wanted = self.text.len() * 2 + 1;
        while self.text.len() < wanted && !self.ended {
            match self.body.take()? {
                Some(chunk) => self.text.extend_from_slice(&chunk),
                None => self.ended = true,
            }
        }
        Ok(())
    }

    /// Reads one row to the end of `rows`; `false` at the end of the input.
    fn record(&mut self) -> Result<bool, Error> {
        loop {
            let empty = self.signs.empty_rows(&self.text[self.at..]);
            self.pass(empty);
            if self.at == self.text.len() && self.ended {
                return Ok(false);
            }
            match self.fields() {
                Ok(end) => {
                    let line = self.line;
                    match self.skip {
                        0 => self.rows.end_row(line, &self.separator),
                        _ => self.rows.undo(),
                    }
                    self.skip = self.skip.saturating_sub(1);
                    self.pass(end - self.at);
                    return Ok(true);
                }
                Err(Lack::More) => {
                    self.rows.undo();
                    self.fill()?;
                }
                Err(Lack::Close) => {
                    return Err(Error::Input(format!(
                        "line {}: a field of the row that begins there is enclosed and never closed; check header 'enclose'",
                        self.line
                    )));
                }
            }
        }
    }

    /// Goes on behind so many bytes, and counts their lines.
    fn pass(&mut self, bytes: usize) {
        let passed = &self.text[self.at..self.at + bytes];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at += bytes;
    }

    /// Reads the fields of a row; gives the place behind it.
    fn fields(&mut self) -> Result<usize, Lack> {
        let mut at = self.at;
        loop {
            let mut field = self.rows.field();
            let end = self.signs.field(&self.text, at, self.ended, &mut field)?;
            let escaped = field.escaped;
            self.rows.end_field(escaped);
            match end {
                End::Field(next) => at = next,
                End::Row(next) => return Ok(next),
            }
        }
    }
}

impl Source for Enclosed {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        self.rows.clear();
        while self.rows.lines.len() < ROWS_MAX && self.rows.bytes() < BYTES_MAX {
            if !self.record()? {
                break;
            }
        }
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let lines = std::mem::take(&mut self.rows.lines);
        let misfits = std::mem::take(&mut self.rows.misfits);
        let outside = misfits.count;
        // The rows are read by their number, which the lines told.
        let rows = RowsOf(&self.rows, lines.len());
        let block = self.assembler.from_text(&rows, lines, misfits, outside)?;
        Ok(vec![block])
    }
}

/// Records whose lines were taken.
struct RowsOf<'a>(&'a Records, usize);

impl crate::load::text::Fields for RowsOf<'_> {
    fn rows(&self) -> usize {
        self.1
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        self.0.get(row, field)
    }
}
