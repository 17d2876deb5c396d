//! Finds the number of a word that was seen before: a hash table of numbers, at most half full.

/// No number.
const NONE: u16 = u16::MAX;

/// Places at first, and how many bits tell one from the others.
const START: usize = 1 << START_BITS;
const START_BITS: u32 = 8;

/// Numbers by the hash of their words. Does not hold the words.
pub struct Index {
    places: Vec<u16>,
    /// Bits of a hash below those that name a place.
    shift: u32,
    /// Odd and not known to anybody, so that nobody can choose words that want the same place.
    factor: u64,
}

impl Index {
    /// Nothing seen.
    pub fn new() -> Index {
        Index {
            places: vec![NONE; START],
            shift: u64::BITS - START_BITS,
            factor: rand::random::<u64>() | 1,
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.places.clear();
        self.places.resize(START, NONE);
        self.shift = u64::BITS - START_BITS;
    }

    /// A word's hash, of which the highest bits are the best.
    #[inline]
    pub fn hash(&self, word: u64) -> u64 {
        word.wrapping_mul(self.factor)
    }

    /// The number of which `is` says that it is the word's, or the place for a new one.
    #[inline]
    pub fn find(&self, hash: u64, is: impl Fn(u16) -> bool) -> Result<u16, usize> {
        let last = self.places.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            match self.places[at] {
                NONE => return Err(at),
                number if is(number) => return Ok(number),
                _ => at = (at + 1) & last,
            }
        }
    }

    /// Gives the place that [`find`](Index::find) named to the next number after all others. `words` are those of all
    /// numbers, in their order.
    pub fn put(&mut self, at: usize, words: &[i64]) {
        self.places[at] = (words.len() - 1) as u16;
        if words.len() * 2 > self.places.len() {
            let places = self.places.len() * 4;
            self.places.clear();
            self.places.resize(places, NONE);
            self.shift -= 2;
            for (number, word) in words.iter().enumerate() {
                if let Err(at) = self.find(self.hash(*word as u64), |_| false) {
                    self.places[at] = number as u16;
                }
            }
        }
    }
}
