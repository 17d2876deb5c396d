//! Rows as their bytes, one after the other, and where each field ends.

use crate::load::block::ROWS_MAX;
use crate::load::misfit::{Misfits, Reason};
use crate::load::source::csv::Null;
use crate::load::source::csv::signs::Field;
use crate::load::text::Fields;

/// Rows that were read.
pub struct Records {
    width: usize,
    null: Null,
    /// Double quotes around a field are dropped.
    unquote: bool,
    data: Vec<u8>,
    ends: Vec<usize>,
    /// Fields that look like NULL and are not.
    literal: Vec<usize>,
    /// Where the last row's bytes and ends begin.
    row_data: usize,
    row_ends: usize,
    pub(super) lines: Vec<u64>,
    pub(super) misfits: Misfits,
}

impl Records {
    pub fn new(width: usize, null: Null, unquote: bool) -> Records {
        Records {
            width,
            null,
            unquote,
            data: Vec::new(),
            ends: Vec::new(),
            literal: Vec::new(),
            row_data: 0,
            row_ends: 0,
            lines: Vec::new(),
            misfits: Misfits::default(),
        }
    }

    pub fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
        self.literal.clear();
        (self.row_data, self.row_ends) = (0, 0);
        self.lines = Vec::with_capacity(ROWS_MAX);
        self.misfits = Misfits::default();
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.misfits.count == 0
    }

    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// A field begins.
    pub fn field(&mut self) -> Field<'_> {
        Field::new(&mut self.data)
    }

    /// A field has ended.
    pub fn end_field(&mut self, escaped: bool) {
        let from = match self.ends.len() {
            at if at == self.row_ends => self.row_data,
            at => self.ends[at - 1],
        };
        if self.unquote
            && let [b'"', inner @ .., b'"'] = &self.data[from..]
        {
            let length = inner.len();
            self.data.copy_within(from + 1..from + 1 + length, from);
            self.data.truncate(from + length);
        }
        if escaped && self.null.is(&self.data[from..]) {
            self.literal.push(self.ends.len());
        }
        self.ends.push(self.data.len());
    }

    /// What was read of the last row is forgotten.
    pub fn undo(&mut self) {
        self.data.truncate(self.row_data);
        self.ends.truncate(self.row_ends);
        while self.literal.last().is_some_and(|at| *at >= self.row_ends) {
            self.literal.pop();
        }
    }

    /// Keeps the last row if it has as many fields as there are columns.
    pub fn end_row(&mut self, line: u64, separator: &[u8]) {
        let found = self.ends.len() - self.row_ends;
        if found == self.width {
            (self.row_data, self.row_ends) = (self.data.len(), self.ends.len());
            self.lines.push(line);
            return;
        }
        let reason = Reason::FieldCount {
            found,
            expected: self.width,
        };
        let (ends, data) = (&self.ends[self.row_ends..], &self.data);
        let mut start = self.row_data;
        let between = String::from_utf8_lossy(separator);
        self.misfits.add(line, None, reason, || {
            let fields = ends.iter().take(64).map(|end| {
                let field = String::from_utf8_lossy(&data[start..*end]).into_owned();
                start = *end;
                field
            });
            fields.collect::<Vec<_>>().join(&between)
        });
        self.undo();
    }
}

impl Fields for Records {
    fn rows(&self) -> usize {
        self.lines.len()
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        let at = row * self.width + field;
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? };
        let text = self.data.get(start..*self.ends.get(at)?)?;
        let null = self.null.is(text) && self.literal.binary_search(&at).is_err();
        (!null).then_some(text)
    }
}
