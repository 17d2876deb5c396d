//! A column of texts that grows.

use arrow::array::{BinaryArray, NullBufferBuilder, StringArray};
use arrow::buffer::OffsetBuffer;

use crate::load::text::places::Places;

/// Bytes that are copied at once: more than most texts have.
const STEP: usize = 16;

/// Texts, some of them NULL.
pub struct Strings {
    bytes: Vec<u8>,
    /// Where each text begins, and where the last one ends.
    offsets: Vec<i32>,
    /// Of all texts but the last ones, none of which is NULL.
    present: NullBufferBuilder,
}

impl Strings {
    /// None.
    pub fn new() -> Strings {
        Strings {
            bytes: Vec::new(),
            offsets: vec![0],
            present: NullBufferBuilder::new(0),
        }
    }

    /// Makes room for as many as there are, times `share`.
    pub fn reserve(&mut self, share: f64) {
        let more = |length: usize| (length as f64 * share) as usize;
        self.bytes.reserve(more(self.bytes.len()) + STEP);
        self.offsets.reserve(more(self.offsets.len()));
    }

    /// Adds one.
    pub fn push(&mut self, text: Option<&[u8]>) {
        match text {
            Some(text) => self.bytes.extend_from_slice(text),
            None => self.null_at(self.offsets.len() - 1),
        }
        self.offsets.push(self.bytes.len() as i32);
    }

    /// Adds those of a text. Of each row, counted from 0, that may be NULL or has more than `max` bytes, `is_there` is asked
    /// whether it is to be taken; else it is NULL.
    pub fn extend(
        &mut self,
        places: &Places<'_>,
        max: usize,
        mut is_there: impl FnMut(usize) -> bool,
    ) {
        let all: usize = places.ranges().map(|(start, end)| end - start).sum();
        let mut at = self.bytes.len();
        self.bytes.resize(at + all + STEP, 0);
        self.offsets.reserve(places.ends.len());
        for (row, (start, end)) in places.ranges().enumerate() {
            let text = &places.text[start..end];
            let easy = text.len() <= max && places.is_value(text);
            if !easy && !is_there(row) {
                self.null_at(self.offsets.len() - 1);
            } else {
                match places.text.get(start..start + STEP) {
                    // So many are copied sooner than some; what is too much is written over.
                    Some(step) if text.len() <= STEP => {
                        self.bytes[at..at + STEP].copy_from_slice(step);
                    }
                    _ => self.bytes[at..at + text.len()].copy_from_slice(text),
                }
                at += text.len();
            }
            self.offsets.push(at as i32);
        }
        self.bytes.truncate(at);
    }

    /// The text there is NULL; those before it that were not spoken of are not.
    fn null_at(&mut self, at: usize) {
        self.present.append_n_non_nulls(at - self.present.len());
        self.present.append_null();
    }

    /// All of them; their number, if they are more than an array holds or not UTF-8.
    pub fn finish(mut self) -> Result<StringArray, usize> {
        let rows = self.offsets.len() - 1;
        self.present.append_n_non_nulls(rows - self.present.len());
        if i32::try_from(self.bytes.len()).is_err() {
            return Err(rows);
        }
        let offsets = OffsetBuffer::new(self.offsets.into());
        let texts = BinaryArray::try_new(offsets, self.bytes.into(), self.present.finish());
        texts
            .and_then(StringArray::try_from_binary)
            .map_err(|_| rows)
    }
}
