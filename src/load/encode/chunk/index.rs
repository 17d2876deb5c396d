//! Finds the number of a value that was seen before: a hash table of numbers, at most half full.

/// No number.
pub const NONE: u16 = u16::MAX;

/// Places at first.
const START: usize = 256;

/// Numbers by the hash of their values. Does not hold the values.
pub struct Index(Vec<u16>);

impl Index {
    /// Nothing seen.
    pub fn new() -> Index {
        Index(vec![NONE; START])
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
        self.0.resize(START, NONE);
    }

    /// The number of which `is` says that it is the value's, or the place for a new one.
    #[inline]
    pub fn find(&self, hash: u64, is: impl Fn(u16) -> bool) -> Result<u16, usize> {
        let mask = self.0.len() - 1;
        let mut at = (hash >> 32) as usize & mask;
        loop {
            match self.0[at] {
                NONE => return Err(at),
                number if is(number) => return Ok(number),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Gives the place that [`find`](Index::find) named to `number`, the next after all others.
    pub fn put(&mut self, at: usize, number: u16, hash_of: impl Fn(u16) -> u64) {
        self.0[at] = number;
        let numbers = usize::from(number) + 1;
        if numbers * 2 > self.0.len() {
            let places = self.0.len() * 4;
            self.0.clear();
            self.0.resize(places, NONE);
            for number in 0..=number {
                if let Err(at) = self.find(hash_of(number), |_| false) {
                    self.0[at] = number;
                }
            }
        }
    }
}

/// A hash whose high half depends on all bits of the word.
#[inline]
pub fn hash(word: u64) -> u64 {
    (word ^ (word >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
