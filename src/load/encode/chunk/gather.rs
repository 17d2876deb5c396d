//! The values of one column, taken out of their blocks: a word each, one behind the other.

use arrow::buffer::NullBuffer;

use crate::load::encode::part::{Part, rows};

/// The rows of a column chunk.
#[derive(Default)]
pub struct Gathered {
    /// The values of the rows that are not NULL.
    pub words: Vec<i64>,
    /// Whether each row has a value; empty where all have.
    pub present: Vec<bool>,
    /// How many rows.
    pub rows: usize,
    /// The least word; `i64::MAX` where there is none.
    pub lowest: i64,
    /// The greatest word; `i64::MIN` where there is none.
    pub highest: i64,
}

impl Gathered {
    /// No rows, with room for those of the parts.
    pub fn clear(&mut self, parts: &[Part]) {
        self.words.clear();
        self.words.reserve(rows(parts));
        self.present.clear();
        self.rows = 0;
        (self.lowest, self.highest) = (i64::MAX, i64::MIN);
    }

    /// Adds the rows of a part. `word` gives the value in a row of its block.
    pub fn add(&mut self, part: &Part, nulls: Option<&NullBuffer>, word: impl Fn(usize) -> i64) {
        let rows = part.rows();
        let before = self.rows;
        self.rows += rows.len();
        let (mut lowest, mut highest) = (self.lowest, self.highest);
        let mut word = |row| {
            let word = word(row);
            lowest = lowest.min(word);
            highest = highest.max(word);
            word
        };
        let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
            if !self.present.is_empty() {
                self.present.resize(self.rows, true);
            }
            self.words
                .extend(rows.iter().map(|row| word(*row as usize)));
            (self.lowest, self.highest) = (lowest, highest);
            return;
        };
        self.present.resize(before, true);
        for row in rows.iter().map(|row| *row as usize) {
            let present = nulls.is_valid(row);
            self.present.push(present);
            if present {
                self.words.push(word(row));
            }
        }
        (self.lowest, self.highest) = (lowest, highest);
    }

    /// Rows that are NULL.
    pub fn nulls(&self) -> u64 {
        (self.rows - self.words.len()) as u64
    }
}
