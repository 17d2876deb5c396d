//! A column chunk as numbers of a dictionary, before it becomes pages.

/// Most values of a dictionary: one less than there are numbers of 16 bits.
const ENTRIES_MAX: usize = u16::MAX as usize;

/// Values after which a dictionary is asked whether it is worth its while.
const TRIAL: usize = 4096;

/// What each row is, by numbers.
#[derive(Default)]
pub struct Numbered {
    /// The number of the value of each row that is not NULL.
    pub numbers: Vec<u16>,
    /// Bytes of the dictionary's values, one after the other, as PLAIN encodes them.
    pub dictionary: Vec<u8>,
    /// Values of the dictionary.
    pub entries: usize,
}

impl Numbered {
    /// No rows, with room for so many.
    pub fn clear(&mut self, rows: usize) {
        self.numbers.clear();
        self.numbers.reserve(rows);
        self.dictionary.clear();
        self.entries = 0;
    }

    /// The dictionary is of these values.
    pub fn put<const WIDTH: usize>(&mut self, values: impl ExactSizeIterator<Item = [u8; WIDTH]>) {
        self.entries = values.len();
        self.dictionary.resize(WIDTH * values.len(), 0);
        let (places, _) = self.dictionary.as_chunks_mut();
        for (place, value) in places.iter_mut().zip(values) {
            *place = value;
        }
    }
}

/// Whether a dictionary of so many values is possible, and not too large for what it saves in so many rows.
pub fn is_worth(entries: usize, rows: usize) -> bool {
    entries <= ENTRIES_MAX && (entries <= TRIAL || entries * 2 <= rows)
}
