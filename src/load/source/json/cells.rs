//! The fields of JSON rows as texts.

use crate::load::block::Assembler;
use crate::load::source::json::path::Path;
use crate::load::source::json::scan::{self, Fault};
use crate::load::text::Fields;

/// Where a field's text is; `None` is NULL.
type Cell = Option<(usize, usize)>;

/// Rows that were read.
pub struct Cells {
    names: Vec<String>,
    /// What a field is that a row does not have.
    defaults: Vec<Option<Vec<u8>>>,
    paths: Option<Vec<Path>>,
    data: Vec<u8>,
    /// Each row's fields; `None` where the row does not have one.
    cells: Vec<Option<Cell>>,
    /// The field of each key of the row before: rows of one writer have their keys in one order.
    order: Vec<usize>,
}

/// What became of a row.
pub enum Row {
    /// It was taken; the byte behind it.
    Taken(usize),
    /// It has none of the fields.
    Unknown(usize),
}

impl Cells {
    /// None. The fields are those of `assembler`; `paths` lead to them, else they are keys.
    pub fn new(
        assembler: &Assembler,
        defaults: Vec<Option<Vec<u8>>>,
        paths: Option<Vec<Path>>,
    ) -> Cells {
        Cells {
            names: assembler.fields().to_vec(),
            defaults,
            paths,
            data: Vec::new(),
            cells: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.data.clear();
        self.cells.clear();
    }

    /// Bytes of all rows.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Takes the object at `at` for a row.
    pub fn row(&mut self, text: &[u8], at: usize) -> Result<Row, Fault> {
        let first = self.cells.len();
        let data = self.data.len();
        self.cells.resize(first + self.names.len(), None);
        let end = match self.paths.take() {
            Some(paths) => {
                let end = scan::value(text, at, 0);
                if let Ok(end) = end {
                    for (field, path) in paths.iter().enumerate().take(self.names.len()) {
                        if let Some(value) = path.find(text, (at, end)) {
                            self.put(first + field, &text[value.0..value.1]);
                        }
                    }
                }
                self.paths = Some(paths);
                end
            }
            None => {
                let mut nth = 0;
                scan::members(text, at, 0, &mut |key, value| {
                    let field = self.field(nth, &text[key.0..key.1]);
                    nth += 1;
                    if let Some(field) = field {
                        self.put(first + field, &text[value.0..value.1]);
                    }
                })
            }
        };
        let known = self.cells[first..].iter().any(Option::is_some);
        if end.is_err() || !known {
            self.cells.truncate(first);
            self.data.truncate(data);
        }
        Ok(match known {
            true => Row::Taken(end?),
            false => Row::Unknown(end?),
        })
    }

    /// The field that a key names, whatever the case of its letters. `nth` is its place among the keys of its row.
    fn field(&mut self, nth: usize, key: &[u8]) -> Option<usize> {
        let key = scan::unescaped(key);
        let is = |name: &String| name.as_bytes().eq_ignore_ascii_case(&key);
        if let Some(known) = self.order.get(nth).copied()
            && self.names.get(known).is_some_and(is)
        {
            return Some(known);
        }
        let found = self.names.iter().position(is);
        self.order.truncate(nth);
        self.order.resize(nth, usize::MAX);
        self.order.push(found.unwrap_or(usize::MAX));
        found
    }

    fn put(&mut self, cell: usize, value: &[u8]) {
        let start = self.data.len();
        let text = match value.first() {
            Some(b'n') => None,
            Some(b'"') => {
                self.data.extend_from_slice(&scan::unescaped(value));
                Some((start, self.data.len()))
            }
            Some(b'{' | b'[') => {
                scan::compact(value, &mut self.data);
                Some((start, self.data.len()))
            }
            _ => {
                self.data.extend_from_slice(value);
                Some((start, self.data.len()))
            }
        };
        self.cells[cell] = Some(text);
    }
}

impl Fields for Cells {
    fn rows(&self) -> usize {
        self.cells.len().checked_div(self.names.len()).unwrap_or(0)
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        match self.cells.get(row * self.names.len() + field)? {
            Some(Some((start, end))) => self.data.get(*start..*end),
            Some(None) => None,
            None => self.defaults.get(field)?.as_deref(),
        }
    }
}
