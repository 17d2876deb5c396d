//! Where the fields of one column are in a text that holds all of them.

/// The fields of one column, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The text.
    pub text: &'a [u8],
    /// Of each field, the place before its first byte; of one that begins the text, `u32::MAX`.
    pub before: &'a [u32],
    /// Of each field, the place behind its last byte.
    pub ends: &'a [u32],
    /// First bytes of texts that may mean NULL.
    pub null_firsts: [u8; 2],
    /// The empty text may mean NULL.
    pub empty_may_be_null: bool,
    /// A text that reads as a number may mean NULL.
    pub number_may_be_null: bool,
}

impl<'a> Places<'a> {
    /// Where each field begins and ends.
    pub fn ranges(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let both = self.before.iter().zip(self.ends);
        both.map(|(before, end)| (before.wrapping_add(1) as usize, *end as usize))
    }

    /// Of each field, eight bytes that end with its text, the last one highest, and its length. For a field within the first
    /// eight bytes of the text the length is 0.
    pub fn words(&self) -> impl Iterator<Item = (u64, u32)> + use<'a> {
        let text = self.text;
        self.ranges().map(move |(start, end)| {
            let bytes = text.get(end.wrapping_sub(8)..end);
            match bytes.and_then(|bytes| bytes.first_chunk()) {
                Some(bytes) => (u64::from_le_bytes(*bytes), (end - start) as u32),
                None => (0, 0),
            }
        })
    }

    /// Whether a text certainly does not mean NULL, which costs less to tell than whether it does.
    #[inline]
    pub fn is_value(&self, text: &[u8]) -> bool {
        match text.first() {
            Some(first) => !self.null_firsts.contains(first),
            None => !self.empty_may_be_null,
        }
    }
}
