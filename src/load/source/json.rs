//! JSON objects, one a row, their keys the columns' names: on lines of their own or not, one behind the other or in an array.
//!
//! An object that is none is left out, and reading goes on where the next line begins with one. An array has no such place: a fault
//! within it ends the load.

use crate::load::block::{Assembler, BYTES_MAX, Block, ROWS_MAX};
use crate::load::body::Body;
use crate::load::error::Error;
use crate::load::misfit::{Misfits, Reason};
use crate::load::source::json::cells::{Cells, Row};
use crate::load::source::json::path::Path;
use crate::load::source::json::scan::Fault;
use crate::load::source::{RECORD_BYTES_MAX, Source};

mod cells;
pub mod path;
mod scan;

/// Bytes of an object that is none which its report can show.
const SHOWN_BYTES: usize = 1024;

/// How the rows of a body stand in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Format {
    /// Elements of an array are rows.
    pub strip_outer_array: bool,
    /// Where the row, or the array of rows, is within each value of the body.
    pub root: Option<Path>,
    /// Where each field is within its row; without them keys are fields.
    pub paths: Option<Vec<Path>>,
}

impl Format {
    /// Whether there is a path for each of so many fields.
    ///
    /// # Errors
    /// There are fewer or more.
    pub fn check(&self, fields: usize) -> Result<(), Error> {
        match self.paths.as_ref().map(Vec::len) {
            Some(paths) if paths != fields => Err(Error::Header {
                header: "jsonpaths",
                why: format!(
                    "it has {paths} paths for {fields} fields (header 'columns', else the table's columns)"
                ),
            }),
            _ => Ok(()),
        }
    }
}

/// Reads JSON.
pub struct Json {
    body: Body,
    ended: bool,
    /// What came and is not read yet begins at `at`.
    text: Vec<u8>,
    at: usize,
    /// Line of `at`.
    line: u64,
    format: Format,
    /// Within an array of rows.
    in_array: bool,
    /// No value has been read yet.
    first: bool,
    cells: Cells,
    lines: Vec<u64>,
    misfits: Misfits,
    assembler: Assembler,
}

impl Json {
    /// A reader of `body`. A field that a row does not have is as in `defaults`.
    pub fn new(
        body: Body,
        format: Format,
        assembler: Assembler,
        defaults: Vec<Option<Vec<u8>>>,
    ) -> Json {
        Json {
            body,
            ended: false,
            text: Vec::new(),
            at: 0,
            line: 1,
            cells: Cells::new(&assembler, defaults, format.paths.clone()),
            format,
            in_array: false,
            first: true,
            lines: Vec::new(),
            misfits: Misfits::default(),
            assembler,
        }
    }

    /// Makes what is not read yet at least twice as long, unless the input ends.
    fn fill(&mut self) -> Result<(), Error> {
        self.text.drain(..self.at);
        self.at = 0;
        if self.text.len() > RECORD_BYTES_MAX {
            return Err(Error::Input(format!(
                "line {}: a value of more than {RECORD_BYTES_MAX} bytes; of an array of rows, header 'strip_outer_array: true' says so",
                self.line
            )));
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

    /// Goes on at this place, and counts the lines before it.
    fn go_to(&mut self, at: usize) {
        let passed = &self.text[self.at..at];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = at;
    }

    /// Reads what comes next; `false` at the end.
    fn step(&mut self) -> Result<bool, Error> {
        self.go_to(scan::blanks(&self.text, self.at));
        let Some(byte) = self.text.get(self.at).copied() else {
            if !self.ended {
                self.fill()?;
                return Ok(true);
            }
            if self.in_array {
                return Err(self.broken("the array of rows does not end"));
            }
            return Ok(false);
        };
        let strip = self.format.strip_outer_array && self.format.root.is_none();
        match byte {
            b'[' if strip && !self.in_array => {
                self.in_array = true;
                self.go_to(self.at + 1);
                self.close_empty()?;
                Ok(true)
            }
            b'[' if self.first && self.format.root.is_none() => Err(self.broken(
                "a JSON array, where objects are expected: header 'strip_outer_array: true' takes its elements for rows",
            )),
            _ => {
                let done = self.value(byte)?;
                if done {
                    self.first = false;
                    self.behind()?;
                }
                Ok(true)
            }
        }
    }

    /// Reads a value; `false` where more input is needed and came.
    fn value(&mut self, byte: u8) -> Result<bool, Error> {
        let read = match (&self.format.root, byte) {
            (Some(_), _) => self.rooted(),
            (None, b'{') => self.object(self.at).map(Some),
            (None, _) => Err(Fault::Wrong(self.at, "an object is expected")),
        };
        match read {
            Ok(Some(end)) => {
                self.go_to(end);
                Ok(true)
            }
            Ok(None) => Err(self.broken("header 'json_root' leads to no row there")),
            Err(Fault::Short) if !self.ended => {
                self.fill()?;
                Ok(false)
            }
            Err(fault) => {
                let (at, why) = match fault {
                    Fault::Short => (self.text.len(), "the object does not end"),
                    Fault::Wrong(at, why) => (at, why),
                };
                if self.in_array || self.format.root.is_some() {
                    self.go_to(at);
                    return Err(self.broken(why));
                }
                self.leave_out(at, why)
            }
        }
    }

    /// Takes the object at `at` for a row; gives the byte behind it.
    fn object(&mut self, at: usize) -> Result<usize, Fault> {
        let line = self.line;
        match self.cells.row(&self.text, at)? {
            Row::Taken(end) => {
                self.lines.push(line);
                Ok(end)
            }
            Row::Unknown(end) => {
                let text = &self.text[at..end.min(at + SHOWN_BYTES)];
                self.misfits.add(line, None, Reason::NoKnownKey, || {
                    String::from_utf8_lossy(text).into_owned()
                });
                Ok(end)
            }
        }
    }

    /// Takes what the root is for a row, or its elements for rows. Gives the byte behind the whole value.
    fn rooted(&mut self) -> Result<Option<usize>, Fault> {
        let end = scan::value(&self.text, self.at, 0)?;
        let root = self.format.root.as_ref();
        let root = root.and_then(|root| root.find(&self.text, (self.at, end)));
        let Some(root) = root else { return Ok(None) };
        let mut rows = Vec::new();
        match self.text[root.0] {
            b'{' => rows.push(root),
            b'[' if self.format.strip_outer_array => {
                scan::elements(&self.text, root.0, 0, &mut |element| rows.push(element))?;
            }
            _ => return Ok(None),
        }
        for (row, _) in rows {
            self.go_to(row.max(self.at));
            match self.text[row] {
                b'{' => self.object(row).map(|_| ())?,
                _ => return Err(Fault::Wrong(row, "an object is expected")),
            }
        }
        Ok(Some(end))
    }

    /// What stands behind an element of an array.
    fn behind(&mut self) -> Result<(), Error> {
        while self.in_array {
            self.go_to(scan::blanks(&self.text, self.at));
            match self.text.get(self.at) {
                None if !self.ended => self.fill()?,
                None => return Err(self.broken("the array of rows does not end")),
                Some(b',') => {
                    self.go_to(self.at + 1);
                    return Ok(());
                }
                Some(b']') => {
                    self.go_to(self.at + 1);
                    self.in_array = false;
                }
                Some(_) => return Err(self.broken("neither ',' nor ']' behind a row")),
            }
        }
        Ok(())
    }

    /// Ends an array that has no elements.
    fn close_empty(&mut self) -> Result<(), Error> {
        loop {
            self.go_to(scan::blanks(&self.text, self.at));
            match self.text.get(self.at) {
                None if !self.ended => self.fill()?,
                Some(b']') => return self.behind(),
                _ => return Ok(()),
            }
        }
    }

    /// Leaves out the object that has a fault at `fault`, up to its line's end; of one of several lines, up to the next line that
    /// begins with an object and is not further in. `false` where more input is needed and came.
    fn leave_out(&mut self, fault: usize, why: &'static str) -> Result<bool, Error> {
        let object = &self.text[self.at..];
        let line_end = |from: usize| {
            let rest = self.text.get(from..).unwrap_or_default();
            rest.iter()
                .position(|b| *b == b'\n')
                .map(|at| from + at + 1)
        };
        let first_end = line_end(self.at);
        if first_end.is_none() && !self.ended {
            self.fill()?;
            return Ok(false);
        }
        let mut end = first_end.unwrap_or(self.text.len());
        if fault >= end {
            let before = self.text[..self.at].iter().rposition(|b| *b == b'\n');
            let indent = self.at - before.map_or(0, |at| at + 1);
            while end <= fault && end < self.text.len() {
                let begins = end
                    + self.text[end..]
                        .iter()
                        .take_while(|b| matches!(b, b' ' | b'\t'))
                        .count();
                if self.text.get(begins) == Some(&b'{') && begins - end <= indent {
                    break;
                }
                end = line_end(end).unwrap_or(self.text.len());
            }
        }
        let shown = &object[..object.len().min(end - self.at).min(SHOWN_BYTES)];
        self.misfits
            .add(self.line, None, Reason::NotJson(why.to_owned()), || {
                String::from_utf8_lossy(shown).trim_end().to_owned()
            });
        self.go_to(end);
        Ok(true)
    }

    fn broken(&self, why: &str) -> Error {
        let text = &self.text[self.at..];
        let shown = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
        Error::Input(format!("line {}: {why}: '{shown}'", self.line))
    }
}

impl Source for Json {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        self.cells.clear();
        while self.lines.len() < ROWS_MAX && self.cells.bytes() < BYTES_MAX {
            if !self.step()? {
                break;
            }
        }
        let lines = std::mem::take(&mut self.lines);
        let misfits = std::mem::take(&mut self.misfits);
        if lines.is_empty() && misfits.count == 0 {
            return Ok(Vec::new());
        }
        let outside = misfits.count;
        let block = self
            .assembler
            .from_text(&self.cells, lines, misfits, outside)?;
        Ok(vec![block])
    }
}

#[cfg(test)]
mod tests;
