//! A column chunk as numbers of a dictionary, before it becomes pages.

use arrow::buffer::NullBuffer;

use crate::load::encode::part::Part;

/// Stands for NULL, which has no number.
pub const NULL: u16 = u16::MAX;

/// Most values of a dictionary.
const ENTRIES_MAX: usize = NULL as usize;

/// Values after which a dictionary is asked whether it is worth its while.
const TRIAL: usize = 4096;

/// What each row is, by numbers.
#[derive(Default)]
pub struct Numbered {
    /// The number of each row's value, or [`NULL`].
    pub rows: Vec<u16>,
    /// Some rows may be NULL.
    nullable: bool,
    /// Bytes of the dictionary's values, one after the other, as PLAIN encodes them.
    pub dictionary: Vec<u8>,
    /// Values of the dictionary.
    pub entries: usize,
}

impl Numbered {
    /// No rows, with room for so many.
    pub fn clear(&mut self, rows: usize) {
        self.rows.clear();
        self.rows.reserve(rows);
        self.nullable = false;
        self.dictionary.clear();
        self.entries = 0;
    }

    /// Adds the rows of a part. `number` gives the number of the value in a row of the block, told how many rows there are
    /// so far; none means that there are too many values, which the answer says too.
    pub fn add(
        &mut self,
        part: &Part,
        nulls: Option<&NullBuffer>,
        mut number: impl FnMut(usize, usize) -> Option<u16>,
    ) -> bool {
        let first = self.rows.len();
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        self.nullable |= nulls.is_some();
        for (at, row) in part.rows().iter().enumerate() {
            let row = *row as usize;
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                self.rows.push(NULL);
                continue;
            }
            let Some(number) = number(first + at, row) else {
                return false;
            };
            self.rows.push(number);
        }
        true
    }

    /// Rows that are NULL.
    pub fn nulls(&self) -> usize {
        match self.nullable {
            true => self.rows.iter().filter(|row| **row == NULL).count(),
            false => 0,
        }
    }
}

/// The number for a new value behind `entries` others; none if the dictionary is too large for what it saves in so many
/// rows.
pub fn next(entries: usize, rows: usize) -> Option<u16> {
    let wasted = entries > TRIAL && entries * 2 > rows;
    (entries < ENTRIES_MAX && !wasted).then_some(entries as u16)
}
